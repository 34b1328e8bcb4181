"""Content of entries is checked, and their count ends, whichever way one is written."""

import pytest

from node.base.keccak import keccak256
from node.base.types import Address
from node.contracts.abi import Function
from node.contracts.bindings import insurance_registry as abi
from node.contracts.compile import load_artifact
from node.contracts.government_actions import SuspendHospital
from node.contracts.names import ERC1155, TOKENS
from node.contracts.pmr_entries import EntryAdded, EntryKind
from node.contracts.pmr_id import encode_pmr_id
from tests.contracts.insured import insured, insurer, readable
from tests.contracts.world import PMR_ID, TODAY, World, account, content

CT = b"CT".ljust(16, b"\0")
REASON = b"FOLLOW_UP".ljust(32, b"\0")
DIGITS = encode_pmr_id(1, TODAY) % 10**8
CONTENT = "(bytes32,uint8,bytes32)"
CONSULT = Function(f"consult(uint256,uint64,{CONTENT})")
SECOND_OPINION = Function(f"addSecondOpinion(uint256,uint64,{CONTENT})")
AMEND = Function(f"amend(uint256,uint256,uint64,{CONTENT})")
DENY = Function(f"denyPetition(uint256,uint256,uint64,{CONTENT})")
DISPUTE = Function(f"dispute(uint256,uint256,{CONTENT})")
FILE_ENTRY = Function(f"fileEntry(uint256,uint64,uint64,uint8,{CONTENT})", ("uint256",))
READINGS = Function(f"fileReadings(uint32,uint32,bytes32,{CONTENT})", ("uint256",))
FILE = Function(f"file(uint256,bytes16,uint32,bytes32,{CONTENT},(uint8,uint8,uint8,uint32))")
GOOD = content("any").as_abi()
BAD = {
    "no commitment": ((bytes(32), *GOOD[1:]), "FieldMissing"),
    "no digest": ((*GOOD[:2], bytes(32)), "CidNotAllowed"),
    "a codec of other things": ((GOOD[0], 0x72, GOOD[2]), "CidNotAllowed"),
    "no codec": ((GOOD[0], 0, GOOD[2]), "CidNotAllowed"),
}
KINDS = 6


@pytest.fixture(params=TOKENS)
def token(request: pytest.FixtureRequest) -> str:
    return request.param


Written = tuple[object, int, object]
Call = tuple[Address, Address, bytes]


def _consulting(world: World, written: Written) -> Call:
    return account("d1"), world.suite.pmr.address, CONSULT.encode(PMR_ID, 1, written)


def _advising(world: World, written: Written) -> Call:
    world.grant()
    return account("d2"), world.suite.pmr.address, SECOND_OPINION.encode(PMR_ID, 2, written)


def _amending(world: World, written: Written) -> Call:
    return account("d1"), world.suite.pmr.address, AMEND.encode(PMR_ID, 0, 1, written)


def _denying(world: World, written: Written) -> Call:
    pmr = world.suite.pmr
    world.send("p1", pmr.address, pmr.petition(PMR_ID, 0, b"\1" * 32))
    return account("d1"), pmr.address, DENY.encode(PMR_ID, 0, 1, written)


def _disputing(world: World, written: Written) -> Call:
    world.send(*_denying(world, GOOD))
    return account("p1"), world.suite.pmr.address, DISPUTE.encode(PMR_ID, 0, written)


def _filing_directly(world: World, written: Written) -> Call:
    labs, pmr = world.suite.labs.address, world.suite.pmr.address
    return labs, pmr, FILE_ENTRY.encode(PMR_ID, 1, 1, 4, written)


def _filing(world: World, written: Written) -> Call:
    labs = world.suite.labs
    order = labs.order(PMR_ID, hospital_id=1, lab=account("l1"), modality="CT", reason="X")
    world.send("d1", labs.address, order)
    data = FILE.encode(1, CT, DIGITS, REASON, written, (4, 3, 5, 0))
    return account("l1"), labs.address, data


def _claiming(world: World, written: Written) -> Call:
    insured(insurer(world))
    readable(world)
    data = abi.file_claim(1, PMR_ID, (0,), 1, written)
    return account("p1"), world.suite.insurance.address, data


def _measuring(world: World, written: Written) -> Call:
    devices, device = world.suite.devices, account("v1")
    bind = devices.bind_device(device, pmr_id=PMR_ID, hospital_id=1)
    world.send("d1", devices.address, bind)
    return device, devices.address, READINGS.encode(0, 1, b"\1" * 32, written)


WAYS = {
    "a consultation": _consulting,
    "a second opinion": _advising,
    "an amendment": _amending,
    "a refusal to amend": _denying,
    "a disagreement with it": _disputing,
    "a study, by the lab registry": _filing_directly,
    "a study, by its lab": _filing,
    "a claim": _claiming,
    "readings, by their device": _measuring,
}
ways = pytest.mark.parametrize("way", WAYS)


@ways
@pytest.mark.parametrize("fault", BAD)
def test_content_that_leads_nowhere_is_refused(world: World, way: str, fault: str) -> None:
    written, error = BAD[fault]
    call = WAYS[way](world, written)
    before = world.view(world.suite.pmr.entry_count(PMR_ID))
    assert world.refused(*call).name == error
    assert world.view(world.suite.pmr.entry_count(PMR_ID)) == before


def _of_record(token: str, label: str) -> bytes:
    """Give the place in storage of what a mapping has for the record."""
    layout = load_artifact(TOKENS[token]).storage_layout["storage"]
    [slot] = [int(each["slot"]) for each in layout if each["label"] == label]
    return keccak256(PMR_ID.to_bytes(32) + slot.to_bytes(32))


def _fill(world: World, token: str) -> None:
    """Nobody writes 16,777,215 entries here: the count is set in the state."""
    head = int.from_bytes(keccak256(bytes(32) + _of_record(token, "_entries")))
    state, pmr = world.chain.state, world.suite.pmr
    before = state.get_storage(pmr.address, head)
    assert before >> 192 == world.view(pmr.entry_count(PMR_ID))
    state.set_storage(pmr.address, head, (2**24 - 1 << 192) | before % 2**192)


@ways
def test_a_full_record_takes_no_entry(world: World, token: str, way: str) -> None:
    call = WAYS[way](world, GOOD)
    _fill(world, token)
    assert world.view(world.suite.pmr.entry_count(PMR_ID)) == 2**24 - 1
    assert world.refused(*call).name == "EntryLimit"


@ways
@pytest.mark.parametrize("token", [ERC1155])
def test_a_full_kind_takes_no_entry(world: World, token: str, way: str) -> None:
    """Nor 65,535 of each kind."""
    call = WAYS[way](world, GOOD)
    word = int.from_bytes(_of_record(token, "_words"))
    state, pmr = world.chain.state, world.suite.pmr.address
    full = (2 ** (16 * KINDS) - 1) << 160
    state.set_storage(pmr, word, full | state.get_storage(pmr, word) % 2**160)
    assert world.refused(*call).name == "EntryLimit"


@pytest.mark.parametrize(("way", "name"), [("a second opinion", "h2"), ("an amendment", "h1")])
def test_nothing_is_written_for_a_suspended_hospital(world: World, way: str, name: str) -> None:
    call = WAYS[way](world, GOOD)
    world.enact(SuspendHospital(account(name)))
    assert world.refused(*call).name == "HospitalNotVerified"


def test_a_second_opinion_is_told(world: World) -> None:
    sender, to, data = _advising(world, GOOD)
    commitment, codec, digest = GOOD
    added, *_ = world.events(world.send(sender, to, data))
    assert added == EntryAdded(PMR_ID, 2, 2, 1, EntryKind.SECOND_OPINION, codec, digest, commitment)


def test_a_registry_files_nothing_where_no_record_stands(world: World) -> None:
    """Asked by the registry itself: through its own door it refuses before."""
    pmr, labs = world.suite.pmr, world.suite.labs.address
    unknown = FILE_ENTRY.encode(PMR_ID + 1, 1, 1, 4, GOOD)
    assert world.refused(labs, pmr.address, unknown).name == "RecordUnknown"
    world.send("p1", pmr.address, pmr.erase(PMR_ID, REASON))
    assert world.refused(*_filing_directly(world, GOOD)).name == "RecordErased"


def test_what_a_registry_files_is_told(world: World) -> None:
    added, *_ = world.events(world.send(*_filing_directly(world, GOOD)))
    commitment, codec, digest = GOOD
    assert added == EntryAdded(PMR_ID, 1, 1, 1, EntryKind.LAB, codec, digest, commitment)


@pytest.mark.parametrize("digits", [26_132_021, 0, 31_042_021, 29_022_021])
def test_a_study_of_an_impossible_day_is_refused(world: World, digits: int) -> None:
    sender, to, _ = _filing(world, GOOD)
    data = FILE.encode(1, CT, digits, REASON, GOOD, (4, 3, 5, 0))
    assert world.refused(sender, to, data).name == "InvalidDate"
