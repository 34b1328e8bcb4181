"""The gas budgets of records.md section 3, one transaction each, on stock py-evm (London).

Figures are recorded as properties of the tests (``--junit-xml``) and printed with ``-s``.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest

from node.base.types import Address
from node.contracts.government_actions import (
    Action,
    AdmitValidator,
    SuspendHospital,
    WithdrawValidator,
)
from node.contracts.key_rotation import RotateKey
from node.contracts.lab_registry import SharePlan
from node.contracts.pmr_id import encode_pmr_id
from node.workflows.transacting import REGISTRY_GAS
from tests.contracts.stock_chain import CHAIN_ID
from tests.contracts.validators import LICENCE, NODE_ID, with_validators
from tests.contracts.world import (
    MEMBERS,
    PMR_ID,
    STRANGER,
    TODAY,
    World,
    account,
    content,
    key_of,
)

Record = Callable[[str, object], None]
PLAN = SharePlan(scheme_id=4, needed=3, total=5)
LOWEST = Address(bytes(19) + b"\x01")
"""Below all others, each of which it moves by a place."""
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


# what consensus and the authority pay for a set of a hundred


@pytest.fixture(scope="module")
def full() -> World:
    """Give 99 validators and a hospital that is one, of a set of 100."""
    world = with_validators(100)
    world.add_hospital("validator 0")
    return world


def _deciding(world: World, action: Action) -> int:
    """Give the gas of the vote that enacts."""
    return world.enact(action).gas


def test_full_set_is_read(full: World, record_property: Record) -> None:
    world = full.fork()
    government = world.suite.government
    gas = _gas(world, STRANGER, government.address, government.get_validators().data)
    _within(record_property, "read a set of 100", gas, 30_000_000)


@pytest.mark.slow
def test_full_set_is_read_while_all_leave(record_property: Record) -> None:
    world = with_validators(100)
    government = world.suite.government
    world.add_hospital("validator 0")
    data = _rotation(world, "validator 0", "heir")
    for i in range(99):
        world.send(MEMBERS[0], government.address, government.propose(_withdrawal(i + 1)))
    first = world.view(government.proposal_count()) - 98
    world.chain.wait(5)
    for i in range(98):
        vote = government.vote(first + i)
        world.send(MEMBERS[1], government.address, vote, block=False)
    world.send(STRANGER, government.address, data, block=False)
    gas = world.send(
        STRANGER, government.address, government.get_validators().data, block=False
    ).gas
    _within(record_property, "read a set of 100 that all leave", gas, 30_000_000)


def test_key_joins_ninety_nine_others(full: World, record_property: Record) -> None:
    world = full.fork()
    world.enact(_withdrawal(1))
    gas = _deciding(world, AdmitValidator(account("validator 0"), LOWEST, NODE_ID, LICENCE))
    _within(record_property, "admit into 99", gas, REGISTRY_GAS)


def test_key_leaves_ninety_nine_others(full: World, record_property: Record) -> None:
    gas = _deciding(full.fork(), _withdrawal(1))
    _within(record_property, "withdraw from 100", gas, REGISTRY_GAS)


def test_hospital_is_suspended_among_a_hundred(full: World, record_property: Record) -> None:
    gas = _deciding(full.fork(), SuspendHospital(account("validator 0")))
    _within(record_property, "suspend one of 100", gas, REGISTRY_GAS)


def test_key_rotates_among_a_hundred(full: World, record_property: Record) -> None:
    world = full.fork()
    data = _rotation(world, "validator 0", "heir")
    gas = _gas(world, STRANGER, world.suite.government.address, data)
    _within(record_property, "rotate one of 100", gas, REGISTRY_GAS)


def _withdrawal(place: int) -> WithdrawValidator:
    return WithdrawValidator(account(f"validator {place}"))


def _rotation(world: World, old: str, new: str) -> bytes:
    government = world.suite.government
    since = world.view(government.validator(account(old))).active_from
    by_old, by_new = RotateKey(account(old), account(new), since).proofs(
        key_of(old), key_of(new), chain_id=CHAIN_ID, government=government.address
    )
    return government.rotate_key(account(old), account(new), by_old=by_old, by_new=by_new)
