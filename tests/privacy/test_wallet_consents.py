import pytest

from node.base.keys import recover
from node.privacy.consent import ConsentFieldError, Purpose, grant_id_of
from tests.privacy.ward import DOMAIN, PATIENT, Ward, make_wallet


def test_a_signed_consent_recovers_to_the_patient():
    signed = Ward().consent
    assert signed.grant_id == grant_id_of(signed.consent, DOMAIN)
    assert recover(signed.grant_id, signed.signature) == PATIENT.address
    assert signed.consent.patient == PATIENT.address


def test_a_consent_for_the_patient_itself_is_not_signed():
    with pytest.raises(ConsentFieldError, match="grantee"):
        make_wallet().consent(
            pmr_id=1,
            grantee=PATIENT.address,
            grantee_key=bytes(32),
            purpose=Purpose.TREATMENT,
            scope=1,
            valid_from_s=1,
            valid_until_s=2,
            nonce=0,
        )


def test_a_signed_revocation_recovers_to_the_patient():
    signed = make_wallet().revoke(bytes(32), nonce=4)
    digest = DOMAIN.digest(signed.revoke.struct_hash())
    assert recover(digest, signed.signature) == PATIENT.address
    assert signed.revoke.nonce == 4
