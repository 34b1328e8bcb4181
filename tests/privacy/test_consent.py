from dataclasses import replace

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.keys import PrivateKey, recover
from node.base.types import ZERO_ADDRESS, Address
from node.privacy.consent import (
    LATER_BIT,
    SECTIONS,
    Consent,
    Deposit,
    Domain,
    Purpose,
    Revoke,
    contract_signature,
    grant_id_of,
    scope_of,
    sections_of,
    sign,
)
from node.privacy.release_errors import ConsentFieldError
from tests.sss.deals import cases, unhex

PATIENT = PrivateKey.from_bytes(b"\x11" * 32)
DOMAIN = Domain(648_529, Address(b"\xcc" * 20))
CONSENT = Consent(
    pmr_id=5,
    patient=PATIENT.address,
    grantee=Address(b"\xdd" * 20),
    purpose=Purpose.TREATMENT,
    scope=scope_of(["diagnosis", "lab_reports"]),
    grantee_key=b"\x0a" * 32,
    valid_from_s=1_000,
    valid_until_s=2_000,
    nonce=3,
)
TYPES = {
    "Consent": [
        ("pmrId", "uint256"),
        ("patient", "address"),
        ("grantee", "address"),
        ("purpose", "bytes32"),
        ("scope", "bytes32"),
        ("granteeKey", "bytes32"),
        ("validFrom", "uint64"),
        ("validUntil", "uint64"),
        ("nonce", "uint256"),
    ],
    "Deposit": [
        ("grantId", "bytes32"),
        ("dealId", "bytes32"),
        ("epoch", "uint32"),
        ("depositRoot", "bytes32"),
    ],
    "Revoke": [("grantId", "bytes32"), ("nonce", "uint256")],
}


def _judged(name: str, domain: Domain, values: list):
    """The message as eth-account encodes it."""
    fields = [{"name": field, "type": kind} for field, kind in TYPES[name]]
    return encode_typed_data(
        {
            "name": "wardnet",
            "version": "1",
            "chainId": domain.chain_id,
            "verifyingContract": "0x" + domain.verifying_contract.hex(),
        },
        {name: fields},
        dict(zip((field for field, _ in TYPES[name]), values, strict=True)),
    )


def _consent_values(consent: Consent) -> list:
    return [
        consent.pmr_id,
        "0x" + consent.patient.hex(),
        "0x" + consent.grantee.hex(),
        consent.purpose.encode(),
        consent.scope.to_bytes(32),
        consent.grantee_key,
        consent.valid_from_s,
        consent.valid_until_s,
        consent.nonce,
    ]


def _digest(message) -> bytes:
    return keccak(b"\x19" + message.version + message.header + message.body)


def _of_vector(primary: str, fields: dict):
    def number(name: str) -> int:
        return int(fields[name], 16)

    if primary == "Consent":
        return Consent(
            pmr_id=number("pmrId"),
            patient=Address(unhex(fields["patient"])),
            grantee=Address(unhex(fields["grantee"])),
            purpose=Purpose.decode(unhex(fields["purpose"])),
            scope=number("scope"),
            grantee_key=unhex(fields["granteeKey"]),
            valid_from_s=number("validFrom"),
            valid_until_s=number("validUntil"),
            nonce=number("nonce"),
        )
    if primary == "Deposit":
        return Deposit(
            grant_id=unhex(fields["grantId"]),
            deal_id=unhex(fields["dealId"]),
            epoch=number("epoch"),
            deposit_root=unhex(fields["depositRoot"]),
        )
    return Revoke(grant_id=unhex(fields["grantId"]), nonce=number("nonce"))


@pytest.mark.conformance
def test_digests_and_signatures_equal_the_vectors():
    for case in cases("consent"):
        domain = Domain(case["chain_id"], Address(unhex(case["verifying_contract"])))
        assert domain.separator().hex() == case["domain_separator"]
        wallet = PrivateKey.from_bytes(unhex(case["wallet_private"]))
        for one in case["messages"]:
            message = _of_vector(one["primary_type"], one["message"])
            assert message.struct_hash().hex() == one["struct_hash"]
            assert domain.digest(message.struct_hash()).hex() == one["digest"]
            assert sign(message, domain, wallet).hex() == one["signature_rsv01"]


@pytest.mark.conformance
def test_the_grant_id_equals_the_vector():
    for case in cases("consent"):
        domain = Domain(case["chain_id"], Address(unhex(case["verifying_contract"])))
        consent = _of_vector("Consent", case["messages"][0]["message"])
        assert grant_id_of(consent, domain).hex() == case["grant_id"]


@given(
    pmr_id=st.integers(0, 2**256 - 1),
    scope=st.lists(st.sampled_from([*SECTIONS, "later"])),
    times=st.tuples(st.integers(0, 2**63), st.integers(1, 2**62)),
    nonce=st.integers(0, 2**256 - 1),
    purpose=st.sampled_from(Purpose),
)
@settings(max_examples=50, deadline=None)
def test_a_consent_digest_equals_eth_accounts(pmr_id, scope, times, nonce, purpose):
    consent = replace(
        CONSENT,
        pmr_id=pmr_id,
        scope=scope_of(scope),
        valid_from_s=times[0],
        valid_until_s=sum(times),
        nonce=nonce,
        purpose=purpose,
    )
    judged = _judged("Consent", DOMAIN, _consent_values(consent))
    assert grant_id_of(consent, DOMAIN) == _digest(judged)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_deposit_and_revoke_digests_equal_eth_accounts(word, number):
    deposit = Deposit(grant_id=word, deal_id=word[::-1], epoch=number, deposit_root=word)
    judged = _judged("Deposit", DOMAIN, [word, word[::-1], number, word])
    assert DOMAIN.digest(deposit.struct_hash()) == _digest(judged)
    revoke = Revoke(grant_id=word, nonce=number)
    assert DOMAIN.digest(revoke.struct_hash()) == _digest(_judged("Revoke", DOMAIN, [word, number]))


def test_eth_account_recovers_the_signer_from_the_contracts_form():
    signature = contract_signature(sign(CONSENT, DOMAIN, PATIENT))
    assert signature[64] in (27, 28)
    judged = _judged("Consent", DOMAIN, _consent_values(CONSENT))
    signer = Account.recover_message(judged, signature=signature)
    assert bytes.fromhex(signer[2:]) == PATIENT.address


def test_the_patients_signature_recovers_to_the_patient():
    assert recover(grant_id_of(CONSENT, DOMAIN), sign(CONSENT, DOMAIN, PATIENT)) == PATIENT.address


@pytest.mark.parametrize(
    "domain", [Domain(1, DOMAIN.verifying_contract), Domain(648_529, Address(b"\xce" * 20))]
)
def test_another_chain_or_contract_gives_another_grant_id(domain):
    assert grant_id_of(CONSENT, domain) != grant_id_of(CONSENT, DOMAIN)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"pmr_id": -1}, "pmrId"),
        ({"pmr_id": 2**256}, "pmrId"),
        ({"patient": Address(b"short")}, "patient"),
        ({"patient": ZERO_ADDRESS}, "patient"),
        ({"grantee": ZERO_ADDRESS}, "grantee"),
        ({"grantee": PATIENT.address}, "grantee"),
        ({"scope": 1 << 7}, "scope"),
        ({"scope": 1 << 254}, "scope"),
        ({"scope": 1 << 256}, "scope"),
        ({"grantee_key": bytes(31)}, "granteeKey"),
        ({"valid_from_s": 2_000}, "validUntil"),
        ({"valid_until_s": 2**64}, "validUntil"),
        ({"valid_from_s": -1}, "validFrom"),
        ({"nonce": 2**256}, "nonce"),
    ],
)
def test_a_consent_that_no_contract_would_take_is_not_signed(change, field):
    with pytest.raises(ConsentFieldError) as caught:
        sign(replace(CONSENT, **change), DOMAIN, PATIENT)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("change", "field"),
    [({"epoch": 2**32}, "epoch"), ({"grant_id": b""}, "grantId"), ({"deal_id": b"x"}, "dealId")],
)
def test_a_deposit_with_a_field_out_of_range_is_not_signed(change, field):
    deposit = Deposit(grant_id=bytes(32), deal_id=bytes(32), epoch=0, deposit_root=bytes(32))
    with pytest.raises(ConsentFieldError) as caught:
        sign(replace(deposit, **change), DOMAIN, PATIENT)
    assert caught.value.field == field


def test_sections_are_bits_in_their_order_and_later_is_the_highest():
    assert [scope_of([name]) for name in SECTIONS] == [1, 2, 4, 8, 16, 32, 64]
    assert scope_of(["later"]) == 1 << 255 == LATER_BIT


def test_the_empty_scope_names_nothing():
    assert scope_of([]) == 0
    assert sections_of(0) == ()


@given(st.sets(st.sampled_from([*SECTIONS, "later"])))
@settings(max_examples=50, deadline=None)
def test_a_scope_names_what_it_was_made_of(names):
    assert set(sections_of(scope_of(sorted(names)))) == names


def test_an_unknown_section_is_refused_by_name():
    with pytest.raises(ConsentFieldError, match="dental"):
        scope_of(["dental"])


@pytest.mark.parametrize("scope", [1 << 7, 1 << 254, 1 << 256, -1])
def test_bits_without_a_meaning_are_refused(scope):
    with pytest.raises(ConsentFieldError, match="scope"):
        sections_of(scope)


def test_a_purpose_is_its_code_padded_with_zeros():
    assert Purpose.TREATMENT.encode() == b"TREAT" + bytes(27)
    assert [Purpose.decode(purpose.encode()) for purpose in Purpose] == list(Purpose)


def test_an_unknown_purpose_is_refused():
    with pytest.raises(ConsentFieldError, match="purpose"):
        Purpose.decode(b"FUN".ljust(32, b"\x00"))
