"""An authority of one member: the transaction that proposes also enacts, or is refused."""

from dataclasses import replace

import pytest

from node.base.types import ZERO_ADDRESS, ZERO_HASH, Hash32
from node.contracts.bindings.consent_registry import ComplaintUpheld
from node.contracts.consent_registry import Revoked
from node.contracts.doctor_registry import DoctorSuspended
from node.contracts.government_actions import (
    Action,
    AddMember,
    AdmitValidator,
    EmergencyWithdraw,
    ListInsurer,
    ListResearcher,
    RemoveMember,
    RevokeHospital,
    SetLicence,
    StrikeInsurer,
    StrikeResearcher,
    SuspendDoctor,
    SuspendHospital,
    UpholdComplaint,
    VerifyHospital,
    WithdrawValidator,
)
from node.contracts.government_registry import (
    BelowMinimum,
    Enacted,
    HospitalRevoked,
    HospitalSuspended,
    HospitalVerified,
    LicenceSet,
    Proposed,
    ValidatorAdmitted,
    ValidatorWithdrawn,
    Voted,
)
from node.contracts.hospital_registry import HospitalRegistered
from node.contracts.registration import registration_word
from tests.contracts.recovering import P1 as PATIENT_ID
from tests.contracts.stock_chain import Outcome
from tests.contracts.world import MEMBERS, SETTINGS, STRANGER, VALIDATORS, World, account

SOLE = MEMBERS[0]
EVIDENCE = Hash32(b"\x0e" * 32)
H1, FREE = account("h1"), account("free")
ALONE = replace(SETTINGS, members=(SOLE,), validators=VALIDATORS[:1], min_validators=1)


def _propose(world: World, action: Action) -> Outcome:
    government = world.suite.government
    return world.send(SOLE, government.address, government.propose(action))


def _refused(world: World, action: Action) -> str:
    government = world.suite.government
    return world.refused(SOLE, government.address, government.propose(action)).name


@pytest.fixture(scope="module")
def alone() -> World:
    """Give an authority of one, a validator, hospital h1 Verified with doctor d1, h2 applied."""
    world = World.deployed(ALONE)
    for name in ("h1", "h2"):
        world.send(name, world.suite.hospitals.address, world.application(name))
    _propose(world, VerifyHospital(H1))
    world.add_doctor("d1", "h1")
    return world


def _admit(hospital: str = "h1", key: str = "free") -> AdmitValidator:
    return AdmitValidator(account(hospital), account(key), ZERO_HASH, ZERO_HASH)


@pytest.mark.parametrize(
    ("action", "error"),
    [
        (AddMember(ZERO_ADDRESS), "FieldMissing"),
        (AddMember(SOLE), "MemberKnown"),
        (RemoveMember(STRANGER), "MemberUnknown"),
        (RemoveMember(SOLE), "LastMember"),
        (VerifyHospital(STRANGER), "HospitalStatusWrong"),
        (RevokeHospital(STRANGER), "HospitalStatusWrong"),
        (SuspendHospital(STRANGER), "HospitalNotVerified"),
        (_admit("h2"), "HospitalNotVerified"),
        (AdmitValidator(H1, ZERO_ADDRESS, ZERO_HASH, ZERO_HASH), "FieldMissing"),
        (AdmitValidator(H1, VALIDATORS[0], ZERO_HASH, ZERO_HASH), "ValidatorKnown"),
        (WithdrawValidator(STRANGER), "ValidatorUnknown"),
        (EmergencyWithdraw(STRANGER), "ValidatorUnknown"),
        (EmergencyWithdraw(VALIDATORS[0]), "LastValidator"),
        (SuspendDoctor(99, 0), "DoctorUnknown"),
    ],
)
def test_action_that_cannot_be_is_refused_with_its_proposal(
    alone: World, action: Action, error: str
) -> None:
    world = alone.fork()
    assert _refused(world, action) == error
    assert world.view(world.suite.government.proposal_count()) == 1


def test_a_full_validator_set_refuses_the_proposal() -> None:
    full = tuple(sorted(account(f"validator {i}") for i in range(100)))
    world = World.deployed(replace(ALONE, validators=full))
    world.send("h1", world.suite.hospitals.address, world.application("h1"))
    _propose(world, VerifyHospital(H1))
    assert _refused(world, _admit()) == "ValidatorLimit"


def _told(world: World, action: Action) -> list[object]:
    """Give what a proposal tells behind itself, its vote and its enactment."""
    proposed, voted, enacted, *rest = world.events(_propose(world, action))
    number = world.view(world.suite.government.proposal_count())
    assert isinstance(proposed, Proposed)
    assert (proposed.proposal_id, proposed.proposer) == (number, SOLE)
    assert voted == Voted(number, SOLE)
    assert enacted == Enacted(number, proposed.kind)
    return list(rest)


def test_a_new_member_is_told_by_its_enactment(alone: World) -> None:
    world = alone.fork()
    assert _told(world, AddMember(FREE)) == []
    assert world.view(world.suite.government.members()) == (SOLE, FREE)


def test_a_verified_hospital_is_told_by_both_registries(alone: World) -> None:
    account_2 = account("h2")
    assert _told(alone.fork(), VerifyHospital(account_2)) == [
        HospitalRegistered(2, account_2, registration_word("IN/h2")),
        HospitalVerified(account_2, 2),
    ]


def test_a_suspended_hospital_is_told(alone: World) -> None:
    assert _told(alone.fork(), SuspendHospital(H1)) == [HospitalSuspended(H1, 1)]


def test_a_revoked_hospital_is_told(alone: World) -> None:
    assert _told(alone.fork(), RevokeHospital(H1)) == [HospitalRevoked(H1, 1)]


def test_an_admitted_validator_is_told_with_its_first_block(alone: World) -> None:
    world = alone.fork()
    [told] = _told(world, _admit())
    assert told == ValidatorAdmitted(FREE, 1, ZERO_HASH, ZERO_HASH, world.chain.number + 1)


def test_a_withdrawn_validator_is_told_with_its_first_block_outside(alone: World) -> None:
    world = alone.fork()
    _propose(world, _admit())
    [told] = _told(world, EmergencyWithdraw(FREE))
    assert told == ValidatorWithdrawn(FREE, 1, world.chain.number + 1)


def test_a_withdrawal_below_the_minimum_is_told(alone: World) -> None:
    assert _told(alone.fork(), WithdrawValidator(VALIDATORS[0])) == [
        BelowMinimum(VALIDATORS[0], 0, 1)
    ]


def test_a_suspended_doctor_is_told(alone: World) -> None:
    assert _told(alone.fork(), SuspendDoctor(1, 7)) == [DoctorSuspended(1, 7)]


def test_a_licence_is_told(alone: World) -> None:
    assert _told(alone.fork(), SetLicence(H1, 7)) == [LicenceSet(1, 7)]


def test_a_key_of_a_hospital_whose_licence_has_ended_is_refused_with_its_proposal(
    alone: World,
) -> None:
    world = alone.fork()
    _propose(world, SetLicence(H1, 7))
    assert _refused(world, _admit()) == "LicenceExpired"


# members that become one, or sixty-four


def test_the_last_member_is_not_voted_out_by_an_older_proposal(world: World) -> None:
    """A proposal against the last member was open when the others were still there."""
    one, two, three = MEMBERS
    against_one = world.propose(RemoveMember(one), two)
    world.enact(RemoveMember(three), one, two)
    world.enact(RemoveMember(two), one, two)
    assert world.view(world.suite.government.members()) == (one,)
    government = world.suite.government
    reason = world.refused(one, government.address, government.vote(against_one))
    assert reason.name == "LastMember"


def test_the_vote_for_a_sixty_fifth_member_is_refused() -> None:
    members = tuple(account(f"m{i}") for i in range(64))
    world = World.deployed(replace(SETTINGS, members=members))
    number = world.propose(AddMember(FREE), members[0])
    for member in members[1:32]:
        world.vote(number, member)
    government = world.suite.government
    reason = world.refused(members[32], government.address, government.vote(number))
    assert reason.name == "MemberLimit"


def test_the_sixty_fourth_member_is_taken() -> None:
    members = tuple(account(f"m{i}") for i in range(63))
    world = World.deployed(replace(SETTINGS, members=members))
    world.enact(AddMember(FREE), *members[:32])
    assert world.view(world.suite.government.members()) == (*members, FREE)


@pytest.mark.parametrize(
    ("enlist", "strike"), [(ListInsurer, StrikeInsurer), (ListResearcher, StrikeResearcher)]
)
def test_a_party_is_listed_and_struck_off_at_once(
    alone: World, enlist: type[ListInsurer], strike: type[StrikeInsurer]
) -> None:
    world = alone.fork()
    assert _refused(world, strike(FREE)) == "PartyUnknown"
    listed = [event.SPEC.name for event in world.events(_propose(world, enlist(FREE)))]
    assert listed == ["Proposed", "Voted", "Enacted", "PartyAdmitted"]
    assert _refused(world, enlist(FREE)) == "PartyListed"
    struck = [event.SPEC.name for event in world.events(_propose(world, strike(FREE)))]
    assert struck == ["Proposed", "Voted", "Enacted", "PartyStruck"]


def test_a_proven_complaint_is_told_by_both_registries(alone: World) -> None:
    world = alone.fork()
    world.add_patient("p1", "h1")
    consent = world.consent(pmr_id=0, grantee=account("d1"))
    grant_id = world.grant(consent)
    assert _refused(world, UpholdComplaint(grant_id)) == "ComplaintUnknown"
    consents = world.suite.consents
    complaint = consents.complain_of_grant(
        grant_id, patient_id=PATIENT_ID, grantee=consent.grantee, pmr_id=0, evidence=EVIDENCE
    )
    world.send("h1", consents.address, complaint)
    told = _told(world, UpholdComplaint(grant_id))
    assert told == [Revoked(grant_id), ComplaintUpheld(grant_id, consent.grantee, ended=True)]
    assert _refused(world, UpholdComplaint(grant_id)) == "AlreadyUpheld"
