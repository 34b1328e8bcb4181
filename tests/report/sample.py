"""A small run as the report sees it, for the tests of the page."""

from copy import deepcopy
from typing import Any

from node.report.data import BlockRow, ReportData

HOSTILE = "</script><img src=x onerror=alert(1)>&\"'"
NODES = ("h0", "h1", "h2", "h3")
EPOCH_S = 1_767_225_600

_RESULTS: dict[str, Any] = {
    "schema": "wardnet.results/1",
    "scenario": "patient-journey",
    "seed": 7,
    "driver": "des",
    "execution": "full",
    "verdict": "valid",
    "exit_code": 0,
    "cause": None,
    "digest": "ab" * 32,
    "expectations": [
        {
            "name": "heads_agree",
            "line": 37,
            "text": "always heads_agree",
            "holds": True,
            "first_event": None,
            "why": "every node chose the same head at each of 360 heights",
        },
        {
            "name": "plaintext_leak",
            "line": 39,
            "text": "never plaintext_leak",
            "holds": False,
            "first_event": 12,
            "why": "canary 3 stands in frame 40 from h0 to h1",
        },
        {
            "name": "step_ok",
            "line": 40,
            "text": "eventually step_ok step=read-1 by 20m",
            "holds": None,
            "first_event": None,
            "why": "the run ended before",
        },
    ],
    "steps": [
        {
            "name": "register_hospital-1",
            "action": "register_hospital",
            "status": "ok",
            "virtual_ms": 31_500,
            "gas": 912_345,
        },
        {
            "name": "grant-1",
            "action": "grant",
            "status": "ok",
            "virtual_ms": 30_120,
            "gas": 79_000,
        },
        {
            "name": "read-late",
            "action": "read_record",
            "status": "refused",
            "virtual_ms": 80,
            "gas": 0,
        },
    ],
    "nodes": [
        {
            "name": name,
            "address": "0x" + f"{index:02x}" * 20,
            "height": 360,
            "head_hash": "0x" + "cd" * 32,
            "state_root": "0x" + "ef" * 32,
            "blocks_sealed": 90,
            "store_blocks": 14,
        }
        for index, name in enumerate(NODES)
    ],
    "metrics": {"block_interval": {"count": 359, "min": 5_000, "mean": 5_001.5, "p50": 5_000}},
    "versions": {"wardnet": "0.1.0", "py-evm": "0.12.1b1"},
    "volatile": {"started": "2026-11-21T13:00:00Z", "wall_s": 6.1, "host": "somewhere"},
}


def block(number: int, signer: str, difficulty: int, txs: int = 0) -> BlockRow:
    return {
        "number": number,
        "hash": "0x" + f"{number:064x}",
        "signer": signer,
        "timestamp": EPOCH_S + 5 * number,
        "difficulty": difficulty,
        "txs": txs,
        "gas_used": 21_000 * txs,
    }


def results() -> dict[str, Any]:
    return deepcopy(_RESULTS)


def history(count: int = 3) -> list[dict[str, Any]]:
    return [
        {
            "i": index,
            "t": 1_000_000 * index,
            "p": "h0",
            "e": "note",
            "f": "block.sealed",
            "v": {"number": index},
            "ref": None,
        }
        for index in range(count)
    ]


def _care() -> dict:
    """Give complaints, emergencies and copies."""
    return {
        "complaints": [
            {
                "grantee": "doc-2",
                "complainant": "h2",
                "grant": "0x" + "ab" * 32,
                "state": "proven: the grant ended",
            }
        ],
        "emergencies": [
            {
                "doctor": "doc-2",
                "patient": "1",
                "reason": "unconscious",
                "until": EPOCH_S + 200,
                "review": "none",
                "is_open": True,
            }
        ],
        "copies": [{"patient": "1", "due": EPOCH_S + 300, "state": "open"}],
    }


def extra() -> ReportData:
    return {
        "scenario": {
            "title": "A patient's journey",
            "about": "Four hospitals.",
            "refs": ["Anjum, Ramaguru, Sethumadhavan 2021"],
            "repeat": "python3 cli.py run scenarios/patient-journey.yaml --seed 7",
            "consensus": "clique",
            "scheme": "ssms-1tn",
            "t": 3,
            "n": 5,
        },
        "blocks": [
            block(n, NODES[(n + n // 7) % 4], 2 if n % 7 else 1, n % 3) for n in range(1, 61)
        ],
        "transactions": [
            {"step": "register_patient-1", "kind": "register_patient", "gas": 150_000},
            {"step": "onboard_doctor-1", "kind": "onboard_doctor", "gas": 140_000},
            {"step": "grant-1", "kind": "first_grant", "gas": 99_000},
            {"step": "grant-2", "kind": "grant", "gas": 81_000},
        ],
        "records": [
            {
                "record": "scan-1",
                "pmr": "8543726012021",
                "kind": "lab",
                "manifest_cid": "bafkrei" + "a" * 52,
                "patient": "pat-1",
                "holders": [
                    {"node": name, "index": index + 1, "fragment": index < 3}
                    for index, name in enumerate(NODES)
                ],
            }
        ],
        "grants": [
            {
                "id": "grant-1",
                "grantee": "doc-2",
                "from": EPOCH_S + 100,
                "until": EPOCH_S + 200,
                "revoked": None,
                "releases": [EPOCH_S + 120, EPOCH_S + 150],
                "refusals": [EPOCH_S + 210],
            }
        ],
        **_care(),
        "messages": [
            {
                "t_us": 1_000 * n,
                "arrive_us": 1_000 * n + 20_450,
                "src": NODES[n % 4],
                "dst": NODES[(n + 1 + n % 3) % 4],
                "type": "NewBlock",
                "bytes": 712,
            }
            for n in range(30)
        ],
    }
