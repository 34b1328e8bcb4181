"""The turn of one validator, and what it never signs."""

from dataclasses import replace

import pytest

from node.base.block import Block
from node.base.header import Header
from node.base.keys import PrivateKey
from node.base.types import ZERO_HASH
from node.consensus_poa.aura.engine import AuraEngine
from node.consensus_poa.aura.header import difficulty_of, mix_hash_of, step_of
from node.consensus_poa.aura.sealing import STEP_TIMER
from node.consensus_poa.effects import AppendWal, BuildBlock, Effect, ScheduleTimer, SetHead
from node.consensus_poa.events import (
    BlockBuilt,
    NewChainHead,
    PauseSealing,
    ResumeSealing,
    Start,
    TimerExpired,
)
from node.consensus_poa.header import recover_signer
from node.consensus_poa.wal import WalEntry
from tests.consensus_poa.aura.forge import FIRST_STEP, AuraForge, now_at
from tests.consensus_poa.chains import VERIFIER, ascending, key, of_type, rules
from tests.consensus_poa.cluster import build

KEYS = ascending(4)
OWN = KEYS[(FIRST_STEP + 1) % 4]
"""Whose step comes 5 s after genesis."""


class Bench:
    """One validator on a chain of one block."""

    def __init__(self, signer: PrivateKey = OWN, wal: tuple[bytes, ...] = ()) -> None:
        self.forge = AuraForge(KEYS)
        self.head = self.forge.extend(self.forge.genesis)
        self.forge.chain.head = self.head.hash()
        self.engine: AuraEngine = self.forge.engine(signer)
        self.turn = now_at(self.head, 5)
        self.engine.handle(Start(self.head, wal), now_at(self.head, 1))

    def step(self, now: int) -> tuple[Effect, ...]:
        return self.engine.handle(TimerExpired(STEP_TIMER), now)

    def asked(self, now: int | None = None) -> BuildBlock:
        (request,) = of_type(self.step(self.turn if now is None else now), BuildBlock)
        assert isinstance(request, BuildBlock)
        return request

    def answer(self, request: BuildBlock, now: int | None = None, **fields: object) -> Header:
        built = build(self.head, request, ()).header
        header = replace(built, **fields)  # type: ignore[arg-type]
        self.effects = self.engine.handle(
            BlockBuilt(request.request, Block(header, ())), self.turn if now is None else now
        )
        return header


def test_at_its_step_a_validator_asks_for_a_block() -> None:
    request = Bench().asked()
    step = FIRST_STEP + 1
    assert request.mix_hash == mix_hash_of(step)
    assert request.difficulty == difficulty_of(step, step - 1)
    assert request.coinbase == OWN.address
    assert request.timestamp == 5 * step


def test_the_timer_is_armed_for_each_boundary() -> None:
    bench = Bench(KEYS[0])
    for number in range(1, 4):
        now = now_at(bench.head, 5 * number)
        (armed,) = of_type(bench.step(now), ScheduleTimer)
        assert isinstance(armed, ScheduleTimer)
        assert armed.at == now + 5_000_000


def test_in_a_step_of_another_nothing_is_built() -> None:
    bench = Bench(KEYS[(FIRST_STEP + 2) % 4])
    assert of_type(bench.step(bench.turn), BuildBlock) == []


def test_a_built_block_is_logged_before_it_is_sent() -> None:
    bench = Bench()
    bench.answer(bench.asked())
    kinds = [type(effect).__name__ for effect in bench.effects if rules([effect]) == []]
    assert kinds == ["AppendWal", "ImportBlock", "SetHead", "BroadcastBlock"]
    (sent,) = [e for e in bench.effects if isinstance(e, AppendWal)]
    sealed = Block.decode(WalEntry.decode(sent.entry).payload).header
    assert recover_signer(sealed, VERIFIER) == OWN.address
    assert bench.engine.verify_header(sealed, bench.head) is None
    assert of_type(bench.effects, SetHead) == [SetHead(sealed.hash(), 0)]


def test_a_step_is_sealed_once_even_if_the_head_moves_back() -> None:
    bench = Bench()
    bench.answer(bench.asked())
    bench.engine.handle(NewChainHead(bench.head), bench.turn + 1)
    effects = bench.engine.handle(NewChainHead(bench.head), bench.turn + 2)
    assert of_type(effects, BuildBlock) == []


def test_a_restart_in_the_step_brings_back_the_sealed_block_and_makes_no_other() -> None:
    bench = Bench()
    bench.answer(bench.asked())
    (logged,) = [e.entry for e in bench.effects if isinstance(e, AppendWal)]
    again = Bench(wal=(logged,))
    assert again.engine._state.sealed == FIRST_STEP + 1
    assert of_type(again.step(again.turn), BuildBlock) == []


def test_a_clock_that_was_set_back_seals_no_old_step() -> None:
    bench = Bench()
    bench.answer(bench.asked())
    bench.engine.handle(NewChainHead(bench.head), bench.turn - 4_000_000)
    assert of_type(bench.step(bench.turn), BuildBlock) == []


def test_a_head_of_this_or_a_later_step_leaves_no_room() -> None:
    bench = Bench()
    later = bench.forge.extend(bench.head, skip=2)
    bench.engine.handle(NewChainHead(later), now_at(bench.head, 2))
    effects = bench.step(bench.turn)
    assert of_type(effects, BuildBlock) == []
    assert rules(effects) == ["AuRa.Abstained"]


@pytest.mark.parametrize(
    ("fields", "delay_s"),
    [
        ({"difficulty": 7}, 0),
        ({"coinbase": KEYS[0].address}, 0),
        ({"number": 9}, 0),
        ({"base_fee": 9}, 0),
        ({"nonce": b"\x01" * 8}, 0),
        ({"ommers_hash": ZERO_HASH}, 0),
        ({}, 5),
    ],
)
def test_an_unfit_or_late_block_is_not_sealed(fields: dict[str, object], delay_s: int) -> None:
    bench = Bench()
    bench.answer(bench.asked(), bench.turn + delay_s * 10**6, **fields)
    assert of_type(bench.effects, AppendWal) == []
    assert rules(bench.effects) == ["AuRa.BuildDropped"]


def test_a_failed_build_is_tried_again_within_the_step() -> None:
    bench = Bench()
    request = bench.asked()
    failed = BlockBuilt(request.request, None, "busy")
    bench.engine.handle(failed, bench.turn + 100_000)
    again = bench.asked(bench.turn + 1_100_000)
    assert again.request == request.request + 1
    assert step_of(bench.head) + 1 == int.from_bytes(again.mix_hash)


def test_an_answer_to_nothing_is_ignored() -> None:
    bench = Bench()
    effects = bench.engine.handle(BlockBuilt(9, None, "busy"), bench.turn)
    assert rules(effects) == ["AuRa.Ignored"]


def test_a_late_head_of_the_step_before_restarts_the_build() -> None:
    bench = Bench(KEYS[(FIRST_STEP + 2) % 4])
    turn = now_at(bench.head, 10)
    first = bench.asked(turn)
    late = bench.forge.seal(bench.head)
    effects = bench.forge.take(bench.engine, late, turn + 50_000)
    (second,) = of_type(effects, BuildBlock)
    assert isinstance(second, BuildBlock)
    assert (first.parent, second.parent) == (bench.head.hash(), late.hash())


def test_a_syncing_node_seals_nothing_until_it_resumes() -> None:
    bench = Bench()
    bench.engine.handle(PauseSealing(), bench.turn - 1)
    assert rules(bench.step(bench.turn)) == ["AuRa.Abstained"]
    effects = bench.engine.handle(ResumeSealing(), bench.turn + 1)
    assert len(of_type(effects, BuildBlock)) == 1


@pytest.mark.parametrize("fault", ["bytes", "key", "genesis", "kind"])
def test_a_log_that_cannot_be_trusted_makes_an_observer(fault: str) -> None:
    genesis = AuraForge(KEYS).genesis.hash()
    entry = {
        "bytes": b"rubbish",
        "key": WalEntry("seal", genesis, key("another").address, b"").encode(),
        "genesis": WalEntry("seal", ZERO_HASH, OWN.address, b"").encode(),
        "kind": WalEntry("note", genesis, OWN.address, b"").encode(),
    }[fault]
    bench = Bench(wal=(entry,))
    effects = bench.step(bench.turn)
    assert of_type(effects, BuildBlock) == []
    assert rules(effects) == ["AuRa.Abstained"]
