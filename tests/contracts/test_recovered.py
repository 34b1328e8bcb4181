"""What the old key cannot do after a recovery, and the new one can."""

from typing import Final

import pytest

from node.base.types import Hash32
from node.contracts.abi import Function
from node.contracts.consent_registry import Denied
from node.contracts.reverts import RevertReason
from tests.contracts.recovering import P1, recovered, refused, send, start
from tests.contracts.world import (
    DAY,
    PMR_ID,
    SETTINGS,
    STRANGER,
    World,
    account,
    content,
    x25519,
)

WAIT_S: Final = SETTINGS.recovery_seconds
MOVE_WALLET: Final = Function("moveWallet(address,address)")


def test_the_old_key_is_nobodys_in_the_registry(world: World) -> None:
    patients = world.suite.patients
    recovered(world)
    for data in (
        patients.set_key(x25519("thief")),
        patients.set_guardian(account("thief")),
        patients.cancel_recovery(),
    ):
        assert refused(world, "p1", data).name == "PatientUnknown"
    assert world.view(patients.patient(P1)).key == x25519("p1 anew")


def test_the_guardian_stays_the_guardian(world: World) -> None:
    assert world.view(recovered(world).suite.patients.guardian_of(P1)) == account("kin")
    send(world, "kin", start(world, "p1 again"))


def test_an_account_that_was_left_is_never_a_patients_again(world: World) -> None:
    """Or what it signed under its first nonces could be played again."""
    patients = world.suite.patients
    recovered(world)
    assert refused(world, "kin", start(world, "p1")).name == "AccountRetired"
    other = content("somebody else")
    data = patients.register(account("p1"), key=x25519("p1"), details=other)
    assert refused(world, "h1", data).name == "AccountRetired"


def _grant_on(world: World, signer: str, **changes: object) -> bytes:
    consent = world.consent(patient=account(signer), **changes)
    return world.suite.consents.grant(consent, world.signed(consent, signer))


def test_the_old_key_grants_nothing_more(world: World) -> None:
    consents = world.suite.consents
    world.grant()
    recovered(world)
    for nonce, error in [(0, "PatientUnknown"), (1, "ConsentNonce")]:
        data = _grant_on(world, "p1", nonce=nonce)
        assert world.refused(STRANGER, consents.address, data).name == error


def test_a_consent_signed_before_is_not_relayed_after(world: World) -> None:
    consents = world.suite.consents
    world.grant()
    until = world.chain.time_s + WAIT_S + DAY
    kept = _grant_on(world, "p1", valid_from_s=until - DAY, valid_until_s=until)
    recovered(world)
    assert world.refused(STRANGER, consents.address, kept) == RevertReason("ConsentNonce", (0,))


def _standing(world: World) -> Hash32:
    until = world.chain.time_s + 10 * DAY
    return world.grant(world.consent(valid_until_s=until))


def test_the_old_key_revokes_nothing_more(world: World) -> None:
    consents = world.suite.consents
    grant_id = _standing(world)
    signature = world.signed_revoke(grant_id, 1)
    recovered(world)
    own = consents.revoke(grant_id, grantee=account("d2"), pmr_id=PMR_ID)
    assert world.refused("p1", consents.address, own).name == "GrantUnknown"
    relayed = consents.revoke_signed(
        grant_id, grantee=account("d2"), pmr_id=PMR_ID, nonce=1, signature=signature
    )
    assert world.refused(STRANGER, consents.address, relayed).name == "GrantUnknown"
    assert world.view(consents.is_allowed(account("d2"), PMR_ID, world.chain.time_s))


def test_the_new_key_revokes_what_the_old_one_granted(world: World) -> None:
    consents = world.suite.consents
    grant_id = _standing(world)
    recovered(world)
    data = consents.revoke(grant_id, grantee=account("d2"), pmr_id=PMR_ID)
    world.send("p1 anew", consents.address, data)
    assert not world.view(consents.is_allowed(account("d2"), PMR_ID, world.chain.time_s))


@pytest.mark.parametrize("pmr_id", [0, PMR_ID])
def test_what_the_old_key_granted_stands_until_it_is_revoked(world: World, pmr_id: int) -> None:
    consents = world.suite.consents
    consent = world.consent(pmr_id=pmr_id, valid_until_s=world.chain.time_s + 10 * DAY)
    grant_id = world.grant(consent)
    recovered(world)
    assert world.view(consents.is_standing(consent))
    data = consents.revoke(grant_id, grantee=account("d2"), pmr_id=pmr_id)
    world.send("p1 anew", consents.address, data)
    assert not world.view(consents.is_standing(consent))


def test_the_new_keys_nonces_go_on(world: World) -> None:
    consents = world.suite.consents
    world.grant()
    recovered(world)
    assert world.view(consents.nonce(account("p1"))) == 0
    assert world.view(consents.nonce(account("p1 anew"))) == 1
    world.send(STRANGER, consents.address, _grant_on(world, "p1 anew"))
    assert world.view(consents.nonce(account("p1 anew"))) == 2


def test_a_patient_who_never_granted_grants_first_on_the_new_account(world: World) -> None:
    consents = world.suite.consents
    recovered(world)
    data = _grant_on(world, "p1")
    assert world.refused(STRANGER, consents.address, data).name == "PatientUnknown"
    world.send(STRANGER, consents.address, _grant_on(world, "p1 anew"))
    assert world.view(consents.nonce(account("p1 anew"))) == 1


def test_the_new_key_answers_a_request_that_waited_and_the_old_one_does_not(world: World) -> None:
    consents = world.suite.consents
    data = consents.request_access(
        account("p1"),
        pmr_id=0,
        purpose=b"TREAT".ljust(32, b"\0"),
        scope=(1 << 2).to_bytes(32),
        grantee_key=x25519("d2"),
        valid_from_s=world.chain.time_s,
        valid_until_s=world.chain.time_s + DAY,
    )
    request_id = world.send("d2", consents.address, data).output
    recovered(world)
    reason = world.refused("p1", consents.address, consents.deny(request_id))
    assert reason.name == "NotPatient"
    outcome = world.send("p1 anew", consents.address, consents.deny(request_id))
    assert world.events(outcome) == [Denied(request_id, account("p1 anew"))]


@pytest.mark.parametrize("sender", ["stranger", "p1", "h1", "member 0"])
def test_only_the_patients_registry_moves_a_wallet(world: World, sender: str) -> None:
    data = MOVE_WALLET.encode(account("p1"), account("thief"))
    reason = world.refused(sender, world.suite.consents.address, data)
    assert reason.name == "NotPatientRegistry"
