"""Builds the predicates that a scenario's expectations name, fed by the world."""

from typing import Final

from node.base.errors import InvalidBlockError, StorageError, UnavailableError
from node.base.limits_records import EMERGENCY_SECONDS_MAX
from node.base.rng import TreeEntropy
from node.base.types import Hash32
from node.contracts.bindings.consent_registry import EmergencyAccess, EmergencyReviewed
from node.contracts.consent_registry import Granted, Revoked
from node.contracts.grant_tag import tag_of
from node.privacy.studies import CANARY_BYTES_MIN, study_canaries
from node.privacy.synthetic import canaries
from node.sim.checkers.canaries import CanaryScanner
from node.sim.checkers.consensus_headers import maker, read_header
from node.sim.checkers.reexecution import ReexecutionChecker
from node.sim.checkers.release_window import ReleaseWindowChecker, Window
from node.sim.consensus_judges import ConsensusJudges
from node.sim.custody_judges import custody_predicate
from node.sim.expectations import Expectation, Terms
from node.sim.iomt_flows import reading_canaries
from node.sim.predicates.base import Predicate, State
from node.sim.predicates.chain import (
    ChainLinked,
    HeadsAgree,
    HeightAtLeast,
    StateRootReproducible,
)
from node.sim.predicates.records import GrantWindowRespected, PlaintextLeak, ShareRule
from node.sim.predicates.steps import LivesDone, StepStatus
from node.sim.schema import expectations as wanted
from node.sim.schema.conditions import is_met
from node.sim.schema.steps import Consult
from node.sim.share_trial import try_all_subsets
from node.sim.steps import StepBook
from node.sim.storage_judges import storage_predicate
from node.sim.world import World

_AUDIT: Final = Terms(
    name="state_root_reproducible",
    line=0,  # it stands in no file
    text="always state_root_reproducible (audit of every run)",
    mode="always",
)
_NO_CANARY: Final = b"nobody and nothing in this scenario has a record"


def build_expectations(world: World, book: StepBook) -> tuple[Expectation, ...]:
    """Give the expectations of the scenario, in the order of the file, and the in-run audit.

    Those whose ``when`` is not met are left out: they say nothing about this run.
    """
    consensus = ConsensusJudges(world)
    written = tuple(
        Expectation(
            Terms(
                name=one.predicate.name,
                line=one.line,
                text=one.text,
                mode=one.mode,
                from_us=one.from_us,
                until_us=one.until_us,
                by_us=one.by_us,
                and_stay=one.and_stay,
            ),
            consensus.predicate(one.predicate, mode=one.mode, from_us=one.from_us)
            or storage_predicate(world, book, one.predicate)
            or custody_predicate(world, book, one.predicate)
            or _predicate(world, book, one.predicate),
        )
        for one in world.scenario.expect
        if is_met(world.scenario, one.when)
    )
    if any(one.terms.name == _AUDIT.name for one in written):
        return written
    return (*written, Expectation(_AUDIT, _audit(world)))


def _predicate(world: World, book: StepBook, predicate: wanted.Predicate) -> Predicate:
    genesis = _genesis_header(world)
    match predicate:
        case wanted.HeadsAgree():
            return HeadsAgree()
        case wanted.ChainLinked():
            return ChainLinked(genesis)
        case wanted.StateRootReproducible():
            return _audit(world)
        case wanted.GrantWindowRespected():
            return GrantWindowRespected(ReleaseWindowChecker(_Grants(world)))
        case wanted.PlaintextLeak():
            return PlaintextLeak(CanaryScanner(_canaries(world, book) or [_NO_CANARY]))
        case wanted.StepOk():
            return StepStatus(predicate.step, "ok")
        case wanted.Refused():
            return StepStatus(predicate.step, "refused", "revert")
        case wanted.LivesDone():
            return LivesDone((one.id for one in world.scenario.lived), predicate.ratio)
        case wanted.ShareRule():
            return ShareRule(predicate.record, _Trial(world, book))
        case wanted.HeightAtLeast():
            lasting = tuple(one.name for one in world.members if not one.is_clone)
            return HeightAtLeast(lasting, predicate.blocks)
        case _:
            raise AssertionError(f"no judge for {predicate.name}")


def _audit(world: World) -> StateRootReproducible:
    """Give the in-run audit; it executes without the memo, and in no virtual time."""

    def again(node: str, block_hash: Hash32, header: bytes) -> str | None:
        signer = maker(world.scenario.chain.consensus, read_header(header), world.verifier)
        if signer is None:
            return f"{node} stored block 0x{block_hash.hex()[:16]}, whose seal recovers to nobody"
        try:
            world.nodes[node].ledger.execute_again(block_hash, fee_recipient=signer)
        except (InvalidBlockError, UnavailableError, StorageError) as error:
            return f"{node} executed block 0x{block_hash.hex()[:16]} again: {error}"
        return None

    entropy = TreeEntropy(world.scenario.run.seed, "audit")
    return StateRootReproducible(ReexecutionChecker(entropy, again))


def _canaries(world: World, book: StepBook) -> list[bytes]:
    """Give what must stand nowhere in clear: people, visits, studies as captured, readings."""
    words = [word for one in world.cast.patients.values() for word in canaries(one.person)]
    for study in book.studies():
        words += study_canaries(study)
    for step in world.scenario.steps:
        if isinstance(step, Consult) and step.sections is not None:
            texts = (text.encode() for text in step.sections.values())
            words += (text for text in texts if len(text) >= CANARY_BYTES_MIN)
    return words + reading_canaries(world.scenario)


def _genesis_header(world: World) -> bytes:
    return next(iter(world.nodes.values())).ledger.genesis_header.encode()


class _Grants:
    """Reads a grant, or an emergency, from the logs of the branch that ends in a block.

    Reads the ledger of whichever node has the block, and not what the custodian believes.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def __call__(self, grant_id: Hash32, block_hash: Hash32) -> Window | None:
        node = next(
            (one for one in self._world.nodes.values() if one.ledger.header(block_hash)), None
        )
        if node is None:
            return None
        contracts = self._world.cast.ward.contracts
        window: tuple[int, int] | None = None
        tag, revoked = tag_of(grant_id), False
        ended: int | None = None
        ledger = node.ledger
        header = ledger.header(block_hash)
        block_time = 0 if header is None else header.timestamp
        while header is not None and header.number > 0:
            for receipt in ledger.receipts(block_hash):
                for log in receipt.logs:
                    event = contracts.decode_log(log.address, log.topics, log.data)
                    if isinstance(event, Granted) and event.grant_id == grant_id:
                        window = (event.valid_from, event.valid_until)
                    if isinstance(event, EmergencyAccess) and event.emergency_id == grant_id:
                        # who breaks the glass may hold no longer than a day, whatever is written
                        day = header.timestamp + EMERGENCY_SECONDS_MAX
                        window = (header.timestamp, min(event.until, day))
                    if isinstance(event, EmergencyReviewed) and event.emergency_id == grant_id:
                        ended = event.until
                    revoked |= isinstance(event, Revoked) and tag_of(event.grant_id) == tag
            if window is not None:
                begins, ends = window
                ends = ends if ended is None else min(ends, ended)
                return Window(begins, ends, revoked, block_time)
            block_hash = header.parent_hash
            header = ledger.header(block_hash)
        return None


class _Trial:
    """Tries all subsets of a record's shares, at most once in a block period.

    One trial is up to 2**n openings, and what shares and stores hold changes with blocks.
    """

    def __init__(self, world: World, book: StepBook) -> None:
        self._world = world
        self._book = book
        self._last: tuple[int, State] | None = None

    def __call__(self, step: str) -> State | None:
        record = self._book.record(step)
        if record is None:
            return None
        now = self._world.kernel.now
        if self._last is not None and now < self._last[0] + self._world.scenario.chain.period_us:
            return self._last[1]
        state = try_all_subsets(self._world, record.patient.wallet, record.filed)
        self._last = (now, state)
        return state
