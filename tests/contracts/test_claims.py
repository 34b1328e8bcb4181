"""A claim names entries that the policy covers and the insurer may read, each of them once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from node.base.types import Hash32
from node.contracts.bindings.insurance_registry import ClaimDecided, ClaimFiled
from node.contracts.cids import Content
from node.contracts.errors import CallArgumentError
from node.contracts.government_actions import StrikeInsurer, SuspendHospital
from node.contracts.insurance_registry import CLAIM_ENTRIES_COUNT_MAX, Claim, ClaimStatus
from node.contracts.pmr_id import encode_pmr_id
from node.contracts.pmr_token import EntryAdded, EntryKind
from tests.contracts.insured import (
    AMOUNT,
    WORD,
    claim,
    filed,
    insured,
    insurer,
    offered,
    readable,
    refused,
    send,
)
from tests.contracts.recovering import P2, recovered
from tests.contracts.stock_chain import BLOCK_SECONDS
from tests.contracts.world import DAY, PMR_ID, TODAY, World, account, cid, content


@pytest.fixture
def world(world: World) -> World:
    """Policy 1 of insurer i1 is bound by patient p1, who lets i1 read the record."""
    insured(insurer(world))
    readable(world)
    return world


def visit(world: World, pmr_id: int = PMR_ID, name: str = "visit 2") -> None:
    pmr = world.suite.pmr
    world.send("d1", pmr.address, pmr.consult(pmr_id, hospital_id=1, content=content(name)))


def opinion(world: World) -> None:
    """Doctor d2 of hospital h2 adds entry 1."""
    world.grant()
    pmr = world.suite.pmr
    data = pmr.add_second_opinion(PMR_ID, hospital_id=2, content=content("opinion"))
    world.send("d2", pmr.address, data)


def decide(world: World, approved: int = AMOUNT, reason: str = "", claim_id: int = 1) -> bytes:
    return world.suite.insurance.decide_claim(claim_id, approved=approved, reason=reason)


def standing(world: World, claim_id: int = 1) -> Claim:
    return world.view(world.suite.insurance.claim(claim_id))


# filing


def test_a_claim_becomes_an_entry_of_the_record(world: World) -> None:
    outcome = send(world, "p1", claim(world))
    given = content("claim").as_abi()
    assert world.events(outcome) == [
        EntryAdded(PMR_ID, 1, 1, 1, EntryKind.INSURANCE, *given[1:], given[0]),
        ClaimFiled(1, 1, PMR_ID, 1, AMOUNT, 1, account("p1")),
    ]
    entry = world.view(world.suite.pmr.entry(PMR_ID, 1))
    assert (entry.kind, entry.content) == (EntryKind.INSURANCE, content("claim"))
    assert standing(world) == Claim(1, 1, AMOUNT, 0, ClaimStatus.FILED)
    insurance = world.suite.insurance
    assert world.view(insurance.claimed_entries(1, PMR_ID)) == (0,)
    assert world.view(insurance.claim_count()) == 1


def test_the_treating_hospital_files_too(world: World) -> None:
    outcome = send(world, "h1", claim(world))
    event = world.events(outcome)[-1]
    assert isinstance(event, ClaimFiled)
    assert event.by == account("h1")


def test_a_hospital_claims_for_its_own_entries_only(world: World) -> None:
    opinion(world)
    assert refused(world, "h2", claim(world)).name == "NotTreating"
    assert refused(world, "h2", claim(world, entries=(1, 0))).name == "NotTreating"
    outcome = send(world, "h2", claim(world, entries=(1,)))
    added = world.events(outcome)[0]
    assert isinstance(added, EntryAdded)
    assert (added.doctor_id, added.hospital_id) == (2, 2)


def test_the_patient_claims_for_entries_of_several_hospitals(world: World) -> None:
    opinion(world)
    event = world.events(send(world, "p1", claim(world, entries=(0, 1))))[-1]
    assert isinstance(event, ClaimFiled)
    assert event.entries == 0b11


@pytest.mark.parametrize("caller", ["stranger", "p2", "d1", "i1"])
def test_nobody_else_files(world: World, caller: str) -> None:
    assert refused(world, caller, claim(world)).name == "HospitalNotVerified"


def test_a_suspended_hospital_files_nothing(world: World) -> None:
    world.enact(SuspendHospital(account("h1")))
    assert refused(world, "h1", claim(world)).name == "HospitalNotVerified"


@pytest.mark.parametrize("policy_id", [0, 2, 2**64 - 1])
def test_nothing_is_claimed_under_no_policy(world: World, policy_id: int) -> None:
    assert refused(world, "p1", claim(world, policy_id)).name == "PolicyUnknown"


def test_nothing_is_claimed_under_an_offer(world: World) -> None:
    assert refused(world, "p1", claim(world, offered(world))).name == "PolicyUnknown"


def test_nothing_is_claimed_from_an_insurer_that_was_struck(world: World) -> None:
    world.enact(StrikeInsurer(account("i1")))
    assert refused(world, "p1", claim(world)).name == "NotInsurer"


def test_the_record_of_another_patient_is_not_covered(world: World) -> None:
    other = encode_pmr_id(P2, TODAY)
    visit(world, other)
    assert refused(world, "p1", claim(world, pmr_id=other)).name == "ClaimNotCovered"


def test_an_entry_before_the_policy_is_not_covered(world: World) -> None:
    policy_id = insured(world, valid_from_s=world.chain.time_s)
    assert refused(world, "p1", claim(world, policy_id)).name == "ClaimNotCovered"


def test_an_entry_is_covered_from_the_first_second_to_the_last_but_one(world: World) -> None:
    visit(world)
    time_s = world.chain.time_s
    ends = insured(world, valid_from_s=0, valid_until_s=time_s + 3 * BLOCK_SECONDS)
    begins = insured(world, valid_from_s=time_s)
    early = insured(world, valid_from_s=time_s + 1)
    world.chain.set_block(world.chain.number, time_s + 2 * BLOCK_SECONDS)
    visit(world, name="visit 3")
    assert world.chain.time_s == time_s + 3 * BLOCK_SECONDS
    send(world, "p1", claim(world, begins, entries=(1,)))
    assert refused(world, "p1", claim(world, early, entries=(1,))).name == "ClaimNotCovered"
    send(world, "p1", claim(world, ends, entries=(1,)))
    assert refused(world, "p1", claim(world, ends, entries=(2,))).name == "ClaimNotCovered"


def test_an_entry_of_another_kind_is_not_covered(world: World) -> None:
    policy_id = insured(world, kinds=(EntryKind.LAB, EntryKind.SECOND_OPINION))
    assert refused(world, "p1", claim(world, policy_id)).name == "ClaimNotCovered"
    opinion(world)
    send(world, "p1", claim(world, policy_id, entries=(1,)))


def test_no_claim_is_made_for_a_claim(world: World) -> None:
    filed(world)
    assert refused(world, "p1", claim(world, entries=(1,))).name == "ClaimNotCovered"


def test_an_entry_that_was_amended_is_claimed_by_its_amendment(world: World) -> None:
    pmr = world.suite.pmr
    data = pmr.amend(PMR_ID, 0, hospital_id=1, content=content("better"))
    world.send("d1", pmr.address, data)
    assert refused(world, "p1", claim(world)).name == "ClaimNotCovered"
    send(world, "p1", claim(world, entries=(1,)))


def amend(world: World, index: int, name: str) -> None:
    pmr = world.suite.pmr
    data = pmr.amend(PMR_ID, index, hospital_id=1, content=content(name))
    world.send("d1", pmr.address, data)


def test_care_that_was_claimed_is_not_claimed_again_by_its_amendment(world: World) -> None:
    filed(world)
    amend(world, 0, "better")
    assert refused(world, "p1", claim(world, entries=(2,))).name == "AlreadyClaimed"
    amend(world, 2, "better still")
    assert refused(world, "h1", claim(world, entries=(3,))).name == "AlreadyClaimed"


def test_care_that_was_claimed_by_an_amendment_is_not_claimed_by_another(world: World) -> None:
    amend(world, 0, "better")
    amend(world, 0, "better too")
    assert refused(world, "p1", claim(world, entries=(1, 2))).name == "AlreadyClaimed"
    event = world.events(send(world, "p1", claim(world, entries=(1,))))[-1]
    assert isinstance(event, ClaimFiled)
    assert event.entries == 0b10
    assert world.view(world.suite.insurance.claimed_entries(1, PMR_ID)) == (0, 1)
    assert refused(world, "p1", claim(world, entries=(2,))).name == "AlreadyClaimed"


def test_an_amendment_makes_care_no_later_than_it_was(world: World) -> None:
    before = insured(world, valid_from_s=0, valid_until_s=world.chain.time_s + 3 * BLOCK_SECONDS)
    since = insured(world, valid_from_s=world.chain.time_s)
    amend(world, 0, "better")
    assert refused(world, "p1", claim(world, since, entries=(1,))).name == "ClaimNotCovered"
    assert filed(world, before, entries=(1,)) == 1


def test_what_the_patient_stated_is_no_care(world: World) -> None:
    pmr = world.suite.pmr
    visit(world)
    petition = pmr.petition(PMR_ID, 1, content("wrong").commitment)
    world.send("p1", pmr.address, petition)
    denial = pmr.deny_petition(PMR_ID, 1, hospital_id=1, content=content("no"))
    world.send("d1", pmr.address, denial)
    world.send("p1", pmr.address, pmr.dispute(PMR_ID, 1, content("but yes")))
    assert refused(world, "p1", claim(world, entries=(3,))).name == "ClaimNotCovered"


def test_without_a_grant_to_the_insurer_nothing_is_claimed(world: World) -> None:
    other = encode_pmr_id(85_437, TODAY + timedelta(days=1))
    visit(world, other)
    assert refused(world, "p1", claim(world, pmr_id=other)).name == "GrantNotActive"
    send(world, "p1", claim(world))


def test_after_the_grants_end_nothing_is_claimed(world: World) -> None:
    world.chain.wait(2 * DAY)
    assert refused(world, "p1", claim(world)).name == "GrantNotActive"


def test_a_grant_to_another_insurer_is_none(world: World) -> None:
    insurer(world, "i2")
    data = world.suite.insurance.offer_policy(
        85_437,
        commitment=content("number 2").commitment,
        kinds=(EntryKind.CONSULTATION,),
        currency="INR",
        valid_from_s=0,
        valid_until_s=2**40,
    )
    send(world, "i2", data)
    send(world, "p1", world.suite.insurance.bind_policy(2))
    assert refused(world, "p1", claim(world, 2)).name == "GrantNotActive"


def test_the_same_entry_is_claimed_once_under_a_policy(world: World) -> None:
    visit(world)
    filed(world)
    for caller in ("p1", "h1"):
        assert refused(world, caller, claim(world)).name == "AlreadyClaimed"
    assert refused(world, "p1", claim(world, entries=(1, 0))).name == "AlreadyClaimed"
    assert refused(world, "p1", claim(world, entries=(1, 1))).name == "AlreadyClaimed"
    assert world.view(world.suite.insurance.claimed_entries(1, PMR_ID)) == (0,)
    assert filed(world, entries=(1,)) == 2


def test_what_was_turned_down_is_not_claimed_again(world: World) -> None:
    filed(world)
    send(world, "i1", decide(world, 0, "NOT-DOCUMENTED"))
    assert refused(world, "p1", claim(world)).name == "AlreadyClaimed"


def test_under_another_policy_the_same_entry_is_another_claim(world: World) -> None:
    filed(world)
    assert filed(world, insured(world)) == 2


def test_entries_that_do_not_exist_are_not_claimed(world: World) -> None:
    assert refused(world, "p1", claim(world, entries=(1,))).name == "EntryUnknown"
    assert refused(world, "p1", claim(world, entries=(0, 255))).name == "EntryUnknown"
    nowhere = encode_pmr_id(85_437, TODAY + timedelta(days=1))
    assert refused(world, "p1", claim(world, pmr_id=nowhere)).name == "EntryUnknown"


def test_a_claim_names_one_to_eight_entries(world: World) -> None:
    for k in range(CLAIM_ENTRIES_COUNT_MAX):
        visit(world, name=f"more {k}")
    many = tuple(range(CLAIM_ENTRIES_COUNT_MAX + 1))
    for entries in ((), many, (0,) * 100):
        assert refused(world, "p1", claim(world, entries=entries)).name == "BatchSize"
    event = world.events(send(world, "p1", claim(world, entries=many[1:])))[-1]
    assert isinstance(event, ClaimFiled)
    assert event.entries == 0b111111110


def test_a_claim_is_for_something(world: World) -> None:
    assert refused(world, "p1", claim(world, amount=0)).name == "FieldMissing"


def test_a_claim_has_details(world: World) -> None:
    bare = replace(content("claim"), commitment=Hash32(bytes(32)))
    assert refused(world, "p1", claim(world, content=bare)).name == "FieldMissing"


def test_a_claim_of_details_that_lie_nowhere_is_refused(world: World) -> None:
    no_digest = claim(world).replace(cid("claim")[4:], bytes(32))
    assert refused(world, "p1", no_digest).name == "CidNotAllowed"


def test_a_claim_of_details_in_a_foreign_form_is_refused(world: World) -> None:
    git_codec = claim(world).replace((0x55).to_bytes(32), (0x78).to_bytes(32))
    assert refused(world, "p1", git_codec).name == "CidNotAllowed"


def test_a_refused_claim_leaves_nothing(world: World) -> None:
    bare = Content(Hash32(bytes(32)), cid("claim"))
    refused(world, "p1", claim(world, content=bare))
    insurance = world.suite.insurance
    assert world.view(insurance.claimed_entries(1, PMR_ID)) == ()
    assert world.view(insurance.claim_count()) == 0


def test_nothing_is_claimed_for_an_erased_record(world: World) -> None:
    world.send("p1", world.suite.pmr.address, world.suite.pmr.erase(PMR_ID, b"G".ljust(32, b"\0")))
    assert refused(world, "p1", claim(world)).name == "RecordErased"


def test_after_a_recovery_the_new_account_files(world: World) -> None:
    world.grant(
        world.consent(grantee=account("i1"), valid_until_s=world.chain.time_s + 29 * DAY, nonce=1)
    )
    recovered(world)
    assert refused(world, "p1", claim(world)).name == "HospitalNotVerified"
    send(world, "p1 anew", claim(world))


# deciding


@pytest.mark.parametrize(("approved", "reason"), [(AMOUNT, ""), (1, "PART"), (0, "NOT-DOCUMENTED")])
def test_the_insurer_decides(world: World, approved: int, reason: str) -> None:
    filed(world)
    outcome = send(world, "i1", decide(world, approved, reason))
    word = Hash32(reason.encode().ljust(32, b"\0"))
    assert world.events(outcome) == [ClaimDecided(1, 1, approved, word)]
    assert standing(world) == Claim(1, 1, AMOUNT, approved, ClaimStatus.DECIDED)


@pytest.mark.parametrize("approved", [0, AMOUNT - 1])
def test_less_than_was_claimed_needs_a_reason(world: World, approved: int) -> None:
    filed(world)
    assert refused(world, "i1", decide(world, approved)).name == "ReasonMissing"


def test_more_than_was_claimed_is_not_approved(world: World) -> None:
    filed(world)
    reason = refused(world, "i1", decide(world, AMOUNT + 1, "GENEROUS"))
    assert (reason.name, reason.args) == ("AmountWrong", (AMOUNT,))


@pytest.mark.parametrize("caller", ["p1", "h1", "i2", "stranger"])
def test_nobody_else_decides(world: World, caller: str) -> None:
    insurer(world, "i2")
    filed(world)
    assert refused(world, caller, decide(world)).name == "NotInsurer"


def test_an_insurer_that_was_struck_decides_nothing(world: World) -> None:
    filed(world)
    world.enact(StrikeInsurer(account("i1")))
    assert refused(world, "i1", decide(world)).name == "NotInsurer"


@pytest.mark.parametrize("claim_id", [0, 1, 2**64 - 1])
def test_what_was_never_filed_is_not_decided(world: World, claim_id: int) -> None:
    assert refused(world, "i1", decide(world, claim_id=claim_id)).name == "ClaimUnknown"


def test_a_claim_is_decided_once(world: World) -> None:
    filed(world)
    send(world, "i1", decide(world, 0, "NOT-DOCUMENTED"))
    assert refused(world, "i1", decide(world)).name == "AlreadyDecided"
    assert standing(world).approved == 0


def test_a_claim_of_a_record_that_was_erased_meanwhile_is_still_decided(world: World) -> None:
    filed(world)
    world.send("p1", world.suite.pmr.address, world.suite.pmr.erase(PMR_ID, WORD))
    send(world, "i1", decide(world))


def test_the_face_refuses_an_entry_that_no_bit_stands_for(world: World) -> None:
    with pytest.raises(CallArgumentError, match="fileClaim"):
        claim(world, entries=(256,))


def test_largest_amount_is_kept(world: World) -> None:
    largest = 2**80 - 1
    send(world, "p1", claim(world, amount=largest))
    send(world, "i1", decide(world, largest))
    assert standing(world).approved == largest
