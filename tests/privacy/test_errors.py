"""Errors: their sentences, that they pickle, and that importing this folder reads nothing else."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from node.base.errors import OperatorError, PeerError, RefusedError, WardnetError
from node.privacy import errors

SENTENCES = [
    (errors.NotDicomError("no meta"), PeerError, "no DICOM file: no meta"),
    (
        errors.TruncatedDicomError("(7FE0,0010) at byte 5", "wants 8 bytes, 2 are left"),
        PeerError,
        "truncated DICOM file: (7FE0,0010) at byte 5: wants 8 bytes, 2 are left",
    ),
    (
        errors.MalformedDicomError("(0008,0060) at byte 5", "stands twice"),
        PeerError,
        "malformed DICOM file: (0008,0060) at byte 5: stands twice",
    ),
    (
        errors.DicomLimitError("DICOM_DEPTH_MAX", 64),
        PeerError,
        "DICOM file exceeds DICOM_DEPTH_MAX = 64",
    ),
    (
        errors.UnsupportedObjectError("1.2.3.*", "a report"),
        RefusedError,
        "1.2.3.* (a report) is not de-identified here",
    ),
    (
        errors.AlreadyDeidentifiedError("(0012,0063)"),
        RefusedError,
        "wardnet has de-identified this file before: (0012,0063)",
    ),
    (
        errors.QuarantineRequiredError("secondary_capture"),
        RefusedError,
        "quarantine required: secondary_capture",
    ),
    (
        errors.MissingSiteKeyError(31),
        OperatorError,
        "the site key has 31 bytes, wants 32",
    ),
    (
        errors.UnknownStudyError("x", ""),
        OperatorError,
        "unknown study 'x', wants pydicom:NAME",
    ),
    (
        errors.StudyNotHereError("pydicom:RG1_UNCR"),
        OperatorError,
        (
            "study 'pydicom:RG1_UNCR' is not part of the installed pydicom and nothing is "
            "downloaded; the package pydicom-data brings it"
        ),
    ),
    (errors.RecordError("age", "is missing"), PeerError, "record: age: is missing"),
    (
        errors.ExportTooSmallError(9, 10),
        RefusedError,
        "9 participants with a coded diagnosis, an export needs 10",
    ),
    (
        errors.ExportSuppressedError(12, 5, 2),
        RefusedError,
        "12 participants cannot be grouped with k = 5 and 2 different diagnoses in each group",
    ),
]


@pytest.mark.parametrize(("error", "branch", "sentence"), SENTENCES)
def test_error_says_one_sentence(
    error: WardnetError, branch: type[WardnetError], sentence: str
) -> None:
    assert (isinstance(error, branch), str(error)) == (True, sentence)


@pytest.mark.parametrize("error", [row[0] for row in SENTENCES])
def test_error_survives_pickling(error: WardnetError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))


def test_importing_the_folder_reads_code_only() -> None:
    program = """
import sys
opened = []
sys.addaudithook(lambda name, args: opened.append(str(args[0])) if name == "open" else None)
import pydicom, numpy, cryptography, sha3, msgpack
del opened[:]
import node.privacy.dicom_engine, node.privacy.dicom_check, node.privacy.studies
import node.privacy.record, node.privacy.synthetic
print("\\n".join(sorted(path for path in opened if not path.endswith((".py", ".pyc", ".so")))))
"""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
    )
    assert done.stdout.split() == []
