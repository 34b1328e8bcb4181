"""Who may open, join, leave and release a study; its money is in ``test_research_payments``."""

from dataclasses import replace

import pytest

from node.base.types import ZERO_ADDRESS
from node.contracts.bindings import research_pool as bound
from node.contracts.government_actions import StrikeResearcher
from node.contracts.research_pool import (
    GRACE_SECONDS,
    DatasetReleased,
    OptedIn,
    OptedOut,
    PartyAdmitted,
    PartyStruck,
    Standing,
    StudyFunded,
)
from node.contracts.reverts import RevertReason
from tests.contracts.recovering import P1, P2, next_block_at, recovered
from tests.contracts.studies import (
    DEADLINE_S,
    TERMS,
    ended,
    fund,
    joined,
    refused,
    release,
    released,
    send,
    with_researcher,
)
from tests.contracts.world import DAY, STRANGER, World, account, content, x25519


@pytest.fixture
def world(world: World) -> World:
    return with_researcher(world)


@pytest.fixture
def funded(world: World) -> World:
    fund(world)
    return world


# researchers


def test_the_government_lists_once_and_strikes_who_is_listed(world: World) -> None:
    government, pool = world.suite.government.address, world.suite.research
    assert refused(world, government, bound.list_(account("r1"))).name == "PartyListed"
    assert refused(world, government, bound.strike(account("r2"))).name == "PartyUnknown"
    listing = world.send(government, pool.address, bound.list_(account("r2")))
    assert world.events(listing) == [PartyAdmitted(account("r2"))]
    assert world.view(pool.is_active(account("r2")))
    striking = world.send(government, pool.address, bound.strike(account("r2")))
    assert world.events(striking) == [PartyStruck(account("r2"))]
    assert not world.view(pool.is_active(account("r2")))


@pytest.mark.parametrize("registration", [b"", b"res", b"A\0B"])
def test_a_number_has_one_spelling(world: World, registration: bytes) -> None:
    word = registration.ljust(32, b"\0")
    data = bound.describe(word, account("h1"), "Institute", "", x25519("r1"))
    assert refused(world, "r1", data).name == "RegistrationCode"


# opening


def test_a_funded_study_stands_with_its_terms(world: World) -> None:
    outcome = fund(world)
    terms = (DEADLINE_S, 2, 4, 700, 50)
    assert world.events(outcome) == [StudyFunded(1, account("r1"), terms, "cough")]
    study = world.view(world.suite.research.study(1))
    assert study.terms == TERMS
    assert (study.researcher, study.participants) == (account("r1"), 0)
    assert (study.is_released, study.is_refunded) == (False, False)
    assert world.view(world.suite.research.study_count()) == 1


@pytest.mark.parametrize("value", [0, TERMS.escrow_wei - 1, TERMS.escrow_wei + 1])
def test_the_escrow_is_exact(world: World, value: int) -> None:
    data = world.suite.research.fund("cough", TERMS)
    assert refused(world, "r1", data, value=value) == RevertReason(
        "AmountWrong", (TERMS.escrow_wei,)
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"k": 1},
        {"k": 0},
        {"k": 5},
        {"places": 1},
        {"deadline_s": 1_000},
        {"deadline_s": DEADLINE_S + 3650 * DAY},
        {"deadline_s": 2**64 - 1},
    ],
)
def test_terms_that_cannot_be_kept_are_refused(world: World, changes: dict) -> None:
    terms = replace(TERMS, **changes)
    data = world.suite.research.fund("cough", terms)
    assert refused(world, "r1", data, value=terms.escrow_wei).name == "SettingOutOfRange"


def test_a_study_says_what_it_is_for(world: World) -> None:
    data = world.suite.research.fund("", TERMS)
    assert refused(world, "r1", data, value=TERMS.escrow_wei).name == "FieldMissing"


def test_strangers_and_who_was_struck_off_open_no_study(world: World) -> None:
    data = world.suite.research.fund("cough", TERMS)
    assert refused(world, STRANGER, data).name == "NotResearcher"
    world.enact(StrikeResearcher(account("r1")))
    assert refused(world, "r1", data, value=TERMS.escrow_wei).name == "NotResearcher"


def test_the_largest_terms_do_not_overflow(world: World) -> None:
    largest = replace(TERMS, places=2**32 - 1, price_wei=2**96 - 1, share_wei=2**96 - 1)
    world.chain.endow(account("r1"), 2**200)
    data = world.suite.research.fund("cough", largest)
    world.send("r1", world.suite.research.address, data, value=largest.escrow_wei)
    assert world.view(world.suite.research.study(1)).terms == largest


# joining and leaving


def test_a_patient_joins_and_leaves(funded: World) -> None:
    pool = funded.suite.research
    assert funded.events(send(funded, "p1", pool.join(1))) == [OptedIn(1, P1, 1)]
    assert funded.events(send(funded, "p2", pool.join(1))) == [OptedIn(1, P2, 2)]
    assert funded.view(pool.participation(1, P1)).standing is Standing.JOINED
    assert funded.view(pool.participation(1, P1)).hospital_id == 1
    assert funded.view(pool.unpaid_of(1, 1)) == 2
    assert funded.events(send(funded, "p1", pool.leave(1))) == [OptedOut(1, P1, 1)]
    assert funded.view(pool.participation(1, P1)).standing is Standing.LEFT
    assert funded.view(pool.unpaid_of(1, 1)) == 1
    send(funded, "p1", pool.join(1))
    assert funded.view(pool.study(1)).participants == 2


def test_only_patients_join_and_only_once(funded: World) -> None:
    pool = funded.suite.research
    for who in ("stranger", "d1", "r1", "h1"):
        assert refused(funded, who, pool.join(1)).name == "NotPatient"
        assert refused(funded, who, pool.leave(1)).name == "NotJoined"
    joined(funded, "p1")
    assert refused(funded, "p1", pool.join(1)).name == "AlreadyJoined"
    assert refused(funded, "p2", pool.leave(1)).name == "NotJoined"
    send(funded, "p1", pool.leave(1))
    assert refused(funded, "p1", pool.leave(1)).name == "NotJoined"


def test_a_recovered_patient_has_joined_already(funded: World) -> None:
    joined(funded, "p1")
    recovered(funded)
    pool = funded.suite.research
    assert refused(funded, "p1 anew", pool.join(1)).name == "AlreadyJoined"
    assert refused(funded, "p1", pool.leave(1)).name == "NotJoined"
    send(funded, "p1 anew", pool.leave(1))
    assert funded.view(pool.study(1)).participants == 0


def test_places_are_bounded(funded: World) -> None:
    pool = funded.suite.research
    joined(funded, "p1", "p2", "p3", "p4")
    assert refused(funded, "p5", pool.join(1)).name == "StudyFull"
    send(funded, "p1", pool.leave(1))
    send(funded, "p5", pool.join(1))


def test_nobody_joins_a_study_that_cannot_be_released(funded: World) -> None:
    funded.enact(StrikeResearcher(account("r1")))
    assert refused(funded, "p1", funded.suite.research.join(1)).name == "NotResearcher"


def test_the_door_is_open_until_the_second_before_the_deadline(funded: World) -> None:
    pool = funded.suite.research
    next_block_at(funded, DEADLINE_S - 1)
    send(funded, "p1", pool.join(1))
    for data in (pool.join(1), pool.leave(1)):
        assert refused(ended(funded), "p1", data).name == "StudyClosed"


def test_an_unknown_study_is_refused_everywhere(world: World) -> None:
    pool = world.suite.research
    calls = [pool.join, pool.leave, pool.pay_out, pool.pay_hospital, pool.refund]
    for call in calls:
        assert refused(world, "p1", call(1)).name == "StudyUnknown"
    assert refused(world, "r1", release(world)).name == "StudyUnknown"
    assert world.view_refused(pool.study(0)).name == "StudyUnknown"


# releasing


def test_a_release_tells_counts_and_a_commitment_only(funded: World) -> None:
    ended(joined(funded, "p1", "p2", "p4"))
    outcome = send(funded, "r1", release(funded))
    dataset = content("dataset").as_abi()
    assert funded.events(outcome) == [DatasetReleased(1, 3, 2, dataset)]
    assert funded.view(funded.suite.research.study(1)).is_released


def test_a_release_waits_for_the_deadline(funded: World) -> None:
    joined(funded, "p1", "p2")
    next_block_at(funded, DEADLINE_S - 1)
    assert refused(funded, "r1", release(funded)).name == "StudyRunning"
    send(funded, "r1", release(funded))


def test_a_release_needs_k_participants(funded: World) -> None:
    ended(joined(funded, "p1"))
    assert refused(funded, "r1", release(funded)) == RevertReason("TooFewParticipants", (2,))


def test_only_the_studys_own_active_researcher_releases(funded: World) -> None:
    ended(joined(funded, "p1", "p2"))
    for who in ("stranger", "p1"):
        assert refused(funded, who, release(funded)).name == "NotResearcher"
    funded.enact(StrikeResearcher(account("r1")))
    assert refused(funded, "r1", release(funded)).name == "NotResearcher"


def test_a_dataset_is_released_once(world: World) -> None:
    released(world, "p1", "p2")
    assert refused(world, "r1", release(world)).name == "StudyClosed"


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_rows_are_at_least_k_and_at_most_the_participants(funded: World, rows: int) -> None:
    ended(joined(funded, "p1", "p2"))
    assert refused(funded, "r1", release(funded, rows)).name == "SettingOutOfRange"


@pytest.mark.parametrize(
    ("dataset", "error"),
    [
        ((bytes(32), 0x55, b"\1" * 32), "FieldMissing"),
        ((b"\1" * 32, 0x55, bytes(32)), "CidNotAllowed"),
        ((b"\1" * 32, 0x56, b"\1" * 32), "CidNotAllowed"),
    ],
)
def test_a_dataset_has_a_commitment_and_a_cid(
    funded: World, dataset: tuple[bytes, int, bytes], error: str
) -> None:
    ended(joined(funded, "p1", "p2"))
    assert refused(funded, "r1", bound.release(1, 2, dataset)).name == error


def test_the_grace_of_the_binding_is_that_of_the_contract(world: World) -> None:
    assert world.view(bound.grace(world.suite.research.address)) == GRACE_SECONDS
    assert world.view(bound.registration_of(world.suite.research.address, STRANGER)) == bytes(32)
    by_number = bound.account_by_registration(world.suite.research.address, b"X".ljust(32, b"\0"))
    assert world.view(by_number) == ZERO_ADDRESS
