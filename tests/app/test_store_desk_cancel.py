"""Fetches that end early: cancelled, or larger than they may be."""

from node.app.turn import Turn
from node.ipfs_lite.cid import make_cid
from node.p2p.messages import XBlock, XGive
from node.workflows.errors import FetchFailedError
from tests.app.test_store_desk import SMALL, TWO, blocks, network, put


def test_a_cancelled_fetch_is_never_answered_and_asks_nobody_any_more():
    ward = network()
    ward.part(0, 1)
    desk, turn, said = ward.cores[0].store, Turn(ward.now), []
    cid = make_cid(SMALL)
    session = desk.fetch(turn, (cid,), (TWO.address,), lambda _turn, files: said.append(files))
    assert desk.awaits(TWO.address, cid)
    desk.cancel(turn, session)
    assert not desk.awaits(TWO.address, cid)
    desk.given(turn, TWO.address, XGive((XBlock(bytes(cid[:4]), SMALL),), (), (), 0))
    desk.cancel(turn, session)
    assert said == []
    assert blocks(ward.cores[0]) == 0


def test_a_fetch_of_more_bytes_than_allowed_fails():
    ward = network()
    cid = put(ward, 1, SMALL)
    said = []
    for bytes_max in (len(SMALL) - 1, len(SMALL)):
        turn = Turn(ward.now)
        ward.cores[0].store.fetch(
            turn,
            (cid,),
            (TWO.address,),
            lambda _turn, files: said.append(files),
            bytes_max=bytes_max,
        )
        for effect in turn.effects:
            ward._apply(0, effect)
        ward.settle()
    assert isinstance(said[0], FetchFailedError)
    assert said[1] == (SMALL,)
