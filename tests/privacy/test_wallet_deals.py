from dataclasses import replace

import pytest

from node.base.limits import RENEWAL_STEPS_COUNT_MAX
from node.privacy.release_errors import CustodyError, RefreshMissingError
from node.privacy.wallet_deals import (
    HeldDeal,
    MasterFrom,
    RestoredDeal,
    accepted_deal,
    derived_essential,
    is_known_context,
    restored_deal,
)
from node.sss.derivation import essential_of
from node.sss.errors import WrongEssentialShareError
from tests.privacy.ward import CONTEXT, Ward

MASTER, OTHER = b"m" * 32, b"o" * 32


def _held(**changes) -> HeldDeal:
    return replace(accepted_deal(Ward(derived=True).manifest, MASTER, None), **changes)


def test_each_epoch_has_the_e_of_the_master_that_counts_there():
    held = _held(masters=[MasterFrom(0, MASTER), MasterFrom(3, OTHER)])
    for epoch, master in ((0, MASTER), (2, MASTER), (3, OTHER), (9, OTHER)):
        assert held.essential(epoch) == derived_essential(master, held.manifest.header, epoch)
        derived = essential_of(master, replace(CONTEXT, epoch=epoch))
        assert held.essential(epoch).payload == derived.share


def test_there_is_no_e_before_the_first_master():
    with pytest.raises(WrongEssentialShareError, match="epoch 1"):
        _held(masters=[MasterFrom(2, MASTER)]).essential(1)


def test_the_e_that_a_dealer_drew_counts_in_its_epoch_only():
    ward = Ward()
    held = accepted_deal(ward.manifest, MASTER, ward.deal.essential)
    assert held.essential(0) == ward.deal.essential
    assert held.essential(1) == derived_essential(MASTER, held.manifest.header, 1)


def test_a_new_master_counts_from_the_next_epoch_and_the_same_one_again_changes_nothing():
    held = _held(epoch=4, steps=4)
    assert held.with_master(MASTER) == held.masters
    assert held.with_master(OTHER) == [MasterFrom(0, MASTER), MasterFrom(5, OTHER)]


@pytest.mark.parametrize(
    ("steps", "lent", "last"),
    [(4, 0, 5), (4, 1, 6), (5, 1, 6), (9, 1, 9), (9, 6, 11), (4, 10**6, 260), (10**6, 0, 260)],
)
def test_a_renewal_has_one_step_for_itself_and_one_for_each_grant_and_replaces_all(
    steps, lent, last
):
    assert _held(epoch=4, steps=steps, lent=lent).renewed_steps() == last
    assert last - 4 <= RENEWAL_STEPS_COUNT_MAX


def test_a_step_that_no_renewal_made_ends_a_grant():
    held = _held(steps=3, lent=2)
    held.advance(1)
    assert (held.epoch, held.lent) == (1, 1)
    held.advance(1)
    held.advance(3)
    assert (held.epoch, held.lent) == (3, 0)


@pytest.mark.parametrize(("epoch", "code"), [(4, "step"), (0, "epoch")])
def test_a_deal_follows_only_forward_and_only_as_far_as_its_steps(epoch, code):
    with pytest.raises(CustodyError, match=rf"\({code}\)"):
        _held(epoch=1, steps=3).advance(epoch)


@pytest.mark.parametrize(("lent", "is_refused"), [(0, False), (2, False), (3, True)])
def test_a_further_grant_needs_a_step_in_advance_for_every_older_one(lent, is_refused):
    held = _held(epoch=1, steps=3, lent=lent)
    if not is_refused:
        held.check_steps()
        return
    with pytest.raises(RefreshMissingError) as caught:
        held.check_steps()
    assert caught.value.epoch == 4


def test_a_restored_deal_must_follow_from_the_recovered_master():
    manifest = Ward(derived=True).manifest.encode()
    assert restored_deal(RestoredDeal(manifest, 0), MASTER).essential(0).epoch == 0
    with pytest.raises(WrongEssentialShareError, match="recovered master"):
        restored_deal(RestoredDeal(manifest, 0), OTHER)


def test_a_restored_deal_takes_no_grant_before_a_renewal():
    restored = restored_deal(RestoredDeal(Ward(derived=True).manifest.encode(), 0), MASTER)
    with pytest.raises(RefreshMissingError):
        restored.check_steps()
    assert restored.renewed_steps() == 2


def test_a_context_is_known_whatever_the_deal_in_it():
    held = _held()
    assert is_known_context([held], CONTEXT)
    assert not is_known_context([held], replace(CONTEXT, generation=1))
    assert not is_known_context([], CONTEXT)


def test_neither_master_nor_e_shows_in_a_repr():
    held = _held()
    assert MASTER.hex() not in repr(held) + repr(held.masters)
    assert repr(MASTER) not in repr(held) + repr(held.masters)


def test_a_deposit_that_is_taken_back_gives_its_step_number_back():
    held = _held(epoch=3, steps=5, lent=2)
    held.take_back()
    assert (held.steps, held.lent) == (4, 1)
    done = _held(epoch=3, steps=3, lent=0)
    done.take_back()
    assert (done.steps, done.lent) == (3, 0)
