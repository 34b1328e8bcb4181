"""A deal that is done with for good, erased or of an older generation, comes back by no way."""

import pytest

from node.base.types import Hash32
from node.ipfs_lite.cid import make_cid
from node.p2p.messages import Custody
from node.privacy.handover import seal_share
from tests.app.clinic import opened
from tests.app.test_custody_repair import newcomer, order
from tests.app.ward import HOSPITALS

KEEPER = 1


def hand_over_again(clinic, share):
    """Let the dealer's node send a share once more: a frame that was late."""
    key = clinic.hospitals[KEEPER].custody_key
    sealed = seal_share(share, key, clinic.entropy)
    manifest = clinic.manifest.encode()
    message = Custody(deal=Hash32(clinic.deal_id), manifest=manifest, sealed=sealed, rid=77)
    clinic.net.say(HOSPITALS[0], KEEPER, message)
    clinic.net.settle()


def rotate(clinic, manifest=None):
    custody = clinic.contracts.custody
    manifest = make_cid(b"the next manifest") if manifest is None else manifest
    clinic.act(custody.rotate(clinic.visit.pmr_id, 0, generation=1, manifest=manifest))


@pytest.mark.parametrize("close", [lambda clinic: clinic.erase(), rotate], ids=["erased", "old"])
def test_a_share_that_arrives_again_is_not_held_again(close):
    clinic = opened()
    share = clinic.share(KEEPER)
    close(clinic)
    clinic.net.grow(1)
    store = clinic.net.cores[KEEPER].custody.custodian.store
    was_clear = store.is_clear_of(clinic.deal_id)
    hand_over_again(clinic, share)
    assert was_clear
    assert store.is_clear_of(clinic.deal_id)
    assert "record" in clinic.net.noted(KEEPER, "custody.message_refused")[-1]["why"]


def test_a_newcomer_gives_up_when_the_record_is_erased_before_its_share_is_here():
    """Its helpers may not have seen the erasure yet: what they give comes too late."""
    clinic = opened(hospitals=4, t=3, n=4)
    n = newcomer(clinic)
    helpers = [clinic.net.cores[clinic.core_of(x)].mending for x in (1, 2)]
    for helper in helpers:
        helper.received = lambda turn, peer, message: None
    order(clinic, 3)
    clinic.net.grow(1)
    repair = clinic.net.cores[n].mending.repair
    before = repair.awaits(clinic.deal_id)
    clinic.erase()
    clinic.net.grow(1)
    clinic.net.sleep(5)
    assert before
    assert not repair.awaits(clinic.deal_id)


def test_a_node_that_starts_waits_for_no_share_of_an_older_generation():
    clinic = opened(hospitals=4, t=3, n=4)
    n = newcomer(clinic)
    order(clinic, 3)
    clinic.net.grow(2)
    had = clinic.share(n)
    other = clinic.admit(clinic._patient("another"))
    rotate(clinic, other.filed.content.cid)
    clinic.net.grow(2)
    clinic.net.restart(n)
    clinic.net.sleep(12)
    repair = clinic.net.cores[n].mending.repair
    assert had.index == 3
    assert clinic.net.noted(n, "custody.repair_given_up")
    assert not repair.awaits(clinic.deal_id)
