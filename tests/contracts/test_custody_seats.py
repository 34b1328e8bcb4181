"""Who holds a share, and which manifest an entry has: what a record's patient says."""

import pytest

from node.base.keccak import keccak256
from node.base.types import ZERO_ADDRESS, Address, Hash32
from node.contracts.cids import join_cid
from node.contracts.custody_ledger import CustodianReplaced, GenerationRotated, Rotation, Seat
from node.contracts.errors import CidFormError
from node.contracts.government_actions import RevokeHospital, SuspendHospital
from node.contracts.pmr_id import encode_pmr_id
from node.contracts.reverts import RevertReason
from tests.contracts.stock_chain import Outcome
from tests.contracts.world import MEMBERS, PMR_ID, TODAY, World, account, cid, content


def _word(name: str) -> Hash32:
    return Hash32(keccak256(name.encode()))


DEAL = _word("deal")
P2_PMR_ID = encode_pmr_id(85_438, TODAY)


def _send(world: World, sender: str | Address, data: bytes) -> Outcome:
    return world.send(sender, world.suite.custody.address, data)


def _refused(world: World, sender: str | Address, data: bytes) -> RevertReason:
    return world.refused(sender, world.suite.custody.address, data)


# who holds a share


def _replacement(
    world: World, old: str, new: str, *, pmr_id: int = PMR_ID, index: int = 2, deal: bytes = DEAL
) -> bytes:
    return world.suite.custody.replace_custodian(
        deal, pmr_id=pmr_id, index=index, old=account(old), new=account(new)
    )


def _seat(world: World, pmr_id: int = PMR_ID) -> Seat:
    return world.view(world.suite.custody.seat_of(pmr_id, DEAL, 2))


def test_nobody_sits_where_nothing_was_replaced(world: World) -> None:
    custody = world.suite.custody
    assert world.view(custody.custodian_of(PMR_ID, DEAL, 2)) == ZERO_ADDRESS
    assert _seat(world) == Seat(ZERO_ADDRESS, ZERO_ADDRESS)


@pytest.mark.parametrize("new", ["h1", "h2"])
def test_the_patient_hands_a_share_over_or_has_it_repaired(world: World, new: str) -> None:
    outcome = _send(world, "p1", _replacement(world, "h1", new))
    h1 = account("h1")
    assert world.events(outcome) == [CustodianReplaced(DEAL, PMR_ID, 2, h1, account(new))]
    assert world.view(world.suite.custody.custodian_of(PMR_ID, DEAL, 2)) == account(new)
    assert _seat(world) == Seat(account(new), h1)


def test_a_seat_remembers_whom_the_manifest_names(world: World) -> None:
    world.add_hospital("h3")
    _send(world, "p1", _replacement(world, "h1", "h2"))
    _send(world, "p1", _replacement(world, "h2", "h3"))
    assert _seat(world) == Seat(account("h3"), account("h1"))


@pytest.mark.parametrize("sender", ["stranger", "p2", "d1", "h1", "h2", "l1"])
def test_only_the_patient_hands_over_a_share_of_an_active_hospital(
    world: World, sender: str
) -> None:
    assert _refused(world, sender, _replacement(world, "h1", "h2")).name == "NotPatient"
    assert _refused(world, MEMBERS[0], _replacement(world, "h1", "h2")).name == "CustodianActive"


def test_a_member_of_the_authority_replaces_a_hospital_that_serves_no_longer(world: World) -> None:
    world.enact(SuspendHospital(account("h1")))
    assert _refused(world, "stranger", _replacement(world, "h1", "h2")).name == "NotPatient"
    world.events(_send(world, MEMBERS[1], _replacement(world, "h1", "h2")))
    assert _seat(world) == Seat(account("h2"), account("h1"))


def test_a_member_cannot_name_a_former_holder(world: World) -> None:
    world.add_hospital("h3")
    _send(world, "p1", _replacement(world, "h1", "h2"))
    world.enact(RevokeHospital(account("h1")))
    refused = _refused(world, MEMBERS[0], _replacement(world, "h1", "h3"))
    assert refused == RevertReason("CustodianDiffers", (account("h2"),))
    world.enact(SuspendHospital(account("h2")))
    _send(world, MEMBERS[0], _replacement(world, "h2", "h3"))
    assert _seat(world) == Seat(account("h3"), account("h1"))


def test_a_members_lie_is_visible_and_the_patients_word_replaces_it(world: World) -> None:
    """h3 is suspended and never held the share; h1 is whom the manifest names."""
    world.add_hospital("h3")
    world.enact(SuspendHospital(account("h3")))
    _send(world, MEMBERS[0], _replacement(world, "h3", "h2"))
    assert _seat(world).original == account("h3")
    _send(world, "p1", _replacement(world, "h1", "h1"))
    assert _seat(world) == Seat(account("h1"), account("h1"))


def test_another_records_patient_cannot_move_shares_of_this_one(world: World) -> None:
    """The seat belongs to the record: what p2 says about p1's deal stands under p2's record."""
    pmr = world.suite.pmr
    visit = pmr.consult(P2_PMR_ID, hospital_id=1, content=content("visit of p2"))
    world.send("d1", pmr.address, visit)
    assert _refused(world, "p2", _replacement(world, "h1", "h2")).name == "NotPatient"
    _send(world, "p2", _replacement(world, "h1", "h2", pmr_id=P2_PMR_ID))
    assert _seat(world) == Seat(ZERO_ADDRESS, ZERO_ADDRESS)
    assert _seat(world, P2_PMR_ID).holder == account("h2")


@pytest.mark.parametrize("new", ["stranger", "d1", "h3"])
def test_a_share_goes_to_an_active_hospital_only(world: World, new: str) -> None:
    world.send("h3", world.suite.hospitals.address, world.application("h3"))
    refused = _refused(world, "p1", _replacement(world, "h1", new))
    assert refused.name == "HospitalNotVerified"


@pytest.mark.parametrize("old", ["stranger", "d1", "p1"])
def test_a_share_comes_from_a_hospital(world: World, old: str) -> None:
    assert _refused(world, "p1", _replacement(world, old, "h2")).name == "NotCustodian"
    assert _refused(world, MEMBERS[0], _replacement(world, old, "h2")).name == "NotCustodian"


def test_the_patients_own_share_is_not_handed_over(world: World) -> None:
    assert _refused(world, "p1", _replacement(world, "h1", "h2", index=0)).name == "FieldMissing"


def test_shares_of_a_record_that_is_not_are_not_handed_over(world: World) -> None:
    refused = _refused(world, "p1", _replacement(world, "h1", "h2", pmr_id=P2_PMR_ID))
    assert refused == RevertReason("RecordUnknown", (P2_PMR_ID,))


def test_shares_of_an_erased_record_are_not_handed_over(world: World) -> None:
    world.send("p1", world.suite.pmr.address, world.suite.pmr.erase(PMR_ID, _word("basis")))
    assert _refused(world, "p1", _replacement(world, "h1", "h2")).name == "RecordErased"


# generations


def _rotation(world: World, generation: int = 1, *, pmr_id: int = PMR_ID, entry: int = 0) -> bytes:
    return world.suite.custody.rotate(
        pmr_id, entry, generation=generation, manifest=cid(f"manifest {generation}")
    )


def test_an_entry_that_was_never_rotated_has_generation_zero(world: World) -> None:
    assert world.view(world.suite.custody.rotation_of(PMR_ID, 0)) == Rotation(0, None)


def test_a_rotation_names_the_next_generations_manifest(world: World) -> None:
    _send(world, "p1", _rotation(world))
    [event] = world.events(_send(world, "p1", _rotation(world, 2)))
    assert isinstance(event, GenerationRotated)
    assert (event.pmr_id, event.entry_index, event.generation) == (PMR_ID, 0, 2)
    assert event.manifest == cid("manifest 2")
    found = world.view(world.suite.custody.rotation_of(PMR_ID, 0))
    assert found == Rotation(2, cid("manifest 2"))


@pytest.mark.parametrize("generation", [0, 1, 3, 2**32 - 1])
def test_a_generation_is_the_next_one(world: World, generation: int) -> None:
    _send(world, "p1", _rotation(world))
    refused = _refused(world, "p1", _rotation(world, generation))
    assert refused == RevertReason("GenerationNotNext", (2,))


@pytest.mark.parametrize("sender", ["stranger", "p2", "d1", "h1", "member 0"])
def test_only_the_patient_rotates(world: World, sender: str) -> None:
    assert _refused(world, sender, _rotation(world)).name == "NotPatient"


def test_an_entry_that_is_not_is_not_rotated(world: World) -> None:
    assert _refused(world, "p1", _rotation(world, entry=1)).name == "EntryUnknown"
    absent = _refused(world, "p1", _rotation(world, pmr_id=P2_PMR_ID))
    assert absent == RevertReason("RecordUnknown", (P2_PMR_ID,))


def test_an_erased_record_is_not_rotated(world: World) -> None:
    world.send("p1", world.suite.pmr.address, world.suite.pmr.erase(PMR_ID, _word("basis")))
    assert _refused(world, "p1", _rotation(world)).name == "RecordErased"


@pytest.mark.parametrize(("codec", "digest"), [(0x51, _word("x")), (0x55, bytes(32))])
def test_a_manifest_has_a_cid_of_the_ledger(world: World, codec: int, digest: bytes) -> None:
    data = bytearray(_rotation(world))
    data[4 + 3 * 32 : 4 + 5 * 32] = codec.to_bytes(32) + digest
    assert _refused(world, "p1", bytes(data)).name == "CidNotAllowed"


def test_a_manifest_with_another_codec_is_not_encoded(world: World) -> None:
    manifest = join_cid(0x55, _word("x"))
    with pytest.raises(CidFormError):
        world.suite.custody.rotate(PMR_ID, 0, generation=1, manifest=manifest[:1] + b"Q")
