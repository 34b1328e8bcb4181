"""Steps of corrections and retention do what they say, whatever token stands for a record."""

import pytest

from node.contracts.names import TOKENS
from node.sim.loader import load
from node.sim.runner import _Run
from node.workflows.amendment import Answer
from tests.sim import small
from tests.sim.small import ARRIVE, outcome, played

STEPS = """
  - {do: petition_correction, id: asked, patient: p0, record: visit}
  - {do: answer_petition, id: stranger, doctor: d1, petition: asked, answer: deny,
     expect: revert, error: NotAuthor}
  - {do: extend_petition, id: later, doctor: d0, petition: asked}
  - {do: answer_petition, id: refused, doctor: d0, petition: asked, answer: deny}
  - {do: dispute, id: said, patient: p0, petition: asked}
  - {do: retain, id: kept, pmr: visit}
  - {do: read_own, id: own, patient: p0, record: said}
"""
JOURNEY_STEPS = (
    ARRIVE
    + small.GRANT
    + small.SCAN
    + """
  - {do: second_opinion, id: opinion, doctor: d1, pmr: visit}
  - {do: petition_correction, id: asked, patient: p0, record: visit}
  - {do: answer_petition, id: better, doctor: d0, petition: asked, answer: accept}
  - {do: erase, id: gone, patient: p0, pmr: visit, basis: GDPR-17}
"""
)
EXPECT = "  - {eventually: {erased: {record: visit}}, by: 200s, and_stay: true}"


def test_steps_of_corrections_follow_each_other() -> None:
    run = played(ARRIVE + STEPS, until="2m")
    ended = {name: one.status for name, one in run.schedule.outcomes.items()}
    assert ended.pop("stranger") == "revert"
    assert ended == dict.fromkeys(ended, "ok")
    refused, said = run.book.record("refused"), run.book.record("said")
    assert isinstance(refused, Answer)
    assert isinstance(said, Answer)
    assert (refused.entry_index, said.entry_index, said.about) == (1, 2, 0)


def test_a_step_whose_petition_failed_is_not_ready() -> None:
    steps = """
  - {do: petition_correction, id: asked, patient: p1, record: visit, expect: any}
  - {do: answer_petition, id: answer, doctor: d0, petition: asked, answer: deny, expect: any}
"""
    run = played(ARRIVE + steps, until="1m")
    assert "asked" in outcome(run, "answer").why


@pytest.mark.parametrize("executor", ["py-evm", "revm"])
@pytest.mark.parametrize("token", TOKENS)
def test_a_record_is_written_read_corrected_and_erased_as_either_token(
    token: str, executor: str
) -> None:
    if executor == "revm":
        pytest.importorskip("pyrevm", reason="needs pyrevm, the extra `fast`")
    text = small.text(JOURNEY_STEPS, EXPECT, until="4m").replace(
        "period: 1s}", f"period: 1s, token: {token}, executor: {executor}}}"
    )
    studies = {"scan": small.load_study("pydicom:CT_small")}
    run = _Run(load(text, "small.yaml"), studies, lambda _event: None)
    run.play()
    ended = {name: one.status for name, one in run.schedule.outcomes.items()}
    assert ended == dict.fromkeys(ended, "ok")
    contracts = run.world.cast.ward.contracts
    assert contracts.name_of(contracts.pmr.address) == TOKENS[token]
    record = run.book.record("visit")
    assert record is not None
    for core in run.world.nodes.values():
        book = core.custody.book
        assert book.owner(record.pmr_id) == record.patient.wallet.address
        assert book.is_erased(record.pmr_id)
