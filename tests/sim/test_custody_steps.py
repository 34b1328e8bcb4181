from tests.sim.small import ARRIVE, outcome, played

STEPS = """
  - {do: read_own, id: own, patient: p0, record: visit}
  - {do: refresh_epoch, id: refresh, patient: p0, record: visit}
  - {do: rotate_key, id: rotation, patient: p0, record: visit}
  - {do: rebuild, id: newest, record: visit, custodians: [h0], essential: true}
  - {do: rebuild, id: third, record: visit, generation: 2, custodians: [h0], essential: true,
     expect: any}
"""


def test_steps_follow_a_record_through_its_generations() -> None:
    run = played(ARRIVE + STEPS, until="2m")
    ended = {name: outcome(run, name).status for name in ("own", "refresh", "rotation", "newest")}
    assert ended == dict.fromkeys(ended, "ok")
    first, second = run.book.generations("visit")
    assert first.filed.deal_id != second.filed.deal_id
    assert run.book.record("visit") == second
    assert "visit has 2 generations" in outcome(run, "third").why
