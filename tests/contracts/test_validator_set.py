"""S(t) of consensus.md section 8: the validator side of ``GovernmentRegistry``."""

from dataclasses import replace

import pytest

from node.base.types import ZERO_ADDRESS, Address, Hash32
from node.contracts.government_actions import (
    AdmitValidator,
    EmergencyWithdraw,
    RevokeHospital,
    SuspendHospital,
    VerifyHospital,
    WithdrawValidator,
)
from node.contracts.government_registry import (
    BelowMinimum,
    Validator,
    ValidatorAdmitted,
    ValidatorWithdrawn,
)
from tests.contracts.validators import (
    KEYS,
    LICENCE,
    NODE_ID,
    admit,
    record,
    set_now,
    set_of,
    with_validators,
    withdraw_in_one_block,
)
from tests.contracts.world import (
    MEMBERS,
    SETTINGS,
    VALIDATORS,
    World,
    account,
    construction_refused,
)


def test_first_set_is_ascending(world: World) -> None:
    assert set_now(world) == tuple(sorted(VALIDATORS))


def test_first_set_holds_from_block_zero(world: World) -> None:
    assert set_of(world, 1) == tuple(sorted(VALIDATORS))
    assert record(world, VALIDATORS[0]).active_from == 0


def test_admitted_key_is_in_theset_of_the_next_block(world: World) -> None:
    admit(world, KEYS[0])
    enacted_in = world.chain.number
    assert KEYS[0] in set_of(world, enacted_in + 1)
    assert KEYS[0] not in set_of(world, enacted_in)


def test_admission_is_told_and_kept(world: World) -> None:
    outcome = world.enact(AdmitValidator(account("h1"), KEYS[0], NODE_ID, LICENCE))
    active_from = world.chain.number + 1
    admitted = ValidatorAdmitted(KEYS[0], 1, NODE_ID, LICENCE, active_from)
    assert admitted in world.events(outcome)
    assert record(world, KEYS[0]) == Validator(
        KEYS[0], 1, NODE_ID, LICENCE, active_from, 0, is_waiting=False
    )


def test_set_stays_ascending_as_it_grows(world: World) -> None:
    for key in KEYS:
        admit(world, key)
    assert set_now(world) == tuple(sorted((*VALIDATORS, *KEYS)))


@pytest.mark.parametrize("hospital", ["h3", "nobody", "d1"])
def test_key_of_an_unverified_hospital_is_refused(world: World, hospital: str) -> None:
    if hospital == "h3":
        world.send("h3", world.suite.hospitals.address, world.application("h3"))
    action = AdmitValidator(account(hospital), KEYS[0], NODE_ID, LICENCE)
    assert world.enact_refused(action).name == "HospitalNotVerified"


def test_zero_key_is_refused(world: World) -> None:
    action = AdmitValidator(account("h1"), ZERO_ADDRESS, NODE_ID, LICENCE)
    assert world.enact_refused(action).name == "FieldMissing"


@pytest.mark.parametrize("key", [VALIDATORS[0], KEYS[0]])
def test_key_in_the_set_is_refused(world: World, key: Address) -> None:
    if key == KEYS[0]:
        admit(world, key)
    action = AdmitValidator(account("h2"), key, NODE_ID, LICENCE)
    assert world.enact_refused(action).name == "ValidatorKnown"


def test_hundred_and_first_key_is_refused() -> None:
    world = with_validators(100)
    world.add_hospital("h1")
    action = AdmitValidator(account("h1"), KEYS[0], NODE_ID, LICENCE)
    assert world.enact_refused(action).name == "ValidatorLimit"


def test_withdrawn_key_is_in_theset_of_the_block_that_enacts_it(world: World) -> None:
    admit(world, KEYS[0])
    outcome = world.enact(WithdrawValidator(KEYS[0]))
    enacted_in = world.chain.number
    assert ValidatorWithdrawn(KEYS[0], 1, enacted_in + 1) in world.events(outcome)
    assert KEYS[0] in set_of(world, enacted_in)
    assert KEYS[0] not in set_of(world, enacted_in + 1)


@pytest.mark.parametrize("again", [False, True])
def test_key_outside_the_set_cannot_be_withdrawn(world: World, again: bool) -> None:
    if again:
        admit(world, KEYS[0])
        world.enact(WithdrawValidator(KEYS[0]))
    assert world.enact_refused(WithdrawValidator(KEYS[0])).name == "ValidatorUnknown"


def test_withdrawn_key_can_come_back(world: World) -> None:
    admit(world, KEYS[0])
    world.enact(WithdrawValidator(KEYS[0]))
    admit(world, KEYS[0], "h2")
    assert set_now(world).count(KEYS[0]) == 1
    assert record(world, KEYS[0]).hospital_id == 2


def test_withdrawn_key_can_come_back_in_the_first_block_without_it(world: World) -> None:
    admit(world, KEYS[0])
    admission = world.propose(AdmitValidator(account("h2"), KEYS[0], NODE_ID, LICENCE))
    withdrawal = world.propose(WithdrawValidator(KEYS[0]))
    world.vote(withdrawal, MEMBERS[1])
    assert record(world, KEYS[0]).active_until == world.chain.number + 1
    world.vote(admission, MEMBERS[1])
    assert KEYS[0] not in set_of(world, world.chain.number)
    assert KEYS[0] in set_of(world, world.chain.number + 1)


def test_withdrawal_at_the_minimum_waits_and_is_told(world: World) -> None:
    outcome = world.enact(WithdrawValidator(VALIDATORS[0]))
    assert BelowMinimum(VALIDATORS[0], 3, 4) in world.events(outcome)
    assert set_now(world) == tuple(sorted(VALIDATORS))
    assert world.view(world.suite.government.waiting_withdrawals()) == (VALIDATORS[0],)
    assert record(world, VALIDATORS[0]).is_waiting


def test_waiting_key_cannot_be_withdrawn_a_second_time(world: World) -> None:
    world.enact(WithdrawValidator(VALIDATORS[0]))
    assert world.enact_refused(WithdrawValidator(VALIDATORS[0])).name == "ValidatorUnknown"


def test_admission_releases_the_oldest_waiting_withdrawal(world: World) -> None:
    world.enact(WithdrawValidator(VALIDATORS[2]))
    world.enact(WithdrawValidator(VALIDATORS[0]))
    admit(world, KEYS[0])
    assert VALIDATORS[2] not in set_now(world)
    assert VALIDATORS[0] in set_now(world)
    assert world.view(world.suite.government.waiting_withdrawals()) == (VALIDATORS[0],)
    assert not record(world, VALIDATORS[2]).is_waiting


def test_minimum_can_be_one() -> None:
    world = with_validators(2)
    first, second = set_now(world)
    world.enact(WithdrawValidator(first))
    outcome = world.enact(WithdrawValidator(second))
    assert BelowMinimum(second, 0, 1) in world.events(outcome)
    assert set_now(world) == (second,)


def test_emergency_overrides_the_minimum_with_all_votes(world: World) -> None:
    world.enact(EmergencyWithdraw(VALIDATORS[0]), *MEMBERS)
    assert set(set_now(world)) == set(VALIDATORS[1:])


def test_majority_is_no_emergency(world: World) -> None:
    world.enact(EmergencyWithdraw(VALIDATORS[0]), *MEMBERS[:2])
    assert VALIDATORS[0] in set_now(world)


def test_emergency_takes_a_waiting_key(world: World) -> None:
    world.enact(WithdrawValidator(VALIDATORS[0]))
    world.enact(EmergencyWithdraw(VALIDATORS[0]), *MEMBERS)
    assert VALIDATORS[0] not in set_now(world)
    assert world.view(world.suite.government.waiting_withdrawals()) == ()


def test_emergency_never_empties_theset_now() -> None:
    world = with_validators(1)
    [only] = set_now(world)
    government = world.suite.government
    number = world.propose(EmergencyWithdraw(only))
    world.vote(number, MEMBERS[1])
    reason = world.refused(MEMBERS[2], government.address, government.vote(number))
    assert reason.name == "LastValidator"


def test_emergency_on_a_key_outside_the_set_is_refused(world: World) -> None:
    government = world.suite.government
    number = world.propose(EmergencyWithdraw(KEYS[0]))
    world.vote(number, MEMBERS[1])
    reason = world.refused(MEMBERS[2], government.address, government.vote(number))
    assert reason.name == "ValidatorUnknown"


@pytest.mark.parametrize(
    ("count", "removals", "ends"),
    [
        (6, 3, [1, 2, 3]),  # floor(5/3) = 1, then of 5 and 4: one each
        (7, 3, [1, 1, 2]),  # floor(6/3) = 2
        (10, 5, [1, 1, 1, 2, 2]),  # floor(9/3) = 3, then floor(6/3) = 2
        (4, 2, [1, 2]),
        (100, 34, [1] * 33 + [2]),  # floor(99/3) = 33
    ],
)
def test_removals_of_one_block_are_spread_in_order(
    count: int, removals: int, ends: list[int]
) -> None:
    world = with_validators(count)
    keys = set_now(world)[:removals]
    enacted_in = withdraw_in_one_block(world, keys)
    assert [record(world, key).active_until - enacted_in for key in keys] == ends


def test_consecutive_sets_lose_at_most_a_third_less_one() -> None:
    world = with_validators(10)
    enacted_in = withdraw_in_one_block(world, set_now(world)[:9])
    before = set_of(world, enacted_in)
    for block in range(enacted_in + 1, enacted_in + 10):
        after = set_of(world, block)
        assert len(before) - len(after) <= max(1, (len(before) - 1) // 3)
        before = after
    assert len(before) == 1


def test_suspended_hospital_loses_its_keys(world: World) -> None:
    admit(world, KEYS[0])
    admit(world, KEYS[1])
    admit(world, KEYS[2], "h2")
    world.enact(SuspendHospital(account("h1")))
    assert set_of(world, world.chain.number + 2) == tuple(sorted((*VALIDATORS, KEYS[2])))


def test_revoked_hospital_loses_its_keys(world: World) -> None:
    admit(world, KEYS[0])
    world.enact(RevokeHospital(account("h1")))
    assert KEYS[0] not in set_now(world)


def test_keys_of_a_suspended_hospital_wait_at_the_minimum(world: World) -> None:
    world.add_hospital("hospital 0")
    outcome = world.enact(SuspendHospital(VALIDATORS[0]))
    assert BelowMinimum(VALIDATORS[0], 3, 4) in world.events(outcome)
    assert VALIDATORS[0] in set_now(world)


def test_first_key_gets_the_id_of_the_hospital_whose_account_it_is(world: World) -> None:
    assert record(world, VALIDATORS[0]).hospital_id == 0
    number = world.add_hospital("hospital 0")
    assert record(world, VALIDATORS[0]).hospital_id == number


def test_application_turned_down_withdraws_no_first_key() -> None:
    world = with_validators(3)
    world.send("h3", world.suite.hospitals.address, world.application("h3"))
    world.enact(RevokeHospital(account("h3")))
    assert len(set_now(world)) == 3


def test_lifted_suspension_does_not_bring_keys_back(world: World) -> None:
    admit(world, KEYS[0])
    world.enact(SuspendHospital(account("h1")))
    world.enact(VerifyHospital(account("h1")))
    assert KEYS[0] not in set_now(world)
    admit(world, KEYS[0])
    assert KEYS[0] in set_now(world)


def test_key_that_never_was_a_validator_has_an_emptyrecord(world: World) -> None:
    empty = Hash32(bytes(32))
    assert record(world, KEYS[0]) == Validator(KEYS[0], 0, empty, empty, 0, 0, is_waiting=False)


def test_full_set_is_read_within_the_gas_of_consensus() -> None:
    world = with_validators(100)
    assert len(set_now(world)) == 100  # the call runs with 30,000,000 gas


def test_more_than_a_hundred_first_keys_are_refused() -> None:
    many = tuple(account(f"validator {i}") for i in range(101))
    assert construction_refused(replace(SETTINGS, validators=many)).name == "ValidatorLimit"


def test_a_full_set_takes_the_next_key_when_one_has_left() -> None:
    world = with_validators(100)
    world.add_hospital("h1")
    admission = world.propose(AdmitValidator(account("h1"), KEYS[0], NODE_ID, LICENCE))
    world.enact(WithdrawValidator(set_now(world)[0]))
    world.vote(admission, MEMBERS[1])
    assert len(set_now(world)) == 100
    assert KEYS[0] in set_now(world)


def test_a_key_can_take_the_place_of_one_that_leaves_in_the_same_block() -> None:
    world = with_validators(100)
    world.add_hospital("h1")
    government = world.suite.government
    gone = set_now(world)[0]
    admission = world.propose(AdmitValidator(account("h1"), KEYS[0], NODE_ID, LICENCE))
    world.enact(WithdrawValidator(gone))
    world.send(MEMBERS[1], government.address, government.vote(admission), block=False)
    assert set(set_of(world, world.chain.number)) - set(set_now(world)) == {gone}
    assert len(set_now(world)) == 100


def test_a_key_that_still_leaves_holds_its_place() -> None:
    """S(e + 1) has room only for who is in neither block: of two, one leaves later."""
    world = with_validators(4)
    first, second, *_ = set_now(world)
    enacted_in = withdraw_in_one_block(world, (first, second))
    assert first not in set_of(world, enacted_in + 1)
    assert second in set_of(world, enacted_in + 1)
    assert second not in set_of(world, enacted_in + 2)


def test_the_same_state_gives_the_set_of_the_block_behind_the_one_it_is_asked_in() -> None:
    world = with_validators(4)
    [first, *rest] = set_now(world)
    world.enact(WithdrawValidator(first))
    enacted_in = world.chain.number
    assert set_now(world) == tuple(rest)  # NUMBER is e
    world.chain.set_block(enacted_in - 1, world.chain.time_s)
    assert set_now(world) == (first, *rest)  # a block early, and the chain would fork
