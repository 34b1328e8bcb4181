"""A record follows its patient to another account, and is erased."""

from dataclasses import replace
from typing import Final

import pytest

from node.base.keccak import keccak256
from node.base.types import Address
from node.contracts.names import TOKENS
from node.contracts.pmr_entries import Erased
from node.contracts.pmr_id import encode_pmr_id
from node.contracts.reverts import RevertReason
from tests.contracts.recovering import recovered
from tests.contracts.stock_chain import BLOCK_SECONDS
from tests.contracts.world import (
    DAY,
    PMR_ID,
    SETTINGS,
    STRANGER,
    TODAY,
    World,
    account,
    content,
    peopled,
)


@pytest.fixture(params=TOKENS)
def token(request: pytest.FixtureRequest) -> str:
    """All of this is about records, whatever token stands for them."""
    return request.param


P1: Final = 85_437
BASIS: Final = keccak256(b"order of a court")
NO_BASIS: Final = bytes(32)
P2_TODAY: Final = encode_pmr_id(85_438, TODAY)


def _erase(world: World, sender: str = "p1", basis: bytes = BASIS) -> None:
    world.send(sender, world.suite.pmr.address, world.suite.pmr.erase(PMR_ID, basis))


def _refused(world: World, sender: str | Address, data: bytes) -> RevertReason:
    return world.refused(sender, world.suite.pmr.address, data)


def _visit(world: World, pmr_id: int = PMR_ID) -> bytes:
    return world.suite.pmr.consult(pmr_id, hospital_id=1, content=content("visit"))


# claim


def test_anybody_lets_a_token_follow_its_patient(world: World) -> None:
    pmr = world.suite.pmr
    recovered(world)
    world.send(STRANGER, pmr.address, pmr.claim(PMR_ID))
    assert world.view(pmr.owner_of(PMR_ID)) == account("p1 anew")
    assert world.view(pmr.locked(PMR_ID))


@pytest.mark.parametrize("sender", ["p1", "stranger"])
def test_a_token_stays_with_its_patient(world: World, sender: str) -> None:
    claim = world.suite.pmr.claim(PMR_ID)
    assert _refused(world, sender, claim).name == "TokenLocked"


def test_a_token_is_claimed_once(world: World) -> None:
    pmr = world.suite.pmr
    recovered(world)
    world.send(STRANGER, pmr.address, pmr.claim(PMR_ID))
    assert _refused(world, "p1", pmr.claim(PMR_ID)).name == "TokenLocked"
    assert world.view(pmr.owner_of(PMR_ID)) == account("p1 anew")


@pytest.mark.parametrize("pmr_id", [P2_TODAY, 0])
def test_a_token_that_is_not_is_not_claimed_and_nobody_speaks_for_it(
    world: World, pmr_id: int
) -> None:
    pmr, unknown = world.suite.pmr, RevertReason("RecordUnknown", (pmr_id,))
    assert _refused(world, STRANGER, pmr.claim(pmr_id)) == unknown
    assert world.view_refused(pmr.patient_of(pmr_id)) == unknown


def test_the_new_account_speaks_for_a_record_before_it_is_claimed(world: World) -> None:
    pmr, custody = world.suite.pmr, world.suite.custody
    recovered(world)
    assert world.view(pmr.owner_of(PMR_ID)) == account("p1")
    assert world.view(pmr.patient_of(PMR_ID)) == account("p1 anew")
    rotation = custody.rotate(PMR_ID, 0, generation=1, manifest=content("manifest").cid)
    replacement = custody.replace_custodian(
        BASIS, pmr_id=PMR_ID, index=1, old=account("h1"), new=account("h2")
    )
    for data in (rotation, replacement):
        assert world.refused("p1", custody.address, data).name == "NotPatient"
        world.send("p1 anew", custody.address, data)
    assert _refused(world, "p1", pmr.erase(PMR_ID, BASIS)).name == "NotPatient"
    _erase(world, "p1 anew")


def test_a_visit_after_a_recovery_is_minted_to_the_new_account(world: World) -> None:
    recovered(world)
    later = encode_pmr_id(P1, TODAY.replace(day=28))
    world.send("d1", world.suite.pmr.address, _visit(world, later))
    assert world.view(world.suite.pmr.owner_of(later)) == account("p1 anew")


# erase


@pytest.mark.parametrize("sender", ["stranger", "p2", "d1", "h1", "member 0"])
def test_only_the_patient_erases(world: World, sender: str) -> None:
    data = world.suite.pmr.erase(PMR_ID, BASIS)
    assert _refused(world, sender, data).name == "NotPatient"


def test_a_legal_basis_erases_at_once(world: World) -> None:
    pmr = world.suite.pmr
    outcome = world.send("p1", pmr.address, pmr.erase(PMR_ID, BASIS))
    assert world.events(outcome) == [Erased(PMR_ID, BASIS, world.chain.time_s)]
    assert world.view(pmr.erased_at(PMR_ID)) == world.chain.time_s


def _until(world: World) -> int:
    newest = world.view(world.suite.pmr.entries(PMR_ID))[-1].time_s
    return newest + SETTINGS.retention_seconds


def _next_block_at(world: World, time_s: int) -> None:
    world.chain.set_block(world.chain.number, time_s - BLOCK_SECONDS)


def test_without_a_basis_a_record_is_kept_to_the_last_second(world: World) -> None:
    until = _until(world)
    data = world.suite.pmr.erase(PMR_ID, NO_BASIS)
    assert _refused(world, "p1", data) == RevertReason("RetentionRunning", (until,))
    _next_block_at(world, until - 1)
    assert _refused(world, "p1", data) == RevertReason("RetentionRunning", (until,))


def test_without_a_basis_a_record_is_erased_when_the_time_is_over(world: World) -> None:
    _next_block_at(world, _until(world))
    _erase(world, basis=NO_BASIS)
    assert world.view(world.suite.pmr.erased_at(PMR_ID)) == world.chain.time_s


def test_the_retention_time_runs_from_the_newest_entry(world: World) -> None:
    first = _until(world)
    world.chain.wait(DAY // 2)
    world.send("d1", world.suite.pmr.address, _visit(world))
    assert _until(world) > first
    _next_block_at(world, first)
    refused = _refused(world, "p1", world.suite.pmr.erase(PMR_ID, NO_BASIS))
    assert refused == RevertReason("RetentionRunning", (_until(world),))


def test_the_retention_time_runs_from_the_first_entry_where_the_network_says_so(
    token: str,
) -> None:
    settings = replace(SETTINGS, token=token, retention_from_commencement=True)
    world = peopled(settings)
    first = _until(world)
    world.chain.wait(DAY // 2)
    world.send("d1", world.suite.pmr.address, _visit(world))
    assert world.view(world.suite.pmr.retained_until(PMR_ID)) == first < _until(world)
    _next_block_at(world, first)
    _erase(world, basis=NO_BASIS)
    assert world.view(world.suite.pmr.retention_from_commencement())


def test_a_record_says_until_when_it_is_kept(world: World) -> None:
    pmr = world.suite.pmr
    assert world.view(pmr.retained_until(PMR_ID)) == _until(world)
    assert not world.view(pmr.retention_from_commencement())
    refused = world.view_refused(pmr.retained_until(P2_TODAY))
    assert refused == RevertReason("RecordUnknown", (P2_TODAY,))


def test_a_record_is_erased_once(world: World) -> None:
    _erase(world)
    assert _refused(world, "p1", world.suite.pmr.erase(PMR_ID, BASIS)).name == "RecordErased"


def test_a_record_that_is_not_is_not_erased(world: World) -> None:
    refused = _refused(world, "p1", world.suite.pmr.erase(P2_TODAY, BASIS))
    assert refused == RevertReason("RecordUnknown", (P2_TODAY,))


def test_a_standing_record_was_erased_at_no_time(world: World) -> None:
    for pmr_id in (PMR_ID, P2_TODAY):
        assert world.view(world.suite.pmr.erased_at(pmr_id)) == 0


def test_an_erased_record_keeps_its_entries_and_their_count(world: World) -> None:
    """The mark lies in the word that has the count; an amendment rewrites that word too."""
    pmr = world.suite.pmr
    world.send("d1", pmr.address, _visit(world))
    world.send("d1", pmr.address, pmr.amend(PMR_ID, 0, hospital_id=1, content=content("better")))
    before = world.view(pmr.entries(PMR_ID)), world.view(pmr.minted_at(PMR_ID))
    _erase(world)
    assert (world.view(pmr.entries(PMR_ID)), world.view(pmr.minted_at(PMR_ID))) == before
    assert world.view(pmr.entry_count(PMR_ID)) == 3
    assert world.view(pmr.entry(PMR_ID, 0)).is_marked
    assert world.view(pmr.owner_of(PMR_ID)) == account("p1")


def test_an_erased_record_takes_no_entry(world: World) -> None:
    pmr, labs = world.suite.pmr, world.suite.labs
    world.grant()
    order = labs.order(PMR_ID, hospital_id=1, lab=account("l1"), modality="CT", reason="R07.9")
    world.send("d1", labs.address, order)
    _erase(world)
    opinion = pmr.add_second_opinion(PMR_ID, hospital_id=2, content=content("opinion"))
    amendment = pmr.amend(PMR_ID, 0, hospital_id=1, content=content("better"))
    for sender, data in (("d1", _visit(world)), ("d2", opinion), ("d1", amendment)):
        assert _refused(world, sender, data).name == "RecordErased"
    assert world.view(pmr.entry_count(PMR_ID)) == 1


def test_an_erased_record_follows_a_recovery(world: World) -> None:
    pmr = world.suite.pmr
    _erase(world)
    recovered(world)
    world.send(STRANGER, pmr.address, pmr.claim(PMR_ID))
    assert world.view(pmr.owner_of(PMR_ID)) == account("p1 anew")
    assert world.view(pmr.erased_at(PMR_ID)) != 0
