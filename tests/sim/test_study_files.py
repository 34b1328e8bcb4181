from pathlib import Path

import pytest

from node.sim.loader import load
from node.sim.study_files import StudyFileError, read_studies

TEXT = """wardnet: 1
name: studies
network: {{validators: 4}}
actors:
  doctors: {{d: {{hospital: h0}}}}
  patients: {{p: {{hospital: h0}}}}
  labs: {{l: {{hospital: h0}}}}
steps:
  - {{do: consult, id: v, doctor: d, patient: p}}
  - {{do: order_lab, id: o, doctor: d, pmr: v, modality: CT}}
  - {{do: perform_lab, id: s, lab: l, order: o, study: {study}}}
"""


def studies(study: str, folder: Path) -> dict[str, bytes]:
    file = folder / "a.yaml"
    return read_studies(load(TEXT.format(study=study), str(file)), file)


def test_a_study_that_pydicom_ships_is_read(tmp_path: Path) -> None:
    assert studies("pydicom:CT_small", tmp_path)["s"][128:132] == b"DICM"


def test_a_study_beside_the_scenario_is_read(tmp_path: Path) -> None:
    (tmp_path / "scan.dcm").write_bytes(b"any bytes: the step judges them")
    assert studies("scan.dcm", tmp_path) == {"s": b"any bytes: the step judges them"}


@pytest.mark.parametrize(
    ("study", "what"),
    [("nofile.dcm", "nofile.dcm: No such file"), ("pydicom:NOPE", "NOPE")],
)
def test_a_study_that_is_not_there_is_named_with_its_step_and_line(
    study: str, what: str, tmp_path: Path
) -> None:
    with pytest.raises(StudyFileError) as caught:
        studies(study, tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'a.yaml'}:11 step s: ")
    assert what in message
    assert caught.value.exit_code == 2


def test_a_folder_is_no_study(tmp_path: Path) -> None:
    (tmp_path / "scan.dcm").mkdir()
    with pytest.raises(StudyFileError, match=r"scan\.dcm"):
        studies("scan.dcm", tmp_path)
