import pytest

from tests.sim.schema.texts import HEAD, lines, scenario

FILE = (
    HEAD
    + "actors: {doctors: 2, patients: 2}\nsteps:\n"
    + "  - {do: consult, id: v, doctor: doc-1, patient: pat-1}\n"
    + "  - {do: emergency_access, id: e, doctor: doc-2, patient: pat-1, reason: coma}\n"
    + "  - {do: request_copy, id: c, patient: pat-1}\n"
)
DAY_US = 86_400_000_000


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("do: emergency_access, doctor: doc-1, patient: pat-1, reason: coma", "for_us", DAY_US),
        (
            "do: emergency_access, doctor: doc-1, patient: pat-1, reason: coma, for: 1h",
            "for_us",
            DAY_US // 24,
        ),
        ("do: review_emergency, emergency: e, outcome: needed", "justified", True),
        ("do: review_emergency, emergency: e, outcome: x, justified: false", "justified", False),
        ("do: request_copy, patient: pat-1, pmr: v", "pmr", "v"),
        ("do: request_copy, patient: pat-1", "pmr", None),
        ("do: issue_copy, hospital: h0, copy: c", "copied", "c"),
    ],
)
def test_a_step_of_emergencies_or_copies_is_read(text: str, field: str, value: object) -> None:
    step = scenario(FILE + f"  - {{{text}}}\n").steps[-1]
    assert getattr(step, field) == value


@pytest.mark.parametrize(
    "text",
    [
        "do: emergency_access, doctor: doc-1, patient: pat-1",
        "do: emergency_access, doctor: doc-1, patient: pat-1, reason: ''",
        "do: emergency_access, doctor: doc-1, patient: pat-1, reason: two words",
        f"do: emergency_access, doctor: doc-1, patient: pat-1, reason: {'r' * 33}",
        "do: emergency_access, doctor: pat-1, patient: pat-1, reason: coma",
        "do: review_emergency, emergency: v, outcome: needed",
        "do: review_emergency, emergency: e, outcome: 7",
        "do: request_copy, patient: pat-1, pmr: e",
        "do: issue_copy, hospital: h9, copy: c",
        "do: issue_copy, hospital: h0, copy: v",
    ],
)
def test_a_bad_step_of_emergencies_or_copies_is_told_once(text: str) -> None:
    assert len(lines(FILE + f"  - {{{text}}}\n")) == 1


@pytest.mark.parametrize(("text", "wish"), [("", False), (", emergency: true", True)])
def test_patients_choose_for_themselves(text: str, wish: bool) -> None:
    file = HEAD + f"actors: {{patients: {{p: {{hospital: h0{text}}}}}}}\n"
    assert scenario(file).actors.patients["p"].emergency is wish
