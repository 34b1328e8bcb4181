"""The third judge: the executable specification's transition tool, in an environment of its own.

It cannot share ours: it pins older coincurve and cryptography.  ``WARDNET_EELS`` names its program
``ethereum-spec-evm`` or its environment; without it ``.venv-eels`` beside ``.venv`` is tried.
"""

import json
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import rlp

from node.base.types import ZERO_HASH, Address, Hash32
from node.evm.executor import ExecutionContext
from node.evm.forks import LONDON, Profile
from node.evm.genesis import GenesisAccount
from node.evm.receipts import Log

_PROGRAM = Path("bin", "ethereum-spec-evm")
_DEFAULT = Path(__file__).resolve().parents[2] / ".venv-eels"


def program() -> Path:
    """Find the tool; skip without it, fail if ``WARDNET_EELS`` names what is not there."""
    named = os.environ.get("WARDNET_EELS")
    place = Path(named) if named else _DEFAULT
    found = place / _PROGRAM if place.is_dir() else place
    if found.is_file():
        return found
    reason = f"needs ethereum-execution: tried {found} (set WARDNET_EELS)"
    if named:
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass(frozen=True)
class Verdict:
    """What the specification says about a block."""

    gas_used: int
    transactions_root: Hash32
    receipts_root: Hash32
    state_root: Hash32
    bloom: bytes
    receipts: tuple[tuple[int, int, tuple[Log, ...]], ...]
    """Status, cumulative gas and logs."""
    rejected: Mapping[int, str]
    """Why a transaction is not in the block, by its place among those that were given."""


class SpecChain:
    """A chain of states; each block is run on what the specification made of the one before."""

    def __init__(
        self, alloc: Mapping[Address, GenesisAccount], chain_id: int, profile: Profile = LONDON
    ) -> None:
        self._program = program()
        self._chain_id = chain_id
        self._profile = profile
        self._alloc: dict[str, Any] = {_hex(a): _account(account) for a, account in alloc.items()}

    def run(
        self, context: ExecutionContext, raws: Sequence[bytes], *, traces: str | None = None
    ) -> Verdict:
        """Run a block; transactions that are not valid are left out.

        ``traces``    folder for one file of EIP-3155 lines per transaction that runs code.
        """
        answer = self._ask(context, raws, traces)
        self._alloc = answer["alloc"]
        result = answer["result"]
        return Verdict(
            gas_used=int(result["gasUsed"], 16),
            transactions_root=_hash(result["txRoot"]),
            receipts_root=_hash(result["receiptsRoot"]),
            state_root=_hash(result["stateRoot"]),
            bloom=_bytes(result["logsBloom"]),
            receipts=tuple(_receipt(receipt) for receipt in result["receipts"]),
            rejected={entry["index"]: entry["error"] for entry in result["rejected"]},
        )

    def _ask(
        self, context: ExecutionContext, raws: Sequence[bytes], traces: str | None
    ) -> dict[str, Any]:
        words = [str(self._program), "t8n"]
        words += [f"--input.{name}=stdin" for name in ("alloc", "env", "txs")]
        words += [f"--output.{name}=stdout" for name in ("alloc", "result", "body")]
        # Reward 0 would leave an empty account at the coinbase, and so another root.
        words += ["--state.reward=-1", f"--state.chainid={self._chain_id}"]
        words.append(f"--state.fork={self._profile.name.capitalize()}")
        if traces is not None:
            words += ["--trace", f"--output.basedir={traces}"]
        asked = {"alloc": self._alloc, "env": _environment(context), "txs": _hex(_list(raws))}
        ran = subprocess.run(
            words, input=json.dumps(asked), capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr[-2000:]
        answer: dict[str, Any] = json.loads(ran.stdout)
        return answer


def _environment(context: ExecutionContext) -> dict[str, Any]:
    environment: dict[str, Any] = {
        "currentCoinbase": _hex(context.fee_recipient),
        "currentGasLimit": hex(context.gas_limit),
        "currentNumber": hex(context.number),
        "currentTimestamp": hex(context.timestamp),
        "currentBaseFee": hex(context.base_fee),
        "blockHashes": _ancestors(context.number, context.ancestor_hashes),
    }
    if context.profile.has_cancun_header:
        return environment | {
            "currentRandom": _hex(context.mix_hash),
            "currentExcessBlobGas": "0x0",
            "parentBeaconBlockRoot": _hex(ZERO_HASH),
            "withdrawals": [],
        }
    return environment | {"currentDifficulty": hex(context.difficulty)}


def _ancestors(number: int, hashes: Iterable[Hash32]) -> dict[str, str]:
    return {hex(number - back): _hex(found) for back, found in enumerate(hashes, start=1)}


def _account(account: GenesisAccount) -> dict[str, Any]:
    return {
        "nonce": hex(account.nonce),
        "balance": hex(account.balance),
        "code": _hex(account.code),
        "storage": {
            _hex(slot.to_bytes(32)): _hex(value.to_bytes(32))
            for slot, value in account.storage.items()
        },
    }


def _list(raws: Sequence[bytes]) -> bytes:
    """Give the body's list: a typed transaction is a string in it, a legacy one a list."""
    items = [rlp.decode(raw) if raw[0] >= 0xC0 else raw for raw in raws]
    encoded: bytes = rlp.encode(items)
    return encoded


def _receipt(found: Mapping[str, Any]) -> tuple[int, int, tuple[Log, ...]]:
    logs = tuple(
        Log(
            Address(_bytes(log["address"])),
            tuple(_hash(topic) for topic in log["topics"]),
            _bytes(log["data"]),
        )
        for log in found["logs"]
    )
    return int(found["succeeded"]), int(found["cumulativeGasUsed"], 16), logs


def _hex(data: bytes) -> str:
    return f"0x{data.hex()}"


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def _hash(text: str) -> Hash32:
    return Hash32(_bytes(text))
