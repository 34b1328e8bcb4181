"""Licences that end, and the sweep that anybody may call from then on (consensus.md section 8)."""

import pytest

from node.contracts.government_actions import (
    LICENCE_WITHOUT_END,
    AdmitValidator,
    SetLicence,
    SuspendHospital,
)
from node.contracts.government_registry import (
    BelowMinimum,
    LicenceSet,
    LicenceSwept,
    ValidatorWithdrawn,
)
from tests.contracts.stock_chain import BLOCK_SECONDS, Outcome
from tests.contracts.validators import KEYS, LICENCE, NODE_ID, admit, record, set_now, set_of
from tests.contracts.world import STRANGER, VALIDATORS, World, account

ADMISSION = AdmitValidator(account("h1"), KEYS[0], NODE_ID, LICENCE)


def _licensed(world: World, seconds: int = 60, hospital: str = "h1") -> int:
    """Give a hospital a licence that ends so many seconds from now; give its end."""
    until = world.chain.time_s + seconds
    world.enact(SetLicence(account(hospital), until))
    return until


def _to(world: World, time_s: int) -> None:
    """The next block has this time."""
    world.chain.set_block(world.chain.number, time_s - BLOCK_SECONDS)


def _sweep(world: World, hospital_id: int = 1) -> Outcome:
    government = world.suite.government
    return world.send(STRANGER, government.address, government.sweep_expired(hospital_id))


def _sweep_refused(world: World, hospital_id: int = 1) -> str:
    government = world.suite.government
    data = government.sweep_expired(hospital_id)
    return world.refused(STRANGER, government.address, data).name


def test_a_licence_has_no_end_at_first(world: World) -> None:
    assert world.view(world.suite.government.licence_until(1)) == LICENCE_WITHOUT_END
    assert _sweep_refused(world) == "LicenceNotExpired"


def test_a_licence_is_told_and_kept(world: World) -> None:
    until = world.chain.time_s + 60
    outcome = world.enact(SetLicence(account("h2"), until))
    assert LicenceSet(2, until) in world.events(outcome)
    assert world.view(world.suite.government.licence_until(2)) == until


def test_a_hospital_that_is_not_verified_gets_no_licence(world: World) -> None:
    world.enact(SuspendHospital(account("h1")))
    action = SetLicence(account("h1"), world.chain.time_s + 60)
    assert world.enact_refused(action).name == "HospitalNotVerified"


def test_nothing_leaves_by_time_alone(world: World) -> None:
    admit(world, KEYS[0])
    until = _licensed(world)
    _to(world, until + 1_000)
    world.chain.wait(BLOCK_SECONDS)
    assert KEYS[0] in set_now(world)
    assert record(world, KEYS[0]).active_until == 0


def test_a_licence_lasts_in_its_last_second(world: World) -> None:
    admit(world, KEYS[0])
    until = _licensed(world)
    _to(world, until - 1)
    assert _sweep_refused(world) == "LicenceNotExpired"


def test_anybody_sweeps_in_the_first_second_without_a_licence(world: World) -> None:
    admit(world, KEYS[0])
    until = _licensed(world)
    _to(world, until)
    outcome = _sweep(world)
    enacted_in = world.chain.number
    assert world.events(outcome) == [
        ValidatorWithdrawn(KEYS[0], 1, enacted_in + 1),
        LicenceSwept(1, until),
    ]
    assert KEYS[0] in set_of(world, enacted_in)
    assert KEYS[0] not in set_of(world, enacted_in + 1)


def test_a_sweep_is_spread_by_the_cap(world: World) -> None:
    for key in KEYS[:3]:
        admit(world, key)
    until = _licensed(world)
    _to(world, until)
    _sweep(world)
    swept = world.chain.number
    ends = sorted(record(world, key).active_until - swept for key in KEYS[:3])
    assert ends == [1, 1, 2]  # 7 keys: floor(6/3) = 2, then of 5 one


def test_a_sweep_at_the_minimum_waits(world: World) -> None:
    hospital_id = world.add_hospital("hospital 0")
    until = _licensed(world, hospital="hospital 0")
    _to(world, until)
    outcome = _sweep(world, hospital_id)
    assert BelowMinimum(VALIDATORS[0], 3, 4) in world.events(outcome)
    assert VALIDATORS[0] in set_now(world)
    assert world.view(world.suite.government.waiting_withdrawals()) == (VALIDATORS[0],)


def test_a_second_sweep_finds_nothing(world: World) -> None:
    admit(world, KEYS[0])
    _to(world, _licensed(world))
    _sweep(world)
    assert _sweep_refused(world) == "ValidatorUnknown"


def test_a_hospital_without_a_key_has_nothing_to_sweep(world: World) -> None:
    _to(world, _licensed(world))
    assert _sweep_refused(world) == "ValidatorUnknown"


@pytest.mark.parametrize("hospital_id", [0, 99])
def test_an_unknown_hospital_is_not_swept(world: World, hospital_id: int) -> None:
    assert _sweep_refused(world, hospital_id) == "LicenceNotExpired"


def test_other_hospitals_stay(world: World) -> None:
    admit(world, KEYS[0])
    admit(world, KEYS[1], "h2")
    _to(world, _licensed(world))
    _sweep(world)
    assert KEYS[1] in set_now(world)


def test_a_renewed_licence_is_not_swept(world: World) -> None:
    admit(world, KEYS[0])
    until = _licensed(world)
    world.enact(SetLicence(account("h1"), until + 600))
    _to(world, until)
    assert _sweep_refused(world) == "LicenceNotExpired"


def test_no_key_is_admitted_without_a_licence_until_it_is_renewed(world: World) -> None:
    until = _licensed(world)
    _to(world, until)
    assert world.enact_refused(ADMISSION).name == "LicenceExpired"
    world.enact(SetLicence(account("h1"), LICENCE_WITHOUT_END))
    world.enact(ADMISSION)
    assert KEYS[0] in set_now(world)
