"""``PmrToken`` as a token: ERC-721, Enumerable, ERC-5192."""

from datetime import timedelta

import pytest

from node.contracts.abi import Function, selector
from node.contracts.pmr_entries import INTERFACE_ERC165, INTERFACE_ERC5192, EntryAdded, Locked
from node.contracts.pmr_id import encode_pmr_id
from node.contracts.pmr_token import (
    INTERFACE_ERC721,
    INTERFACE_ERC721_ENUMERABLE,
    INTERFACE_ERC721_METADATA,
    Transfer,
)
from node.contracts.reverts import RevertReason
from tests.contracts.recovering import recovered
from tests.contracts.stock_chain import Outcome
from tests.contracts.world import (
    PMR_ID,
    STRANGER,
    TODAY,
    World,
    account,
    content,
)

P2_TODAY = encode_pmr_id(85_438, TODAY)


def _consult(world: World, pmr_id: int, doctor: str = "d1", hospital_id: int = 1) -> Outcome:
    data = world.suite.pmr.consult(pmr_id, hospital_id=hospital_id, content=content("visit"))
    return world.send(doctor, world.suite.pmr.address, data)


# ERC-721, Enumerable, ERC-5192


@pytest.mark.parametrize(
    "interface",
    [
        INTERFACE_ERC165,
        INTERFACE_ERC721,
        INTERFACE_ERC721_METADATA,
        INTERFACE_ERC721_ENUMERABLE,
        INTERFACE_ERC5192,
    ],
)
def test_token_says_which_interfaces_it_has(world: World, interface: bytes) -> None:
    assert world.view(world.suite.pmr.supports_interface(interface))


@pytest.mark.parametrize("interface", [b"\xff" * 4, bytes(4)])
def test_token_claims_no_other_interface(world: World, interface: bytes) -> None:
    assert not world.view(world.suite.pmr.supports_interface(interface))


def test_interface_id_of_erc5192_is_its_only_selector() -> None:
    assert selector("locked(uint256)") == INTERFACE_ERC5192


def test_tokens_are_enumerated_in_order_of_minting(world: World) -> None:
    pmr = world.suite.pmr
    _consult(world, P2_TODAY)
    tomorrow = encode_pmr_id(85_437, TODAY + timedelta(days=1))
    _consult(world, tomorrow)
    count = world.view(pmr.total_supply())
    tokens = [world.view(pmr.token_by_index(place)) for place in range(count)]
    assert tokens == [PMR_ID, P2_TODAY, tomorrow]
    assert world.view(pmr.balance_of(account("p1"))) == 2
    own = [world.view(pmr.token_of_owner_by_index(account("p1"), place)) for place in (0, 1)]
    assert own == [PMR_ID, tomorrow]


def test_every_token_is_locked(world: World) -> None:
    assert world.view(world.suite.pmr.locked(PMR_ID))


MOVES = [
    Function("transferFrom(address,address,uint256)").encode(account("p1"), account("p2"), PMR_ID),
    Function("safeTransferFrom(address,address,uint256)").encode(
        account("p1"), account("p2"), PMR_ID
    ),
    Function("safeTransferFrom(address,address,uint256,bytes)").encode(
        account("p1"), account("p2"), PMR_ID, b""
    ),
    Function("transferFrom(address,address,uint256)").encode(account("p1"), account("p1"), PMR_ID),
    Function("approve(address,uint256)").encode(account("p2"), PMR_ID),
    Function("setApprovalForAll(address,bool)").encode(account("p2"), True),
]


@pytest.mark.parametrize("data", MOVES)
@pytest.mark.parametrize("caller", ["p1", "stranger"])
def test_nobody_moves_a_token_or_allows_it(world: World, data: bytes, caller: str) -> None:
    assert world.refused(caller, world.suite.pmr.address, data).name == "TokenLocked"
    assert world.view(world.suite.pmr.owner_of(PMR_ID)) == account("p1")


def test_stranger_cannot_file_a_lab_entry(world: World) -> None:
    data = Function("fileEntry(uint256,uint64,uint64,uint8,(bytes32,uint8,bytes32))").encode(
        PMR_ID, 1, 1, 4, content("forged").as_abi()
    )
    for caller in (STRANGER, account("l1"), account("d1")):
        assert world.refused(caller, world.suite.pmr.address, data).name == "NotFiler"


def test_token_that_does_not_exist_is_not_locked(world: World) -> None:
    refused = world.view_refused(world.suite.pmr.locked(1))
    assert refused == RevertReason("ERC721NonexistentToken", (1,))


def test_a_mint_tells_what_erc721_tells(world: World) -> None:
    minted, locked, added = world.events(_consult(world, P2_TODAY))
    assert minted == Transfer(bytes(20), account("p2"), P2_TODAY)
    assert locked == Locked(P2_TODAY)
    assert isinstance(added, EntryAdded)


def test_a_second_visit_mints_nothing(world: World) -> None:
    [added] = world.events(_consult(world, PMR_ID))
    assert isinstance(added, EntryAdded)
    assert world.view(world.suite.pmr.total_supply()) == 1


def test_a_claim_tells_what_erc721_tells(world: World) -> None:
    pmr = world.suite.pmr
    recovered(world)
    outcome = world.send(STRANGER, pmr.address, pmr.claim(PMR_ID))
    assert world.events(outcome) == [Transfer(account("p1"), account("p1 anew"), PMR_ID)]


def _tokens(world: World, owner: str) -> list[int]:
    pmr, who = world.suite.pmr, account(owner)
    count = world.view(pmr.balance_of(who))
    return [world.view(pmr.token_of_owner_by_index(who, place)) for place in range(count)]


def test_tokens_are_enumerated_as_they_are_claimed(world: World) -> None:
    pmr = world.suite.pmr
    later = [encode_pmr_id(85_437, TODAY.replace(day=day)) for day in (27, 25)]
    for pmr_id in (P2_TODAY, *later):
        _consult(world, pmr_id)
    recovered(world)
    world.send(STRANGER, pmr.address, pmr.claim(PMR_ID))
    assert sorted(_tokens(world, "p1")) == sorted(later)
    assert _tokens(world, "p1 anew") == [PMR_ID]
    for pmr_id in later:
        world.send(STRANGER, pmr.address, pmr.claim(pmr_id))
    assert _tokens(world, "p1") == []
    assert _tokens(world, "p1 anew") == [PMR_ID, *later]
    assert _tokens(world, "p2") == [P2_TODAY]
    count = world.view(pmr.total_supply())
    every = [world.view(pmr.token_by_index(place)) for place in range(count)]
    assert every == [PMR_ID, P2_TODAY, *later]
