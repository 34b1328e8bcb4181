"""Steps of emergencies and copies, played on a small network."""

from node.sim.exposure import ExposureMeter
from node.sim.judges import _Grants
from node.workflows.emergency import EmergencyMade
from tests.sim.small import ARRIVE, outcome, played

STEPS = """
  - {do: emergency_access, id: glass, doctor: d1, patient: p0, reason: coma, for: 1m}
  - {do: read_record, id: closed, doctor: d1, pmr: visit, expect: refused, error: NO_DEPOSIT}
  - {do: review_emergency, id: review, emergency: glass, outcome: needed, justified: false}
  - {do: request_copy, id: asked, patient: p0, pmr: visit}
  - {do: issue_copy, id: issued, hospital: h0, copy: asked}
  - {do: emergency_access, id: long, doctor: d1, patient: p0, reason: coma, for: 25h,
     expect: revert, error: ConsentPeriod}
  - {do: review_emergency, id: nothing, emergency: long, outcome: needed, expect: any}
"""


def test_steps_leave_what_later_ones_refer_to() -> None:
    run = played(ARRIVE + STEPS, until="2m")
    ended = {name: outcome(run, name).status for name in ("glass", "review", "asked", "issued")}
    assert ended == dict.fromkeys(ended, "ok")
    assert (outcome(run, "closed").status, outcome(run, "closed").error) == (
        "refused",
        "NO_DEPOSIT",
    )
    assert outcome(run, "long").error == "ConsentPeriod"
    assert "did not end well" in outcome(run, "nothing").why


def test_a_review_ends_an_emergency_for_the_judge_and_the_meter() -> None:
    """From the branch, block by block: announced, and from the review's block on over."""
    run = played(ARRIVE + STEPS, until="2m")
    made = run.book._get("glass", EmergencyMade)
    ledger = run.world.nodes["h0"].ledger
    at = {name: outcome(run, name).transactions[-1].number for name in ("glass", "review")}
    windows = [
        _Grants(run.world)(made.emergency_id, ledger.hash_by_number(number))
        for number in (at["review"] - 1, at["review"])
    ]
    reviewed_s = ledger.header_by_number(at["review"]).timestamp
    assert [one.valid_until for one in windows] == [made.until_s, reviewed_s]
    assert reviewed_s < made.until_s
    assert ExposureMeter(run.world)._end_of(made.emergency_id) == reviewed_s
