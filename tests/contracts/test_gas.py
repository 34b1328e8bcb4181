"""The gas budgets of records.md section 3, one transaction each, on stock py-evm (London).

Figures are recorded as properties of the tests (``--junit-xml``) and printed with ``-s``.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest

from node.base.types import Address
from node.contracts.lab_registry import SharePlan
from node.contracts.pmr_id import encode_pmr_id
from tests.contracts.world import PMR_ID, STRANGER, TODAY, World, account, content

Record = Callable[[str, object], None]
PLAN = SharePlan(scheme_id=4, needed=3, total=5)
FULL_SCOPE = (0x7F | 1 << 255).to_bytes(32)


def _within(record: Record, what: str, gas: int, budget: int) -> None:
    record(what, gas)
    print(f"{what}: {gas} of {budget}")  # noqa: T201 - the figure is the point
    assert gas <= budget, what


def _gas(world: World, sender: str | Address, to: Address, data: bytes) -> int:
    return world.send(sender, to, data).gas


def _grant(world: World, **changes: object) -> int:
    consent = world.consent(scope=FULL_SCOPE, **changes)
    data = world.suite.consents.grant(consent, world.signed(consent))
    return _gas(world, STRANGER, world.suite.consents.address, data)


def test_patient_doctor_and_grant_together(world: World, record_property: Record) -> None:
    suite = world.suite
    patient = _gas(world, "h1", suite.patients.address, world.registration("p3"))
    doctor = _gas(world, "h1", suite.doctors.address, world.onboarding("d3"))
    consent = world.consent(patient=account("p3"), pmr_id=0, grantee=account("d3"))
    data = suite.consents.grant(consent, world.signed(consent, "p3"))
    grant = _gas(world, STRANGER, suite.consents.address, data)
    record_property("register patient", patient)
    record_property("onboard doctor", doctor)
    _within(record_property, "patient + doctor + grant", patient + doctor + grant, 400_000)


def test_first_grant_of_a_patient(world: World, record_property: Record) -> None:
    _within(record_property, "first grant", _grant(world), 100_000)


@pytest.mark.parametrize("grantee", ["d1", "h2"])
@pytest.mark.parametrize("pmr_id", [0, PMR_ID])
def test_grant(world: World, record_property: Record, grantee: str, pmr_id: int) -> None:
    world.grant()
    gas = _grant(world, grantee=account(grantee), pmr_id=pmr_id)
    _within(record_property, "grant", gas, 80_000)


def test_grant_beside_a_standing_one(world: World, record_property: Record) -> None:
    world.grant()
    _within(record_property, "grant beside a standing one", _grant(world), 80_000)


def test_revocation_by_the_patient(world: World, record_property: Record) -> None:
    consents = world.suite.consents
    data = consents.revoke(world.grant(), grantee=account("d2"), pmr_id=PMR_ID)
    _within(record_property, "revoke", _gas(world, "p1", consents.address, data), 35_000)


@pytest.mark.parametrize("pmr_id", [0, PMR_ID])
def test_relayed_revocation(world: World, record_property: Record, pmr_id: int) -> None:
    consents = world.suite.consents
    grant_id = world.grant(world.consent(pmr_id=pmr_id))
    signature = world.signed_revoke(grant_id, 1)
    data = consents.revoke_signed(
        grant_id, grantee=account("d2"), pmr_id=pmr_id, nonce=1, signature=signature
    )
    gas = _gas(world, STRANGER, consents.address, data)
    _within(record_property, "revoke, relayed", gas, 35_000)


def _consult(world: World, pmr_id: int) -> int:
    data = world.suite.pmr.consult(pmr_id, hospital_id=1, content=content("visit"))
    return _gas(world, "d1", world.suite.pmr.address, data)


@pytest.mark.parametrize("patient_id", [85_437, 85_438])
def test_mint_and_first_entry(world: World, record_property: Record, patient_id: int) -> None:
    """Of a patient who has a record already, and of one who has none."""
    gas = _consult(world, encode_pmr_id(patient_id, TODAY + timedelta(days=1)))
    _within(record_property, "mint + first entry", gas, 260_000)


def test_appended_visit(world: World, record_property: Record) -> None:
    _within(record_property, "append entry", _consult(world, PMR_ID), 120_000)


@pytest.mark.parametrize("pmr_id", [0, PMR_ID])
def test_appended_second_opinion(world: World, record_property: Record, pmr_id: int) -> None:
    world.grant(world.consent(pmr_id=pmr_id))
    data = world.suite.pmr.add_second_opinion(PMR_ID, hospital_id=2, content=content("opinion"))
    gas = _gas(world, "d2", world.suite.pmr.address, data)
    _within(record_property, "append second opinion", gas, 120_000)


def test_appended_amendment(world: World, record_property: Record) -> None:
    data = world.suite.pmr.amend(PMR_ID, 0, hospital_id=1, content=content("better"))
    gas = _gas(world, "d1", world.suite.pmr.address, data)
    _within(record_property, "append amendment", gas, 120_000)


def test_filed_lab_report(world: World, record_property: Record) -> None:
    labs = world.suite.labs
    order = labs.order(PMR_ID, hospital_id=1, lab=account("l1"), modality="CT", reason="R07.9")
    record_property("order lab", _gas(world, "d1", labs.address, order))
    data = labs.file(
        1, modality="CT", captured=TODAY, reason="R07.9", content=content("study"), plan=PLAN
    )
    gas = _gas(world, "l1", labs.address, data)
    _within(record_property, "file lab report", gas, 200_000)
