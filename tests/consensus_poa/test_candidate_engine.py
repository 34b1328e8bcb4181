"""What all engines with candidate blocks do with events."""

from collections.abc import Callable
from typing import Any

import pytest

from node.base.types import Hash32
from node.consensus_poa.candidate_engine import CandidateEngine
from node.consensus_poa.effects import ScheduleTimer, ValidateBlock
from node.consensus_poa.events import (
    BlockReceived,
    NewChainHead,
    PauseSealing,
    ResumeSealing,
    Start,
    TimerExpired,
    TimerId,
    TimerKind,
)
from tests.consensus_poa.aura.forge import AuraForge
from tests.consensus_poa.chains import GENESIS_TIME, Forge, ascending, block, of_type, rules

KEYS = ascending(4)
NOW = GENESIS_TIME * 10**6
MAKERS: list[Callable[[], tuple[Any, CandidateEngine[Any], str]]] = [
    lambda: (forge := Forge(KEYS), forge.engine(KEYS[1]), "Clique"),
    lambda: (forge := AuraForge(KEYS), forge.engine(KEYS[1]), "AuRa"),
]


@pytest.fixture(params=MAKERS, ids=["clique", "aura"])
def made(request: pytest.FixtureRequest) -> tuple[Any, CandidateEngine[Any], str]:
    return request.param()  # type: ignore[no-any-return]


def test_nothing_counts_before_the_start(made: tuple[Any, CandidateEngine[Any], str]) -> None:
    forge, engine, name = made
    assert rules(engine.handle(NewChainHead(forge.genesis), NOW)) == [f"{name}.Ignored"]
    assert f"{name}.Started" in rules(engine.handle(Start(forge.genesis), NOW))


def test_a_timer_is_obeyed_when_it_is_armed_and_due(
    made: tuple[Any, CandidateEngine[Any], str],
) -> None:
    forge, engine, name = made
    (armed, *_) = of_type(engine.handle(Start(forge.genesis), NOW), ScheduleTimer)
    assert isinstance(armed, ScheduleTimer)
    assert engine.handle(TimerExpired(armed.timer), armed.at - 1) == (armed,)
    assert engine.handle(TimerExpired(armed.timer), armed.at) != (armed,)
    unknown = TimerExpired(TimerId(TimerKind.ROUND, 5))
    assert rules(engine.handle(unknown, armed.at)) == [f"{name}.Ignored"]


def test_pausing_twice_is_pausing_once(made: tuple[Any, CandidateEngine[Any], str]) -> None:
    forge, engine, name = made
    engine.handle(Start(forge.genesis), NOW)
    assert engine.handle(ResumeSealing(), NOW) == ()
    assert f"{name}.Paused" in rules(engine.handle(PauseSealing(), NOW))
    assert engine.handle(PauseSealing(), NOW) == ()
    assert f"{name}.Resumed" in rules(engine.handle(ResumeSealing(), NOW))


def test_a_block_whose_number_skips_is_refused(
    made: tuple[Any, CandidateEngine[Any], str],
) -> None:
    forge, engine, name = made
    engine.handle(Start(forge.genesis), NOW)
    later = NOW + 10**9
    skipping = forge.seal(forge.genesis, KEYS[1], number=2) if name == "Clique" else None
    skipping = skipping or forge.seal(forge.genesis, number=2)
    effects = engine.handle(BlockReceived(block(skipping), None, None), later)
    assert rules(effects) == [f"{name}.BlockRefused"]
    assert of_type(effects, ValidateBlock) == []
    assert engine.verify_header(skipping, forge.genesis) == "unknown_ancestor"


def test_a_foreign_parent_is_no_parent(made: tuple[Any, CandidateEngine[Any], str]) -> None:
    forge, engine, name = made
    fields = {"parent_hash": Hash32(b"\x07" * 32)}
    right = forge.seal(forge.genesis, KEYS[1], **fields) if name == "Clique" else None
    right = right or forge.seal(forge.genesis, **fields)
    assert engine.verify_header(right, forge.genesis) == "unknown_ancestor"
