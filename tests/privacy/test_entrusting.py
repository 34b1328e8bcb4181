"""Shares of a wallet's master at a hospital: sealed, signed, kept, given back."""

from dataclasses import replace

import pytest

from node.base.keys import SIGNATURE_BYTES
from node.base.rng import TreeEntropy
from node.privacy.entrusting import open_entrusted, open_reclaimed, seal_entrusted, seal_reclaimed
from node.privacy.release_errors import CustodyError, SealedBoxError
from node.privacy.sealing import OVERHEAD_BYTES, derive_private_key, public_key_of
from node.sss.errors import MixedRecordsError, ShareFormatError
from node.sss.recovery import combine_master
from node.sss.shares import Kind
from tests.privacy.ward import DOCTOR, KEYS, PATIENT, SEALING, STRANGER, Ward

NEW_KEY = derive_private_key(b"n" * 32)


def _split(ward: Ward, epoch: int = 0):
    return ward.wallet.split_master(needed=2, holders=3, entropy=ward.entropy, epoch=epoch)


def _entrust(ward: Ward, share, x: int = 1):
    sealed = ward.wallet.entrust(share, KEYS[x - 1], ward.entropy)
    return ward.custodians[x].entrust(PATIENT.address, sealed)


def test_a_share_is_kept_and_its_digest_is_the_acknowledgement():
    ward = Ward()
    share = _split(ward)[1]
    assert _entrust(ward, share).digest() == share.digest()
    assert ward.custodians[1].entrusted(PATIENT.address) == share
    assert ward.custodians[2].entrusted(PATIENT.address) is None


def test_a_master_comes_back_from_a_guardian_and_a_hospital():
    ward = Ward()
    guardian, hospital, _ = _split(ward)
    _entrust(ward, hospital)
    sealed = ward.custodians[1].reclaim(PATIENT.address, public_key_of(NEW_KEY))
    back = open_reclaimed(NEW_KEY, PATIENT.address, 7, sealed)
    both = [guardian.encode(), back.encode()]
    assert combine_master(both, chain_id=7, patient=PATIENT.address) == b"m" * 32


def test_what_is_given_back_opens_only_with_the_key_and_for_the_account_of_the_recovery():
    ward = Ward()
    _entrust(ward, _split(ward)[0])
    sealed = ward.custodians[1].reclaim(PATIENT.address, public_key_of(NEW_KEY))
    for key, patient in ((SEALING[1], PATIENT.address), (NEW_KEY, STRANGER.address)):
        with pytest.raises(SealedBoxError):
            open_reclaimed(key, patient, 7, sealed)


def test_nothing_is_given_back_of_a_patient_who_left_nothing():
    with pytest.raises(CustodyError, match=r"\(entrusted\)"):
        Ward().custodians[1].reclaim(STRANGER.address, public_key_of(NEW_KEY))


def test_the_same_share_twice_is_once_and_a_later_split_takes_its_place():
    ward = Ward()
    first, later = _split(ward), _split(ward, 1)
    for share in (first[0], first[0], later[0]):
        _entrust(ward, share)
    assert ward.custodians[1].entrusted(PATIENT.address) == later[0]


@pytest.mark.parametrize("which", [0, 1])
def test_neither_an_earlier_split_nor_another_share_of_the_same_one_comes_back(which):
    ward = Ward()
    first, later = _split(ward), _split(ward, 1)
    _entrust(ward, later[0])
    with pytest.raises(CustodyError, match=r"\(epoch\)"):
        _entrust(ward, (first[0], later[1])[which])


def test_nobody_but_the_patient_entrusts_a_share_of_the_patients_master():
    ward = Ward()
    share = _split(ward)[0]
    forged = seal_entrusted(share, KEYS[0], signer=STRANGER, entropy=ward.entropy)
    with pytest.raises(SealedBoxError):
        ward.custodians[1].entrust(PATIENT.address, forged)
    with pytest.raises(MixedRecordsError):
        ward.custodians[1].entrust(STRANGER.address, forged)


class _Impostor:
    """Signs with another key than the account's."""

    address = PATIENT.address

    def sign(self, digest: bytes) -> bytes:
        return DOCTOR.sign(digest)


def test_a_share_that_the_patient_has_not_signed_is_refused():
    ward = Ward()
    forged = seal_entrusted(_split(ward)[0], KEYS[0], signer=_Impostor(), entropy=ward.entropy)
    with pytest.raises(CustodyError, match=r"\(signer\)"):
        ward.custodians[1].entrust(PATIENT.address, forged)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"kind": Kind.GRANT}, ShareFormatError),
        ({"deal_id": bytes(32)}, MixedRecordsError),
        ({"payload": bytes(31)}, ShareFormatError),
    ],
)
def test_another_container_is_not_taken_as_a_share_of_a_master(changes, error):
    ward = Ward()
    other = replace(_split(ward)[0], **changes)
    with pytest.raises(error):
        _entrust(ward, other)


def test_a_share_of_a_master_on_another_chain_is_not_taken():
    ward = Ward()
    sealed = ward.wallet.entrust(_split(ward)[0], KEYS[0], ward.entropy)
    with pytest.raises(MixedRecordsError):
        open_entrusted(SEALING[1], PATIENT.address, 8, sealed)


def test_both_ways_fit_the_wire():
    ward = Ward()
    share = _split(ward)[0]
    there = ward.wallet.entrust(share, KEYS[0], ward.entropy)
    assert len(there) == len(share.encode()) + SIGNATURE_BYTES + OVERHEAD_BYTES <= 1_024
    back = seal_reclaimed(share, PATIENT.address, public_key_of(NEW_KEY), TreeEntropy(1))
    assert len(back) == len(share.encode()) + OVERHEAD_BYTES <= 1_024
