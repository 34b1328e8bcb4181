"""Foreign blocks: early, orphaned, invalid, sealed twice."""

from dataclasses import replace

import pytest

from node.base.header import Header
from node.base.limits import FUTURE_SECONDS_MAX, PARKED_BLOCKS_MAX, SYNC_RETRY_US_MIN
from node.base.types import Address, Hash32
from node.consensus_poa.clique.engine import CliqueEngine
from node.consensus_poa.effects import (
    BroadcastBlock,
    CancelTimer,
    Effect,
    ImportBlock,
    ReportEvidence,
    RequestSync,
    ScheduleTimer,
    SetHead,
    ValidateBlock,
)
from node.consensus_poa.events import (
    BODY_MISMATCH,
    BlockReceived,
    BlockValidated,
    NewChainHead,
    PauseSealing,
    TimerExpired,
    TimerId,
    TimerKind,
)
from node.consensus_poa.evidence import double_sealer
from tests.consensus_poa.chains import (
    LATER,
    VERIFIER,
    Forge,
    ascending,
    block,
    of_type,
    refusals,
    rules,
)

KEYS = ascending(4)
PEER = KEYS[3].address
OTHER = KEYS[2].address
FUTURE = TimerId(TimerKind.FUTURE, 0)


class Bench:
    """An observer's engine and the blocks that a test feeds it."""

    def __init__(self) -> None:
        self.forge = Forge(KEYS)
        self.engine: CliqueEngine = self.forge.started()
        self.now = LATER

    def branch(self, *signers: int, of: Header | None = None) -> list[Header]:
        """Give headers on ``of`` (genesis) that the engine does not know."""
        parent, made = of or self.forge.genesis, []
        shadow = Forge(KEYS)
        shadow.chain.headers.update(self.forge.chain.headers)
        shadow.chain.weights.update(self.forge.chain.weights)
        for index in signers:
            parent = shadow.extend(parent, KEYS[index])
            made.append(parent)
        return made

    def receive(self, header: Header, peer: Address | None = PEER) -> tuple[Effect, ...]:
        return self.engine.handle(BlockReceived(block(header), None, peer), self.now)

    def validate(self, header: Header, error: str | None = None) -> tuple[Effect, ...]:
        effects = self.engine.handle(BlockValidated(header.hash(), error), self.now)
        for effect in effects:
            if isinstance(effect, ImportBlock):
                self.forge.chain.add(effect.block.header)
        return effects


@pytest.fixture
def bench() -> Bench:
    return Bench()


def kinds(effects: tuple[Effect, ...]) -> list[str]:
    return [type(effect).__name__ for effect in effects if type(effect).__name__ != "Trace"]


# -- the straight way -------------------------------------------------------------------------


def test_a_right_block_is_executed_before_anything_else(bench: Bench) -> None:
    (header,) = bench.branch(1)
    assert bench.receive(header) == (ValidateBlock(block(header)),)


def test_a_valid_block_is_imported_becomes_the_head_and_is_passed_on(bench: Bench) -> None:
    (header,) = bench.branch(1)
    bench.receive(header)
    effects = bench.validate(header)
    assert kinds(effects) == ["ImportBlock", "SetHead", "BroadcastBlock"]
    assert of_type(effects, SetHead) == [SetHead(header.hash(), 0)]
    assert of_type(effects, ImportBlock) == [ImportBlock(block(header), None)]


def test_a_head_of_equal_weight_is_imported_and_passed_on_too(bench: Bench) -> None:
    long, (short,) = bench.branch(2, 3), bench.branch(1)
    bench.receive(short)
    bench.validate(short)
    for header in long:
        bench.receive(header)
        effects = bench.validate(header)
    assert kinds(effects) == ["ImportBlock", "BroadcastBlock"]


def test_a_heavier_branch_becomes_the_head_with_its_reorg_depth(bench: Bench) -> None:
    weak, strong = bench.branch(2), bench.branch(3, 2, 1)
    assert [h.difficulty for h in (*weak, *strong)] == [1, 1, 2, 1]
    bench.receive(weak[0])
    bench.validate(weak[0])
    bench.receive(strong[0])
    bench.validate(strong[0])
    bench.receive(strong[1])
    effects = bench.validate(strong[1])
    assert of_type(effects, SetHead) == [SetHead(strong[1].hash(), 1)]


def test_a_syncing_node_passes_nothing_on(bench: Bench) -> None:
    (header,) = bench.branch(1)
    bench.engine.handle(PauseSealing(), bench.now)
    bench.receive(header)
    assert kinds(bench.validate(header)) == ["ImportBlock", "SetHead"]


def test_a_block_that_comes_twice_is_executed_once(bench: Bench) -> None:
    (header,) = bench.branch(1)
    bench.receive(header)
    assert kinds(bench.receive(header, OTHER)) == []
    bench.validate(header)
    assert rules(bench.receive(header)) == ["Clique.BlockKnown"]


def test_an_answer_that_nobody_waits_for_is_ignored(bench: Bench) -> None:
    (header,) = bench.branch(1)
    assert rules(bench.validate(header)) == ["Clique.Ignored"]
    bench.receive(header)
    bench.validate(header)
    assert rules(bench.validate(header)) == ["Clique.Ignored"]


def test_when_too_many_blocks_wait_for_execution_the_newcomer_is_dropped(bench: Bench) -> None:
    for vanity in range(PARKED_BLOCKS_MAX):
        header = bench.forge.seal(bench.forge.genesis, KEYS[1], gas_used=vanity)
        assert of_type(bench.receive(header), ValidateBlock)
    late = bench.forge.seal(bench.forge.genesis, KEYS[2])
    assert rules(bench.receive(late)) == ["Clique.BlockDropped"]


# -- refused ----------------------------------------------------------------------------------


def test_a_block_with_a_wrong_header_is_never_executed(bench: Bench) -> None:
    wrong = bench.forge.seal(bench.forge.genesis, KEYS[1], difficulty=1)
    effects = bench.receive(wrong)
    assert refusals(effects) == ["wrong_difficulty"]
    assert kinds(effects) == []


def test_a_foreign_genesis_is_refused_and_not_asked_for(bench: Bench) -> None:
    foreign = replace(bench.forge.genesis, timestamp=1)
    effects = bench.receive(foreign)
    assert refusals(effects) == ["unknown_ancestor"]
    assert kinds(effects) == []


def test_a_block_that_execution_refuses_is_evidence_against_its_signer(bench: Bench) -> None:
    (header,) = bench.branch(1)
    bench.receive(header)
    effects = bench.validate(header, "state_root")
    (evidence,) = of_type(effects, ReportEvidence)
    assert isinstance(evidence, ReportEvidence)
    assert (evidence.offender, evidence.kind) == (KEYS[1].address, "invalid_proposal")
    assert evidence.proof == block(header).encode()
    assert kinds(effects) == ["ReportEvidence"]


def test_a_bad_block_is_never_executed_again(bench: Bench) -> None:
    (header,) = bench.branch(1)
    bench.receive(header)
    bench.validate(header, "state_root")
    effects = bench.receive(header, OTHER)
    assert kinds(effects) == []
    assert refusals(effects) == ["unknown_ancestor"]


def test_descendants_of_a_bad_block_are_refused_without_asking_for_more(bench: Bench) -> None:
    first, second, third, fourth = bench.branch(1, 2, 3, 0)
    bench.receive(first)
    bench.receive(second)  # waits for the first
    bench.receive(third)
    bench.validate(first, "state_root")
    for header in (second, third, fourth):
        effects = bench.receive(header)
        assert refusals(effects) == ["unknown_ancestor"]
        assert kinds(effects) == []


def test_a_foreign_body_does_not_ban_the_true_block(bench: Bench) -> None:
    """Else a peer could ban any block by sending its header with other transactions."""
    (header,) = bench.branch(1)
    bench.engine.handle(BlockReceived(block(header, b"\x02\xc0"), None, PEER), bench.now)
    effects = bench.validate(header, BODY_MISMATCH)
    assert of_type(effects, ReportEvidence) == []
    assert of_type(effects, RequestSync) == [RequestSync(0, None)]
    assert kinds(bench.receive(header, OTHER)) == ["ValidateBlock"]


def test_orphans_of_a_refused_header_go_with_it(bench: Bench) -> None:
    wrong = bench.forge.seal(bench.forge.genesis, KEYS[1], gas_limit=40_000_000)
    shadow = Forge(KEYS)
    shadow.chain.add(wrong)
    child = shadow.seal(wrong, KEYS[2])
    assert rules(bench.receive(child)) == ["Clique.BlockOrphaned"]
    before = bench.engine.snapshot()
    bench.receive(wrong)
    after = bench.engine.snapshot()
    assert child.encode() in before
    assert child.encode() not in after


# -- double seals -----------------------------------------------------------------------------


def test_two_blocks_of_one_signer_on_one_parent_are_evidence(bench: Bench) -> None:
    first = bench.forge.seal(bench.forge.genesis, KEYS[1])
    second = bench.forge.seal(bench.forge.genesis, KEYS[1], gas_used=1)
    assert kinds(bench.receive(first)) == ["ValidateBlock"]
    effects = bench.receive(second)
    (evidence,) = of_type(effects, ReportEvidence)
    assert isinstance(evidence, ReportEvidence)
    assert evidence.kind == "double_seal"
    assert double_sealer(evidence.proof, VERIFIER) == evidence.offender == KEYS[1].address
    assert kinds(effects) == ["ReportEvidence", "ValidateBlock"]


def test_one_signer_on_two_parents_is_no_double_seal(bench: Bench) -> None:
    """After a reorg an honest signer may seal the same height on another parent."""
    left, right = bench.branch(1), bench.branch(2)
    for header in (*left, *right):
        bench.receive(header)
        bench.validate(header)
    for parent in (left[0], right[0]):
        effects = bench.receive(bench.forge.seal(parent, KEYS[3]))
        assert of_type(effects, ReportEvidence) == []


def test_a_double_sealer_is_reported_once_per_parent(bench: Bench) -> None:
    headers = [bench.forge.seal(bench.forge.genesis, KEYS[1], gas_used=i) for i in range(4)]
    found = [len(of_type(bench.receive(header), ReportEvidence)) for header in headers]
    assert found == [0, 1, 0, 0]


def test_a_stranger_cannot_frame_a_signer(bench: Bench) -> None:
    bench.receive(bench.forge.seal(bench.forge.genesis, KEYS[1]))
    unsealed = bench.forge.unsealed(bench.forge.genesis, KEYS[1], gas_used=1)
    assert of_type(bench.receive(unsealed), ReportEvidence) == []


# -- the future -------------------------------------------------------------------------------


def early(bench: Bench, seconds: int) -> Header:
    (header,) = bench.branch(1)
    bench.now = (header.timestamp - seconds) * 10**6
    return header


def test_a_block_of_this_second_is_not_early(bench: Bench) -> None:
    header = early(bench, 0)
    assert kinds(bench.receive(header)) == ["ValidateBlock"]


def test_an_early_block_is_parked_and_judged_when_its_second_begins(bench: Bench) -> None:
    header = early(bench, 1)
    bench.now += 999_999
    assert bench.receive(header)[1:] == (ScheduleTimer(FUTURE, header.timestamp * 10**6),)
    bench.now += 1
    effects = bench.engine.handle(TimerExpired(FUTURE), bench.now)
    assert kinds(effects) == ["ValidateBlock"]


def test_a_timer_that_fires_early_is_armed_again(bench: Bench) -> None:
    header = early(bench, 2)
    bench.receive(header)
    effects = bench.engine.handle(TimerExpired(FUTURE), bench.now)
    assert effects == (ScheduleTimer(FUTURE, header.timestamp * 10**6),)


@pytest.mark.parametrize(("ahead", "kept"), [(FUTURE_SECONDS_MAX, True), (31, False)])
def test_only_the_near_future_is_parked(bench: Bench, ahead: int, kept: bool) -> None:
    effects = bench.receive(early(bench, ahead))
    assert refusals(effects) == ([] if kept else ["future_block"])
    assert bool(of_type(effects, ScheduleTimer)) is kept


def test_a_block_too_far_ahead_may_come_again_in_its_time(bench: Bench) -> None:
    header = early(bench, 40)
    bench.receive(header)
    bench.now = LATER
    assert kinds(bench.receive(header)) == ["ValidateBlock"]


def test_early_blocks_are_judged_in_the_order_of_their_times(bench: Bench) -> None:
    first, second = bench.branch(1, 2)
    bench.now = (first.timestamp - 1) * 10**6
    bench.receive(second)
    effects = bench.receive(first)
    assert of_type(effects, ScheduleTimer) == [ScheduleTimer(FUTURE, first.timestamp * 10**6)]
    bench.now = second.timestamp * 10**6
    effects = bench.engine.handle(TimerExpired(FUTURE), bench.now)
    assert of_type(effects, ValidateBlock) == [ValidateBlock(block(first))]
    assert of_type(bench.validate(first), ValidateBlock) == [ValidateBlock(block(second))]


def test_what_is_parked_longer_gets_the_timer_next(bench: Bench) -> None:
    first, second = bench.branch(1, 2)
    bench.now = (first.timestamp - 1) * 10**6
    bench.receive(first)
    bench.receive(second)
    bench.now = first.timestamp * 10**6
    effects = bench.engine.handle(TimerExpired(FUTURE), bench.now)
    assert of_type(effects, ScheduleTimer) == [ScheduleTimer(FUTURE, second.timestamp * 10**6)]


def test_a_malformed_early_block_takes_no_place(bench: Bench) -> None:
    header = early(bench, 1)
    wrong = replace(header, nonce=b"\x01" * 8)
    assert refusals(bench.receive(wrong)) == ["future_block"]


def test_the_park_is_full_at_its_limit(bench: Bench) -> None:
    early(bench, 1)
    for index in range(PARKED_BLOCKS_MAX):
        header = bench.forge.seal(bench.forge.genesis, KEYS[1], gas_used=index)
        assert refusals(bench.receive(header)) == []
    assert refusals(bench.receive(bench.branch(2)[0])) == ["future_block"]


# -- orphans ----------------------------------------------------------------------------------


def test_a_block_without_parent_is_kept_and_its_parent_asked_for(bench: Bench) -> None:
    first, second = bench.branch(1, 2)
    assert of_type(bench.receive(second), RequestSync) == [RequestSync(0, PEER)]
    bench.receive(first)
    effects = bench.validate(first)
    assert of_type(effects, ValidateBlock) == [ValidateBlock(block(second))]


def test_an_orphan_is_judged_after_its_parent_is_imported(bench: Bench) -> None:
    first, second = bench.branch(1, 2)
    bench.receive(second)
    bench.receive(first)
    assert kinds(bench.validate(first)) == [
        "ImportBlock",
        "SetHead",
        "BroadcastBlock",
        "ValidateBlock",
    ]


def test_a_wrong_orphan_is_refused_when_its_parent_comes(bench: Bench) -> None:
    first, second = bench.branch(1, 2)
    bench.receive(replace(second, base_fee=1))
    bench.receive(first)
    assert refusals(bench.validate(first)) == ["invalid_base_fee"]


def test_a_child_of_a_block_in_execution_asks_for_nothing(bench: Bench) -> None:
    first, second, third = bench.branch(1, 2, 3)
    bench.receive(first)
    assert of_type(bench.receive(second), RequestSync) == []
    assert of_type(bench.receive(third), RequestSync) == []


def test_a_chain_of_orphans_asks_below_its_lowest_block(bench: Bench) -> None:
    known = bench.branch(1, 2)
    for header in known:
        bench.receive(header)
        bench.validate(header)
    ahead = bench.branch(3, 0, 1, of=known[-1])
    bench.receive(ahead[1])
    effects = bench.receive(ahead[2], OTHER)
    assert of_type(effects, RequestSync) == [RequestSync(2, OTHER)]


def test_an_orphan_far_ahead_asks_above_the_head(bench: Bench) -> None:
    far = bench.branch(1, 2, 3, 0, 1, 2)[-1]
    assert of_type(bench.receive(far), RequestSync) == [RequestSync(0, PEER)]


def test_an_orphan_on_a_foreign_branch_asks_below_its_parent(bench: Bench) -> None:
    for header in bench.branch(1, 2, 3, 0):
        bench.receive(header)
        bench.validate(header)
    side = bench.branch(2, 3, 0)
    assert of_type(bench.receive(side[2]), RequestSync) == [RequestSync(1, PEER)]


def test_one_peer_is_asked_once_for_one_height_until_it_had_time_to_answer(bench: Bench) -> None:
    ahead = bench.branch(1, 2, 3, 0, 1)
    assert of_type(bench.receive(ahead[1]), RequestSync)
    bench.now += SYNC_RETRY_US_MIN - 1
    assert of_type(bench.receive(ahead[2]), RequestSync) == []
    assert of_type(bench.receive(ahead[3], OTHER), RequestSync) == [RequestSync(0, OTHER)]
    bench.now += 1
    assert of_type(bench.receive(ahead[4]), RequestSync) == [RequestSync(0, PEER)]


def test_an_answered_request_may_be_made_again(bench: Bench) -> None:
    left, right = bench.branch(1, 2), bench.branch(2, 3)
    bench.receive(left[1])
    bench.receive(left[0])
    bench.validate(left[0], "state_root")
    assert of_type(bench.receive(right[1]), RequestSync) == [RequestSync(0, PEER)]


def test_the_oldest_orphan_makes_room(bench: Bench) -> None:
    unknown = [
        bench.forge.seal(bench.forge.genesis, KEYS[1], number=5, parent_hash=Hash32(i.to_bytes(32)))
        for i in range(1, PARKED_BLOCKS_MAX + 2)
    ]
    for header in unknown:
        bench.receive(header)
    state = bench.engine.snapshot()
    assert unknown[0].encode() not in state
    assert unknown[1].encode() in state
    assert unknown[-1].encode() in state


def test_orphans_are_judged_when_sync_brings_their_parent(bench: Bench) -> None:
    first, second = bench.branch(1, 2)
    bench.receive(second)
    bench.forge.chain.add(first)
    effects = bench.engine.handle(NewChainHead(first), bench.now)
    assert of_type(effects, ValidateBlock) == [ValidateBlock(block(second))]


def test_timers_of_a_head_that_was_left_are_cancelled(bench: Bench) -> None:
    bench.engine = bench.forge.started(KEYS[0])
    (header,) = bench.branch(1)
    bench.receive(header)
    cancelled = of_type(bench.validate(header), CancelTimer)
    assert [t.timer.kind for t in cancelled if isinstance(t, CancelTimer)] == [TimerKind.WIGGLE]
    assert of_type(bench.receive(header), BroadcastBlock) == []
