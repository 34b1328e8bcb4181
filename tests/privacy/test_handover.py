import pytest

from node.base.rng import TreeEntropy
from node.privacy.handover import open_share, seal_share
from node.privacy.release_errors import SealedBoxError
from node.privacy.sealing import derive_private_key, public_key_of
from node.sss.shares import Container, Kind, Scheme

SECRET = derive_private_key(b"\1" * 32)
SHARE = Container(Scheme.SSMS, Kind.CUSTODIAN, 2, 3, 5, 0, b"\7" * 32, b"\5" * 32, b"\6" * 32)


def sealed():
    return seal_share(SHARE, public_key_of(SECRET), TreeEntropy(1, "test"))


def test_the_custodian_opens_its_share():
    assert open_share(SECRET, SHARE.deal_id, sealed()) == SHARE.encode()


def test_a_share_cannot_be_passed_off_as_one_of_another_deal():
    with pytest.raises(SealedBoxError):
        open_share(SECRET, b"\x08" * 32, sealed())


def test_another_custodian_cannot_open_it():
    with pytest.raises(SealedBoxError):
        open_share(derive_private_key(b"\2" * 32), SHARE.deal_id, sealed())


def test_the_payload_does_not_stand_in_the_sealed_bytes():
    assert SHARE.payload not in sealed()
