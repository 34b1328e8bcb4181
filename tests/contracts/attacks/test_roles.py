"""Attacks of those who have a role: two hats, votes of the gone, words for others."""

from dataclasses import replace

from node.base.types import Hash32
from node.contracts.government_actions import (
    AddMember,
    RemoveMember,
    SuspendHospital,
    UpholdComplaint,
)
from tests.contracts.recovering import P1 as PATIENT_ID
from tests.contracts.recovering import confirm, refused, send, start
from tests.contracts.world import (
    MEMBERS,
    PMR_ID,
    SETTINGS,
    STRANGER,
    World,
    account,
    content,
)


def test_vote_of_a_member_who_left_is_not_counted() -> None:
    """Of 5, three would do; one of two voters leaves, and one more vote is not enough."""
    members = tuple(account(f"m{place}") for place in range(5))
    world = World.deployed(replace(SETTINGS, members=members))
    number = world.propose(AddMember(STRANGER), by=members[0])
    world.vote(number, members[4])
    world.enact(RemoveMember(members[4]), *members[:3])
    world.vote(number, members[1])
    government = world.suite.government
    assert world.view(government.proposal(number)).votes == 2
    assert not world.view(government.is_member(STRANGER)), "2 of 4"
    world.vote(number, members[2])
    assert world.view(government.is_member(STRANGER)), "3 of 4"


def test_member_does_not_vote_twice(world: World) -> None:
    government = world.suite.government
    number = world.propose(AddMember(STRANGER))
    again = government.vote(number)
    assert world.refused(MEMBERS[0], government.address, again).name == "AlreadyVoted"
    assert not world.view(government.is_member(STRANGER))


def test_stranger_neither_proposes_nor_votes(world: World) -> None:
    government = world.suite.government
    number = world.propose(AddMember(STRANGER))
    for data in (government.vote(number), government.propose(AddMember(STRANGER))):
        assert world.refused(STRANGER, government.address, data).name == "NotAuthorityMember"


def test_hospital_does_not_recover_a_patient_as_its_guardian(world: World) -> None:
    send(world, "p1", world.suite.patients.set_guardian(account("h1")))
    send(world, "h1", start(world))
    assert refused(world, "h1", confirm(world)).name == "GuardianUnfit"


def test_doctor_does_not_amend_what_another_wrote(world: World) -> None:
    pmr = world.suite.pmr
    data = pmr.amend(PMR_ID, 0, hospital_id=2, content=content("mine now"))
    assert world.refused("d2", pmr.address, data).name == "NotAuthor"
    assert not world.view(pmr.entry(PMR_ID, 0)).is_marked


def test_suspended_hospital_writes_through_nobody(world: World) -> None:
    """Its doctors, its desk and its lab fall with it, in the next transaction."""
    world.enact(SuspendHospital(account("h1")))
    suite = world.suite
    visit = suite.pmr.consult(PMR_ID, hospital_id=1, content=content("visit"))
    assert world.refused("d1", suite.pmr.address, visit).name == "HospitalNotVerified"
    assert (
        world.refused("h1", suite.patients.address, world.registration("p9")).name
        == "HospitalNotVerified"
    )
    lab = suite.labs.list_lab(account("l2"), "Lab")
    assert world.refused("h1", suite.labs.address, lab).name == "HospitalNotVerified"


def test_patient_does_not_order_for_another_patient(world: World) -> None:
    custody = world.suite.custody
    data = custody.replace_custodian(
        b"\2" * 32, pmr_id=PMR_ID, index=2, old=account("h1"), new=account("h2")
    )
    assert world.refused("p2", custody.address, data).name == "NotPatient"
    erased = world.suite.pmr.erase(PMR_ID, b"\1" * 32)
    assert world.refused("p2", world.suite.pmr.address, erased).name == "NotPatient"


def test_member_does_not_unseat_a_custodian_that_serves(world: World) -> None:
    custody = world.suite.custody
    data = custody.replace_custodian(
        b"\2" * 32, pmr_id=PMR_ID, index=2, old=account("h1"), new=account("h2")
    )
    assert world.refused(MEMBERS[0], custody.address, data).name == "CustodianActive"


def test_member_alone_ends_no_grant(world: World) -> None:
    """Not with a complaint of a hospital that plays along, either: it takes a majority."""
    consents = world.suite.consents
    consent = world.consent()
    grant_id = world.grant(consent)
    complaint = consents.complain_of_grant(
        grant_id,
        patient_id=PATIENT_ID,
        grantee=consent.grantee,
        pmr_id=PMR_ID,
        evidence=Hash32(b"\x01" * 32),
    )
    world.send("h2", consents.address, complaint)
    alone = consents.uphold_complaint(grant_id)
    assert world.refused(MEMBERS[0], consents.address, alone).name == "NotGovernment"
    world.propose(UpholdComplaint(grant_id))
    assert world.view(consents.is_standing(consent))
