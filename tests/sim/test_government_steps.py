"""Every action about hospitals and validator keys, once, in a scenario."""

import pytest

from node.sim.runner import _Run
from node.workflows.validators import RotatedKey
from tests.sim.small import outcome, played

LICENCES = """
  - {do: set_licence, id: licensed, hospital: h1, for: 30s}
  - {do: sweep_expired, id: early, hospital: h1, expect: revert, error: LicenceNotExpired}
  - {do: sweep_expired, id: swept, hospital: h1, at: {after: early, delay: 31s}}
  - {do: admit_validator, id: unlicensed, hospital: h1, expect: revert, error: LicenceExpired}
  - {do: set_licence, id: renewed, hospital: h1}
  - {do: admit_validator, id: back, hospital: h1}
"""
KEYS = """
  - {do: rotate_validator_key, id: rotated, hospital: h1}
  - {do: withdraw_validator, id: withdrawn, hospital: h1}
  - {do: withdraw_validator, id: twice, hospital: h1, expect: revert, error: ValidatorUnknown}
  - {do: admit_validator, id: again, hospital: h1}
  - {do: emergency_withdraw, id: emergency, hospital: h1}
"""
STATUS = """
  - {do: emergency_withdraw, id: last, hospital: h0, expect: revert, error: LastValidator}
  - {do: suspend_hospital, id: suspended, hospital: h1}
  - {do: lift_suspension, id: lifted, hospital: h1}
  - {do: revoke_hospital, id: revoked, hospital: h1}
  - {do: admit_validator, id: never, hospital: h1, expect: revert, error: HospitalNotVerified}
"""


@pytest.fixture(scope="module")
def run() -> _Run:
    return played(LICENCES + KEYS + STATUS, until="8m")


def test_every_action_ends_as_its_step_expects(run: _Run) -> None:
    found = run.results({}).expectations
    ended = [one for one in found if one.name.startswith("step ")]
    assert [one.why for one in ended if not one.holds] == []
    assert len(ended) == len(run.scenario.steps) == 16


def test_the_set_is_what_the_steps_made_of_it(run: _Run) -> None:
    world = run.world
    question = world.cast.ward.contracts.government.get_validators()
    for core in world.nodes.values():
        members = question.decode(core.ledger.call(question.to, question.data))
        assert members == (world.cast.hospitals["h0"].signer.address,)


def test_a_rotation_leaves_the_new_key_for_the_node(run: _Run) -> None:
    left = run.book._left["rotated"]
    assert isinstance(left, RotatedKey)
    hospital = run.world.cast.hospitals["h1"]
    assert left.node == hospital.node
    assert hospital.validator_key is left.signer
    assert left.active_from > 0


def test_a_step_ends_when_its_block_is_final(run: _Run) -> None:
    """Two validators, blocks of a second: four more blocks."""
    ended = outcome(run, "withdrawn")
    deciding = ended.transactions[-1]
    ended_s = (run.scenario.run.epoch_us + ended.ended_us) / 1_000_000
    assert ended_s >= deciding.timestamp + 4
