"""A share changes hands: masked repair over the wire, and the fragment that goes with it."""

from dataclasses import replace

import pytest

from node.app.custody_repair import TRY_PERIODS
from node.base.types import Hash32
from node.p2p.messages import RepairAsk, RepairMask, RepairPart
from node.p2p.wire import decode
from node.sss.shares import decode_container
from node.workflows.requests import SendRenewal
from node.workflows.transacting import send
from tests.app.clinic import opened
from tests.app.ward import HOSPITALS


@pytest.fixture
def clinic():
    """Give a clinic of four hospitals: 2 of 3 custodians open a record, and one holds nothing."""
    return opened(hospitals=4, t=3, n=4)


def newcomer(clinic):
    return next(n for n, core in enumerate(clinic.net.cores) if not holds(core, clinic))


def holds(core, clinic):
    return core.custody.custodian.store.holding(clinic.deal_id) is not None


def order(clinic, index, *, old=None, new=None):
    """Let the patient name who holds a share from now on; it is final afterwards."""
    custody = clinic.contracts.custody
    names = [core.address for core in clinic.net.cores]
    data = custody.replace_custodian(
        clinic.deal_id,
        pmr_id=clinic.visit.pmr_id,
        index=index,
        old=clinic.custodian(index) if old is None else old,
        new=names[newcomer(clinic)] if new is None else new,
    )
    clinic.act(data)


def own(clinic, n):
    return decode_container(clinic.net.cores[n].custody.custodian.share(clinic.deal_id))


def test_the_newcomer_gets_the_very_share_that_was_lost(clinic):
    index, n = 3, newcomer(clinic)
    lost = own(clinic, clinic.core_of(index))
    order(clinic, index)
    clinic.net.grow(2)
    share = own(clinic, n)
    assert (share.index, share.epoch, share.payload) == (index, lost.epoch, lost.payload)
    (told,) = clinic.net.noted(n, "custody.share_repaired")
    assert (told["deal"], told["index"], told["epoch"]) == (clinic.deal_id, index, 0)


def test_the_newcomer_gets_the_fragment_too(clinic):
    index, n = 3, newcomer(clinic)
    cid = clinic.manifest.fragments[index - 1].cid
    order(clinic, index)
    clinic.net.grow(3)
    stores = [clinic.net.cores[m].store.store for m in (clinic.core_of(index), n)]
    assert stores[1].get(cid) == stores[0].get(cid)
    assert list(stores[1].collect(now_s=10**10)) == []
    assert stores[1].has(cid)


@pytest.mark.parametrize("index", [1, 2, 3])
def test_any_share_can_be_repaired(clinic, index):
    lost, n = own(clinic, clinic.core_of(index)), newcomer(clinic)
    order(clinic, index)
    clinic.net.grow(2)
    assert own(clinic, n).payload == lost.payload


def test_no_helper_sends_its_share_and_nobody_but_the_newcomer_can_read_a_part(clinic):
    n = newcomer(clinic)
    payloads = [own(clinic, clinic.core_of(x)).payload for x in (1, 2, 3)]
    before = len(clinic.net.sent)
    order(clinic, 3)
    clinic.net.grow(2)
    frames = [raw for _, _, raw in clinic.net.sent[before:]]
    assert not any(payload in raw for payload in payloads for raw in frames)
    parts = [to for _, to, raw in clinic.net.sent[before:] if isinstance(decode(raw), RepairPart)]
    assert set(parts) == {clinic.net.cores[n].address}


def test_a_repaired_share_is_renewed_with_the_others(clinic):
    """The leaver gets no letter, and its old share lies on another polynomial then."""
    n, leaver = newcomer(clinic), clinic.core_of(3)
    order(clinic, 3)
    clinic.net.grow(2)
    keys = {one.signer.address: one.custody_key for one in clinic.hospitals}
    holders = clinic.net.cores[n].custody.view().holders_of(clinic.deal_id)
    letters = clinic.patient.wallet.renew(
        clinic.deal_id, [keys[one] for one in holders], clinic.entropy
    )
    for holder, letter in zip(holders, letters, strict=True):
        call = clinic.net.ask(0, SendRenewal(holder, letter))
        clinic.net.settle()
        clinic.net.answer(call)
    assert own(clinic, n).epoch == 1
    assert own(clinic, leaver).epoch == 0


def test_a_share_is_repaired_in_the_epoch_that_the_others_are_in(clinic):
    n = newcomer(clinic)
    for letter in clinic.renewals():
        clinic.net.answer(clinic.renew(letter))
    clinic.net.grow(6)
    lost = own(clinic, clinic.core_of(3))
    order(clinic, 3)
    clinic.net.grow(4)
    assert (own(clinic, n).epoch, own(clinic, n).payload) == (1, lost.payload)
    question = clinic.contracts.custody.epoch_of(clinic.deal_id, clinic.net.cores[n].address)
    assert clinic.view(question) == 1


def test_a_helper_that_is_ahead_of_the_ledger_says_so_and_is_asked_again(clinic):
    n = newcomer(clinic)
    for core in clinic.net.cores:
        core.clerk.head_moved = lambda turn: None
    for letter in clinic.renewals():
        clinic.net.answer(clinic.renew(letter))
    order(clinic, 3)
    clinic.net.grow(4)
    assert clinic.net.noted(n, "custody.repair_refused")
    assert own(clinic, n).epoch == 1


def test_a_silent_helper_is_left_out_after_a_while(clinic):
    n, silent = newcomer(clinic), clinic.core_of(1)
    clinic.net.cores[silent].mending.received = lambda turn, peer, message: None
    lost = own(clinic, clinic.core_of(2))
    order(clinic, 2)
    clinic.net.grow(1)
    before = holds(clinic.net.cores[n], clinic)
    clinic.net.sleep(3 * TRY_PERIODS)
    assert not before
    assert not holds(clinic.net.cores[n], clinic)  # 1 and 3 are the only ones: 1 must speak
    del clinic.net.cores[silent].mending.received
    clinic.net.sleep(2 * TRY_PERIODS)
    assert own(clinic, n).payload == lost.payload


def test_with_helpers_to_spare_the_next_set_answers():
    clinic = opened(hospitals=4, t=2, n=4)
    n, silent = newcomer(clinic), clinic.core_of(1)
    clinic.net.cores[silent].mending.received = lambda turn, peer, message: None
    lost = own(clinic, clinic.core_of(3))
    order(clinic, 3)
    clinic.net.sleep(2 * TRY_PERIODS)
    assert own(clinic, n).payload == lost.payload


def test_a_newcomer_that_restarts_goes_on(clinic):
    n = newcomer(clinic)
    lost = own(clinic, clinic.core_of(3))
    helpers = [clinic.core_of(x) for x in (1, 2)]
    for helper in helpers:
        clinic.net.cores[helper].mending.received = lambda turn, peer, message: None
    order(clinic, 3)
    clinic.net.grow(1)
    clinic.net.restart(n)
    for helper in helpers:
        del clinic.net.cores[helper].mending.received
    clinic.net.sleep(2 * TRY_PERIODS)
    assert own(clinic, n).payload == lost.payload
    assert clinic.net.cores[n].store.store.has(clinic.manifest.fragments[2].cid)


def test_a_helper_that_restarts_in_the_middle_helps_again(clinic):
    n, helper = newcomer(clinic), clinic.core_of(1)
    lost = own(clinic, clinic.core_of(3))
    clinic.net.cores[helper].mending.received = lambda turn, peer, message: None
    order(clinic, 3)
    clinic.net.grow(1)
    clinic.net.restart(helper)
    clinic.net.sleep(3 * TRY_PERIODS)
    assert own(clinic, n).payload == lost.payload


def test_a_share_that_was_lost_is_repaired_in_place(clinic):
    n = clinic.core_of(3)
    lost, core = own(clinic, n), clinic.net.cores[clinic.core_of(3)]
    core.custody.custodian.store.delete_deal(clinic.deal_id)
    core.custody.places.forget(clinic.deal_id)
    cid = clinic.manifest.fragments[2].cid
    core.store.drop(cid)
    order(clinic, 3, new=core.address)
    clinic.net.grow(4)
    assert own(clinic, n).payload == lost.payload
    assert core.store.store.has(cid)


def test_a_share_that_has_rotted_is_repaired_in_place(clinic):
    n = clinic.core_of(3)
    lost, core = own(clinic, n), clinic.net.cores[clinic.core_of(3)]
    store = core.custody.custodian.store
    holding = store.holding(clinic.deal_id)
    bad = replace(lost, payload=bytes(32)).encode()
    store.put_holding(clinic.deal_id, replace(holding, share=bad))
    order(clinic, 3, new=core.address)
    clinic.net.grow(3)
    assert own(clinic, n).payload == lost.payload


# -- who may ask


def asked(clinic, n, peer, **change):
    """Let a peer ask core ``n`` for its part of the repair of index 3; give what it is sent."""
    fields = {"deal": clinic.deal_id, "index": 3, "epoch": 0, "helpers": b"\x01\x02"} | change
    before = len(clinic.net.sent)
    clinic.net.say(peer, n, RepairAsk(*fields.values()))
    return [decode(raw) for _, to, raw in clinic.net.sent[before:]]


def test_without_an_order_in_the_final_chain_nobody_is_helped(clinic):
    n, peer = clinic.core_of(1), HOSPITALS[newcomer(clinic)]
    assert asked(clinic, n, peer) == []
    (told,) = clinic.net.noted(n, "custody.message_refused")
    assert "to repair" in told["why"]


def test_an_order_that_is_not_final_yet_helps_nobody(clinic):
    n, patient, custody = newcomer(clinic), clinic.patient, clinic.contracts.custody
    data = custody.replace_custodian(
        clinic.deal_id,
        pmr_id=clinic.visit.pmr_id,
        index=3,
        old=clinic.custodian(3),
        new=HOSPITALS[n].address,
    )
    clinic.net.run(send(clinic.parties, patient.node, patient.signer, custody.address, data))
    clinic.net.grow(1)
    assert asked(clinic, clinic.core_of(1), HOSPITALS[n]) == []


WRONG = {
    "another deal": {"deal": Hash32(b"\x07" * 32)},
    "another index": {"index": 2, "helpers": b"\x01\x03"},
    "no index": {"index": 0},
    "an index beyond": {"index": 9},
    "too few helpers": {"helpers": b"\x01"},
    "too many helpers": {"helpers": b"\x01\x02\x04"},
    "helpers in another order": {"helpers": b"\x02\x01"},
    "one helper twice": {"helpers": b"\x01\x01"},
    "the target among the helpers": {"helpers": b"\x01\x03"},
    "not this helper": {"index": 1, "helpers": b"\x02\x03"},
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_plan_that_cannot_be_is_noted_and_not_answered(clinic, kind):
    n = newcomer(clinic)
    clinic.net.cores[n].mending.repair.changed = lambda turn, changes: None
    order(clinic, 3)
    helper = clinic.core_of(1)
    before = len(clinic.net.noted(helper, "custody.message_refused"))
    assert asked(clinic, helper, HOSPITALS[n], **WRONG[kind]) == []
    assert len(clinic.net.noted(helper, "custody.message_refused")) == before + 1


def test_a_part_that_nobody_asked_for_is_noted(clinic):
    n = newcomer(clinic)
    part = RepairPart(clinic.deal_id, 3, 0, b"\x01\x02", 1, b"sealed")
    clinic.net.say(HOSPITALS[clinic.core_of(1)], n, part)
    assert len(clinic.net.noted(n, "custody.message_refused")) == 1
    assert not holds(clinic.net.cores[n], clinic)


def test_a_mask_of_another_helper_than_it_says_is_noted(clinic):
    helper, peer = clinic.core_of(2), HOSPITALS[newcomer(clinic)]
    order(clinic, 3)
    before = len(clinic.net.noted(helper, "custody.message_refused"))
    clinic.net.say(peer, helper, RepairMask(clinic.deal_id, 3, 0, b"\x01\x02", 1, b"sealed"))
    assert len(clinic.net.noted(helper, "custody.message_refused")) == before + 1
