"""The consultation workflow of the paper, whole, on a network in the simulator.

One visit of a registered patient, as eight transactions:

1. ``consult``           the doctor's entry mints the PMR token
2. ``order_lab``         a study is ordered
3. ``perform_lab``       a real MR image is de-identified, split, handed to custodians and filed
4. ``request_access``    a doctor of another hospital asks
5. ``grant``             the patient signs, the hospital relays, deposits go to the custodians
6. ``second_opinion``    the other doctor reads both records under the grant, and writes an entry
7. ``revoke``            the patient takes the grant back
8. receipts and epochs   what custodians record of it in CustodyLedger, many in one transaction

Counted is everything that four validators, their block stores and custodians, and the parties'
wallets do for it, consensus and frames of the simulated network included; registrations and the
founding are over before.  Flows overlap: one begins every ``EVERY_MS``.
"""

import time
from dataclasses import dataclass
from typing import Final

from node.base.keys import MemoVerifier
from node.base.types import MICROS_PER_SECOND
from node.bench.errors import CandidateFaultError
from node.evm.executors import executor_named
from node.evm.ledger import Ledger
from node.privacy.studies import load_study
from node.sim.garbage import calm_collector
from node.sim.loader import load
from node.sim.schedule import Schedule
from node.sim.schema.steps import PerformLab
from node.sim.steps import StepBook
from node.sim.world import World

VALIDATORS: Final = 4
PERIOD_S: Final = 5
EVERY_MS: Final = 250
"""Between the beginnings of two visits."""
_REGISTERED_EVERY_S: Final = 1
_SETTLED_S: Final = 60
"""After the last registration begins, all have ended."""
_VISIT_S: Final = 240
"""A visit takes about eight blocks and what finality and custodians need."""
_STUDY: Final = "MR_small_jp2klossless"
_HEAD: Final = """\
wardnet: 1
name: bench
run: {{seed: 1, until: {until}s}}
chain: {{consensus: qbft, period: {period}s, executor: {executor}}}
records: {{sharing: {{t: 3, n: 5}}}}
network: {{validators: {validators}, link: lan}}
actors: {{doctors: {validators}, patients: {visits}, labs: {validators}}}
steps:
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """Visits on one executor."""

    executor: str
    visits: int
    transactions: int
    """All of the chain during the visits, those of the custodians included."""
    blocks: int
    cpu_s: float
    ledger_cpu_s: float
    """Of decoding, checking and storing the same blocks once, on a ledger alone."""
    state_root: str


def run_visits(executor: str, visits: int) -> Visited:
    """Let so many patients make their visit.

    ``executor``  py-evm or revm.
    raises        CandidateFaultError: a step did not end well.
    """
    begin_s = visits * _REGISTERED_EVERY_S + _SETTLED_S
    until_s = begin_s + visits * EVERY_MS // 1_000 + _VISIT_S
    scenario = load(_text(executor, visits, begin_s, until_s), "bench.yaml")
    world = World(scenario)
    study = load_study(f"pydicom:{_STUDY}")
    studies = {one.id: study for one in scenario.steps if isinstance(one, PerformLab)}
    schedule = Schedule(world, StepBook(world, studies), lambda _outcome: None)
    with calm_collector():
        world.start()
        schedule.start()
        world.kernel.run_until(begin_s * MICROS_PER_SECOND - 1)
        first = _ledger(world).head.number + 1
        began = time.process_time()
        world.kernel.run_until(until_s * MICROS_PER_SECOND)
        cpu_s = time.process_time() - began
    for step in scenario.steps:
        outcome = schedule.outcomes.get(step.id)
        if outcome is None or outcome.status != "ok":
            why = "it has not ended" if outcome is None else f"{outcome.status}: {outcome.why}"
            raise CandidateFaultError(f"{executor}: {step.id}", why)
    head = _ledger(world).head
    transactions, ledger_cpu_s = _replay(world, executor, first)
    return Visited(
        executor=executor,
        visits=visits,
        transactions=transactions,
        blocks=head.number + 1 - first,
        cpu_s=cpu_s,
        ledger_cpu_s=ledger_cpu_s,
        state_root=head.state_root.hex(),
    )


def _ledger(world: World) -> Ledger:
    return next(iter(world.nodes.values())).ledger


def _replay(world: World, executor: str, first: int) -> tuple[int, float]:
    """Import the chain on a ledger alone; give the transactions and CPU of its later blocks."""
    genesis = world.beginning.genesis
    ledger = Ledger(genesis, verifier=MemoVerifier(), executor=executor_named(executor, genesis))
    source = _ledger(world)
    transactions, began = 0, 0.0
    for number in range(1, source.head.number + 1):
        if number == first:
            began = time.process_time()
        block_hash = source.hash_by_number(number)
        block = None if block_hash is None else source.block(block_hash)
        assert block is not None, "the chain has every number up to its head"
        result = ledger.check(block, fee_recipient=block.header.coinbase)
        with ledger.batch():
            ledger.insert(block, result)
            ledger.set_head(block.header.hash())
        transactions += len(block.transactions) if number >= first else 0
    return transactions, time.process_time() - began


def _text(executor: str, visits: int, begin_s: int, until_s: int) -> str:
    lines = [
        _HEAD.format(
            until=until_s,
            period=PERIOD_S,
            executor=executor,
            validators=VALIDATORS,
            visits=visits,
        )
    ]
    lines += (
        f"  - {{do: onboard_doctor, at: {k}s, doctor: doc-{k}}}\n" for k in range(1, VALIDATORS + 1)
    )
    for k in range(1, visits + 1):
        at_s = VALIDATORS + k * _REGISTERED_EVERY_S
        lines.append(f"  - {{do: register_patient, at: {at_s}s, patient: pat-{k}}}\n")
    for k in range(1, visits + 1):
        lines += (f"  - {{{step}}}\n" for step in _visit(k, begin_s * 1_000 + (k - 1) * EVERY_MS))
    return "".join(lines)


def _visit(k: int, at_ms: int) -> tuple[str, ...]:
    """Give the steps of one visit; each begins when the one before has ended."""
    here = 1 + (k - 1) % VALIDATORS
    there = 1 + k % VALIDATORS
    return (
        f"do: consult, id: v{k}, at: {at_ms}ms, doctor: doc-{here}, patient: pat-{k}",
        f"do: order_lab, id: o{k}, doctor: doc-{here}, pmr: v{k}, modality: MR",
        f"do: perform_lab, id: f{k}, lab: lab-{here}, order: o{k}, study: pydicom:{_STUDY}",
        f"do: request_access, id: a{k}, doctor: doc-{there}, patient: pat-{k}, pmr: v{k}",
        f"do: grant, id: g{k}, patient: pat-{k}, request: a{k}, for: 1h",
        f"do: second_opinion, id: s{k}, doctor: doc-{there}, pmr: v{k}",
        f"do: revoke, id: r{k}, patient: pat-{k}, grant: g{k}",
    )
