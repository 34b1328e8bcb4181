"""Repair among custodians of whom some lie, start anew, or hold a share already."""

import pytest

from node.app.custody_repair import EPOCHS_AHEAD_MAX, TRY_PERIODS
from node.base.rng import TreeEntropy
from node.contracts.custody_ledger import EpochNote
from node.p2p.messages import RepairAsk, RepairPart
from node.p2p.wire import decode
from node.privacy.repair_letters import open_part
from node.sss.repair import RepairPlan, join
from node.workflows.transacting import transact
from tests.app.clinic import opened
from tests.app.test_custody_repair import newcomer, order, own
from tests.app.ward import HOSPITALS, sealing_of

FAR = 2**31


def parts_to(clinic, n, before):
    """Give the parts that the newcomer was sent, by source."""
    found = {}
    for _, to, raw in clinic.net.sent[before:]:
        message = decode(raw)
        if to == HOSPITALS[n].address and isinstance(message, RepairPart) and message.sealed:
            found[message.source] = message.sealed
    return found


def test_parts_of_before_and_after_a_restart_of_a_helper_fit_together():
    clinic = opened(hospitals=4, t=3, n=4)
    n = newcomer(clinic)
    lost = own(clinic, clinic.core_of(3))
    clinic.net.cores[n].mending.repair.changed = lambda turn, changes: None
    clinic.net.cores[n].mending.received = lambda turn, peer, message: None
    order(clinic, 3)
    plan = RepairPlan(clinic.manifest.header, 0, 3, (1, 2))
    ask = RepairAsk(clinic.deal_id, 3, 0, b"\x01\x02")
    before = len(clinic.net.sent)
    for helper in (1, 2):
        clinic.net.say(HOSPITALS[n], clinic.core_of(helper), ask)
        clinic.net.settle()
    old = parts_to(clinic, n, before)
    clinic.net.restart(clinic.core_of(1))
    # chance is another one after a real restart
    clinic.net.cores[clinic.core_of(1)].mending._help._entropy = TreeEntropy(2, "anew")
    clinic.net.grow(1)
    before = len(clinic.net.sent)
    clinic.net.say(HOSPITALS[n], clinic.core_of(1), ask)
    clinic.net.settle()
    new = parts_to(clinic, n, before)
    key = sealing_of(f"hospital {n}")
    assert sorted(old) == [1, 2]
    mixed = {x: open_part(plan, x, part, key=key) for x, part in ((1, new[1]), (2, old[2]))}
    assert join(plan, mixed, salt=bytes(32)).payload == lost.payload


def test_one_custodian_who_posts_a_far_epoch_stops_no_repair():
    clinic = opened(hospitals=4, t=3, n=4)
    lost, n = own(clinic, clinic.core_of(3)), newcomer(clinic)
    liar = clinic.core_of(3)
    custody = clinic.contracts.custody
    data = custody.record_epochs([EpochNote(clinic.deal_id, 3, FAR, b"\x01" * 32)])
    hospital = clinic.hospitals[liar]
    node = clinic.net.cores[0].address
    clinic.net.run(transact(clinic.parties, node, hospital.signer, custody.address, data))
    clinic.net.cores[clinic.core_of(2)].clerk.head_moved = lambda turn: None
    order(clinic, 2, new=HOSPITALS[n].address)
    lost = own(clinic, clinic.core_of(2))
    clinic.net.sleep(2 * TRY_PERIODS)
    assert own(clinic, n).payload == lost.payload


@pytest.mark.parametrize("said", [1, EPOCHS_AHEAD_MAX])
def test_a_helper_that_names_ever_other_epochs_sets_neither_pace_nor_order(said):
    clinic = opened(hospitals=4, t=2, n=4)
    lost, n, liar = own(clinic, clinic.core_of(3)), newcomer(clinic), clinic.core_of(1)
    asked = []

    def lie(turn, peer, message):
        if isinstance(message, RepairAsk):
            asked.append(message.epoch)
            epoch = (message.epoch + said) % (EPOCHS_AHEAD_MAX + 1)
            out = RepairPart(message.deal, message.index, epoch, message.helpers, 1, b"")
            turn.send(peer, out)

    clinic.net.cores[liar].mending.received = lie
    order(clinic, 3)
    clinic.net.sleep(3 * TRY_PERIODS)
    assert 1 <= len(asked) <= 2
    assert own(clinic, n).payload == lost.payload


def test_nobody_comes_to_two_shares_of_one_deal():
    clinic = opened(hospitals=4, t=3, n=4)
    greedy = clinic.core_of(1)
    order(clinic, 3, new=clinic.net.cores[greedy].address)
    before = len(clinic.net.sent)
    clinic.net.sleep(3 * TRY_PERIODS)
    assert parts_to(clinic, greedy, before) == {}
    assert own(clinic, greedy).index == 1
    helper = clinic.core_of(2)
    told = clinic.net.noted(helper, "custody.message_refused")
    assert "another index" in told[-1]["why"]


def test_a_repair_in_place_goes_on_after_a_restart():
    clinic = opened(hospitals=4, t=3, n=4)
    n = clinic.core_of(3)
    for letter in clinic.renewals(without=frozenset({3})):
        if letter is not None:
            clinic.net.answer(clinic.renew(letter))
    clinic.net.grow(8)
    helpers = [clinic.net.cores[clinic.core_of(x)].mending for x in (1, 2)]
    for helper in helpers:
        helper.received = lambda turn, peer, message: None
    order(clinic, 3, new=clinic.custodian(3))
    clinic.net.grow(1)
    before = own(clinic, n).epoch
    clinic.net.restart(n)
    for helper in helpers:
        del helper.received
    clinic.net.sleep(3 * TRY_PERIODS)
    assert (before, own(clinic, n).epoch) == (0, 1)


def test_a_repair_that_is_done_is_not_done_again_after_a_restart():
    """It would destroy the steps that the patient has left since."""
    clinic = opened(hospitals=4, t=3, n=4)
    n = clinic.core_of(3)
    order(clinic, 3, new=clinic.custodian(3))
    clinic.net.grow(3)
    clinic.grant(seconds=600)
    store = clinic.net.cores[n].custody.custodian.store
    steps = store.steps(clinic.deal_id)
    clinic.net.restart(n)
    clinic.net.sleep(3 * TRY_PERIODS)
    restarted = clinic.net.cores[n].custody.custodian.store
    assert len(steps) == 1
    assert restarted.steps(clinic.deal_id) == steps
    assert len(clinic.net.noted(n, "custody.share_repaired")) == 1
