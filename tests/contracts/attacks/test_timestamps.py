"""Every border in time, to the second: one second too early, at the border, one too late."""

from dataclasses import replace
from datetime import date

import pytest

from node.contracts.government_actions import AddMember, SetLicence, SuspendDoctor
from node.contracts.pmr_id import encode_pmr_id
from tests.contracts.consents import is_allowed, revoke
from tests.contracts.recovering import confirmed, finish, next_block_at, refused, running, send
from tests.contracts.validators import admit
from tests.contracts.world import (
    DAY,
    MEMBERS,
    PMR_ID,
    SETTINGS,
    STRANGER,
    World,
    account,
    content,
    people,
)


@pytest.mark.parametrize(("late_s", "is_open"), [(-1, False), (0, True)])
def test_grant_opens_at_its_first_second(world: World, late_s: int, is_open: bool) -> None:
    begins_s = world.chain.time_s + 3_600
    world.grant(world.consent(valid_from_s=begins_s))
    assert is_allowed(world, at_s=begins_s + late_s) is is_open
    next_block_at(world, begins_s + late_s)
    opinion = world.suite.pmr.add_second_opinion(PMR_ID, hospital_id=2, content=content("o"))
    if is_open:
        world.send("d2", world.suite.pmr.address, opinion)
    else:
        assert world.refused("d2", world.suite.pmr.address, opinion).name == "GrantNotActive"


@pytest.mark.parametrize(("late_s", "is_open"), [(-1, True), (0, False)])
def test_grant_closes_at_its_end(world: World, late_s: int, is_open: bool) -> None:
    consent = world.consent()
    ends_s = consent.valid_until_s
    world.grant(consent)
    assert is_allowed(world, at_s=ends_s + late_s) is is_open
    next_block_at(world, ends_s + late_s)
    opinion = world.suite.pmr.add_second_opinion(PMR_ID, hospital_id=2, content=content("o"))
    if is_open:
        world.send("d2", world.suite.pmr.address, opinion)
    else:
        assert world.refused("d2", world.suite.pmr.address, opinion).name == "GrantNotActive"


@pytest.mark.parametrize(("late_s", "error"), [(-1, None), (0, "ConsentPeriod")])
def test_consent_is_relayed_before_its_end_only(
    world: World, late_s: int, error: str | None
) -> None:
    consent = world.consent()
    next_block_at(world, consent.valid_until_s + late_s)
    if error is None:
        world.grant(consent)
    else:
        assert world.grant_refused(consent).name == error


@pytest.mark.parametrize(("late_s", "error"), [(-1, None), (0, "GrantNotActive")])
def test_grant_is_revoked_before_its_end_only(world: World, late_s: int, error: str | None) -> None:
    consent = world.consent()
    grant_id = world.grant(consent)
    next_block_at(world, consent.valid_until_s + late_s)
    if error is None:
        revoke(world, grant_id)
        assert not is_allowed(world)
    else:
        consents = world.suite.consents
        data = consents.revoke(grant_id, grantee=consent.grantee, pmr_id=PMR_ID)
        assert world.refused("p1", consents.address, data).name == error


@pytest.mark.parametrize(("late_s", "error"), [(-1, None), (0, "ProposalExpired")])
def test_proposal_takes_votes_before_its_deadline_only(
    world: World, late_s: int, error: str | None
) -> None:
    government = world.suite.government
    number = world.propose(AddMember(STRANGER))
    next_block_at(world, world.view(government.proposal(number)).deadline_s + late_s)
    if error is None:
        world.vote(number, MEMBERS[1])
        assert world.view(government.is_member(STRANGER))
    else:
        reason = world.refused(MEMBERS[1], government.address, government.vote(number))
        assert reason.name == error


@pytest.mark.parametrize(("late_s", "error"), [(-1, "DoctorNotActive"), (0, None)])
def test_suspension_ends_at_its_second(world: World, late_s: int, error: str | None) -> None:
    until_s = world.chain.time_s + 3_600
    world.enact(SuspendDoctor(1, until_s))
    next_block_at(world, until_s + late_s)
    data = world.suite.pmr.consult(PMR_ID, hospital_id=1, content=content("again"))
    if error is None:
        world.send("d1", world.suite.pmr.address, data)
    else:
        assert world.refused("d1", world.suite.pmr.address, data).name == error


@pytest.mark.parametrize(("late_s", "error"), [(-1, "LicenceNotExpired"), (0, None)])
def test_licence_ends_at_its_second(world: World, late_s: int, error: str | None) -> None:
    admit(world, account("key 1"))
    until_s = world.chain.time_s + 3_600
    world.enact(SetLicence(account("h1"), until_s))
    next_block_at(world, until_s + late_s)
    government = world.suite.government
    data = government.sweep_expired(1)
    if error is None:
        world.send(STRANGER, government.address, data)
        assert world.view(government.validator(account("key 1"))).active_until != 0
    else:
        assert world.refused(STRANGER, government.address, data).name == error


@pytest.mark.parametrize(
    ("late_s", "may_finish"), [(-1, False), (0, True)], ids=["a second early", "ready"]
)
def test_recovery_changes_hands_at_its_second(world: World, late_s: int, may_finish: bool) -> None:
    """Until then the old key objects, from then on anybody finishes; at no second both."""
    confirmed(world)
    next_block_at(world, running(world).ready_at + late_s)
    objection = world.suite.patients.cancel_recovery()
    if may_finish:
        assert refused(world.fork(), "p1", objection).name == "RecoveryOver"
        send(world, STRANGER, finish(world))
    else:
        assert refused(world.fork(), STRANGER, finish(world)).name == "RecoveryNotReady"
        send(world, "p1", objection)


@pytest.mark.parametrize(("late_s", "error"), [(-1, "RetentionRunning"), (0, None)])
def test_retention_ends_at_its_second(late_s: int, error: str | None) -> None:
    world = World.deployed(replace(SETTINGS, retention_seconds=100 * DAY))
    people(world)
    written_s = world.view(world.suite.pmr.entry(PMR_ID, 0)).time_s
    next_block_at(world, written_s + 100 * DAY + late_s)
    data = world.suite.pmr.erase(PMR_ID)
    if error is None:
        world.send("p1", world.suite.pmr.address, data)
    else:
        assert world.refused("p1", world.suite.pmr.address, data).name == error


@pytest.mark.parametrize(
    ("day", "late_s", "error"),
    [
        (date(2021, 1, 27), -DAY - 1, "DateTooFar"),
        (date(2021, 1, 27), -DAY, None),
        (date(2021, 1, 27), 2 * DAY - 1, None),
        (date(2021, 1, 27), 2 * DAY, "DateTooFar"),
    ],
)
def test_visit_is_written_from_the_day_before_to_the_day_after(
    world: World, day: date, late_s: int, error: str | None
) -> None:
    midnight_s = 1_611_705_600  # of that 27 January
    chain = world.chain
    chain.set_block(chain.number, midnight_s + late_s - 5)
    data = world.suite.pmr.consult(encode_pmr_id(85_437, day), hospital_id=1, content=content("v"))
    to = world.suite.pmr.address
    if error is None:
        world.send("d1", to, data)
    else:
        assert world.refused("d1", to, data).name == error
