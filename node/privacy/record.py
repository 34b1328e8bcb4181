"""The records of a patient: what is encrypted off the ledger and committed to on it.

Five records are canonical JSON (patient details, attendant details, an entry of the PMR with the
seven sections of the paper, a batch of a device's readings, a claim to an insurer), one is a study
of DICOM bytes.  All have one envelope, which is what gets encrypted:

    "WREC" | version 1 | kind | 00 00 | salt 32 | body length, 8 bytes big-endian | body

The salt lies inside, so erasing the record erases what a guesser would need (privacy-and-interop.md
section 8); binary bodies lie there as they are.  ``commitment = keccak256(salt || body)``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias

from node.base.errors import CodecError
from node.base.keccak import keccak256
from node.base.types import Hash32
from node.privacy import canonical_json
from node.privacy.errors import RecordError
from node.privacy.readings import ReadingBatch, batch_document, read_batch
from node.privacy.record_fields import (
    as_object,
    check_keys,
    integer_of,
    list_of,
    text_of,
    texts_of,
    whole_of,
)
from node.privacy.unshown import Unshown

SALT_BYTES: Final = 32
GENDERS: Final = ("female", "male", "other", "unknown")
"""The value set of FHIR R4, AdministrativeGender."""
SECTIONS: Final = (
    "present_illness",
    "past_illness",
    "diagnosis",
    "treatment_summary",
    "lab_reports",
    "iomt",
    "insurance",
)
"""The sections of a PMR in the order of the scope bits (privacy-and-interop.md section 9)."""
_AGE_MAX: Final = 150
_WEIGHT_G_MAX: Final = 1_000_000
_HEIGHT_MM_MAX: Final = 3_000
_ENTRY_INDEX_MAX: Final = 255
_CURRENCY: Final = re.compile("[A-Z]{3}")
_MAGIC: Final = b"WREC"
_VERSION: Final = 1
_HEAD_BYTES: Final = 48


class RecordKind(IntEnum):
    """What a record is; the number stands in its envelope."""

    PATIENT = 1
    ATTENDANT = 2
    PMR = 3
    STUDY = 4
    READINGS = 5
    CLAIM = 6
    """The number of its kind of entry, too."""


@dataclass(frozen=True, slots=True, repr=False)
class PatientDetails(Unshown):
    """Who the patient is, as the desk of a hospital writes it down."""

    name: str
    age: int
    """Years, 0 .. 150."""
    gender: str
    """One of GENDERS."""
    weight_g: int
    height_mm: int
    contact: str


@dataclass(frozen=True, slots=True, repr=False)
class AttendantDetails(Unshown):
    """Who comes with the patient."""

    name: str
    phone: str
    relationship: str


@dataclass(frozen=True, slots=True, repr=False)
class Diagnosis(Unshown):
    """One provisional diagnosis: a code such as ICD-10 ("" if none) and its wording."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, repr=False)
class Insurance(Unshown):
    """Who insures the patient, under which policy."""

    insurer: str
    policy: str


@dataclass(frozen=True, slots=True, repr=False)
class PmrEntry(Unshown):
    """One entry of a patient medical record: the seven sections, each may be empty."""

    present_illness: str = ""
    past_illness: str = ""
    diagnosis: tuple[Diagnosis, ...] = ()
    treatment_summary: str = ""
    lab_reports: tuple[str, ...] = ()
    """References to orders and studies, not the reports themselves."""
    iomt: tuple[str, ...] = ()
    """References to batches of readings."""
    insurance: Insurance | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Study(Unshown):
    """The bytes of a DICOM file that has been de-identified."""

    data: bytes


@dataclass(frozen=True, slots=True, repr=False)
class ClaimDetails(Unshown):
    """What is claimed from an insurer, under which policy."""

    policy: str
    """Its number."""
    currency: str
    """ISO 4217."""
    amount: int
    """In the smallest unit of the currency, from 1."""
    entries: tuple[int, ...]
    """Indices of the entries of the record that it is for."""
    note: str = ""


Record: TypeAlias = (
    PatientDetails | AttendantDetails | PmrEntry | Study | ReadingBatch | ClaimDetails
)


def commitment(salt: bytes, canonical: bytes) -> Hash32:
    """Give keccak256(salt || canonical): it stands on the ledger and says nothing by itself.

    raises        CodecError: the salt is not 32 bytes.
    """
    if len(salt) != SALT_BYTES:
        raise CodecError("commitment", f"the salt has {len(salt)} bytes, wants {SALT_BYTES}")
    return keccak256(salt + canonical)


def body_of(record: Record) -> bytes:
    """Give the bytes that a record is committed by: canonical JSON, or the study itself.

    raises        RecordError: a field is out of range or of another type (names its key).
    """
    match record:
        case Study():
            return record.data
        case PatientDetails():
            document: dict[str, object] = {name: getattr(record, name) for name in _PATIENT_KEYS}
            _patient(document)
        case AttendantDetails():
            document = {name: getattr(record, name) for name in _ATTENDANT_KEYS}
            _attendant(document)
        case PmrEntry():
            document = _pmr_document(record)
            _pmr(document)
        case ClaimDetails():
            document = {name: getattr(record, name) for name in _CLAIM_KEYS}
            document["entries"] = list(record.entries)
            _claim(document)
        case ReadingBatch():
            document = batch_document(record)
            read_batch(document)
    return canonical_json.encode(document)


def parse_body(kind: RecordKind, body: bytes) -> Record:
    """Read a body back, strictly.

    raises        RecordError: not canonical, or a key is missing, unknown or of a wrong type.
    """
    if kind is RecordKind.STUDY:
        return Study(body)
    document = as_object(canonical_json.decode(body), "")
    return _PARSERS[kind](document)


def seal_ready(record: Record, salt: bytes) -> bytes:
    """Give the envelope of a record: what is encrypted or split.

    raises        CodecError (salt), RecordError (a field).
    """
    if len(salt) != SALT_BYTES:
        raise CodecError("envelope", f"the salt has {len(salt)} bytes, wants {SALT_BYTES}")
    body = body_of(record)
    kind = _KINDS[type(record)]
    head = _MAGIC + bytes((_VERSION, kind, 0, 0)) + salt + len(body).to_bytes(8)
    return head + body


def open_ready(envelope: bytes) -> tuple[bytes, Record]:
    """Give the salt and the record of an envelope.

    raises        CodecError (the envelope), RecordError (the record in it).
    """
    if len(envelope) < _HEAD_BYTES:
        raise CodecError("envelope", f"{len(envelope)} bytes, wants at least {_HEAD_BYTES}")
    if envelope[:5] != _MAGIC + bytes((_VERSION,)):
        raise CodecError("envelope", "does not begin with WREC, version 1")
    if envelope[6:8] != bytes(2):
        raise CodecError("envelope", "reserved bytes are not zero")
    try:
        kind = RecordKind(envelope[5])
    except ValueError:
        raise CodecError("envelope", f"unknown kind {envelope[5]}") from None
    declared = int.from_bytes(envelope[40:48])
    if declared != len(envelope) - _HEAD_BYTES:
        raise CodecError("envelope", f"declares {declared} bytes, has {len(envelope) - 48}")
    return envelope[8:40], parse_body(kind, envelope[_HEAD_BYTES:])


def _pmr_document(entry: PmrEntry) -> dict[str, object]:
    insurance = entry.insurance
    return {
        "present_illness": entry.present_illness,
        "past_illness": entry.past_illness,
        "diagnosis": [{"code": each.code, "text": each.text} for each in entry.diagnosis],
        "treatment_summary": entry.treatment_summary,
        "lab_reports": list(entry.lab_reports),
        "iomt": list(entry.iomt),
        "insurance": insurance and {"insurer": insurance.insurer, "policy": insurance.policy},
    }


def _patient(document: Mapping[str, object]) -> PatientDetails:
    check_keys(document, _PATIENT_KEYS, "")
    gender = text_of(document, "gender", "")
    if gender not in GENDERS:
        raise RecordError("gender", f"wants one of {', '.join(GENDERS)}")
    return PatientDetails(
        name=text_of(document, "name", ""),
        age=integer_of(document, "age", _AGE_MAX),
        gender=gender,
        weight_g=integer_of(document, "weight_g", _WEIGHT_G_MAX),
        height_mm=integer_of(document, "height_mm", _HEIGHT_MM_MAX),
        contact=text_of(document, "contact", ""),
    )


def _attendant(document: Mapping[str, object]) -> AttendantDetails:
    check_keys(document, _ATTENDANT_KEYS, "")
    return AttendantDetails(*(text_of(document, key, "") for key in _ATTENDANT_KEYS))


def _pmr(document: Mapping[str, object]) -> PmrEntry:
    check_keys(document, SECTIONS, "")
    diagnoses: list[Diagnosis] = []
    for index, each in enumerate(list_of(document, "diagnosis")):
        path = f"diagnosis[{index}]"
        pair = as_object(each, path)
        check_keys(pair, ("code", "text"), path)
        diagnoses.append(Diagnosis(text_of(pair, "code", path), text_of(pair, "text", path)))
    insurance = None
    if document["insurance"] is not None:
        pair = as_object(document["insurance"], "insurance")
        check_keys(pair, ("insurer", "policy"), "insurance")
        insurance = Insurance(*(text_of(pair, key, "insurance") for key in ("insurer", "policy")))
    return PmrEntry(
        present_illness=text_of(document, "present_illness", ""),
        past_illness=text_of(document, "past_illness", ""),
        diagnosis=tuple(diagnoses),
        treatment_summary=text_of(document, "treatment_summary", ""),
        lab_reports=texts_of(document, "lab_reports"),
        iomt=texts_of(document, "iomt"),
        insurance=insurance,
    )


def _claim(document: Mapping[str, object]) -> ClaimDetails:
    check_keys(document, _CLAIM_KEYS, "")
    currency = text_of(document, "currency", "")
    if _CURRENCY.fullmatch(currency) is None:
        raise RecordError("currency", "wants three capital letters")
    amount = integer_of(document, "amount", canonical_json.EXACT_INTEGER_MAX)
    if amount == 0:
        raise RecordError("amount", "wants at least 1")
    entries: list[int] = []
    for place, index in enumerate(list_of(document, "entries")):
        entries.append(whole_of(index, f"entries[{place}]", _ENTRY_INDEX_MAX))
    if not entries or len(set(entries)) != len(entries):
        raise RecordError("entries", "wants at least one index, and each once")
    policy, note = text_of(document, "policy", ""), text_of(document, "note", "")
    return ClaimDetails(policy, currency, amount, tuple(entries), note)


_PATIENT_KEYS: Final = ("name", "age", "gender", "weight_g", "height_mm", "contact")
_ATTENDANT_KEYS: Final = ("name", "phone", "relationship")
_CLAIM_KEYS: Final = ("policy", "currency", "amount", "entries", "note")
_KINDS: Final[dict[type, RecordKind]] = {
    PatientDetails: RecordKind.PATIENT,
    AttendantDetails: RecordKind.ATTENDANT,
    PmrEntry: RecordKind.PMR,
    Study: RecordKind.STUDY,
    ClaimDetails: RecordKind.CLAIM,
    ReadingBatch: RecordKind.READINGS,
}
_PARSERS: Final[dict[RecordKind, Callable[[Mapping[str, object]], Record]]] = {
    RecordKind.PATIENT: _patient,
    RecordKind.ATTENDANT: _attendant,
    RecordKind.PMR: _pmr,
    RecordKind.CLAIM: _claim,
    RecordKind.READINGS: read_batch,
}
