"""Steps of emergencies and copies, played on a small network."""

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
