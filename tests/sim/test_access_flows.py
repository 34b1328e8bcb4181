"""Who a step names is who reads, and what is left by steps before is what is granted."""

import pytest

from node.base.rng import TreeEntropy
from node.sim.access_flows import access_flow, recipient
from node.sim.loader import load
from node.sim.step_ready import StepNotReadyError
from node.sim.world import World
from tests.sim.small import ARRIVE, HEAD, outcome, played

TEXT = (
    HEAD.replace("UNTIL", "1m")
    + """  insurers: {i0: {hospital: h0}}
  researchers: {r0: {hospital: h1}}
steps:
  - {do: consult, id: v, doctor: d0, patient: p0}
  - {do: read_record, id: by-doctor, doctor: d1, pmr: v}
  - {do: read_record, id: by-hospital, hospital: h1, pmr: v}
  - {do: read_record, id: by-insurer, insurer: i0, pmr: v}
  - {do: read_record, id: by-researcher, researcher: r0, pmr: v}
  - {do: grant, id: lost, patient: p0, account: lost, doctor: d1, pmr: v, for: 1h}
"""
)


@pytest.fixture(scope="module")
def world() -> World:
    return World(load(TEXT, "access.yaml"))


def _step(world: World, name: str):
    return next(step for step in world.scenario.steps if step.id == name)


@pytest.mark.parametrize(
    ("step", "who"),
    [
        ("by-doctor", "d1"),
        ("by-hospital", "h1"),
        ("by-insurer", "i0"),
        ("by-researcher", "r0"),
    ],
)
def test_the_one_who_is_named_reads(world: World, step: str, who: str) -> None:
    assert recipient(world, _step(world, step)).name == who


def test_a_step_without_what_it_refers_to_is_not_ready(world: World) -> None:
    def nothing(step: str, _kind: type):
        raise StepNotReadyError("", f"{step} did not end well")

    with pytest.raises(StepNotReadyError, match="v did not end well"):
        access_flow(world, _step(world, "by-doctor"), nothing, TreeEntropy(1, "x"))


def test_keys_that_nobody_lost_grant_nothing(world: World) -> None:
    with pytest.raises(StepNotReadyError, match="p0 has lost no account"):
        access_flow(world, _step(world, "lost"), lambda *_: None, TreeEntropy(1, "x"))


COMPLAINT = """
  - {do: grant, id: sold, patient: p0, doctor: d1, pmr: visit, for: 10m}
  - {do: complain, id: noticed, hospital: h1, grant: sold}
  - {do: complain, id: mine, grant: sold}
  - {do: uphold_complaint, id: proven, complaint: noticed}
  - {do: read_record, id: late, at: {after: proven, delay: 20s}, doctor: d1, pmr: visit,
     expect: refused, error: REVOKED}
  - {do: complain, id: idle-too, grant: sold, expect: revert, error: GrantNotActive}
  - {do: uphold_complaint, id: twice, complaint: mine, expect: revert, error: AlreadyUpheld}
  - {do: revoke, id: idle, patient: p0, grant: sold, expect: revert, error: GrantUnknown}
"""


def test_complaint_that_is_proven_ends_its_grant() -> None:
    run = played(ARRIVE + COMPLAINT, until="3m")
    ended = {name: outcome(run, name).status for name in ("sold", "noticed", "mine", "proven")}
    assert ended == dict.fromkeys(ended, "ok")
    errors = {name: outcome(run, name).error for name in ("twice", "late", "idle")}
    assert errors == {"twice": "AlreadyUpheld", "late": "REVOKED", "idle": "GrantUnknown"}
