import pytest

from tests.sim.schema.texts import HEAD, lines, scenario

FILE = (
    HEAD
    + "actors: {doctors: 2, patients: 2}\nsteps:\n"
    + "  - {do: consult, id: v, doctor: doc-1, patient: pat-1}\n"
    + "  - {do: petition_correction, id: p, patient: pat-1, record: v}\n"
)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("do: petition_correction, patient: pat-1, record: v, text: wrong", "text", "wrong"),
        ("do: answer_petition, doctor: doc-1, petition: p, answer: accept", "answer", "accept"),
        ("do: answer_petition, doctor: doc-1, petition: p, answer: deny", "answer", "deny"),
        ("do: extend_petition, doctor: doc-1, petition: p, reason: later", "reason", "later"),
        ("do: dispute, patient: pat-1, petition: p", "petition", "p"),
        ("do: retain, pmr: v", "pmr", "v"),
    ],
)
def test_a_step_of_corrections_is_read(text: str, field: str, value: object) -> None:
    step = scenario(FILE + f"  - {{{text}}}\n").steps[-1]
    assert getattr(step, field) == value


@pytest.mark.parametrize(
    "text",
    [
        "do: petition_correction, patient: pat-9, record: v",
        "do: petition_correction, patient: pat-1, record: p",
        "do: answer_petition, doctor: doc-1, petition: v, answer: accept",
        "do: answer_petition, doctor: doc-1, petition: p, answer: perhaps",
        "do: answer_petition, doctor: doc-1, petition: p",
        "do: extend_petition, doctor: pat-1, petition: p",
        "do: dispute, patient: doc-1, petition: p",
        "do: retain, pmr: p",
    ],
)
def test_a_wrong_step_of_corrections_is_told(text: str) -> None:
    assert lines(FILE + f"  - {{{text}}}\n") != []


def test_an_answer_is_a_record_that_can_be_petitioned_about() -> None:
    answer = "  - {do: answer_petition, id: a, doctor: doc-1, petition: p, answer: accept}\n"
    again = "  - {do: petition_correction, patient: pat-1, record: a}\n"
    assert lines(FILE + answer + again) == []
