"""Two hospitals, two doctors, one patient, one history; what is written at once is all kept."""

import pytest

from node.contracts.names import TOKENS
from node.contracts.pmr_entries import EntryKind
from node.contracts.pmr_id import encode_pmr_id
from tests.contracts.world import PMR_ID, TODAY, World, account, content

P2_TODAY = encode_pmr_id(85_438, TODAY)


@pytest.fixture(params=TOKENS)
def token(request: pytest.FixtureRequest) -> str:
    return request.param


def _history(world: World, pmr_id: int) -> list[tuple[int, int, EntryKind]]:
    entries = world.view(world.suite.pmr.entries(pmr_id))
    return [(one.doctor_id, one.hospital_id, one.kind) for one in entries]


def test_visits_at_two_hospitals_on_one_day_are_one_history(world: World) -> None:
    pmr = world.suite.pmr
    for doctor, hospital_id in (("d2", 2), ("d1", 1)):
        data = pmr.consult(PMR_ID, hospital_id=hospital_id, content=content(doctor))
        world.send(doctor, pmr.address, data)
    world.grant()
    opinion = pmr.add_second_opinion(PMR_ID, hospital_id=2, content=content("opinion"))
    world.send("d2", pmr.address, opinion)
    assert _history(world, PMR_ID) == [
        (1, 1, EntryKind.CONSULTATION),
        (2, 2, EntryKind.CONSULTATION),
        (1, 1, EntryKind.CONSULTATION),
        (2, 2, EntryKind.SECOND_OPINION),
    ]
    assert world.view(pmr.owner_of(PMR_ID)) == account("p1")


@pytest.mark.parametrize("order", [("d1", "d2"), ("d2", "d1")])
@pytest.mark.parametrize("pmr_id", [PMR_ID, P2_TODAY])
def test_edits_of_two_doctors_in_one_block_are_both_kept(
    world: World, pmr_id: int, order: tuple[str, str]
) -> None:
    """Of a record that stands, and of one that the first of the two mints."""
    pmr, number = world.suite.pmr, world.chain.number
    before = world.view(pmr.entries(pmr_id))
    world.chain.wait(5)
    for doctor in order:
        data = pmr.consult(pmr_id, hospital_id=int(doctor[1]), content=content(doctor))
        world.send(doctor, pmr.address, data, block=False)
    after = world.view(pmr.entries(pmr_id))
    assert after[: len(before)] == before
    assert [one.content for one in after[len(before) :]] == [content(one) for one in order]
    assert len({one.time_s for one in after[len(before) :]}) == 1
    assert world.chain.number <= number + 1


def test_two_amendments_in_one_block_mark_one_entry_and_both_stand(world: World) -> None:
    pmr = world.suite.pmr
    world.chain.wait(5)
    for text in ("better", "better still"):
        data = pmr.amend(PMR_ID, 0, hospital_id=1, content=content(text))
        world.send("d1", pmr.address, data, block=False)
    entries = world.view(pmr.entries(PMR_ID))
    assert [(one.is_marked, one.about) for one in entries] == [(True, None), (False, 0), (False, 0)]
