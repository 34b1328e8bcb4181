"""A patient moves a deal on: what a renewal gives, to whom, and which ones are refused."""

from dataclasses import replace

import pytest

from node.base.rng import TreeEntropy
from node.privacy.consent import sign
from node.privacy.deposits import digests_of
from node.privacy.release_errors import CustodyError, SealedBoxError
from node.privacy.renewals import join_renewal, renewal_info, split_renewal, typed_renewal
from node.privacy.sealing import open_sealed, seal
from node.sss.errors import ShareFormatError, WrongKeyError
from node.sss.gf256 import add
from node.sss.record_key import find_key
from node.sss.shares import Kind
from tests.privacy.ward import (
    DOMAIN,
    KEYS,
    PATIENT,
    SEALING,
    STRANGER,
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


def test_a_renewal_moves_the_deal_and_the_new_e_opens_it():
    ward = Ward()
    ward.renew()
    shares = ward.shares()
    assert {share.epoch for share in shares.values()} == {1} == {ward.wallet.epoch(ward.deal_id)}
    assert _opens(ward, shares, ward.wallet.essential(ward.deal_id).payload)


def test_the_word_on_a_renewal_names_the_letter_and_the_share_as_it_is_now():
    ward = Ward()
    letters = ward.wallet.renew(ward.deal_id, KEYS, ward.entropy)
    taken = ward.custodians[2].take_renewal(letters[1], ward.view)
    assert (taken.deal_id, taken.index, taken.digest) == (ward.deal_id, 2, letters[1].digests[1])
    assert taken.moved == ward.shares()[2]
    assert taken.moved.payload.hex() not in repr(taken)


def test_a_stolen_e_opens_nothing_after_a_renewal_with_new_shares_but_with_old_undeleted_ones():
    """The honest half too: a refresh protects only where old shares are destroyed."""
    ward = Ward()
    stolen, old = ward.wallet.essential(ward.deal_id).payload, ward.shares()
    ward.renew()
    new = ward.shares()
    assert not _opens(ward, new, stolen)
    assert not _opens(ward, {1: old[1], **{x: new[x] for x in (2,)}}, stolen)
    assert not _opens(ward, old, ward.wallet.essential(ward.deal_id).payload)
    assert _opens(ward, {x: old[x] for x in (2, 4)}, stolen)


def test_what_is_lent_makes_the_same_share_of_the_key_in_every_epoch():
    ward = Ward()
    before = ward.released(ward.grant_id)
    for _ in range(3):
        ward.renew()
        assert ward.released(ward.grant_id) == before
    assert {share.epoch for share in ward.shares().values()} == {3}


def test_shares_released_in_different_epochs_combine():
    ward = Ward()
    early = ward.released(ward.grant_id, (1,))
    ward.renew()
    assert find_key(ward.deal.header, early | ward.released(ward.grant_id, (3,))).liars == ()


def test_an_excluded_custodian_and_its_old_steps_give_nothing():
    ward = Ward()
    letters = ward.renew(without=frozenset({1}))
    assert [letter is None for letter in letters] == [True, False, False, False]
    left = ward.custodians[1].step(ward.deal_id)
    e = ward.wallet.essential(ward.deal_id).payload
    stayed = ward.shares((2, 3, 4))
    assert left.epoch == stayed[2].epoch == 1
    assert _opens(ward, {x: stayed[x] for x in (2, 3)}, e)
    for x in (2, 3, 4):
        assert not _opens(ward, {1: left, x: stayed[x]}, e)


def test_the_same_letter_again_is_acknowledged_again_and_changes_nothing():
    ward = Ward()
    letters = ward.renew()
    shares, steps = ward.shares(), ward.custodians[1].store.steps(ward.deal_id)
    taken = ward.custodians[1].take_renewal(letters[0], ward.view)
    assert (taken.digest, taken.moved) == (letters[0].digests[0], shares[1])
    assert ward.shares() == shares
    assert ward.custodians[1].store.steps(ward.deal_id) == steps


def test_the_last_letter_is_acknowledged_even_after_a_later_step():
    ward = Ward()
    letters = ward.renew()
    ward.end(ward.grant_id)
    taken = ward.custodians[1].take_renewal(letters[0], ward.view)
    assert taken.moved.epoch == 2


def test_another_letter_for_a_past_epoch_is_refused():
    ward = Ward()
    first = ward.renew(takers=())
    ward.renew(takers=())
    ward.custodians[1].take_renewal(first[0], ward.view)
    ward.custodians[1].step(ward.deal_id)
    other = replace(first[0], digests=tuple(reversed(first[0].digests)))
    signed = replace(other, signature=sign(other.typed(), DOMAIN, PATIENT))
    with _refusal("epoch"):
        ward.custodians[1].take_renewal(signed, ward.view)


def test_a_letter_for_a_later_epoch_waits_and_stands_when_the_custodian_is_there():
    ward = Ward()
    first, second = ward.renew(takers=()), ward.renew(takers=())
    with _refusal("early"):
        ward.custodians[1].take_renewal(second[0], ward.view)
    ward.custodians[1].take_renewal(first[0], ward.view)
    assert ward.custodians[1].take_renewal(second[0], ward.view).moved.epoch == 2


def test_a_renewal_leaves_a_step_for_every_grant_that_is_lent():
    ward = Ward()
    second = ward.grant(1)
    ward.lend(second.grant_id)
    ward.renew()
    for grant_id in (ward.grant_id, second.grant_id):
        ward.end(grant_id)
    shares = ward.shares()
    assert {share.epoch for share in shares.values()} == {3}
    assert _opens(ward, shares, ward.wallet.essential(ward.deal_id).payload)


def test_a_renewal_without_any_deposit_is_one_step_and_leaves_none():
    ward = Ward()
    ward.end(ward.grant_id)
    ward.renew()
    assert {share.epoch for share in ward.shares().values()} == {2}
    assert ward.custodians[1].store.steps(ward.deal_id) == ()


def test_a_deposit_after_a_renewal_is_taken_and_ends_with_a_step():
    ward = Ward()
    ward.renew()
    second = ward.grant(1)
    ward.lend(second.grant_id)
    assert find_key(ward.deal.header, ward.released(second.grant_id)).liars == ()
    ward.end(second.grant_id)
    assert find_key(ward.deal.header, ward.released(ward.grant_id)).liars == ()
    assert {share.epoch for share in ward.shares().values()} == {2}


def test_a_deposit_made_after_a_renewal_waits_at_a_custodian_that_has_not_taken_it():
    ward = Ward()
    renewals = ward.renew(takers=())
    second = ward.grant(1)
    letters = ward.wallet.deposit(second.grant_id, ward.deal_id, KEYS, ward.entropy)
    with _refusal("early"):
        ward.custodians[1].take_deposit(letters[0], ward.view)
    ward.custodians[1].take_renewal(renewals[0], ward.view)
    ward.custodians[1].take_deposit(letters[0], ward.view)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"deal_id": bytes(32)}, "deal"),
        ({"index": 2}, "index"),
        ({"epoch": 1}, "signer"),
        ({"signature": bytes(65)}, "signer"),
        ({"digests": (bytes(32),) * 4}, "signer"),
        ({"digests": ()}, "signer"),
    ],
)
def test_a_renewal_with_another_field_is_refused(changes, code):
    ward = Ward()
    (letter, *_) = ward.renew(takers=())
    before = ward.shares()
    with _refusal(code):
        ward.custodians[1].take_renewal(replace(letter, **changes), ward.view)
    assert ward.shares() == before


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"patient": STRANGER.address}, "signer"), ({"is_erased": True}, "record")],
)
def test_only_the_owner_of_a_record_renews_it_and_only_until_it_is_erased(changes, code):
    ward = Ward()
    (letter, *_) = ward.renew(takers=())
    ward.view.change_record(ward.deal_id, **changes)
    with _refusal(code):
        ward.custodians[1].take_renewal(letter, ward.view)


def test_a_renewal_of_a_deal_that_no_final_record_names_is_refused():
    ward = Ward()
    (letter, *_) = ward.renew(takers=())
    ward.view.records.clear()
    with _refusal("record"):
        ward.custodians[1].take_renewal(letter, ward.view)


def test_a_renewal_sealed_to_another_custodian_does_not_open():
    ward = Ward()
    letters = ward.renew(takers=())
    with pytest.raises(SealedBoxError):
        ward.custodians[1].take_renewal(replace(letters[0], sealed=letters[1].sealed), ward.view)


def _forged(ward: Ward, plain: bytes, *, count: int = 4, is_listed: bool = True):
    """A letter to index 1 with other steps in it, signed by the patient."""
    own = digests_of([plain])[0] if is_listed else bytes(32)
    digests = (own, *(bytes([x]) * 32 for x in range(2, count + 1)))
    typed = typed_renewal(ward.deal_id, 0, digests)
    (letter, *_) = ward.renew(takers=())
    return replace(
        letter,
        digests=digests,
        sealed=seal(KEYS[0], renewal_info(ward.deal_id, 1), plain, TreeEntropy(9)),
        signature=sign(typed, DOMAIN, PATIENT),
    )


def _steps(ward: Ward):
    letter = ward.wallet.renew(ward.deal_id, KEYS, TreeEntropy(8))[0]
    ward.wallet = Ward().wallet
    return split_renewal(open_sealed(SEALING[1], renewal_info(ward.deal_id, 1), letter.sealed))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda steps: (replace(steps[0], kind=Kind.GRANT), *steps[1:]), "kind"),
        (lambda steps: (replace(steps[0], index=2), *steps[1:]), "index"),
        (lambda steps: steps[1:], "step"),
        (lambda steps: (steps[0], steps[0]), "step"),
        (lambda steps: tuple(reversed(steps)), "step"),
    ],
)
def test_steps_that_do_not_lead_on_from_the_share_are_refused(change, code):
    ward = Ward()
    letter = _forged(ward, join_renewal(change(_steps(ward))))
    with _refusal(code):
        ward.custodians[1].take_renewal(letter, ward.view)


def test_steps_of_another_deal_are_refused():
    ward = Ward()
    foreign = [replace(step, deal_id=bytes(32)) for step in _steps(ward)]
    with pytest.raises(ShareFormatError, match="deal"):
        ward.custodians[1].take_renewal(_forged(ward, join_renewal(foreign)), ward.view)


@pytest.mark.parametrize(("count", "is_listed"), [(3, True), (5, True), (4, False)])
def test_a_renewal_that_is_not_under_a_root_of_all_custodians_is_refused(count, is_listed):
    ward = Ward()
    plain = join_renewal(_steps(ward))
    with _refusal("root"):
        ward.custodians[1].take_renewal(
            _forged(ward, plain, count=count, is_listed=is_listed), ward.view
        )
