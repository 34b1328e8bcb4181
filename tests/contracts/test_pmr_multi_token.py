"""``PmrMultiToken`` as a token: ERC-1155, and locked."""

from datetime import timedelta

import pytest

from node.base.keccak import keccak256
from node.contracts.abi import Function
from node.contracts.compile import load_artifact
from node.contracts.lab_registry import SharePlan
from node.contracts.names import ERC1155
from node.contracts.pmr_entries import (
    INTERFACE_ERC165,
    INTERFACE_ERC5192,
    EntryAdded,
    EntryKind,
    Locked,
)
from node.contracts.pmr_id import encode_pmr_id
from node.contracts.pmr_multi_token import (
    INTERFACE_ERC1155,
    INTERFACE_ERC1155_METADATA,
    PmrMultiToken,
    TransferBatch,
    TransferSingle,
    entries_id,
    is_visit,
)
from node.contracts.reverts import RevertReason
from tests.contracts.recovering import recovered
from tests.contracts.stock_chain import Outcome
from tests.contracts.world import PMR_ID, STRANGER, TODAY, World, account, content

ZERO = bytes(20)
P2_TODAY = encode_pmr_id(85_438, TODAY)
VISITS = entries_id(PMR_ID, EntryKind.CONSULTATION)
AMENDED = entries_id(PMR_ID, EntryKind.AMENDMENT)
LABS = entries_id(PMR_ID, EntryKind.LAB)


@pytest.fixture
def token() -> str:
    return ERC1155


def _pmr(world: World) -> PmrMultiToken:
    pmr = world.suite.pmr
    assert isinstance(pmr, PmrMultiToken)
    return pmr


def _consult(world: World, pmr_id: int) -> Outcome:
    data = world.suite.pmr.consult(pmr_id, hospital_id=1, content=content("visit"))
    return world.send("d1", world.suite.pmr.address, data)


def _file_study(world: World) -> Outcome:
    labs = world.suite.labs
    order = labs.order(PMR_ID, hospital_id=1, lab=account("l1"), modality="CT", reason="R07.9")
    world.send("d1", labs.address, order)
    plan = SharePlan(scheme_id=4, needed=3, total=5)
    filed = labs.file(
        1, modality="CT", captured=TODAY, reason="R07.9", content=content("study"), plan=plan
    )
    return world.send("l1", labs.address, filed)


def test_ids_are_the_pmr_id_with_the_kind_above_it() -> None:
    assert VISITS == 1 << 128 | PMR_ID
    assert LABS == 4 << 128 | PMR_ID
    assert is_visit(PMR_ID)
    assert is_visit(2**64 * 10**8)
    assert not is_visit(VISITS)


@pytest.mark.parametrize(
    "interface",
    [INTERFACE_ERC165, INTERFACE_ERC1155, INTERFACE_ERC1155_METADATA, INTERFACE_ERC5192],
)
def test_token_says_which_interfaces_it_has(world: World, interface: bytes) -> None:
    assert world.view(_pmr(world).supports_interface(interface))


@pytest.mark.parametrize("interface", [b"\xff" * 4, bytes(4), bytes.fromhex("80ac58cd")])
def test_token_claims_no_other_interface(world: World, interface: bytes) -> None:
    assert not world.view(_pmr(world).supports_interface(interface))


def test_a_mint_tells_of_the_visit_and_of_its_first_entry(world: World) -> None:
    first = entries_id(P2_TODAY, EntryKind.CONSULTATION)
    minted, locked, added, unit, unit_locked = world.events(_consult(world, P2_TODAY))
    assert minted == TransferSingle(account("d1"), ZERO, account("p2"), P2_TODAY, 1)
    assert (locked, unit_locked) == (Locked(P2_TODAY), Locked(first))
    assert isinstance(added, EntryAdded)
    assert unit == TransferSingle(account("d1"), ZERO, account("p2"), first, 1)


def test_an_entry_is_a_unit_of_its_kind(world: World) -> None:
    pmr, owner = _pmr(world), account("p1")
    added, unit = world.events(_consult(world, PMR_ID))
    assert isinstance(added, EntryAdded)
    assert unit == TransferSingle(account("d1"), ZERO, owner, VISITS, 1)
    assert world.view(pmr.balance_of(owner, VISITS)) == 2
    assert world.view(pmr.balance_of(owner, PMR_ID)) == 1
    assert world.view(pmr.balance_of(owner, LABS)) == 0


def test_what_a_registry_files_is_a_unit_that_the_registry_has_moved(world: World) -> None:
    pmr, owner, labs = _pmr(world), account("p1"), world.suite.labs.address
    events = world.chain.events(world.suite, _file_study(world))
    assert TransferSingle(labs, ZERO, owner, LABS, 1) in events
    assert world.view(pmr.balance_of(owner, LABS)) == 1


def test_balances_are_read_together(world: World) -> None:
    pmr, owner = _pmr(world), account("p1")
    _consult(world, PMR_ID)
    owners = (owner, owner, owner, account("p2"), STRANGER, ZERO)
    ids = (PMR_ID, VISITS, LABS, PMR_ID, VISITS, P2_TODAY)
    assert world.view(pmr.balance_of_batch(owners, ids)) == (1, 2, 0, 0, 0, 0)


def test_lists_of_two_lengths_are_no_pairs(world: World) -> None:
    refused = world.view_refused(_pmr(world).balance_of_batch((STRANGER,), ()))
    assert refused == RevertReason("ERC1155InvalidArrayLength", (0, 1))


@pytest.mark.parametrize("kind", [0, 2, 3, 4, 5, 6, 7, 255, 2**127])
def test_an_id_of_nothing_has_no_units(world: World, kind: int) -> None:
    token_id = kind << 128 | (PMR_ID if kind else P2_TODAY)
    assert world.view(_pmr(world).total_supply(token_id)) == 0
    assert world.view(_pmr(world).balance_of(account("p1"), token_id)) == 0
    refused = world.view_refused(_pmr(world).locked(token_id))
    assert refused == RevertReason("RecordUnknown", (token_id,))


@pytest.mark.parametrize("token_id", [PMR_ID, VISITS])
def test_every_token_is_locked(world: World, token_id: int) -> None:
    assert world.view(_pmr(world).locked(token_id))


def test_only_a_visit_has_an_owner(world: World) -> None:
    for token_id in (P2_TODAY, VISITS):
        refused = world.view_refused(_pmr(world).owner_of(token_id))
        assert refused == RevertReason("RecordUnknown", (token_id,))


def test_a_patients_visits_are_listed(world: World) -> None:
    pmr = _pmr(world)
    later = [encode_pmr_id(85_437, TODAY + timedelta(days=days)) for days in (1, -1)]
    for pmr_id in (P2_TODAY, *later):
        _consult(world, pmr_id)
    assert world.view(pmr.visit_count(85_437)) == 3
    assert [world.view(pmr.visit_at(85_437, at)) for at in range(3)] == [PMR_ID, *later]
    assert world.view(pmr.visit_count(85_439)) == 0
    assert world.view_refused(pmr.visit_at(85_437, 3)).name == "VisitUnknown"


def test_all_tokens_of_a_record_are_claimed_together(world: World) -> None:
    pmr, old, new = _pmr(world), account("p1"), account("p1 anew")
    _file_study(world)
    _consult(world, PMR_ID)
    recovered(world)
    better = pmr.amend(PMR_ID, 0, hospital_id=1, content=content("better"))
    world.send("d1", pmr.address, better)  # goes to who has the token still
    assert world.view(pmr.balance_of(old, AMENDED)) == 1
    outcome = world.send(STRANGER, pmr.address, pmr.claim(PMR_ID))
    ids, values = (PMR_ID, VISITS, AMENDED, LABS), (1, 2, 1, 1)
    assert world.events(outcome) == [TransferBatch(STRANGER, old, new, ids, values)]
    assert world.view(pmr.balance_of_batch((new,) * 4, ids)) == values
    assert world.view(pmr.balance_of_batch((old,) * 4, ids)) == (0, 0, 0, 0)
    assert world.view(pmr.visit_count(85_437)) == 1


MOVES = [
    Function("safeTransferFrom(address,address,uint256,uint256,bytes)").encode(
        account("p1"), account("p2"), PMR_ID, 1, b""
    ),
    Function("safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)").encode(
        account("p1"), account("p2"), (PMR_ID, VISITS), (1, 1), b""
    ),
    Function("setApprovalForAll(address,bool)").encode(account("p2"), True),
]


@pytest.mark.parametrize("data", MOVES)
@pytest.mark.parametrize("caller", ["p1", "stranger"])
def test_nobody_moves_a_token_or_allows_it(world: World, data: bytes, caller: str) -> None:
    assert world.refused(caller, _pmr(world).address, data).name == "TokenLocked"
    assert world.view(_pmr(world).balance_of(account("p1"), PMR_ID)) == 1


def test_stranger_cannot_file_a_lab_entry(world: World) -> None:
    data = Function("fileEntry(uint256,uint64,uint64,uint8,(bytes32,uint8,bytes32))").encode(
        PMR_ID, 1, 1, 4, content("forged").as_abi()
    )
    for caller in (STRANGER, account("l1"), account("d1")):
        assert world.refused(caller, _pmr(world).address, data).name == "NotFiler"


def test_a_patient_that_is_a_contract_is_not_asked(world: World) -> None:
    """A receiver that reverts whatever it is asked still gets its record."""
    world.chain.state.set_code(account("p2"), bytes.fromhex("60006000fd"))
    _consult(world, P2_TODAY)
    assert world.view(_pmr(world).balance_of(account("p2"), P2_TODAY)) == 1


def test_metadata_names_the_token_and_no_page(world: World) -> None:
    assert world.view(_pmr(world).uri(PMR_ID)) == "urn:wardnet:pmr:{id}"


def test_entries_of_a_kind_end_where_their_count_is_full(world: World) -> None:
    """Nobody writes 65,535 entries here: the count is set in the state."""
    layout = load_artifact("PmrMultiToken").storage_layout["storage"]
    [slot] = [int(each["slot"]) for each in layout if each["label"] == "_words"]
    word = int.from_bytes(keccak256(PMR_ID.to_bytes(32) + slot.to_bytes(32)))
    state, pmr = world.chain.state, _pmr(world)
    before = state.get_storage(pmr.address, word)
    assert before >> 160 == 1
    state.set_storage(pmr.address, word, (2**16 - 2 << 160) | before % 2**160)
    _consult(world, PMR_ID)
    assert world.view(pmr.balance_of(account("p1"), VISITS)) == 2**16 - 1
    data = pmr.consult(PMR_ID, hospital_id=1, content=content("visit"))
    assert world.refused("d1", pmr.address, data).name == "EntryLimit"
    _file_study(world)  # a full kind is not in the way of another
    assert world.view(pmr.balance_of(account("p1"), LABS)) == 1
