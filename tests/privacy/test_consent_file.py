"""A Consent as a file: the same for eth-account, and nothing of it can be changed."""

import json

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from node.base.keccak import keccak256
from node.base.keys import PrivateKey
from node.base.types import Address
from node.privacy.consent import Consent, Domain, Purpose, grant_id_of, scope_of, sign
from node.privacy.consent_file import (
    ConsentFileError,
    consent_text,
    read_consent,
    read_signed,
    typed_data,
)

SECRET = keccak256(b"a patient")
KEY = PrivateKey.from_bytes(SECRET)
DOMAIN = Domain(85_437, Address(bytes([7] * 20)))
CONSENT = Consent(
    pmr_id=8_543_726_012_021,
    patient=KEY.address,
    grantee=Address(bytes([9] * 20)),
    purpose=Purpose.TREATMENT,
    scope=scope_of(("diagnosis", "later")),
    grantee_key=bytes([3] * 32),
    valid_from_s=1_767_225_600,
    valid_until_s=1_767_229_200,
    nonce=4,
)


def _signed() -> dict:
    return json.loads(consent_text(CONSENT, DOMAIN, sign(CONSENT, DOMAIN, KEY)))


def test_eth_account_computes_the_same_digest_and_signature():
    message = encode_typed_data(full_message=typed_data(CONSENT, DOMAIN))
    theirs = Account.sign_message(message, SECRET)
    ours = _signed()
    assert ours["signature"] == f"0x{theirs.signature.hex().removeprefix('0x')}"
    digest = keccak256(b"\x19" + message.version + message.header + message.body)
    assert ours["grantId"] == f"0x{digest.hex()}"
    assert digest == grant_id_of(CONSENT, DOMAIN)


def test_a_signed_file_is_read_back():
    signed, domain = read_signed(json.dumps(_signed()))
    assert (signed.consent, domain) == (CONSENT, DOMAIN)
    assert signed.grant_id == grant_id_of(CONSENT, DOMAIN)
    assert signed.signature == sign(CONSENT, DOMAIN, KEY)


def test_an_unsigned_file_is_a_consent_and_no_signed_one():
    text = consent_text(CONSENT, DOMAIN)
    assert read_consent(text) == (CONSENT, DOMAIN)
    with pytest.raises(ConsentFileError, match="signature: wants 0x and 130"):
        read_signed(text)


def _changed(path: str, value: object) -> str:
    content = _signed()
    *outer, last = path.split(".")
    place = content
    for key in outer:
        place = place[key]
    place[last] = value
    return json.dumps(content)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("typedData.primaryType", "Revoke"),
        ("typedData.types", {}),
        ("typedData.domain.name", "ward"),
        ("typedData.domain.version", "2"),
        ("typedData.domain.chainId", -1),
        ("typedData.domain.chainId", 1),
        ("typedData.domain.verifyingContract", "0x00"),
        ("typedData.message.pmrId", "8543726012022"),
        ("typedData.message.patient", "0x" + "11" * 20),
        ("typedData.message.grantee", "0x" + "11" * 20),
        ("typedData.message.purpose", "0x" + "11" * 32),
        ("typedData.message.scope", "0x" + "ff" * 32),
        ("typedData.message.granteeKey", "0x" + "11" * 31),
        ("typedData.message.validFrom", 1_767_225_601),
        ("typedData.message.validUntil", 1.5),
        ("typedData.message.validUntil", 1),
        ("typedData.message.nonce", "5"),
        ("typedData.message.nonce", "9" * 100),
        ("grantId", "0x" + "11" * 32),
        ("signature", "0x" + "11" * 65),
        ("signature", "xyz"),
        ("typedData", []),
    ],
)
def test_every_change_is_refused(path, value):
    with pytest.raises(ConsentFileError):
        read_signed(_changed(path, value))


@pytest.mark.parametrize("text", ["", "[]", "{", "7", "null", "[" * 100_000])
def test_what_is_no_consent_is_refused(text):
    with pytest.raises(ConsentFileError):
        read_consent(text)


def test_the_signature_of_somebody_else_is_named():
    other = PrivateKey.from_bytes(keccak256(b"a thief"))
    text = consent_text(CONSENT, DOMAIN, sign(CONSENT, DOMAIN, other))
    with pytest.raises(ConsentFileError, match="signature: is of 0x"):
        read_signed(text)
