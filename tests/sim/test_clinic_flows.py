from node.sim.loader import load
from node.sim.runner import _Run
from tests.sim.small import HEAD, outcome

STEPS = """
steps:
  - {do: onboard_doctor, doctor: d0}
  - {do: register_patient, patient: p0}
  - {do: open_slot, id: clinic, doctor: d0, in: 1h, count: 2}
  - {do: book_appointment, id: third, patient: p0, slots: clinic, slot: 2, expect: any}
  - {do: book_appointment, id: booked, patient: p0, slots: clinic}
  - {do: move_appointment, id: moved, appointment: booked, slots: clinic, slot: 1}
  - {do: cancel_appointment, id: stale, appointment: booked, expect: revert, error: NotBooked}
  - {do: cancel_appointment, id: off, appointment: moved, by: doctor}
  - {do: bind_policy, id: policy, insurer: i0, patient: p0, for: 1h, covers: [consultation]}
  - {do: consult, id: visit, doctor: d0, patient: p0}
  - {do: grant, id: given, patient: p0, insurer: i0, pmr: visit, purpose: HPAYMT, for: 1h}
  - {do: claim_insurance, id: claim, policy: policy, pmr: visit, entries: [0], amount: 9}
  - {do: decide_claim, id: decision, claim: claim, approved: 8, reason: PART}
  - {do: rebuild, id: again, record: claim, custodians: [h0], essential: true}
"""


def test_steps_of_the_desk_go_from_a_slot_to_a_decision() -> None:
    head = HEAD.replace("UNTIL", "3m").rstrip() + "\n  insurers: {i0: {hospital: h1}}"
    run = _Run(load(head + STEPS, "desk.yaml"), {}, lambda _event: None)
    run.play()
    ended = {one.id: outcome(run, one.id) for one in run.scenario.steps}
    unlike = {"third": "failed", "stale": "revert"}
    for name, found in ended.items():
        if name != "third":
            assert (name, found.status) == (name, unlike.get(name, "ok")), found.why
    assert "opened 2 slots" in ended["third"].why
    assert ended["stale"].why.startswith("NotBooked")
    record = run.book.record("claim")
    assert record is not None
    assert record.entry_index == 1
