"""Consents that are relayed together, and signed revocations: each refusal of the single ones."""

import pytest

from node.base.types import ZERO_ADDRESS
from node.contracts.consent_registry import Consent
from node.contracts.reverts import RevertReason
from tests.contracts.consents import D2
from tests.contracts.world import DAY, PMR_ID, STRANGER, World, account

N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def _refused(world: World, consent: Consent, signature: bytes | None = None) -> RevertReason:
    """Relay a good consent and this one behind it."""
    consents = world.suite.consents
    first = world.consent(nonce=0, grantee=account("h2"))
    pairs = [(first, world.signed(first)), (consent, signature or world.signed(consent))]
    reason = world.refused(STRANGER, consents.address, consents.grant_many(pairs))
    assert world.view(consents.nonce(account("p1"))) == 0, "the first one stands alone"
    return reason


def _high(signature: bytes) -> bytes:
    """Give the other signature of the same key and message: n - s, and the other parity."""
    s = N - int.from_bytes(signature[32:64])
    return signature[:32] + s.to_bytes(32) + bytes([27 + 28 - signature[64]])


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"nonce": 0}, "ConsentNonce"),
        ({"nonce": 2}, "ConsentNonce"),
        ({"valid_until_s": 5}, "ConsentPeriod"),
        ({"valid_from_s": 2**40, "valid_until_s": 2**40 + DAY}, "ConsentPeriod"),
        ({"valid_from_s": 0}, "ConsentPeriod"),
        ({"scope": bytes(32)}, "ConsentScope"),
        ({"scope": bytes(31) + b"\x80"}, "ConsentScope"),
        ({"grantee_key": bytes(32)}, "FieldMissing"),
        ({"grantee": STRANGER}, "GranteeNotActive"),
        ({"grantee": account("p1")}, "GranteeNotActive"),
        ({"pmr_id": PMR_ID + 10**8}, "NotPatient"),
    ],
)
def test_a_consent_that_cannot_stand_refuses_all_with_it(
    world: World, changes: dict[str, object], error: str
) -> None:
    assert _refused(world, world.consent(**{"nonce": 1, **changes})).name == error


def test_a_consent_of_nobody_registered_refuses_all_with_it(world: World) -> None:
    consent = world.consent(patient=STRANGER, pmr_id=0, nonce=0)
    assert _refused(world, consent, world.signed(consent, "stranger")).name == "PatientUnknown"


def test_the_ninth_grant_of_a_list_refuses_all_with_it(world: World) -> None:
    consents = world.suite.consents
    given = [world.consent(nonce=nonce) for nonce in range(9)]
    pairs = [(consent, world.signed(consent)) for consent in given]
    reason = world.refused(STRANGER, consents.address, consents.grant_many(pairs))
    assert reason.name == "GrantLimit"
    world.send(STRANGER, consents.address, consents.grant_many(pairs[:8]))


def test_a_signature_of_somebody_else_refuses_all_with_it(world: World) -> None:
    consent = world.consent(nonce=1)
    assert _refused(world, consent, world.signed(consent, "p2")).name == "ConsentSignature"


def test_a_signature_with_high_s_refuses_all_with_it(world: World) -> None:
    consent = world.consent(nonce=1)
    assert _refused(world, consent, _high(world.signed(consent))).name == "ConsentSignature"


@pytest.mark.parametrize("parity", [26, 29])
def test_a_signature_that_recovers_to_nobody_refuses_all_with_it(world: World, parity: int) -> None:
    consent = world.consent(patient=ZERO_ADDRESS, nonce=0)
    signature = world.signed(consent)[:64] + bytes([parity])
    assert _refused(world, consent, signature).name == "ConsentSignature"


# a signed revocation


def _revocation_refused(world: World, grant_id: bytes, signature: bytes) -> str:
    consents = world.suite.consents
    data = consents.revoke_signed(
        grant_id,  # type: ignore[arg-type]
        grantee=D2,
        pmr_id=PMR_ID,
        nonce=1,
        signature=signature,
    )
    return world.refused(STRANGER, consents.address, data).name


def test_a_revocation_with_high_s_is_refused(world: World) -> None:
    grant_id = world.grant()
    signature = _high(world.signed_revoke(grant_id, 1))
    assert _revocation_refused(world, grant_id, signature) == "ConsentSignature"


@pytest.mark.parametrize("parity", [26, 29])
def test_a_revocation_that_recovers_to_nobody_is_refused(world: World, parity: int) -> None:
    grant_id = world.grant()
    signature = world.signed_revoke(grant_id, 1)[:64] + bytes([parity])
    assert _revocation_refused(world, grant_id, signature) == "ConsentSignature"


def test_a_grant_that_is_over_is_not_revoked_by_a_signature(world: World) -> None:
    consent = world.consent()
    grant_id = world.grant(consent)
    world.chain.set_block(world.chain.number, consent.valid_until_s - 5)
    signature = world.signed_revoke(grant_id, 1)
    assert _revocation_refused(world, grant_id, signature) == "GrantNotActive"


# a request


def test_a_request_beyond_forty_bits_of_time_is_refused(world: World) -> None:
    consents = world.suite.consents
    terms = world.consent(valid_from_s=2**40, valid_until_s=2**40 + DAY)
    data = consents.request_access(
        terms.patient,
        pmr_id=PMR_ID,
        purpose=terms.purpose,
        scope=terms.scope,
        grantee_key=terms.grantee_key,
        valid_from_s=terms.valid_from_s,
        valid_until_s=terms.valid_until_s,
    )
    assert world.refused("d2", consents.address, data).name == "ConsentPeriod"
