"""Attacks of whoever sees a transaction before it is mined: copies, races, squatters."""

from dataclasses import replace

import pytest

from node.base.types import Hash32
from node.contracts.custody_ledger import ReceiptNote
from node.contracts.government_actions import RevokeHospital
from node.contracts.hospital_registry import HospitalStatus
from tests.contracts.consents import D1, D2, P2, is_allowed, nonce_of
from tests.contracts.recovering import confirm, refused, send, start, started
from tests.contracts.world import PMR_ID, STRANGER, World, account, content, x25519

NOTE = ReceiptNote(b"\1" * 32, b"\2" * 32, b"\3" * 32, 0)


def test_copied_consent_does_what_the_patient_signed_and_nothing_else(world: World) -> None:
    """A thief relays first: the very same grant stands, for the same grantee, once."""
    consent = world.consent()
    data = world.suite.consents.grant(consent, world.signed(consent))
    consents = world.suite.consents
    grant_id = Hash32(world.send("thief", consents.address, data).output)
    assert grant_id == world.view(consents.grant_id_of(consent))
    assert world.refused("h1", consents.address, data).name == "ConsentNonce"
    assert is_allowed(world, grantee=D2)
    assert not is_allowed(world, grantee=account("thief"))
    assert nonce_of(world) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"grantee": D1},
        {"pmr_id": 0},
        {"scope": (0x7F).to_bytes(32)},
        {"grantee_key": x25519("thief")},
        {"valid_until_s": 2_000_000_000},
    ],
    ids=lambda change: next(iter(change)),
)
def test_copied_consent_cannot_be_bent(world: World, change: dict[str, object]) -> None:
    consent = world.consent()
    signature = world.signed(consent)
    data = world.suite.consents.grant(replace(consent, **change), signature)  # type: ignore[arg-type]
    assert world.refused("d1", world.suite.consents.address, data).name == "ConsentSignature"


def test_patient_consents_to_the_own_records_only(world: World) -> None:
    """P2 signs a Consent for a record of p1: correctly signed, and none of P2's business."""
    stolen = world.consent(patient=P2, nonce=0)
    assert world.grant_refused(stolen, signer="p2").name == "NotPatient"
    assert not is_allowed(world)


def test_nobody_else_moves_a_patients_nonce(world: World) -> None:
    consent = world.consent()
    own = world.suite.consents.grant(consent, world.signed(consent))
    for forged in (
        world.suite.consents.grant(consent, world.signed(consent, "thief")),
        world.suite.consents.grant(consent, bytes(64) + b"\x1b"),
        world.suite.consents.revoke_signed(
            Hash32(b"\1" * 32),
            grantee=D2,
            pmr_id=PMR_ID,
            nonce=0,
            signature=world.signed_revoke(Hash32(b"\1" * 32), 0),
        ),
    ):
        world.refused("thief", world.suite.consents.address, forged)
    assert nonce_of(world) == 0
    world.send("h1", world.suite.consents.address, own)
    assert is_allowed(world)


def test_batch_whose_first_was_relayed_loses_nothing(world: World) -> None:
    """Griefing a batch costs the thief gas: what is left of it can be relayed one by one."""
    consents = world.suite.consents
    first = world.consent()
    second = world.consent(grantee=D1, nonce=1)
    pairs = [(each, world.signed(each)) for each in (first, second)]
    world.send("thief", consents.address, consents.grant(*pairs[0]))
    assert world.refused("h1", consents.address, consents.grant_many(pairs)).name == "ConsentNonce"
    world.send("h1", consents.address, consents.grant(*pairs[1]))
    assert is_allowed(world, grantee=D1)
    assert is_allowed(world, grantee=D2)


def test_squatted_hospital_registration_is_freed_by_the_authority(world: World) -> None:
    """Anybody may apply, also under a number that is not the own; only the authority verifies."""
    hospitals = world.suite.hospitals
    world.send("thief", hospitals.address, world.application("thief", "IN/REAL"))
    mine = world.application("h3", "IN/REAL")
    assert world.refused("h3", hospitals.address, mine).name == "DuplicateRegistration"
    world.enact(RevokeHospital(account("thief")))
    world.send("h3", hospitals.address, mine)
    assert world.view(hospitals.hospital(account("h3"))).status is HospitalStatus.APPLIED
    assert not world.view(hospitals.is_active(account("thief")))


def test_strangers_register_neither_doctors_nor_patients_nor_labs(world: World) -> None:
    """Numbers and identity commitments that are seen in the pool are taken by no stranger."""
    suite = world.suite
    for to, data in (
        (suite.doctors.address, world.onboarding("d9", "UPRN-SEEN")),
        (suite.patients.address, world.registration("p9")),
        (suite.labs.address, suite.labs.list_lab(account("l9"), "Lab")),
    ):
        assert world.refused("thief", to, data).name == "HospitalNotVerified"
        world.send("h1", to, data)


def test_identity_that_another_desk_has_registered_says_so(world: World) -> None:
    """A Verified desk that copies a commitment binds it to an account that it shows to all."""
    mine = world.suite.patients.register(
        account("p9"), key=x25519("p9"), details=content("details p9")
    )
    copied = world.suite.patients.register(
        account("p8"), key=x25519("p8"), details=content("details p9")
    )
    world.send("h2", world.suite.patients.address, copied)
    reason = world.refused("h1", world.suite.patients.address, mine)
    assert (reason.name, reason.args) == ("DuplicateRegistration", (85_439,))
    assert world.view(world.suite.patients.account_of(85_439)) == account("p8")


def test_guardian_does_not_swap_the_account_under_a_confirmation(world: World) -> None:
    started(world)
    seen = confirm(world)
    send(world, "kin", start(world, new="thief", key="thief"))
    assert refused(world, "h2", seen).name == "RecoveryDiffers"


def test_custodian_does_not_use_up_the_numbers_of_another(world: World) -> None:
    custody = world.suite.custody
    world.send("h2", custody.address, custody.record_receipts(0, [NOTE] * 3))
    world.send("h1", custody.address, custody.record_receipts(0, [NOTE]))
    assert world.view(custody.next_sequence(account("h1"))) == 1
    assert world.view(custody.next_sequence(account("h2"))) == 3
    reason = world.refused(STRANGER, custody.address, custody.record_receipts(0, [NOTE]))
    assert reason.name == "NotCustodian"
