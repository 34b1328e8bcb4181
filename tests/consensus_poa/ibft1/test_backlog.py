"""Messages that come before their height."""

import pytest

from node.base.keccak import keccak256
from node.base.types import ZERO_ADDRESS
from node.consensus_poa.ibft1 import backlog
from node.consensus_poa.ibft1.backlog import Backlog
from node.consensus_poa.ibft1.state import Early, Ibft1State
from tests.consensus_poa.ibft1.chains import Forge

FORGE = Forge()


def fresh() -> tuple[Backlog, Ibft1State]:
    state = Ibft1State(head=FORGE.genesis)
    return Backlog(state), state


def put(kept: Backlog, height: int, raw: bytes) -> bool:
    return kept.add(keccak256(raw), Early(height, raw, ZERO_ADDRESS))


def raws(state: Ibft1State) -> list[bytes]:
    return [early.raw for early in state.backlog.values()]


def test_ten_heights_above_the_head_are_kept_and_no_more() -> None:
    kept, _ = fresh()
    assert put(kept, 10, b"near")
    assert not put(kept, 11, b"far")


def test_equal_messages_are_kept_once() -> None:
    kept, state = fresh()
    assert put(kept, 2, b"a")
    assert put(kept, 2, b"a")
    assert raws(state) == [b"a"]


def test_the_oldest_of_the_highest_height_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "FUTURE_MESSAGES_COUNT_MAX", 3)
    kept, state = fresh()
    for height, raw in ((2, b"a"), (3, b"b"), (3, b"c"), (2, b"d")):
        put(kept, height, raw)
    assert raws(state) == [b"a", b"c", b"d"]


def test_bytes_are_limited_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "FUTURE_MESSAGES_BYTES_MAX", 10)
    kept, state = fresh()
    put(kept, 2, b"12345")
    put(kept, 3, b"123456")
    assert raws(state) == [b"12345"]
    assert Backlog(state)._bytes == 5


def test_what_is_taken_is_of_the_height_and_in_order() -> None:
    kept, state = fresh()
    for height, raw in ((2, b"a"), (1, b"b"), (1, b"c"), (3, b"d")):
        put(kept, height, raw)
    assert [early.raw for early in kept.take()] == [b"b", b"c"]
    assert raws(state) == [b"a", b"d"]
    assert kept._bytes == 2
