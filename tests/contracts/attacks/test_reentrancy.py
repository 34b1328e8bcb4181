"""Attacks by being called: every party is a contract that would answer, and none is ever asked.

A witness counts the calls that it gets and re-enters the contract that called it.  All roles of a
ward are played by witnesses: no contract of ours gives one of them control, on no path.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from node.base.errors import CallRevertedError
from node.base.types import Address
from node.contracts.abi import Function
from node.contracts.custody_ledger import ReceiptNote
from node.contracts.government_actions import (
    AdmitValidator,
    RemoveMember,
    SuspendDoctor,
    SuspendHospital,
    WithdrawValidator,
)
from node.contracts.lab_registry import SharePlan
from node.contracts.names import ERC1155
from tests.contracts.consents import revoke
from tests.contracts.recovering import confirm, finish, guarded, next_block_at, running, send, start
from tests.contracts.validators import LICENCE, NODE_ID
from tests.contracts.world import (
    MEMBERS,
    PMR_ID,
    SETTINGS,
    STRANGER,
    TODAY,
    World,
    account,
    cid,
    content,
    peopled,
)
from tests.evm.asm import asm

WITNESS = asm(
    "PUSH 0 SLOAD PUSH 1 ADD PUSH 0 SSTORE "  # count the call
    "CALLDATASIZE PUSH 0 PUSH 0 CALLDATACOPY "
    "PUSH 0 PUSH 0 CALLDATASIZE PUSH 0 PUSH 0 CALLER GAS CALL "  # the same back to the caller
    "PUSH 0 MSTORE PUSH 32 PUSH 0 RETURN"
)
PARTIES = ("h1", "h2", "d1", "d2", "p1", "p2", "l1", "kin", "p1 anew", "key 9", "stranger")


def put_witnesses(world: World) -> dict[str, Address]:
    parties = {name: account(name) for name in PARTIES}
    parties |= {f"member {place}": member for place, member in enumerate(MEMBERS)}
    for address in parties.values():
        world.chain.state.set_code(address, WITNESS)
    return parties


def calls(world: World, parties: dict[str, Address]) -> dict[str, int]:
    """Give who was called, and how often."""
    counts = {name: world.chain.state.get_storage(at, 0) for name, at in parties.items()}
    return {name: count for name, count in counts.items() if count}


def consents_are_given(world: World) -> None:
    revoke(world, world.grant())
    world.grant(world.consent(grantee=account("h2"), pmr_id=0))
    world.grant()
    data = world.suite.pmr.add_second_opinion(PMR_ID, hospital_id=2, content=content("opinion"))
    world.send("d2", world.suite.pmr.address, data)


def records_are_written(world: World) -> None:
    pmr, labs = world.suite.pmr, world.suite.labs
    world.add_patient("p3", "h1")
    world.send("d1", pmr.address, pmr.consult(PMR_ID, hospital_id=1, content=content("again")))
    world.send("d1", pmr.address, pmr.amend(PMR_ID, 0, hospital_id=1, content=content("better")))
    order = labs.order(PMR_ID, hospital_id=1, lab=account("l1"), modality="CT", reason="R07.9")
    world.send("d1", labs.address, order)
    plan = SharePlan(scheme_id=4, needed=3, total=5)
    filed = labs.file(
        1, modality="CT", captured=TODAY, reason="R07.9", content=content("study"), plan=plan
    )
    world.send("l1", labs.address, filed)
    world.send("p1", pmr.address, pmr.erase(PMR_ID, b"\1" * 32))


def token_is_minted_to_a_contract(world: World) -> None:
    """ERC-721 has a hook for receivers; a record is minted without it."""
    pmr = world.suite.pmr
    pmr_id = PMR_ID + 10**8  # of p2, on the same day
    data = pmr.consult(pmr_id, hospital_id=1, content=content("first"))
    try:
        world.send("d1", pmr.address, data)
    except CallRevertedError as error:
        raise AssertionError("a receiver was asked, and its answer counts") from error
    assert world.view(pmr.owner_of(pmr_id)) == account("p2")


def key_is_recovered(world: World) -> None:
    send(guarded(world), "kin", start(world))
    send(world, "h2", confirm(world))
    next_block_at(world, running(world).ready_at)
    send(world, STRANGER, finish(world))
    world.send(STRANGER, world.suite.pmr.address, world.suite.pmr.claim(PMR_ID))


def authority_decides(world: World) -> None:
    world.enact(AdmitValidator(account("h2"), account("key 9"), NODE_ID, LICENCE))
    world.enact(WithdrawValidator(account("key 9")))
    world.enact(SuspendDoctor(1, 2_000_000_000))
    world.enact(SuspendHospital(account("h2")))
    world.enact(RemoveMember(MEMBERS[2]))


def shares_change_hands(world: World) -> None:
    custody = world.suite.custody
    note = ReceiptNote(b"\1" * 32, b"\2" * 32, b"\3" * 32, 0)
    world.send("h1", custody.address, custody.record_receipts(0, [note]))
    handed = custody.replace_custodian(
        b"\2" * 32, pmr_id=PMR_ID, index=2, old=account("h1"), new=account("h2")
    )
    world.send("p1", custody.address, handed)
    rotated = custody.rotate(PMR_ID, 0, generation=1, manifest=cid("manifest"))
    world.send("p1", custody.address, rotated)
    complaint = custody.complain(
        b"\2" * 32, index=2, custodian=account("h1"), receipt_id=bytes(32), evidence=b"\1" * 32
    )
    world.send("d1", custody.address, complaint)


@pytest.mark.parametrize(
    "flow",
    [
        consents_are_given,
        records_are_written,
        token_is_minted_to_a_contract,
        key_is_recovered,
        authority_decides,
        shares_change_hands,
    ],
)
def test_no_party_is_given_control(world: World, flow: Callable[[World], None]) -> None:
    parties = put_witnesses(world)
    flow(world)
    assert calls(world, parties) == {}


@pytest.mark.parametrize(
    "flow", [records_are_written, token_is_minted_to_a_contract, key_is_recovered]
)
def test_no_party_is_given_control_by_an_erc1155(flow: Callable[[World], None]) -> None:
    """ERC-1155 asks every receiver that is a contract; ours mints and moves without asking."""
    world = peopled(replace(SETTINGS, token=ERC1155))
    parties = put_witnesses(world)
    flow(world)
    assert calls(world, parties) == {}


def test_a_witness_sees_a_call(world: World) -> None:
    """The judge is awake: a call to a witness is counted, and it calls back."""
    parties = put_witnesses(world)
    world.chain.transact(account("kin"), account("p1"), b"\1\2\3\4")
    assert calls(world, parties)["p1"] > 0
    assert calls(world, parties)["kin"] > 0


def test_token_is_not_sent_to_a_receiver(world: World) -> None:
    """Whoever owns a token cannot start the transfer that would call a receiver's hook."""
    put_witnesses(world)
    moves = (
        ("transferFrom(address,address,uint256)", ()),
        ("safeTransferFrom(address,address,uint256)", ()),
        ("safeTransferFrom(address,address,uint256,bytes)", (b"hook",)),
    )
    for signature, more in moves:
        data = Function(signature).encode(account("p1"), account("kin"), PMR_ID, *more)
        reason = world.refused("p1", world.suite.pmr.address, data)
        assert reason.name == "TokenLocked"
