"""Blocks of other steps: parked, refused, sealed twice, waiting for a set."""

import pytest

from node.base.types import Address
from node.consensus_poa.aura.header import step_slot
from node.consensus_poa.effects import ReportEvidence, ScheduleTimer, Trace, ValidateBlock
from node.consensus_poa.events import BlockReceived, NewChainHead, TimerExpired, TimerId, TimerKind
from node.consensus_poa.evidence import double_sealer
from tests.consensus_poa.aura.forge import AuraForge, now_at
from tests.consensus_poa.chains import VERIFIER, ascending, block, of_type, rules
from tests.consensus_poa.registries import SetsByNumber, addresses

KEYS = ascending(4)
FUTURE = TimerId(TimerKind.FUTURE, 0)


def refused(effects: tuple[object, ...]) -> list[object]:
    return [
        dict(effect.data)["error"]
        for effect in effects
        if isinstance(effect, Trace) and effect.rule == "AuRa.BlockRefused"
    ]


@pytest.mark.parametrize("ahead", [1, 4])
def test_a_block_of_the_next_four_steps_waits_for_its_step(ahead: int) -> None:
    forge = AuraForge(KEYS)
    engine = forge.started()
    header = forge.seal(forge.genesis, skip=ahead)
    now = now_at(forge.genesis)
    effects = engine.handle(BlockReceived(block(header), None, None), now)
    assert rules(effects) == ["AuRa.BlockParked"]
    assert of_type(effects, ScheduleTimer) == [ScheduleTimer(FUTURE, now_at(header))]
    effects = engine.handle(TimerExpired(FUTURE), now_at(header))
    assert effects == (ValidateBlock(block(header)),)


def test_a_block_five_steps_ahead_is_refused() -> None:
    forge = AuraForge(KEYS)
    engine = forge.started()
    header = forge.seal(forge.genesis, skip=5)
    effects = engine.handle(BlockReceived(block(header), None, None), now_at(forge.genesis, 4))
    assert refused(effects) == ["step_too_far"]


def test_a_step_of_256_bits_is_too_far_and_nothing_breaks() -> None:
    forge = AuraForge(KEYS)
    engine = forge.started()
    header = forge.seal(forge.genesis, mix_hash=b"\xff" * 32)
    effects = engine.handle(BlockReceived(block(header), None, None), now_at(forge.genesis))
    assert refused(effects) == ["step_too_far"]


def test_a_malformed_block_is_refused_before_its_parent_is_looked_for() -> None:
    forge = AuraForge(KEYS)
    engine = forge.started()
    header = forge.seal(forge.seal(forge.genesis), nonce=b"\xff" * 8)
    effects = engine.handle(BlockReceived(block(header), None, None), now_at(header))
    assert refused(effects) == ["invalid_nonce"]


def test_two_blocks_of_one_step_are_evidence_whatever_their_parents() -> None:
    forge = AuraForge(KEYS)
    engine = forge.started()
    first = forge.seal(forge.genesis)
    on_genesis, on_first = forge.seal(forge.genesis, skip=1), forge.seal(first)
    assert on_genesis.parent_hash != on_first.parent_hash
    now = now_at(on_first)
    forge.take(engine, first, now)
    assert of_type(forge.take(engine, on_genesis, now), ReportEvidence) == []
    (evidence,) = of_type(forge.take(engine, on_first, now), ReportEvidence)
    assert isinstance(evidence, ReportEvidence)
    assert evidence.kind == "double_seal"
    assert evidence.offender == on_first.coinbase
    assert double_sealer(evidence.proof, VERIFIER, step_slot) == evidence.offender
    assert double_sealer(evidence.proof, VERIFIER) is None


def test_seals_older_than_two_rounds_are_not_watched() -> None:
    forge = AuraForge(KEYS)
    engine = forge.started()
    for age, count in ((8, 0), (7, 1)):
        pair = [forge.seal(forge.genesis, skip=9 - age, gas_used=used) for used in (0, 1)]
        now = now_at(pair[0], 5 * age)
        found = [len(of_type(forge.take(engine, header, now), ReportEvidence)) for header in pair]
        assert found == [0, count]


def test_a_block_waits_while_the_registry_gives_no_set() -> None:
    forge = AuraForge(KEYS)
    sets: dict[int, tuple[Address, ...]] = {0: ()}
    engine = forge.started(provider=SetsByNumber(forge.chain, sets))
    header = forge.seal(forge.genesis)
    now = now_at(header)
    assert engine.verify_header(header, forge.genesis) == "validator_set_unavailable"
    assert "AuRa.BlockOrphaned" in rules(
        engine.handle(BlockReceived(block(header), None, None), now)
    )
    sets[0] = addresses(KEYS)
    effects = engine.handle(NewChainHead(forge.genesis), now)
    assert ValidateBlock(block(header)) in effects
