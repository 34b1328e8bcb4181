"""What a finished run comes to: results, and the data of the report."""

from collections.abc import Container, Sequence
from itertools import pairwise
from typing import Any, Final

from node.base.header import Header
from node.base.types import Address, Hash32
from node.contracts.abi import LedgerEvent
from node.contracts.consent_registry import Revoked
from node.contracts.grant_tag import tag_of
from node.evm.blooms import may_hold
from node.ipfs_lite.cid import to_text
from node.p2p.wire import name_of_type
from node.sim.care_rows import complaint_rows, copy_rows, emergency_rows
from node.sim.checkers.consensus_headers import maker, read_header
from node.sim.checkers.release_window import read_receipt
from node.sim.expectations import Finding
from node.sim.exposure import ExposureMeter
from node.sim.history import History
from node.sim.metrics import summaries
from node.sim.results import ExpectationResult, NodeResult, StepResult, step_meets
from node.sim.schedule import StepOutcome
from node.sim.schema.access_steps import Grant, SecondOpinion
from node.sim.schema.steps import AnyStep, Consult, PerformLab
from node.sim.steps import StepBook
from node.sim.world import World
from node.workflows.access import GrantMade
from node.workflows.consult import Visit
from node.workflows.iomt import FiledReadings
from node.workflows.labs import FiledStudy

_MILLISECOND: Final = 1_000


def step_results(
    steps: Sequence[AnyStep], outcomes: dict[str, StepOutcome]
) -> tuple[StepResult, ...]:
    """Give a line for every step; ``skipped`` is also one that the end of the run cut off."""
    lines: list[StepResult] = []
    for step in steps:
        outcome = outcomes.get(step.id)
        if outcome is None:
            lines.append(StepResult(step.id, step.do, "skipped", 0, 0))
            continue
        took_ms = (outcome.ended_us - outcome.started_us) // _MILLISECOND
        lines.append(StepResult(step.id, step.do, outcome.status, took_ms, outcome.gas))
    return tuple(lines)


def expectation_results(
    findings: Sequence[Finding],
    steps: Sequence[AnyStep],
    outcomes: dict[str, StepOutcome],
    history: History,
) -> tuple[ExpectationResult, ...]:
    """Give the expectations of the file, then what every step was expected to end with."""
    lines = [
        ExpectationResult(
            one.terms.name,
            one.terms.line,
            one.terms.text,
            one.holds,
            _event_at(history, one.first_event_us),
            one.why,
        )
        for one in findings
    ]
    for step in steps:
        outcome = outcomes.get(step.id)
        status = "skipped" if outcome is None else outcome.status
        got = None if outcome is None else outcome.error
        wants = step.expect if step.error is None else f"{step.expect} ({step.error})"
        ended = status if got is None else f"{status} ({got})"
        detail = f": {outcome.why}" if outcome is not None and outcome.why else ""
        lines.append(
            ExpectationResult(
                f"step {step.id}",
                step.line,
                f"{step.id} ({step.do}) ends with {wants}",
                step_meets(status, got, step.expect, step.error),
                None if outcome is None else outcome.event,
                f"ended with {ended}{detail}",
            )
        )
    return tuple(lines)


def _event_at(history: History, t_us: int | None) -> int | None:
    """Give the last event of the history up to a moment: what the moment followed from."""
    if t_us is None:
        return None
    return max((one.index for one in history if one.t_us <= t_us), default=None)


def node_results(world: World) -> tuple[NodeResult, ...]:
    """Give where every node stands."""
    return tuple(
        NodeResult(
            name=name,
            address=f"0x{core.address.hex()}",
            height=core.ledger.head.number,
            head_hash=f"0x{core.ledger.head_hash.hex()}",
            state_root=f"0x{core.ledger.head.state_root.hex()}",
            blocks_sealed=world.counters.sealed.get(name, 0),
            store_blocks=core.store.store.count(),
            repair={"is_on": False} if core.repair is None else core.repair.stat()._asdict(),
        )
        for name, core in world.nodes.items()
    )


def metrics(world: World, outcomes: dict[str, StepOutcome]) -> dict[str, dict[str, int]]:
    """Give the statistics of the run, in integers with the unit in the name."""
    chain = _chain(world)
    releases = ExposureMeter(world).all()
    times = [header.timestamp for header in chain]
    seen = [
        max(at.values()) - min(at.values())
        for at in world.stored_at.values()
        if len(at) == len(world.nodes)
    ]
    return summaries(
        {
            "block_interval_s": [after - before for before, after in pairwise(times)],
            "block_propagation_us": seen,
            "block_gas": [header.gas_used for header in chain],
            "step_latency_ms": [
                (one.ended_us - one.started_us) // _MILLISECOND for one in outcomes.values()
            ],
            "frames": [world.counters.frames],
            "frame_bytes": [world.counters.bytes],
            "events": [world.kernel.events],
            "reorgs": [world.counters.reorgs],
            "reorg_depth_blocks": [world.counters.deepest_reorg],
            "over_exposure_chain_s": [one.chain_s for one in releases],
            "over_exposure_clock_s": [one.clock_s for one in releases],
            "cpu_busy_us": [host.busy_us_total for host in world.hosts.values()],
        }
    )


def report_data(
    world: World, book: StepBook, outcomes: dict[str, StepOutcome], *, file: str, repeat: str
) -> dict[str, Any]:
    """Give what the report shows besides the results (``node.report.data.ReportData``)."""
    scenario = world.scenario
    at_s = _consent_events(world)
    revoked = {tag_of(one.grant_id): at for one, at in at_s if isinstance(one, Revoked)}
    events = [one for one, _ in at_s]
    head_s = next(iter(world.nodes.values())).ledger.head.timestamp
    doctors = {one.signer.address: name for name, one in world.cast.doctors.items()}
    return {
        "scenario": {
            "title": scenario.title,
            "about": scenario.about,
            "refs": list(scenario.refs),
            "file": file,
            "repeat": repeat,
            "consensus": scenario.chain.consensus,
            "fork_choice": scenario.chain.fork_choice,
            "period_s": world.engine.period_s,
            "scheme": scenario.records.sharing.scheme,
            "t": scenario.records.sharing.t,
            "n": scenario.records.sharing.n,
        },
        "blocks": _blocks(world),
        "transactions": _transactions(book, outcomes),
        "records": [_record(world, step, one) for step, one in book.records()],
        "grants": [_grant(world, one, revoked) for one in book.grants()],
        "complaints": complaint_rows(events, _names_of_parties(world)),
        "emergencies": emergency_rows(events, doctors),
        "copies": copy_rows(events, head_s),
        "messages": [
            {
                "t_us": one.sent_us,
                "arrive_us": one.arrives_us,
                "src": one.source,
                "dst": one.target,
                "type": name_of_type(one.type),
                "bytes": one.bytes,
            }
            for one in world.messages
        ],
    }


def _chain(world: World) -> list[Any]:
    """Give the headers of the first node's chain, genesis left out."""
    ledger = next(iter(world.nodes.values())).ledger
    headers = (ledger.header_by_number(n) for n in range(1, ledger.head.number + 1))
    return [header for header in headers if header is not None]


def _blocks(world: World) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    ledger = next(iter(world.nodes.values())).ledger
    for header in _chain(world):
        block_hash = header.hash()
        block = ledger.block(block_hash)
        rows.append(
            {
                "number": header.number,
                "hash": f"0x{block_hash.hex()}",
                "signer": _maker_name(world, header),
                "timestamp": header.timestamp,
                "difficulty": header.difficulty,
                "txs": len(block.transactions) if block else 0,
                "gas_used": header.gas_used,
            }
        )
    return rows


def _maker_name(world: World, header: Header) -> str:
    """Give the node that made a block, under its first key or a later one; else the key."""
    key = maker(world.engine.name, read_header(header.encode()), world.verifier)
    names = {address: name for name, address in world.addresses.items()}
    names |= {later.address: name for name, later in world.rotations.keys.items()}
    if key is None:
        return "nobody"
    return names.get(key) or f"0x{key.hex()}"


def _transactions(book: StepBook, outcomes: dict[str, StepOutcome]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    seen: set[Hash32] = set()
    granted: set[str] = set()
    for name, outcome in outcomes.items():
        fresh = [one for one in outcome.transactions if one.tx_hash not in seen]
        for place, one in enumerate(fresh, start=1):
            seen.add(one.tx_hash)
            kind = f"{outcome.step.do} (step {place} of {len(fresh)})"
            if place == len(fresh):
                kind = _kind(outcome.step, book, granted)
            rows.append({"step": name, "kind": kind, "gas": one.gas_used})
        if isinstance(outcome.step, Grant) and fresh:
            granted.add(outcome.step.patient)
    return rows


def _kind(step: AnyStep, book: StepBook, granted: Container[str]) -> str:
    """Give the budget that the deciding transaction of a step falls under, or its action.

    ``granted``   patients who have granted before.
    """
    match step:
        case Consult() | SecondOpinion():
            left = book.record(step.id)
            return "mint" if isinstance(left, Visit) and left.entry_index == 0 else "append"
        case PerformLab():
            return "file_report"
        case Grant():
            return "grant" if step.patient in granted else "first_grant"
        case _:
            return step.do


def _record(world: World, step: str, record: FiledStudy | Visit) -> dict[str, Any]:
    manifest = record.filed.manifest
    holders: list[dict[str, Any]] = []
    for index, custodian in enumerate(record.filed.custodians, start=1):
        name = world.cast.name_of(custodian)
        store = world.nodes[name].store.store
        holders.append(
            {
                "node": name,
                "index": index,
                "fragment": store.has(manifest.fragments[index - 1].cid),
            }
        )
    return {
        "record": step,
        "pmr": str(record.pmr_id),
        "kind": _record_kind(record),
        "manifest_cid": to_text(record.filed.content.cid),
        "patient": record.patient.name,
        "holders": holders,
    }


def _record_kind(record: FiledStudy | Visit) -> str:
    match record:
        case FiledStudy():
            return f"study {record.order.modality}"
        case FiledReadings():
            return "readings"
        case _:
            return "entry"


def _names_of_parties(world: World) -> dict[Address, str]:
    """Give the names of all who may hold a grant or complain of one."""
    cast = world.cast
    names: dict[Address, str] = {}
    for name, hospital in cast.hospitals.items():
        names[hospital.signer.address] = name
    for name, doctor in cast.doctors.items():
        names[doctor.signer.address] = name
    for name, patient in cast.patients.items():
        names[patient.signer.address] = name
    for name, party in (*cast.insurers.items(), *cast.researchers.items()):
        names[party.signer.address] = name
    return names


def _consent_events(world: World) -> list[tuple[LedgerEvent, int]]:
    """Give the events of ConsentRegistry of the first node's chain, each with its block time."""
    ledger = next(iter(world.nodes.values())).ledger
    contracts = world.cast.ward.contracts
    found: list[tuple[LedgerEvent, int]] = []
    for header in _chain(world):
        if not may_hold(header.logs_bloom, contracts.consents.address):
            continue
        for receipt in ledger.receipts(header.hash()):
            for log in receipt.logs:
                if log.address != contracts.consents.address:
                    continue
                event = contracts.decode_log(log.address, log.topics, log.data)
                if event is not None:
                    found.append((event, header.timestamp))
    return found


def _grant(world: World, made: GrantMade, revoked: dict[bytes, int]) -> dict[str, Any]:
    releases: list[int] = []
    refusals: list[int] = []
    for receipt in world.receipts:
        read = read_receipt(receipt)
        if read is not None and read.grant_id == made.grant_id:
            (refusals if read.status else releases).append(read.head_timestamp)
    return {
        "id": f"0x{made.grant_id.hex()}",
        "grantee": made.grantee.name,
        "from": made.valid_from_s,
        "until": made.valid_until_s,
        "revoked": revoked.get(tag_of(made.grant_id)),
        "releases": releases,
        "refusals": refusals,
    }
