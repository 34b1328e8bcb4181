from dataclasses import replace

import pytest

from node.base.types import ZERO_ADDRESS, Address
from node.contracts.abi import Function
from node.contracts.government_actions import (
    Action,
    ActionKind,
    AddMember,
    RemoveMember,
    RevokeHospital,
    SuspendHospital,
    VerifyHospital,
)
from node.contracts.government_registry import (
    Enacted,
    HospitalRevoked,
    HospitalSuspended,
    HospitalVerified,
    Proposal,
    Proposed,
    Voted,
)
from tests.contracts.world import DAY, MEMBERS, SETTINGS, STRANGER, World, account

M0, M1, M2 = MEMBERS
NEW = account("new member")


def _members(world: World) -> tuple[Address, ...]:
    return world.view(world.suite.government.members())


def _proposal(world: World, proposal_id: int) -> Proposal:
    return world.view(world.suite.government.proposal(proposal_id))


def _vote_refused(world: World, proposal_id: int, by: Address) -> str:
    government = world.suite.government
    return world.refused(by, government.address, government.vote(proposal_id)).name


def _propose_refused(world: World, action: Action, by: Address = M0) -> str:
    government = world.suite.government
    return world.refused(by, government.address, government.propose(action)).name


def _with_members(count: int) -> World:
    members = tuple(account(f"m{i}") for i in range(count))
    return World.deployed(replace(SETTINGS, members=members))


def test_authority_starts_with_its_first_members(world: World) -> None:
    assert _members(world) == MEMBERS
    assert world.view(world.suite.government.is_member(M2))
    assert not world.view(world.suite.government.is_member(STRANGER))


def test_proposal_counts_its_proposers_vote(world: World) -> None:
    government = world.suite.government
    outcome = world.send(M0, government.address, government.propose(AddMember(NEW)))
    number = world.view(government.proposal_count())
    deadline = world.chain.time_s + SETTINGS.voting_seconds
    payload = bytes(12) + NEW
    assert world.events(outcome) == [
        Proposed(number, ActionKind.ADD_MEMBER, M0, deadline, payload),
        Voted(number, M0),
    ]
    assert _proposal(world, number) == Proposal(
        ActionKind.ADD_MEMBER, M0, deadline, is_enacted=False, votes=1, payload=payload
    )
    assert world.view(government.has_voted(number, M0))
    assert not world.view(government.has_voted(number, M1))


def test_vote_that_makes_the_majority_enacts(world: World) -> None:
    number = world.propose(AddMember(NEW))
    outcome = world.vote(number, M1)
    assert world.events(outcome) == [Voted(number, M1), Enacted(number, ActionKind.ADD_MEMBER)]
    assert _members(world) == (*MEMBERS, NEW)
    assert _proposal(world, number).is_enacted


def test_one_of_three_is_no_majority(world: World) -> None:
    world.propose(AddMember(NEW))
    assert _members(world) == MEMBERS


@pytest.mark.parametrize(("count", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4)])
def test_majority_is_more_than_half(count: int, needed: int) -> None:
    world = _with_members(count)
    voters = _members(world)
    number = world.propose(AddMember(NEW), by=voters[0])
    for place in range(1, needed):
        assert not world.view(world.suite.government.is_member(NEW))
        world.vote(number, voters[place])
    assert world.view(world.suite.government.is_member(NEW))


def test_stranger_cannot_propose(world: World) -> None:
    assert _propose_refused(world, AddMember(STRANGER), by=STRANGER) == "NotAuthorityMember"


def test_stranger_cannot_vote(world: World) -> None:
    number = world.propose(AddMember(NEW))
    assert _vote_refused(world, number, STRANGER) == "NotAuthorityMember"


def test_second_vote_of_a_member_is_refused(world: World) -> None:
    number = world.propose(AddMember(NEW))
    assert _vote_refused(world, number, M0) == "AlreadyVoted"


def test_vote_after_the_decision_is_refused(world: World) -> None:
    number = world.propose(AddMember(NEW))
    world.vote(number, M1)
    assert _vote_refused(world, number, M2) == "ProposalClosed"


@pytest.mark.parametrize("number", [0, 999])
def test_unknown_proposal_is_refused(world: World, number: int) -> None:
    assert _vote_refused(world, number, M1) == "ProposalUnknown"


@pytest.mark.parametrize("number", [0, 999])
def test_unknown_proposal_cannot_be_read(world: World, number: int) -> None:
    government = world.suite.government
    assert world.view_refused(government.proposal(number)).name == "ProposalUnknown"


def test_vote_in_the_last_second_counts(world: World) -> None:
    number = world.propose(AddMember(NEW))
    deadline = _proposal(world, number).deadline_s
    world.chain.set_block(world.chain.number, deadline - 1 - 5)
    world.vote(number, M1)
    assert world.view(world.suite.government.is_member(NEW))


def test_proposal_dies_at_its_deadline(world: World) -> None:
    number = world.propose(AddMember(NEW))
    deadline = _proposal(world, number).deadline_s
    world.chain.set_block(world.chain.number, deadline - 5)
    assert _vote_refused(world, number, M1) == "ProposalExpired"


def test_votes_of_a_removed_member_do_not_count() -> None:
    world = _with_members(4)
    m0, m1, m2, m3 = _members(world)
    number = world.propose(AddMember(NEW), by=m0)
    world.vote(number, m1)
    world.enact(RemoveMember(m1), m0, m2, m3)
    assert _proposal(world, number).votes == 1
    world.vote(number, m2)
    assert world.view(world.suite.government.is_member(NEW)), "2 of the 3 that are left"


def test_removed_member_can_neither_propose_nor_vote(world: World) -> None:
    number = world.propose(AddMember(NEW))
    world.enact(RemoveMember(M2))
    assert _propose_refused(world, AddMember(NEW), by=M2) == "NotAuthorityMember"
    assert _vote_refused(world, number, M2) == "NotAuthorityMember"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_removing_a_member_keeps_the_others(world: World, place: int) -> None:
    gone = MEMBERS[place]
    voters = [each for each in MEMBERS if each != gone]
    world.enact(RemoveMember(gone), *voters)
    assert set(_members(world)) == set(voters)
    assert not world.view(world.suite.government.is_member(gone))
    assert all(world.view(world.suite.government.is_member(each)) for each in voters)


def test_member_who_came_back_can_be_removed_again(world: World) -> None:
    world.enact(RemoveMember(M2))
    world.enact(AddMember(M2), M0, M1)
    assert _members(world) == (M0, M1, M2)
    world.enact(RemoveMember(M2))
    assert _members(world) == (M0, M1)


def test_last_member_cannot_be_removed() -> None:
    world = _with_members(1)
    [only] = _members(world)
    assert _propose_refused(world, RemoveMember(only), by=only) == "LastMember"


def test_member_cannot_be_added_twice(world: World) -> None:
    assert world.enact_refused(AddMember(M2)).name == "MemberKnown"


def test_zero_address_cannot_be_a_member(world: World) -> None:
    assert world.enact_refused(AddMember(ZERO_ADDRESS)).name == "FieldMissing"


PROPOSE = Function("propose(uint8,bytes)")


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (15, bytes(32)),
        (14, bytes(64)),
        (255, bytes(32)),
        (0, b""),
        (0, bytes(31)),
        (0, bytes(64)),
        (5, bytes(96)),
        (8, bytes(32)),
        (9, bytes(32)),
    ],
)
def test_proposal_of_another_form_is_refused(world: World, kind: int, payload: bytes) -> None:
    data = PROPOSE.encode(kind, payload)
    assert world.refused(M0, world.suite.government.address, data).name == "ActionUnknown"


def test_authority_tells_what_it_did_to_a_hospital(world: World) -> None:
    world.send("h3", world.suite.hospitals.address, world.application("h3"))
    who = account("h3")
    assert HospitalVerified(who, 3) in world.events(world.enact(VerifyHospital(who)))
    assert HospitalSuspended(who, 3) in world.events(world.enact(SuspendHospital(who)))
    assert HospitalVerified(who, 3) in world.events(world.enact(VerifyHospital(who)))
    assert HospitalRevoked(who, 3) in world.events(world.enact(RevokeHospital(who)))


def test_refused_action_leaves_the_proposal_open(world: World) -> None:
    number = world.propose(VerifyHospital(account("nobody")))
    assert _vote_refused(world, number, M1) == "HospitalStatusWrong"
    assert not _proposal(world, number).is_enacted
    assert not world.view(world.suite.government.has_voted(number, M1))


def test_voting_seconds_are_seconds_of_block_time(world: World) -> None:
    assert world.view(world.suite.government.voting_seconds()) == 7 * DAY
