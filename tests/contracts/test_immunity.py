"""Bugs of an earlier contract set that ours must not have (records.md section 3)."""

from dataclasses import replace

import pytest

from node.base.types import Address, Hash32
from node.contracts.abi import selector
from node.contracts.compile import load_artifact
from node.contracts.deploy import predict_addresses
from node.contracts.government_actions import (
    AddMember,
    AdmitValidator,
    RemoveMember,
    WithdrawValidator,
)
from node.contracts.hospital_registry import HospitalStatus
from node.contracts.names import CONTRACT_NAMES
from tests.contracts.abi_items import types_of
from tests.contracts.world import MEMBERS, SETTINGS, STRANGER, World, account

FOR_ANYBODY = {
    "submitApplication",
    "grant",
    "grantMany",
    "revokeSigned",
    "rotateKey",
    "sweepExpired",
    "finishRecovery",
    "claim",
}
"""A stranger may apply, relay what a patient or two keys of a validator signed, sweep what has
ended, and carry a recovery to its end; their own tests hold them."""


def _changing_functions() -> list[tuple[str, str, int]]:
    """(contract, signature, words of the arguments) of every function that may change state."""
    found: list[tuple[str, str, int]] = []
    for name in CONTRACT_NAMES:
        for item in load_artifact(name).abi:
            if item["type"] == "function" and item["stateMutability"] == "nonpayable":
                types = ",".join(types_of(item["inputs"]))
                found.append((name, f"{item['name']}({types})", types.count(",") + 1))
    return found


GUARDED = [each for each in _changing_functions() if each[1].split("(")[0] not in FOR_ANYBODY]


NOT_ONE = ("string", "bytes)", "bytes,", "[]", "bytes16", "bytes3,")
"""Types that 1 is no value of: as an offset it leads nowhere, as padded bytes it has dirt."""


@pytest.mark.parametrize(("name", "signature", "words"), GUARDED)
def test_no_setter_is_open_to_a_stranger(
    world: World, name: str, signature: str, words: int
) -> None:
    """Every argument is 1: a patient's, doctor's or hospital's number, or somebody's address."""
    data = selector(signature) + (1).to_bytes(32) * (words + 8)
    reason = world.refused(STRANGER, predict_addresses()[name], data)
    if not any(each in signature for each in NOT_ONE):
        assert reason.name not in ("", "Unknown", "Panic")


def test_stranger_cannot_make_itself_a_custodian(world: World) -> None:
    hospitals = world.suite.hospitals
    world.send(STRANGER, hospitals.address, world.application("stranger"))
    for signature in ("verify(address)", "setKey(bytes32)", "suspend(address)"):
        data = selector(signature) + bytes(12) + STRANGER
        if signature != "setKey(bytes32)":
            assert world.refused(STRANGER, hospitals.address, data).name == "NotGovernment"
    status = world.view(hospitals.hospital(STRANGER)).status
    assert status is HospitalStatus.APPLIED
    assert not world.view(hospitals.is_active(STRANGER))


def test_no_function_is_a_constructor_by_name() -> None:
    names = {
        item["name"].lower()
        for name in CONTRACT_NAMES
        for item in load_artifact(name).abi
        if item["type"] == "function"
    }
    contracts = {name.lower() for name in CONTRACT_NAMES} | {"authority", "validatorset"}
    owners = {
        "init",
        "initialize",
        "setup",
        "owner",
        "transferownership",
        "setowner",
        "constructor",
    }
    assert not names & (contracts | owners)


def test_contract_runs_no_code_for_a_call_that_it_does_not_know(world: World) -> None:
    for address in predict_addresses().values():
        assert world.refused(STRANGER, address, b"").name == ""
        assert world.refused(STRANGER, address, selector("MedicalOwner()")).name == ""


def test_removing_a_non_member_removes_nobody(world: World) -> None:
    assert world.enact_refused(RemoveMember(STRANGER)).name == "MemberUnknown"
    assert world.view(world.suite.government.members()) == MEMBERS


def test_removing_a_former_member_again_removes_nobody(world: World) -> None:
    world.enact(RemoveMember(MEMBERS[2]))
    assert world.enact_refused(RemoveMember(MEMBERS[2])).name == "MemberUnknown"
    assert world.view(world.suite.government.members()) == MEMBERS[:2]


def test_withdrawing_a_key_that_is_no_validator_withdraws_nobody(world: World) -> None:
    before = world.view(world.suite.government.get_validators())
    assert world.enact_refused(WithdrawValidator(STRANGER)).name == "ValidatorUnknown"
    assert world.view(world.suite.government.get_validators()) == before


def _four_members() -> tuple[World, tuple[Address, ...]]:
    members = tuple(account(f"m{i}") for i in range(4))
    return World.deployed(replace(SETTINGS, members=members)), members


def test_two_of_four_do_not_evict_a_member() -> None:
    world, members = _four_members()
    number = world.propose(RemoveMember(members[3]), by=members[0])
    world.vote(number, members[1])
    assert world.view(world.suite.government.is_member(members[3]))
    world.vote(number, members[2])
    assert not world.view(world.suite.government.is_member(members[3]))


def test_deadline_counts_seconds_and_not_blocks(world: World) -> None:
    number = world.propose(AddMember(STRANGER))
    proposed_s = world.chain.time_s
    world.chain.set_block(world.chain.number + 10 * SETTINGS.voting_seconds, proposed_s)
    world.fork().vote(number, MEMBERS[1])  # many blocks, five seconds: open

    world.chain.set_block(3, proposed_s + SETTINGS.voting_seconds - 5)
    government = world.suite.government
    reason = world.refused(MEMBERS[1], government.address, government.vote(number))
    assert reason.name == "ProposalExpired"  # few blocks, the whole time


def test_removal_of_a_validator_counts_blocks_and_not_seconds(world: World) -> None:
    key = account("key")
    node_id = licence = Hash32(bytes(32))
    world.enact(AdmitValidator(account("h1"), key, node_id, licence))
    world.enact(WithdrawValidator(key))
    government, enacted_in = world.suite.government, world.chain.number
    assert world.view(government.validator(key)).active_until == enacted_in + 1
    world.chain.set_block(enacted_in - 1, world.chain.time_s + 10**8)
    assert key in world.view(government.get_validators())
    world.chain.set_block(enacted_in, 0)
    assert key not in world.view(government.get_validators())


def test_majority_follows_the_present_members() -> None:
    """4 members, 2 votes; one of the others leaves: the third vote is not needed any more."""
    world, members = _four_members()
    number = world.propose(AddMember(STRANGER), by=members[0])
    world.enact(RemoveMember(members[3]), *members[:3])
    world.vote(number, members[1])
    assert world.view(world.suite.government.is_member(STRANGER)), "2 of 3"


def test_majority_grows_with_the_members(world: World) -> None:
    number = world.propose(RemoveMember(MEMBERS[2]))
    world.enact(AddMember(account("m3")))
    world.vote(number, MEMBERS[1])
    assert world.view(world.suite.government.is_member(MEMBERS[2])), "2 of 4"


def test_role_is_lost_with_the_membership(world: World) -> None:
    world.enact(RemoveMember(MEMBERS[2]))
    government = world.suite.government
    data = government.propose(AddMember(MEMBERS[2]))
    assert world.refused(MEMBERS[2], government.address, data).name == "NotAuthorityMember"
    last = world.view(government.members())[-1]
    assert world.view(government.is_member(last))
