"""A patient reads an own record, with custodians that differ, lie or were replaced."""

from dataclasses import replace
from itertools import combinations

import pytest

from node.base.rng import TreeEntropy
from node.privacy.custody_store import Holding
from node.privacy.grantee import find_released_key, open_released
from node.privacy.release_errors import GrantNotActiveError, UnknownDealError
from node.privacy.release_messages import OWNER_GRANT_ID, Status
from node.privacy.wallet_owner import own_points
from node.sss.errors import ShareMissingError
from node.sss.terms import Profile
from tests.privacy.ward import NOW_US, PATIENT, RECORD, STRANGER, Ward


def _ward() -> Ward:
    ward = Ward(derived=True)
    ward.view.registered.add(PATIENT.address)
    ward.view.owner_keys[PATIENT.address] = ward.wallet.sealing_public
    return ward


def _answers(ward: Ward, requests):
    found = {}
    for request in requests:
        got = ward.custodians[request.index].handle(request.encode(), ward.view, NOW_US)
        found[request.index] = got.encode()
    return found


def _requests(ward: Ward, indices=(1, 2, 3, 4), **named):
    return ward.wallet.owner_requests(
        ward.deal_id, head=ward.view.head, indices=indices, entropy=ward.entropy, **named
    )


def _read(ward: Ward, indices=(1, 2, 3, 4), **named):
    requests = _requests(ward, indices)
    return ward.wallet.combine_owner(ward.deal_id, requests, _answers(ward, requests), **named)


def _open(ward: Ward, collected):
    return open_released(ward.manifest, collected, ward.deal.fragments, profile=Profile.SIMULATION)


def test_an_owners_request_names_no_grant_and_is_signed_by_the_patient():
    request = _requests(_ward(), (3,))[0]
    assert (request.grant_id, request.grantee) == (OWNER_GRANT_ID, PATIENT.address)
    assert request.is_signed_by_grantee()
    assert (request.index, request.epoch) == (3, 0)


@pytest.mark.parametrize("renewals", [0, 2])
def test_a_patient_reads_an_own_record_in_every_epoch(renewals):
    ward = _ward()
    for _ in range(renewals):
        ward.renew()
    opened = _open(ward, _read(ward))
    assert (opened.record, opened.liars) == (RECORD, ())


@pytest.mark.parametrize("indices", list(combinations((1, 2, 3, 4), 2)))
def test_any_two_custodians_are_enough_for_the_owner(indices):
    ward = _ward()
    assert _open(ward, _read(ward, indices)).record == RECORD


def test_one_custodian_is_not_enough_for_the_owner():
    ward = _ward()
    with pytest.raises(ShareMissingError):
        find_released_key(ward.manifest, _read(ward, (1,)))


def test_a_custodian_that_lies_to_the_owner_is_named():
    ward = _ward()
    store = ward.custodians[2].store
    share = replace(ward.shares()[2], payload=b"l" * 32)
    store.put_holding(ward.deal_id, Holding(ward.manifest.encode(), share.encode()))
    opened = _open(ward, _read(ward))
    assert (opened.record, opened.liars) == (RECORD, (2,))


def test_shares_of_another_epoch_do_not_combine_and_stand_among_the_faults():
    ward = _ward()
    behind = _requests(ward, (4,))
    answers = _answers(ward, behind)
    ward.renew(takers=(1, 2, 3))
    requests = _requests(ward, (1, 2, 3))
    collected = ward.wallet.combine_owner(
        ward.deal_id, (*requests, *behind), answers | _answers(ward, requests)
    )
    assert sorted(collected.points) == [1, 2, 3]
    assert collected.faults == {4: "a share of epoch 0, the others are of epoch 1"}
    assert _open(ward, collected).liars == ()


def test_of_two_equally_common_epochs_the_later_one_counts():
    ward = _ward()
    behind = _requests(ward, (3, 4))
    answers = _answers(ward, behind)
    ward.renew(takers=(1, 2))
    requests = _requests(ward, (1, 2))
    collected = ward.wallet.combine_owner(
        ward.deal_id, (*behind, *requests), answers | _answers(ward, requests)
    )
    assert sorted(collected.points) == [1, 2]
    assert _open(ward, collected).record == RECORD


def test_a_custodian_in_another_epoch_says_so_and_is_asked_again_with_that_epoch():
    ward = _ward()
    ward.end(ward.grant_id)
    stale = _requests(ward, (1,), epoch=0)
    refused = ward.wallet.combine_owner(ward.deal_id, stale, _answers(ward, stale))
    assert refused.refusals == {1: Status.WRONG_EPOCH}
    assert _open(ward, _read(ward)).record == RECORD


def test_a_replaced_custodian_answers_under_its_own_name():
    ward = _ward()
    newcomer = ward.make_custodian(4)
    newcomer._signer = STRANGER
    newcomer.adopt(ward.manifest.encode(), ward.shares()[4].encode())
    ward.custodians[4] = newcomer
    assert 4 in _read(ward).faults
    holders = [*ward.manifest.custodians[:3], STRANGER.address]
    assert sorted(_read(ward, custodians=holders).points) == [1, 2, 3, 4]


def test_a_refused_owner_sees_the_refusals():
    ward = _ward()
    ward.view.change_record(ward.deal_id, is_erased=True)
    collected = _read(ward)
    assert set(collected.refusals.values()) == {Status.OUT_OF_SCOPE}
    with pytest.raises(GrantNotActiveError):
        find_released_key(ward.manifest, collected)


def test_a_deal_that_the_wallet_does_not_hold_is_not_asked_for():
    ward = _ward()
    with pytest.raises(UnknownDealError):
        ward.wallet.owner_requests(
            bytes(32), head=ward.view.head, indices=(1,), entropy=TreeEntropy(1)
        )


def test_without_a_share_there_is_nothing_to_add_e_to():
    ward = _ward()
    nothing = ward.wallet.combine_owner(ward.deal_id, _requests(ward), {})
    assert own_points(nothing, lambda _: pytest.fail("e is not needed")) == nothing
