from dataclasses import replace

import pytest

from node.base.types import Address
from node.contracts.deploy import (
    DEPLOYER,
    created_address,
    deploy_all,
    predict_addresses,
)
from node.contracts.errors import DeploymentError
from node.contracts.names import CONTRACT_NAMES, ERC1155
from node.contracts.suite import ContractSuite
from node.evm.scratch import Scratch
from tests.contracts.stock_chain import CHAIN_ID, StockChain
from tests.contracts.world import (
    MEMBERS,
    SETTINGS,
    VALIDATORS,
    World,
    account,
    construction_refused,
)


def test_created_address_is_the_published_example() -> None:
    # go-ethereum, crypto_test.go, TestNewContractAddress
    sender = Address(bytes.fromhex("970e8128ab834e8eac17ab8e3812f010678cf791"))
    assert created_address(sender, 0).hex() == "333c3310824b7c685133f2bedb2ca4b8b4df633d"
    assert created_address(sender, 1).hex() == "8bda78331c916a08481428e4b07c96d3e916d165"


def test_contracts_stand_at_the_predicted_addresses_in_table_order() -> None:
    deployment = deploy_all(StockChain(), SETTINGS)
    assert deployment.addresses == predict_addresses()
    assert tuple(deployment.addresses) == CONTRACT_NAMES


def test_deployer_that_was_used_before_is_refused() -> None:
    chain = StockChain()
    chain.state.increment_nonce(DEPLOYER)
    with pytest.raises(DeploymentError, match="nonce"):
        deploy_all(chain, SETTINGS)


def test_ledgers_own_scratch_builds_the_same_code() -> None:
    scratch = Scratch(CHAIN_ID)
    deployment = deploy_all(scratch, SETTINGS)
    stock = StockChain()
    deploy_all(stock, SETTINGS)
    dump = scratch.dump()
    for name, address in deployment.addresses.items():
        assert dump[address].code == stock.state.get_code(address), name


TOO_MANY = tuple(sorted(account(f"validator {i}") for i in range(101)))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"members": ()}, "SettingOutOfRange"),
        ({"members": (*MEMBERS, MEMBERS[0])}, "MemberKnown"),
        ({"members": (Address(bytes(20)),)}, "FieldMissing"),
        ({"members": tuple(account(f"m{i}") for i in range(65))}, "MemberLimit"),
        ({"validators": ()}, "SettingOutOfRange"),
        ({"validators": VALIDATORS[:3]}, "SettingOutOfRange"),
        ({"validators": (*VALIDATORS, VALIDATORS[2])}, "ValidatorKnown"),
        ({"validators": (*VALIDATORS, Address(bytes(20)))}, "FieldMissing"),
        ({"validators": TOO_MANY}, "ValidatorLimit"),
        ({"min_validators": 0}, "SettingOutOfRange"),
        ({"voting_seconds": 0}, "SettingOutOfRange"),
        ({"voting_seconds": 3650 * 86_400 + 1}, "SettingOutOfRange"),
        ({"first_patient_id": 0}, "SettingOutOfRange"),
        ({"utc_offset_seconds": 14 * 3600 + 1}, "SettingOutOfRange"),
        ({"utc_offset_seconds": -14 * 3600 - 1}, "SettingOutOfRange"),
        ({"grant_seconds_max": 0}, "SettingOutOfRange"),
        ({"review_seconds": 0}, "SettingOutOfRange"),
        ({"review_seconds": 3650 * 86_400 + 1}, "SettingOutOfRange"),
        ({"recovery_seconds": 0}, "SettingOutOfRange"),
        ({"recovery_seconds": 3650 * 86_400 + 1}, "SettingOutOfRange"),
        ({"retention_seconds": 36_500 * 86_400 + 1}, "SettingOutOfRange"),
        ({"token": ERC1155, "utc_offset_seconds": 14 * 3600 + 1}, "SettingOutOfRange"),
        ({"token": ERC1155, "retention_seconds": 36_500 * 86_400 + 1}, "SettingOutOfRange"),
    ],
)
def test_setting_that_cannot_be_is_refused(changes: dict[str, object], error: str) -> None:
    assert construction_refused(replace(SETTINGS, **changes)).name == error  # type: ignore[arg-type]


def test_a_hundred_validators_and_a_minimum_of_one_are_possible() -> None:
    settings = replace(SETTINGS, validators=TOO_MANY[:100], min_validators=1)
    world = World.deployed(settings)
    assert world.view(world.suite.government.get_validators()) == TOO_MANY[:100]


@pytest.mark.parametrize(
    "changes",
    [
        {"voting_seconds": 3650 * 86_400},
        {"utc_offset_seconds": 14 * 3600},
        {"utc_offset_seconds": -14 * 3600},
        {"first_patient_id": 2**64 - 1},
        {"review_seconds": 1},
        {"review_seconds": 3650 * 86_400},
        {"recovery_seconds": 1},
        {"recovery_seconds": 3650 * 86_400},
        {"retention_seconds": 0},
        {"retention_seconds": 36_500 * 86_400},
    ],
)
def test_border_settings_are_taken(changes: dict[str, int]) -> None:
    deployment = deploy_all(StockChain(), replace(SETTINGS, **changes))  # type: ignore[arg-type]
    assert len(deployment.addresses) == len(CONTRACT_NAMES)


def test_settings_reach_the_contracts() -> None:
    settings = replace(
        SETTINGS,
        min_validators=3,
        voting_seconds=77,
        utc_offset_seconds=19_800,
        grant_seconds_max=9,
        recovery_seconds=11,
        retention_seconds=13,
        review_seconds=17,
    )
    world = World.deployed(settings)
    suite = world.suite
    assert world.view(suite.government.members()) == MEMBERS
    assert world.view(suite.government.min_validators()) == 3
    assert world.view(suite.government.voting_seconds()) == 77
    assert world.view(suite.patients.next_patient_id()) == 85_437
    assert world.view(suite.pmr.utc_offset_seconds()) == 19_800
    assert world.view(suite.consents.grant_seconds_max()) == 9
    assert world.view(suite.consents.review_seconds()) == 17
    assert world.view(suite.patients.recovery_seconds()) == 11
    assert world.view(suite.pmr.retention_seconds()) == 13


def test_deployer_has_no_rights() -> None:
    world = World.deployed()
    suite = ContractSuite.at(predict_addresses())
    data = suite.government.vote(1)
    assert world.refused(DEPLOYER, suite.government.address, data).name == "NotAuthorityMember"
