"""How rounds end and begin."""

import pytest

from node.base.types import ZERO_HASH
from node.consensus_poa.effects import AppendWal, BuildBlock, Effect
from node.consensus_poa.events import Event, Start, TimerExpired, TimerId, TimerKind
from node.consensus_poa.ibft1.engine import Ibft1Engine
from node.consensus_poa.ibft1.messages import ROUND_CHANGE, Message, read_message
from tests.consensus_poa.chains import GENESIS_TIME, VERIFIER, ascending, rules
from tests.consensus_poa.ibft1.chains import OPTIONS, SECOND, Forge, message, sent

FORGE = Forge()
KEYS = FORGE.keys
BEGIN = (GENESIS_TIME + 5) * SECOND
LATE = BEGIN + 10_000 * SECOND


def changes(round_: int, *indices: int) -> list[Event]:
    return [message(KEYS[i], ROUND_CHANGE, (round_, 1), ZERO_HASH) for i in indices]


def feed(engine: Ibft1Engine, *events: Event, now: int = BEGIN) -> list[Effect]:
    return [effect for event in events for effect in engine.handle(event, now)]


def asked_rounds(effects: list[Effect]) -> list[int]:
    found = [read_message(raw, VERIFIER) for raw in sent(effects)]
    return [m.round for m in found if isinstance(m, Message) and m.code == ROUND_CHANGE]


def begun(index: int = 3) -> Ibft1Engine:
    engine = FORGE.started(KEYS[index])
    feed(engine, TimerExpired(TimerId(TimerKind.BLOCK, 1)))
    return engine


def timed_out(index: int = 3, round_: int = 0) -> tuple[Ibft1Engine, list[Effect]]:
    engine = begun(index)
    return engine, feed(engine, TimerExpired(TimerId(TimerKind.ROUND, 1, round_)), now=LATE)


def test_a_round_that_takes_too_long_is_left() -> None:
    _, effects = timed_out()
    assert asked_rounds(effects) == [1]
    assert "IBFT1.UponRoundTimeout" in rules(effects)


def test_an_early_alarm_is_armed_again() -> None:
    engine = begun()
    effects = feed(engine, TimerExpired(TimerId(TimerKind.ROUND, 1, 0)), now=BEGIN + 9 * SECOND)
    assert asked_rounds(effects) == []
    assert len(effects) == 1


def test_a_quorum_begins_the_round_for_those_who_did_not_wait_as_well() -> None:
    engine = begun(1)
    assert rules(feed(engine, *changes(1, 0, 2))) == []
    effects = feed(engine, *changes(1, 3))
    assert rules(effects)[:2] == ["IBFT1.UponRoundChange.quorum", "IBFT1.RoundStarted"]
    assert any(isinstance(effect, BuildBlock) for effect in effects)


def test_f_plus_1_move_one_that_waits() -> None:
    engine, _ = timed_out()
    assert asked_rounds(feed(engine, *changes(5, 0))) == []
    effects = feed(engine, *changes(5, 1))
    assert asked_rounds(effects) == [5]
    # with its own it is a quorum
    assert rules(effects)[0] == "IBFT1.UponRoundChange.f_plus_1"
    assert "IBFT1.RoundStarted" in rules(effects)


def test_f_plus_1_do_not_move_one_that_does_not_wait_before_its_clock() -> None:
    engine = begun()
    assert asked_rounds(feed(engine, *changes(5, 0, 1))) == []
    effects = feed(engine, TimerExpired(TimerId(TimerKind.ROUND, 1, 0)), now=LATE)
    assert asked_rounds(effects) == [5]


def test_rounds_never_fall() -> None:
    engine, _ = timed_out()
    feed(engine, *changes(5, 0, 1))
    before = engine.snapshot()
    feed(engine, *changes(3, 0, 1, 2))
    assert engine.snapshot() == before


def test_one_author_counts_once_and_memory_stays_bounded() -> None:
    engine = begun()
    for _ in range(3):
        for number in (*range(1, 40), 1_001, 10**15):
            feed(engine, *changes(number, 1))
    assert rules(feed(engine, *changes(40, 1))) == []
    state = engine._state
    assert len(state.round_changes) == 40
    assert all(len(authors) == 1 for authors in state.round_changes.values())


def test_the_last_round_stays_the_last() -> None:
    engine = begun()
    feed(engine, *changes(1_000, 0, 1, 2))
    timer = TimerId(TimerKind.ROUND, 1, 1_000)
    effects = feed(engine, TimerExpired(timer), now=2**60)
    assert asked_rounds(effects) == []
    assert timer in engine._state.timers


@pytest.mark.parametrize("count", [2, 3])
def test_two_or_three_validators_leave_a_round_with_one_voice(count: int) -> None:
    """F5: the quorum 2F + 1 is 1, so the one that is left goes on."""
    forge = Forge(ascending(count), OPTIONS)
    engine = forge.started(forge.keys[1])
    feed(engine, TimerExpired(TimerId(TimerKind.BLOCK, 1)))
    effects = feed(engine, TimerExpired(TimerId(TimerKind.ROUND, 1, 0)), now=LATE)
    assert any(isinstance(effect, BuildBlock) for effect in effects)


def test_one_that_waited_waits_behind_a_restart_as_well() -> None:
    engine = begun()
    effects = feed(engine, TimerExpired(TimerId(TimerKind.ROUND, 1, 0)), now=LATE)
    wal = tuple(effect.entry for effect in effects if isinstance(effect, AppendWal))
    again = FORGE.engine(KEYS[3])
    restarted = again.handle(Start(FORGE.genesis, wal), LATE)
    assert asked_rounds(list(restarted)) == [1]
    assert "IBFT1.RoundStarted" in rules(feed(again, *changes(1, 0, 1)))
