"""Revocations of grants; requests and how a patient turns them down."""

import pytest

from node.base.types import Address, Hash32
from node.contracts.consent_registry import (
    AccessRequested,
    Denied,
    Revoked,
)
from node.contracts.reverts import RevertReason
from tests.contracts.consents import D1, D2, P1, P2, is_allowed, nonce_of, revoke
from tests.contracts.recovering import P1 as P1_ID
from tests.contracts.world import (
    DAY,
    DIAGNOSIS,
    PMR_ID,
    STRANGER,
    TREAT,
    World,
    account,
    x25519,
)


def _revoke_refused(
    world: World,
    grant_id: Hash32,
    *,
    sender: str = "p1",
    grantee: Address = D2,
    pmr_id: int = PMR_ID,
) -> str:
    data = world.suite.consents.revoke(grant_id, grantee=grantee, pmr_id=pmr_id)
    return world.refused(sender, world.suite.consents.address, data).name


def _signed_revocation(
    world: World, grant_id: Hash32, *, nonce: int, signer: str = "p1", pmr_id: int = PMR_ID
) -> bytes:
    return world.suite.consents.revoke_signed(
        grant_id,
        grantee=D2,
        pmr_id=pmr_id,
        nonce=nonce,
        signature=world.signed_revoke(grant_id, nonce, signer),
    )


# revoking


def test_patient_revokes_directly(world: World) -> None:
    consent = world.consent()
    grant_id = world.grant(consent)
    outcome = revoke(world, grant_id)
    assert world.events(outcome) == [Revoked(grant_id)]
    assert not is_allowed(world)
    assert not world.view(world.suite.consents.is_standing(consent))


def test_direct_revocation_uses_no_nonce(world: World) -> None:
    revoke(world, world.grant())
    assert nonce_of(world) == 1


def test_grant_for_all_is_revoked(world: World) -> None:
    revoke(world, world.grant(world.consent(pmr_id=0)), pmr_id=0)
    assert not is_allowed(world)


def test_grant_can_be_revoked_before_it_begins(world: World) -> None:
    start = world.chain.time_s + DAY
    revoke(world, world.grant(world.consent(valid_from_s=start, valid_until_s=start + DAY)))
    assert not is_allowed(world, at_s=start)


@pytest.mark.parametrize("caller", ["p2", "d2", "stranger", "h1", "member 0"])
def test_nobody_but_the_patient_revokes(world: World, caller: str) -> None:
    grant_id = world.grant()
    assert _revoke_refused(world, grant_id, sender=caller) == "GrantUnknown"
    assert is_allowed(world)


def test_another_patient_with_grants_cannot_revoke(world: World) -> None:
    grant_id = world.grant()
    world.grant(world.consent(patient=P2, pmr_id=0), "p2")
    assert _revoke_refused(world, grant_id, sender="p2") == "GrantUnknown"


def test_unknown_grant_is_not_revoked(world: World) -> None:
    world.grant()
    assert _revoke_refused(world, Hash32(b"\x01" * 32)) == "GrantUnknown"


def test_revoking_twice_is_refused(world: World) -> None:
    grant_id = world.grant()
    revoke(world, grant_id)
    assert _revoke_refused(world, grant_id) == "GrantUnknown"


@pytest.mark.parametrize("wrong", [{"grantee": D1}, {"pmr_id": 0}])
def test_grantee_and_record_of_the_consent_must_be_named(
    world: World, wrong: dict[str, object]
) -> None:
    grant_id = world.grant()
    assert _revoke_refused(world, grant_id, **wrong) == "GrantUnknown"  # type: ignore[arg-type]


def test_expired_grant_is_not_revoked(world: World) -> None:
    consent = world.consent()
    grant_id = world.grant(consent)
    world.chain.set_block(world.chain.number, consent.valid_until_s - 5)
    assert _revoke_refused(world, grant_id) == "GrantNotActive"


def test_grant_is_revoked_in_its_last_second(world: World) -> None:
    consent = world.consent()
    grant_id = world.grant(consent)
    world.chain.set_block(world.chain.number, consent.valid_until_s - 6)
    revoke(world, grant_id)
    assert not is_allowed(world)


def test_anybody_relays_a_signed_revocation(world: World) -> None:
    consents = world.suite.consents
    grant_id = world.grant()
    outcome = world.send(STRANGER, consents.address, _signed_revocation(world, grant_id, nonce=1))
    assert world.events(outcome) == [Revoked(grant_id)]
    assert not is_allowed(world)
    assert nonce_of(world) == 2


def test_signed_revocation_by_another_key_is_refused(world: World) -> None:
    grant_id = world.grant()
    data = _signed_revocation(world, grant_id, nonce=1, signer="d2")
    assert world.refused(STRANGER, world.suite.consents.address, data).name == "GrantUnknown"


@pytest.mark.parametrize("nonce", [0, 2, 2**64 + 1])
def test_signed_revocation_needs_the_next_nonce(world: World, nonce: int) -> None:
    grant_id = world.grant()
    data = _signed_revocation(world, grant_id, nonce=nonce)
    reason = world.refused(STRANGER, world.suite.consents.address, data)
    assert reason == RevertReason("ConsentNonce", (1,))
    assert is_allowed(world)


def test_signed_revocation_is_used_once(world: World) -> None:
    consents = world.suite.consents
    grant_id = world.grant()
    data = _signed_revocation(world, grant_id, nonce=1)
    world.send(STRANGER, consents.address, data)
    assert world.refused(STRANGER, consents.address, data).name == "GrantUnknown"


def test_bad_signature_of_a_revocation_is_refused(world: World) -> None:
    grant_id = world.grant()
    data = world.suite.consents.revoke_signed(
        grant_id, grantee=D2, pmr_id=PMR_ID, nonce=1, signature=bytes(65)
    )
    assert world.refused(STRANGER, world.suite.consents.address, data).name == "ConsentSignature"


# requests


def _request(world: World, **changes: object) -> bytes:
    fields: dict[str, object] = {
        "pmr_id": PMR_ID,
        "purpose": TREAT,
        "scope": DIAGNOSIS,
        "grantee_key": x25519("d2"),
        "valid_from_s": world.chain.time_s,
        "valid_until_s": world.chain.time_s + DAY,
        **changes,
    }
    return world.suite.consents.request_access(fields.pop("patient", P1), **fields)  # type: ignore[arg-type]


def _asked(world: World, sender: str = "d2") -> Hash32:
    return Hash32(world.send(sender, world.suite.consents.address, _request(world)).output)


@pytest.mark.parametrize("sender", ["d2", "h2"])
def test_doctor_or_hospital_asks(world: World, sender: str) -> None:
    outcome = world.send(sender, world.suite.consents.address, _request(world))
    [event] = world.events(outcome)
    assert isinstance(event, AccessRequested)
    assert (event.request_id, event.patient, event.grantee) == (
        outcome.output,
        P1,
        account(sender),
    )
    assert (event.pmr_id, event.purpose, event.scope) == (PMR_ID, TREAT, DIAGNOSIS)
    assert world.view(world.suite.consents.requested_of(event.request_id)) == P1_ID


@pytest.mark.parametrize("sender", ["stranger", "p2", "l1"])
def test_nobody_else_asks(world: World, sender: str) -> None:
    reason = world.refused(sender, world.suite.consents.address, _request(world))
    assert reason.name == "GranteeNotActive"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"patient": STRANGER}, "PatientUnknown"),
        ({"patient": P2}, "NotPatient"),
        ({"scope": bytes(32)}, "ConsentScope"),
        ({"grantee_key": bytes(32)}, "FieldMissing"),
        ({"valid_until_s": 1}, "ConsentPeriod"),
        ({"valid_from_s": 0}, "ConsentPeriod"),
    ],
)
def test_request_that_no_consent_could_answer_is_refused(
    world: World, changes: dict[str, object], error: str
) -> None:
    reason = world.refused("d2", world.suite.consents.address, _request(world, **changes))
    assert reason.name == error


def test_request_alone_opens_nothing(world: World) -> None:
    _asked(world)
    assert not is_allowed(world)


def test_patient_denies(world: World) -> None:
    consents = world.suite.consents
    request_id = _asked(world)
    outcome = world.send("p1", consents.address, consents.deny(request_id))
    assert world.events(outcome) == [Denied(request_id, P1)]
    assert world.view(consents.requested_of(request_id)) == 0


@pytest.mark.parametrize("caller", ["p2", "d2", "stranger"])
def test_nobody_else_denies(world: World, caller: str) -> None:
    consents = world.suite.consents
    data = consents.deny(_asked(world))
    assert world.refused(caller, consents.address, data).name == "NotPatient"


def test_request_is_denied_once(world: World) -> None:
    consents = world.suite.consents
    data = consents.deny(_asked(world))
    world.send("p1", consents.address, data)
    assert world.refused("p1", consents.address, data).name == "RequestUnknown"


def test_unknown_request_is_not_denied(world: World) -> None:
    data = world.suite.consents.deny(Hash32(b"\x01" * 32))
    assert world.refused("p1", world.suite.consents.address, data).name == "RequestUnknown"


def test_requests_of_different_blocks_differ(world: World) -> None:
    data = _request(world)
    consents = world.suite.consents.address
    first = world.send("d2", consents, data).output
    assert world.send("d2", consents, data).output != first
