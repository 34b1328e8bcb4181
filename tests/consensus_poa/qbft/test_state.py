from dataclasses import replace

import pytest

from node.base import codec
from node.base.errors import CodecError
from node.consensus_poa.events import MessageReceived
from node.consensus_poa.qbft.state import QbftState
from tests.consensus_poa.qbft.network import OPTIONS
from tests.consensus_poa.qbft.solo import Solo, opened


def busy() -> Solo:
    """Give an engine whose state has something in every table of messages."""
    solo = Solo(own=3, options=replace(OPTIONS, early_round_change=False))
    block = solo.block()
    digest = solo.digest(block)
    prepares = [solo.prepare(i, digest) for i in (0, 1, 2)]
    solo.receive(solo.proposal(0, block), *prepares, solo.commit(0, digest))
    solo.receive(solo.prepare(1, digest, 3), solo.change(2, 900), solo.change(1, 4))
    solo.receive(solo.change(0, 5, 0, block, prepares), solo.prepare(1, digest, 0, height=4))
    solo.handle(solo.sealed(solo.block(1, timestamp=solo.now // 10**6 + 9), (0, 1, 2)))
    return solo


def test_a_state_survives_its_codec() -> None:
    solo = busy()
    data = solo.engine.snapshot()
    twin = solo.fresh()
    twin.restore(data)
    assert twin.snapshot() == data
    found = codec.unpack(data)
    for name in ("prepares", "commits", "changes", "sent", "guards", "future", "parked"):
        assert found[name], name
    assert found["prepared"]


def test_what_is_no_state_is_refused_and_changes_nothing() -> None:
    solo = busy()
    data = solo.engine.snapshot()
    fields = codec.unpack(data)
    for broken in (
        b"",
        b"\x80",
        data[:-1],
        codec.pack({**fields, "prepares": [b"junk"]}),
        codec.pack({**fields, "timers": [["moon", b"", 0, b""]]}),
        codec.pack({**fields, "head": b"\xc0"}),
        codec.pack({**fields, "flags": [True]}),
    ):
        with pytest.raises(CodecError):
            solo.engine.restore(broken)
    assert solo.engine.snapshot() == data


def test_equal_events_give_equal_bytes() -> None:
    assert busy().engine.snapshot() == busy().engine.snapshot()


def test_a_fresh_state_is_small() -> None:
    assert len(QbftState().encode()) < 1_000
    data = QbftState().encode()
    assert QbftState.decode(data, opened).encode() == data


def test_an_event_before_the_start_is_ignored() -> None:
    solo = Solo()
    engine = solo.fresh()
    peer = solo.keys[0].address
    effects = engine.handle(MessageReceived(b"", solo.chain.head, peer), 0)
    assert [type(e).__name__ for e in effects] == ["Trace"]
