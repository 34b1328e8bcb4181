import pytest

from tests.sim.schema.texts import HEAD, lines, scenario

FILE = (
    HEAD
    + "actors: {doctors: 2, patients: 2, labs: 1, guardians: 1}\nsteps:\n"
    + "  - {do: consult, id: v, doctor: doc-1, patient: pat-1}\n"
    + "  - {do: grant, id: g, patient: pat-1, doctor: doc-2, pmr: v, for: 1m}\n"
)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("do: refresh_epoch, patient: pat-1", "record", None),
        ("do: refresh_epoch, patient: pat-1, record: v, without: [h1]", "without", ("h1",)),
        ("do: rotate_key, patient: pat-1, record: v, without: g", "without", "g"),
        ("do: erase, patient: pat-1, pmr: v, basis: GDPR-17", "basis", "GDPR-17"),
        ("do: set_guardian, patient: pat-1, guardian: gua-1, hospitals: [h0]", "guardian", "gua-1"),
        ("do: recover_key, patient: pat-1, guardian: gua-1, hospital: h2", "hospital", "h2"),
        ("do: cancel_recovery, patient: pat-1", "patient", "pat-1"),
        ("do: replace_custodian, record: v, leaver: h0, newcomer: h1", "by", "patient"),
        ("do: read_own, patient: pat-1, record: v", "record", "v"),
    ],
)
def test_a_step_of_shares_over_time_is_read(text: str, field: str, value: object) -> None:
    step = scenario(FILE + f"  - {{{text}}}\n").steps[-1]
    assert getattr(step, field) == value


@pytest.mark.parametrize(
    "text",
    [
        "do: refresh_epoch, patient: pat-9",
        "do: rotate_key, patient: pat-1, record: g",
        "do: erase, patient: pat-1",
        "do: set_guardian, patient: pat-1, guardian: doc-1, hospitals: [h0]",
        "do: replace_custodian, record: v, leaver: h9, newcomer: h1",
        "do: replace_custodian, record: v, leaver: h0, newcomer: h1, by: doctor",
    ],
)
def test_a_bad_step_is_told_once(text: str) -> None:
    assert len(lines(FILE + f"  - {{{text}}}\n")) == 1
