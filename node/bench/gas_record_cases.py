"""Cases of the gas report: patients and recoveries, lab orders, consents, custody."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from node.base.keccak import keccak256
from node.bench.gas_people import (
    Case,
    guardian,
    lab_filing,
    lab_order,
    listing,
    recovery_confirmation,
    recovery_end,
    recovery_start,
    registration,
    to_consents,
    to_custody,
    to_patients,
)
from node.bench.gas_world import (
    FIRST_PATIENT_ID,
    FULL_SCOPE,
    PMR_ID,
    TODAY,
    Call,
    GasWorld,
    account,
    content,
    word,
)
from node.contracts.consent_registry import CONSENTS_PER_TRANSACTION_MAX
from node.contracts.custody_ledger import NOTES_COUNT_MAX, EpochNote, ErasureNote, ReceiptNote
from node.contracts.government_actions import SuspendHospital
from node.contracts.pmr_id import encode_pmr_id
from node.privacy.consent import Purpose

GRANTS_MAX: Final = 8
"""Standing grants that one list can hold: ``GrantLists.WORDS_MAX``."""
FIRST_GRANT_BUDGET: Final = 100_000
GRANT_BUDGET: Final = 80_000
REVOKE_BUDGET: Final = 35_000
FILE_BUDGET: Final = 200_000
_DEAL: Final = word("deal")


# patients


def _patient_key(world: GasWorld) -> Call:
    return to_patients(world, "p1", world.suite.patients.set_key(word("another key")))


def _another_guardian(world: GasWorld) -> Call:
    world.send(guardian(world))
    return guardian(world, "friend")


def _objection(world: GasWorld) -> Call:
    world.send(recovery_confirmation(world))
    return to_patients(world, "p1", world.suite.patients.cancel_recovery())


def _end_after_grants(world: GasWorld) -> Call:
    world.send(world.grant())
    return recovery_end(world)


# lab orders


def _filing(world: GasWorld) -> Call:
    world.send(lab_order(world))
    return lab_filing(world)


def _refresh(world: GasWorld) -> Call:
    world.send(_filing(world))
    labs = world.suite.labs
    return Call("p1", labs.address, labs.refresh(PMR_ID, 1, 1))


# consents


def _request(world: GasWorld) -> Call:
    data = world.suite.consents.request_access(
        account("p1"),
        pmr_id=PMR_ID,
        purpose=Purpose.TREATMENT.encode(),
        scope=FULL_SCOPE,
        grantee_key=word("x25519 d2"),
        valid_from_s=world.time_s,
        valid_until_s=world.time_s + 3_600,
    )
    return to_consents(world, "d2", data)


def _denial(world: GasWorld) -> Call:
    request = _request(world)
    world.send(request)
    # what the contract hashes: all that was asked, who asked, and the block's number
    asked = account("d2").rjust(32, b"\0") + request.data[4:] + world.number.to_bytes(32)
    return to_consents(world, "p1", world.suite.consents.deny(keccak256(asked)))


def _second_grant(world: GasWorld) -> Call:
    world.send(world.grant())
    return world.grant(world.consent(grantee="d1"))


def _last_grant_of_a_list(world: GasWorld) -> Call:
    for _ in range(GRANTS_MAX - 1):
        world.send(world.grant())
    return world.grant()


def _grants(world: GasWorld, count: int) -> Call:
    """So many at once, each of another record."""
    base = world.consent()
    consents = [
        replace(
            base,
            pmr_id=encode_pmr_id(FIRST_PATIENT_ID, TODAY - timedelta(days=place)),
            nonce=base.nonce + place,
        )
        for place in range(count)
    ]
    data = world.suite.consents.grant_many([(each, world.signed(each)) for each in consents])
    return to_consents(world, "relay", data)


def _revocation(world: GasWorld, standing_before: int, *, relayed: bool) -> Call:
    """Take back the grant behind so many others in its list."""
    for _ in range(standing_before):
        world.send(world.grant())
    consent = world.consent()
    grant_id = world.view(world.suite.consents.grant_id_of(consent))
    world.send(world.grant(consent))
    consents = world.suite.consents
    if not relayed:
        data = consents.revoke(grant_id, grantee=account("d2"), pmr_id=PMR_ID)
        return to_consents(world, "p1", data)
    nonce = consent.nonce + 1
    data = consents.revoke_signed(
        grant_id,
        grantee=account("d2"),
        pmr_id=PMR_ID,
        nonce=nonce,
        signature=world.signed_revoke(grant_id, nonce),
    )
    return to_consents(world, "relay", data)


# custody


def _receipts(world: GasWorld, count: int, first: int) -> Call:
    """Every second one a refusal, each of another grant and deal, behind ``first`` others."""
    custody = world.suite.custody
    if first:
        world.send(_receipts(world, first, 0))
    notes = [
        ReceiptNote(word(f"grant {at}"), word(f"deal {at}"), word(f"receipt {at}"), status=at % 2)
        for at in range(first, first + count)
    ]
    return to_custody(world, "h1", custody.record_receipts(first, notes))


def _epochs(world: GasWorld, count: int, epoch: int) -> Call:
    if epoch > 1:
        world.send(_epochs(world, count, epoch - 1))
    notes = [EpochNote(word(f"deal {at}"), 2, epoch, word("share")) for at in range(count)]
    return to_custody(world, "h1", world.suite.custody.record_epochs(notes))


def _erasures(world: GasWorld, count: int) -> Call:
    notes = [ErasureNote(_DEAL, 2, word(f"certificate {at}")) for at in range(count)]
    return to_custody(world, "h1", world.suite.custody.record_erasures(notes))


def _replacement(world: GasWorld, sender: str, old: str, new: str) -> Call:
    data = world.suite.custody.replace_custodian(
        _DEAL, pmr_id=PMR_ID, index=2, old=account(old), new=account(new)
    )
    return to_custody(world, sender, data)


def _replacement_by_a_member(world: GasWorld) -> Call:
    world.send(world.enact(SuspendHospital(account("h1"))))
    return _replacement(world, "m0", "h1", "h2")


def _replacement_again(world: GasWorld) -> Call:
    world.send(_replacement(world, "p1", "h1", "h2"))
    return _replacement(world, "p1", "h2", "h1")


def _rotation(world: GasWorld, generation: int) -> Call:
    if generation > 1:
        world.send(_rotation(world, generation - 1))
    manifest = content(f"manifest {generation}").cid
    data = world.suite.custody.rotate(PMR_ID, 0, generation=generation, manifest=manifest)
    return to_custody(world, "p1", data)


def _complaint(world: GasWorld) -> Call:
    data = world.suite.custody.complain(
        _DEAL, index=2, custodian=account("h1"), receipt_id=word("r"), evidence=word("e")
    )
    return to_custody(world, "d1", data)


CASES: Final = (
    Case("with an attendant", lambda w: registration(w, "p3")),
    Case("typical", _patient_key),
    Case("the first", guardian),
    Case("another one", _another_guardian),
    Case("typical", recovery_start),
    Case("typical", recovery_confirmation),
    Case("typical", _objection),
    Case("patient without grants", recovery_end),
    Case("patient with grants", _end_after_grants),
    Case("typical", lambda w: listing(w, "l2")),
    Case("typical", lab_order),
    Case("typical", _filing, FILE_BUDGET),
    Case("typical", _refresh),
    Case("typical", _request),
    Case("typical", _denial),
    Case("a patient's first", lambda w: w.grant(), FIRST_GRANT_BUDGET),
    Case("another grantee", _second_grant, GRANT_BUDGET),
    Case("8th of one list", _last_grant_of_a_list),
    Case("1 consent", lambda w: _grants(w, 1)),
    Case("16 consents", lambda w: _grants(w, CONSENTS_PER_TRANSACTION_MAX)),
    Case("alone in its list", lambda w: _revocation(w, 0, relayed=False), REVOKE_BUDGET),
    Case("8th of its list", lambda w: _revocation(w, GRANTS_MAX - 1, relayed=False)),
    Case("alone in its list", lambda w: _revocation(w, 0, relayed=True), REVOKE_BUDGET),
    Case("8th of its list", lambda w: _revocation(w, GRANTS_MAX - 1, relayed=True)),
    Case("first 16 of a custodian", lambda w: _receipts(w, 16, 0)),
    Case("1 behind others", lambda w: _receipts(w, 1, 1)),
    Case("64 behind others", lambda w: _receipts(w, NOTES_COUNT_MAX, 1)),
    Case("1 first note", lambda w: _epochs(w, 1, 1)),
    Case("1 later note", lambda w: _epochs(w, 1, 2)),
    Case("64 first notes", lambda w: _epochs(w, NOTES_COUNT_MAX, 1)),
    Case("1 note", lambda w: _erasures(w, 1)),
    Case("64 notes", lambda w: _erasures(w, NOTES_COUNT_MAX)),
    Case("by the patient", lambda w: _replacement(w, "p1", "h1", "h2")),
    Case("by the patient, again", _replacement_again),
    Case("by a member", _replacement_by_a_member),
    Case("generation 1", lambda w: _rotation(w, 1)),
    Case("generation 2", lambda w: _rotation(w, 2)),
    Case("typical", _complaint),
)
