"""What a custodian takes from a patient, and what it refuses."""

from dataclasses import replace

import pytest

from node.base.rng import TreeEntropy
from node.privacy.consent import sign
from node.privacy.custody import Custodian, DepositTaken
from node.privacy.deposits import digests_of, join_deposit, split_deposit
from node.privacy.release_errors import CustodyError, SealedBoxError
from node.privacy.release_messages import deposit_info
from node.privacy.sealing import open_sealed, public_key_of, seal
from node.sss.errors import ShareFormatError
from node.sss.shares import Kind, decode_container
from tests.privacy.ward import (
    DOMAIN,
    PATIENT,
    SEALING,
    STRANGER,
    Ward,
)


def _refusal(code: str):
    return pytest.raises(CustodyError, match=rf"\({code}\)")


def test_a_deposit_is_acknowledged_and_kept():
    ward = Ward()
    taken = ward.custodians[2].take_deposit(ward.letters[1], ward.view)
    assert taken == DepositTaken(ward.grant_id, ward.deal_id, 2)
    kept = decode_container(ward.custodians[2].grant_share(ward.grant_id, ward.deal_id))
    assert (kept.kind, kept.index, kept.epoch) == (Kind.GRANT, 2, 0)


def test_the_same_letter_twice_leaves_one_step():
    ward = Ward()
    ward.custodians[1].take_deposit(ward.letters[0], ward.view)
    assert len(ward.custodians[1].store.steps(ward.deal_id)) == 1


def test_a_later_deposit_of_a_grant_takes_the_place_of_the_first_and_brings_its_step():
    ward = Ward()
    later = ward.lend(ward.grant_id)
    store = ward.custodians[1].store
    plain = open_sealed(SEALING[1], deposit_info(ward.grant_id, 1), later[0].sealed)
    assert store.grant_share(ward.grant_id, ward.deal_id) == split_deposit(plain)[0].encode()
    assert len(store.steps(ward.deal_id)) == 2


def test_a_replaced_deposit_does_not_come_back():
    ward = Ward()
    ward.lend(ward.grant_id)
    with _refusal("step"):
        ward.custodians[1].take_deposit(ward.letters[0], ward.view)


def test_a_grant_without_a_step_in_advance_is_not_taken():
    ward = Ward()
    custodian, store = ward.custodians[1], ward.custodians[1].store
    store.rewrite(
        ward.deal_id,
        store.holding(ward.deal_id),
        grant_shares={
            bytes([count]) * 32: store.grant_share(ward.grant_id, ward.deal_id) for count in (1, 2)
        },
        steps=store.steps(ward.deal_id),
        renewal=None,
    )
    (letter, *_) = ward.wallet.deposit(
        ward.grant_id, ward.deal_id, [public_key_of(SEALING[x]) for x in range(1, 5)], ward.entropy
    )
    with _refusal("refresh"):
        custodian.take_deposit(letter, ward.view)


def test_a_deposit_of_a_past_epoch_is_refused_and_one_of_a_later_epoch_is_early():
    ward = Ward()
    custodian = _fresh(ward)
    with _refusal("early"):
        custodian.take_deposit(replace(ward.letters[0], epoch=1), ward.view)
    custodian.take_deposit(ward.letters[0], ward.view)
    custodian.step(ward.deal_id)
    with _refusal("epoch"):
        custodian.take_deposit(ward.letters[0], ward.view)


def test_a_deposit_for_an_erased_record_is_refused():
    ward = Ward()
    ward.view.change_record(ward.deal_id, is_erased=True)
    with _refusal("record"):
        _fresh(ward).take_deposit(ward.letters[0], ward.view)


def _fresh(ward: Ward) -> Custodian:
    """Custodian 1 before any deposit."""
    made = ward.make_custodian(1)
    made.hold(ward.manifest.encode(), ward.deal.custodians[0].encode())
    return made


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"deal_id": bytes(32)}, "deal"),
        ({"index": 2}, "index"),
        ({"epoch": 1}, "early"),
        ({"grant_id": bytes(32)}, "grant"),
        ({"signature": bytes(65)}, "signer"),
        ({"digests": (bytes(32),) * 4}, "signer"),
    ],
)
def test_a_letter_with_another_field_is_refused(changes, code):
    ward = Ward()
    with _refusal(code):
        _fresh(ward).take_deposit(replace(ward.letters[0], **changes), ward.view)


def test_a_deposit_signed_by_somebody_else_is_refused():
    ward = Ward()
    forged = sign(ward.letters[0].typed(), DOMAIN, STRANGER)
    with _refusal("signer"):
        _fresh(ward).take_deposit(replace(ward.letters[0], signature=forged), ward.view)


@pytest.mark.parametrize("changes", [{"is_revoked": True}, {"valid_until_s": 1_500}])
def test_a_deposit_under_an_ended_grant_is_refused(changes):
    ward = Ward()
    ward.view.change_grant(ward.grant_id, **changes)
    with _refusal("grant"):
        _fresh(ward).take_deposit(ward.letters[0], ward.view)


def test_a_patient_cannot_deposit_for_another_patients_deal():
    ward = Ward()
    ward.view.change_record(ward.deal_id, patient=STRANGER.address)
    with _refusal("record"):
        _fresh(ward).take_deposit(ward.letters[0], ward.view)


def test_a_deposit_for_a_deal_that_no_final_record_names_is_refused():
    ward = Ward()
    ward.view.records.clear()
    with _refusal("record"):
        _fresh(ward).take_deposit(ward.letters[0], ward.view)


def test_a_letter_sealed_to_another_custodian_does_not_open():
    ward = Ward()
    swapped = replace(ward.letters[0], sealed=ward.letters[1].sealed)
    with pytest.raises(SealedBoxError):
        _fresh(ward).take_deposit(swapped, ward.view)


def _letter(ward: Ward, plain: bytes, digests=None):
    """The first letter with another deposit in it, signed by the patient."""
    own = digests_of([plain])[0]
    made = replace(
        ward.letters[0],
        digests=(own, *ward.letters[0].digests[1:]) if digests is None else digests,
        sealed=seal(
            public_key_of(SEALING[1]), deposit_info(ward.grant_id, 1), plain, TreeEntropy(9)
        ),
    )
    return replace(made, signature=sign(made.typed(), DOMAIN, PATIENT))


def _pair(ward: Ward):
    store = ward.custodians[1].store
    lent = decode_container(store.grant_share(ward.grant_id, ward.deal_id))
    return lent, decode_container(store.steps(ward.deal_id)[0])


def test_a_deposit_that_is_not_under_the_signed_root_is_refused():
    ward = Ward()
    lent, step = _pair(ward)
    plain = join_deposit(replace(lent, payload=bytes(32)), step)
    letter = _letter(ward, plain, digests=ward.letters[0].digests)
    with _refusal("root"):
        _fresh(ward).take_deposit(letter, ward.view)


@pytest.mark.parametrize("count", [1, 3, 5])
def test_a_root_over_another_number_of_deposits_is_refused(count):
    ward = Ward()
    plain = join_deposit(*_pair(ward))
    with _refusal("root"):
        _fresh(ward).take_deposit(
            _letter(ward, plain, digests=digests_of([plain]) * count), ward.view
        )


@pytest.mark.parametrize(
    ("lent_changes", "step_changes", "code"),
    [
        ({"kind": Kind.DELTA}, {}, "kind"),
        ({}, {"kind": Kind.GRANT}, "kind"),
        ({"index": 2}, {}, "index"),
        ({}, {"index": 2}, "index"),
        ({"epoch": 1}, {}, "epoch"),
        ({}, {"epoch": 0}, "step"),
        ({}, {"epoch": 2}, "step"),
    ],
)
def test_containers_that_do_not_fit_the_share_are_refused(lent_changes, step_changes, code):
    ward = Ward()
    lent, step = _pair(ward)
    plain = join_deposit(replace(lent, **lent_changes), replace(step, **step_changes))
    with _refusal(code):
        _fresh(ward).take_deposit(_letter(ward, plain), ward.view)


def test_containers_of_another_deal_are_refused():
    ward = Ward()
    lent, step = _pair(ward)
    plain = join_deposit(replace(lent, deal_id=bytes(32)), step)
    with pytest.raises(ShareFormatError, match="deal"):
        _fresh(ward).take_deposit(_letter(ward, plain), ward.view)
