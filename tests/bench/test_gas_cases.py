"""Cases of the authority and the registries: all actions, and worst cases that are the worst."""

import pytest

from node.bench.errors import CandidateFaultError
from node.bench.gas_cases import AFFILIATIONS_MAX, CASES
from node.bench.gas_people import add_hospital
from node.bench.gas_world import Call
from node.contracts.government_actions import ActionKind
from tests.bench.gas_rows import gas_of, measured, vote, world


def test_every_action_is_enacted_by_a_case() -> None:
    enacted: set[int] = set()
    for case in CASES:
        if case.label.startswith("enacts: "):
            here = world(case.world)
            voted = case.prepare(here)
            assert voted.data[:4] == vote(here, "m0", 1).data[:4]
            number = int.from_bytes(voted.data[4:36])
            enacted.add(here.view(here.suite.government.proposal(number)).kind)
            assert not here.view(here.suite.government.proposal(number)).is_enacted
            here.send(voted)
            assert here.view(here.suite.government.proposal(number)).is_enacted, case.label
    assert enacted == set(ActionKind)


def test_sixteen_affiliations_are_the_most() -> None:
    here = world()
    case = next(each for each in CASES if each.label == "16th hospital")
    here.send(case.prepare(here))
    doctors = here.suite.doctors
    assert len(here.view(doctors.affiliations(1))) == AFFILIATIONS_MAX
    add_hospital(here, "h17")
    with pytest.raises(CandidateFaultError, match="AffiliationLimit"):
        here.send(Call("h17", doctors.address, doctors.affiliate(1)))


def test_a_hundred_validators_cost_more_than_five() -> None:
    for function in ("sweepExpired", "rotateKey"):
        few = gas_of(f"GovernmentRegistry.{function}: of 5 validators")
        assert gas_of(f"GovernmentRegistry.{function}: of 100 validators") > few


def test_every_case_fits_an_ordinary_block() -> None:
    assert max(row.gas for row in measured()) < 3_000_000
