"""What a scenario's network is founded with."""

import pytest

from node.sim.cast import cast_hospitals
from node.sim.engine_plans import engine_plan
from node.sim.founding_plan import founding_plan, min_validators
from node.sim.loader import load


def plan_of(extra: str = ""):
    scenario = load(f"wardnet: 1\nname: x\nnetwork: {{validators: 5}}\n{extra}", "x.yaml")
    return founding_plan(scenario, cast_hospitals(scenario), engine_plan(scenario))


@pytest.mark.parametrize(("count", "least"), [(1, 1), (2, 1), (4, 3), (5, 4), (6, 4), (100, 4)])
def test_one_validator_may_always_go_but_the_last(count: int, least: int) -> None:
    assert min_validators(count) == least


def test_every_hospital_is_verified_and_validates() -> None:
    plan = plan_of()
    assert len(plan.verified) == len(plan.validators) == 5
    assert plan.min_validators == 4


def test_a_hospital_that_registers_in_a_step_is_not_verified_before() -> None:
    plan = plan_of("steps: [{do: register_hospital, hospital: h2}]\n")
    assert (len(plan.verified), len(plan.validators)) == (4, 5)


def test_researchers_begin_with_what_the_file_says() -> None:
    plan = plan_of(
        "actors: {researchers: {r: {hospital: h0, funds: 7000}, s: {hospital: h1}},\n"
        "         insurers: {i: {hospital: h0}}}\n"
    )
    assert [one.funds_wei for one in (*plan.researchers, *plan.insurers)] == [7000, 0, 0]
