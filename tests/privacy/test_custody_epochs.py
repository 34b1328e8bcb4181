"""A deal moves on at its custodians: ends of grants and repairs."""

from dataclasses import replace

import pytest

from node.base.rng import TreeEntropy
from node.privacy.custody import Custodian
from node.privacy.custody_epochs import GrantEnded, Revocation, StepMissing, Stepped
from node.privacy.custody_store import MemoryStore
from node.privacy.release_errors import CustodyError
from node.privacy.release_messages import Status
from node.sss.errors import ShareFormatError, WrongKeyError
from node.sss.gf256 import add
from node.sss.record_key import find_key
from node.sss.shamir import combine
from node.sss.shares import Kind, decode_container
from node.sss.terms import Profile
from tests.privacy.ward import (
    DOMAIN,
    HOSPITALS,
    SEALING,
    STRANGER,
    UNTIL_S,
    Ward,
)


def _refusal(code: str):
    return pytest.raises(CustodyError, match=rf"\({code}\)")


def _opens(ward: Ward, shares, e: bytes) -> bool:
    points = {x: add(share.payload, e) for x, share in shares.items()}
    try:
        find_key(ward.deal.header, points)
    except WrongKeyError:
        return False
    return True


# ---- ends of grants


def test_following_the_end_of_a_grant_destroys_what_was_lent_and_steps():
    ward = Ward()
    ward.view.change_grant(ward.grant_id, is_revoked=True)
    ended, stepped = ward.custodians[2].follow(ward.view)
    assert ended == GrantEnded(ward.grant_id, ward.deal_id, Status.REVOKED)
    assert stepped == Stepped(ward.deal_id, 2, ward.shares()[2])
    assert stepped.moved.epoch == 1
    assert ward.custodians[2].grant_share(ward.grant_id, ward.deal_id) is None
    assert ward.custodians[2].follow(ward.view) == ()


@pytest.mark.parametrize(("time_s", "events"), [(UNTIL_S - 1, 0), (UNTIL_S, 2)])
def test_a_deal_steps_when_the_final_time_reaches_the_end_of_its_grant(time_s, events):
    ward = Ward()
    assert len(ward.custodians[1].follow(ward.view.at(time_s=time_s))) == events


def test_two_ends_in_one_block_are_two_steps():
    ward = Ward()
    second = ward.grant(1)
    ward.lend(second.grant_id)
    ward.view = ward.view.at(time_s=UNTIL_S)
    for custodian in ward.custodians.values():
        custodian.follow(ward.view)
    ward.wallet.advance(ward.deal_id, 2)
    assert _opens(ward, ward.shares(), ward.wallet.essential(ward.deal_id).payload)


def test_a_soft_custodian_destroys_what_was_lent_and_stays_in_its_epoch():
    ward = Ward()
    soft = Custodian(
        signer=HOSPITALS[0],
        sealing_private=SEALING[1],
        domain=DOMAIN,
        store=ward.custodians[1].store,
        entropy=TreeEntropy(1),
        profile=Profile.SIMULATION,
        revocation=Revocation.SOFT,
    )
    ward.view.change_grant(ward.grant_id, is_revoked=True)
    (ended,) = soft.follow(ward.view)
    assert isinstance(ended, GrantEnded)
    assert soft.grant_share(ward.grant_id, ward.deal_id) is None
    assert ward.shares()[1].epoch == 0


def test_a_grant_that_ends_without_a_step_left_is_forgotten_and_said():
    ward = Ward()
    ward.custodians[1].step(ward.deal_id)
    ward.view.change_grant(ward.grant_id, is_revoked=True)
    ended, missing = ward.custodians[1].follow(ward.view)
    assert isinstance(ended, GrantEnded)
    assert missing == StepMissing(ward.deal_id, 2)
    assert ward.custodians[1].store.deposits() == ()


def test_the_end_of_a_grant_is_one_transaction(monkeypatch):
    """A crash leaves share and grant share, or neither of the old ones: never half a step."""
    ward = Ward()
    store = ward.custodians[1].store

    def crash(*arguments, **named):
        raise OSError("killed")

    monkeypatch.setattr(store, "rewrite", crash)
    ward.view.change_grant(ward.grant_id, is_revoked=True)
    with pytest.raises(OSError, match="killed"):
        ward.custodians[1].follow(ward.view)
    assert ward.shares()[1].epoch == 0
    assert store.deposits() == ((ward.grant_id, ward.deal_id),)
    monkeypatch.undo()
    assert len(ward.custodians[1].follow(ward.view)) == 2


def test_a_rotten_grant_share_does_not_stop_the_deal():
    ward = Ward()
    ward.custodians[1].store.put_deposit(b"g" * 32, ward.deal_id, b"rotten", b"")
    store = ward.custodians[1].store
    store.rewrite(
        ward.deal_id,
        store.holding(ward.deal_id),
        grant_shares={
            b"g" * 32: b"rotten",
            ward.grant_id: store.grant_share(ward.grant_id, ward.deal_id),
        },
        steps=store.steps(ward.deal_id)[:1],
        renewal=None,
    )
    assert ward.custodians[1].step(ward.deal_id).epoch == 1
    assert store.deposits() == ((ward.grant_id, ward.deal_id),)


# ---- repairs


def test_a_rotten_grant_share_that_ends_in_the_same_block_stops_nothing_either():
    """The first step drops it, and no step is left for its own end."""
    ward = Ward()
    second = ward.grant(1)
    ward.lend(second.grant_id)
    custodian = ward.custodians[1]
    last = max(ward.grant_id, second.grant_id)
    custodian.store._grant_shares[last, ward.deal_id] = b"rotten"
    custodian.store._steps[ward.deal_id] = custodian.store._steps[ward.deal_id][:1]
    events = custodian.follow(ward.view.at(time_s=UNTIL_S))
    assert [type(one) for one in events] == [GrantEnded, Stepped, GrantEnded, StepMissing]
    assert custodian.store.deposits() == ()


def _repaired(ward: Ward, x: int):
    """Share x as k others rebuild it, in a container with a salt of its own."""
    shares = ward.shares([one for one in (1, 2, 3, 4) if one != x][:2])
    payload = combine({y: share.payload for y, share in shares.items()}, at=x)
    model = next(iter(shares.values()))
    return replace(model, index=x, salt=b"s" * 32, payload=payload)


def test_a_newcomer_adopts_a_repaired_share_at_any_epoch():
    ward = Ward()
    ward.renew(without=frozenset({4}))
    newcomer = Custodian(
        signer=STRANGER,
        sealing_private=SEALING[4],
        domain=DOMAIN,
        store=MemoryStore(),
        entropy=TreeEntropy(1),
        profile=Profile.SIMULATION,
    )
    newcomer.adopt(ward.manifest.encode(), _repaired(ward, 4).encode())
    adopted = decode_container(newcomer.share(ward.deal_id))
    e = ward.wallet.essential(ward.deal_id).payload
    assert _opens(ward, {4: adopted, 1: ward.shares()[1]}, e)
    assert newcomer.index_of(ward.deal_id) == 4


def test_a_custodian_that_missed_a_renewal_is_repaired_and_keeps_what_is_lent():
    ward = Ward()
    before = ward.released(ward.grant_id)
    ward.renew(takers=(1, 2, 3))
    late = ward.custodians[4]
    late.adopt(ward.manifest.encode(), _repaired(ward, 4).encode())
    assert ward.released(ward.grant_id) == before
    assert late.store.steps(ward.deal_id) == ()
    ward.renew()
    assert _opens(ward, ward.shares((2, 4)), ward.wallet.essential(ward.deal_id).payload)


def test_what_is_lent_is_dropped_with_a_share_whose_bytes_have_rotted():
    ward = Ward()
    store = ward.custodians[4].store
    rotten = replace(store.holding(ward.deal_id), share=b"rotten")
    repaired = _repaired(ward, 4).encode()
    store.put_holding(ward.deal_id, rotten)
    ward.custodians[4].adopt(ward.manifest.encode(), repaired)
    assert ward.custodians[4].share(ward.deal_id) == repaired
    assert store.deposits() == ()


@pytest.mark.parametrize(
    ("changes", "code"), [({"index": 3}, "index"), ({"kind": Kind.GRANT}, "kind")]
)
def test_a_share_of_another_index_or_kind_is_not_adopted(changes, code):
    ward = Ward()
    other = replace(_repaired(ward, 4), **changes)
    with _refusal(code):
        ward.custodians[4].adopt(ward.manifest.encode(), other.encode())


def test_a_share_of_an_earlier_epoch_is_not_adopted():
    ward = Ward()
    old = _repaired(ward, 4).encode()
    ward.renew()
    with _refusal("epoch"):
        ward.custodians[4].adopt(ward.manifest.encode(), old)


def test_a_share_of_another_deal_is_not_adopted():
    ward = Ward()
    with pytest.raises(ShareFormatError, match="deal"):
        ward.custodians[4].adopt(
            ward.manifest.encode(), replace(_repaired(ward, 4), deal_id=bytes(32)).encode()
        )
