"""The files of all studies of a scenario, read before anything runs."""

from dataclasses import dataclass
from pathlib import Path

from node.base.errors import OperatorError
from node.privacy.errors import StudyNotHereError, UnknownStudyError
from node.privacy.studies import load_study
from node.sim.schema.scenario import Scenario
from node.sim.schema.steps import PerformLab


@dataclass(eq=False)
class StudyFileError(OperatorError):
    """A step names a study that is not to be had; nothing was run."""

    file: str
    line: int
    step: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} step {self.step}: {self.what}"


def read_studies(scenario: Scenario, file: Path) -> dict[str, bytes]:
    """Give the bytes of every study by the id of its step.

    ``file``      the scenario's own: paths of studies are beside it.
    raises        StudyFileError: names the step, its line, and the file that is not there.
    """
    studies: dict[str, bytes] = {}
    read: dict[tuple[str, str], bytes] = {}  # steps may share a file, and its bytes
    for step in scenario.steps:
        if isinstance(step, PerformLab):
            try:
                source = step.study.source, step.study.name
                if source not in read:
                    read[source] = _read(step, file.parent)
                studies[step.id] = read[source]
            except (UnknownStudyError, StudyNotHereError) as error:
                raise StudyFileError(str(file), step.line, step.id, str(error)) from error
            except OSError as error:
                what = f"study {file.parent / step.study.name}: {error.strerror or error}"
                raise StudyFileError(str(file), step.line, step.id, what) from error
    return studies


def _read(step: PerformLab, beside: Path) -> bytes:
    if step.study.source == "pydicom":
        return load_study(f"pydicom:{step.study.name}")
    return (beside / step.study.name).read_bytes()
