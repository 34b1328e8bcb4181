"""Foreign blocks: executed, refused, invalid, sealed twice."""

from dataclasses import replace

import pytest

from node.base.limits import PARKED_BLOCKS_MAX
from node.consensus_poa.effects import (
    ImportBlock,
    ReportEvidence,
    RequestSync,
    SetHead,
    ValidateBlock,
)
from node.consensus_poa.events import (
    BODY_MISMATCH,
    BlockReceived,
    PauseSealing,
)
from node.consensus_poa.evidence import double_sealer
from tests.consensus_poa.chains import (
    VERIFIER,
    Forge,
    block,
    of_type,
    refusals,
    rules,
)
from tests.consensus_poa.clique.benches import KEYS, OTHER, PEER, ObserverBench, kinds


@pytest.fixture
def bench() -> ObserverBench:
    return ObserverBench()


# -- the straight way -------------------------------------------------------------------------


def test_a_right_block_is_executed_before_anything_else(bench: ObserverBench) -> None:
    (header,) = bench.branch(1)
    assert bench.receive(header) == (ValidateBlock(block(header)),)


def test_a_valid_block_is_imported_becomes_the_head_and_is_passed_on(bench: ObserverBench) -> None:
    (header,) = bench.branch(1)
    bench.receive(header)
    effects = bench.validate(header)
    assert kinds(effects) == ["ImportBlock", "SetHead", "BroadcastBlock"]
    assert of_type(effects, SetHead) == [SetHead(header.hash(), 0)]
    assert of_type(effects, ImportBlock) == [ImportBlock(block(header), None)]


def test_a_head_of_equal_weight_is_imported_and_passed_on_too(bench: ObserverBench) -> None:
    long, (short,) = bench.branch(2, 3), bench.branch(1)
    bench.receive(short)
    bench.validate(short)
    for header in long:
        bench.receive(header)
        effects = bench.validate(header)
    assert kinds(effects) == ["ImportBlock", "BroadcastBlock"]


def test_a_heavier_branch_becomes_the_head_with_its_reorg_depth(bench: ObserverBench) -> None:
    weak, strong = bench.branch(2), bench.branch(3, 2, 1)
    assert [h.difficulty for h in (*weak, *strong)] == [1, 1, 2, 1]
    bench.receive(weak[0])
    bench.validate(weak[0])
    bench.receive(strong[0])
    bench.validate(strong[0])
    bench.receive(strong[1])
    effects = bench.validate(strong[1])
    assert of_type(effects, SetHead) == [SetHead(strong[1].hash(), 1)]


def test_a_syncing_node_passes_nothing_on(bench: ObserverBench) -> None:
    (header,) = bench.branch(1)
    bench.engine.handle(PauseSealing(), bench.now)
    bench.receive(header)
    assert kinds(bench.validate(header)) == ["ImportBlock", "SetHead"]


def test_a_block_that_comes_twice_is_executed_once(bench: ObserverBench) -> None:
    (header,) = bench.branch(1)
    bench.receive(header)
    assert kinds(bench.receive(header, OTHER)) == []
    bench.validate(header)
    assert rules(bench.receive(header)) == ["Clique.BlockKnown"]


def test_an_answer_that_nobody_waits_for_is_ignored(bench: ObserverBench) -> None:
    (header,) = bench.branch(1)
    assert rules(bench.validate(header)) == ["Clique.Ignored"]
    bench.receive(header)
    bench.validate(header)
    assert rules(bench.validate(header)) == ["Clique.Ignored"]


def test_when_too_many_blocks_wait_for_execution_the_newcomer_is_dropped(
    bench: ObserverBench,
) -> None:
    for vanity in range(PARKED_BLOCKS_MAX):
        header = bench.forge.seal(bench.forge.genesis, KEYS[1], gas_used=vanity)
        assert of_type(bench.receive(header), ValidateBlock)
    late = bench.forge.seal(bench.forge.genesis, KEYS[2])
    assert rules(bench.receive(late)) == ["Clique.BlockDropped"]


# -- refused ----------------------------------------------------------------------------------


def test_a_block_with_a_wrong_header_is_never_executed(bench: ObserverBench) -> None:
    wrong = bench.forge.seal(bench.forge.genesis, KEYS[1], difficulty=1)
    effects = bench.receive(wrong)
    assert refusals(effects) == ["wrong_difficulty"]
    assert kinds(effects) == []


def test_a_foreign_genesis_is_refused_and_not_asked_for(bench: ObserverBench) -> None:
    foreign = replace(bench.forge.genesis, timestamp=1)
    effects = bench.receive(foreign)
    assert refusals(effects) == ["unknown_ancestor"]
    assert kinds(effects) == []


def test_a_block_that_execution_refuses_is_evidence_against_its_signer(
    bench: ObserverBench,
) -> None:
    (header,) = bench.branch(1)
    bench.receive(header)
    effects = bench.validate(header, "state_root")
    (evidence,) = of_type(effects, ReportEvidence)
    assert isinstance(evidence, ReportEvidence)
    assert (evidence.offender, evidence.kind) == (KEYS[1].address, "invalid_proposal")
    assert evidence.proof == block(header).encode()
    assert kinds(effects) == ["ReportEvidence"]


def test_a_bad_block_is_never_executed_again(bench: ObserverBench) -> None:
    (header,) = bench.branch(1)
    bench.receive(header)
    bench.validate(header, "state_root")
    effects = bench.receive(header, OTHER)
    assert kinds(effects) == []
    assert refusals(effects) == ["unknown_ancestor"]


def test_descendants_of_a_bad_block_are_refused_without_asking_for_more(
    bench: ObserverBench,
) -> None:
    first, second, third, fourth = bench.branch(1, 2, 3, 0)
    bench.receive(first)
    bench.receive(second)  # waits for the first
    bench.receive(third)
    bench.validate(first, "state_root")
    for header in (second, third, fourth):
        effects = bench.receive(header)
        assert refusals(effects) == ["unknown_ancestor"]
        assert kinds(effects) == []


def test_a_foreign_body_does_not_ban_the_true_block(bench: ObserverBench) -> None:
    """Else a peer could ban any block by sending its header with other transactions."""
    (header,) = bench.branch(1)
    bench.engine.handle(BlockReceived(block(header, b"\x02\xc0"), None, PEER), bench.now)
    effects = bench.validate(header, BODY_MISMATCH)
    assert of_type(effects, ReportEvidence) == []
    assert of_type(effects, RequestSync) == [RequestSync(0, None)]
    assert kinds(bench.receive(header, OTHER)) == ["ValidateBlock"]


def test_orphans_of_a_refused_header_go_with_it(bench: ObserverBench) -> None:
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


def test_two_blocks_of_one_signer_on_one_parent_are_evidence(bench: ObserverBench) -> None:
    first = bench.forge.seal(bench.forge.genesis, KEYS[1])
    second = bench.forge.seal(bench.forge.genesis, KEYS[1], gas_used=1)
    assert kinds(bench.receive(first)) == ["ValidateBlock"]
    effects = bench.receive(second)
    (evidence,) = of_type(effects, ReportEvidence)
    assert isinstance(evidence, ReportEvidence)
    assert evidence.kind == "double_seal"
    assert double_sealer(evidence.proof, VERIFIER) == evidence.offender == KEYS[1].address
    assert kinds(effects) == ["ReportEvidence", "ValidateBlock"]


def test_one_signer_on_two_parents_is_no_double_seal(bench: ObserverBench) -> None:
    """After a reorg an honest signer may seal the same height on another parent."""
    left, right = bench.branch(1), bench.branch(2)
    for header in (*left, *right):
        bench.receive(header)
        bench.validate(header)
    for parent in (left[0], right[0]):
        effects = bench.receive(bench.forge.seal(parent, KEYS[3]))
        assert of_type(effects, ReportEvidence) == []


def test_a_double_sealer_is_reported_once_per_parent(bench: ObserverBench) -> None:
    headers = [bench.forge.seal(bench.forge.genesis, KEYS[1], gas_used=i) for i in range(4)]
    found = [len(of_type(bench.receive(header), ReportEvidence)) for header in headers]
    assert found == [0, 1, 0, 0]


def test_a_stranger_cannot_frame_a_signer(bench: ObserverBench) -> None:
    bench.receive(bench.forge.seal(bench.forge.genesis, KEYS[1]))
    unsealed = bench.forge.unsealed(bench.forge.genesis, KEYS[1], gas_used=1)
    assert of_type(bench.receive(unsealed), ReportEvidence) == []
