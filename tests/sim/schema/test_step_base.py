from node.sim.schema.step_base import TIMEOUT_DEFAULT_US
from tests.sim.schema.texts import HEAD, scenario


def test_a_step_has_two_minutes_and_is_expected_to_end_well() -> None:
    step = scenario(HEAD + "steps: [{do: register_hospital, hospital: h0}]\n").steps[0]
    assert (step.timeout_us, step.expect, step.error, step.at) == (
        TIMEOUT_DEFAULT_US,
        "ok",
        None,
        None,
    )
