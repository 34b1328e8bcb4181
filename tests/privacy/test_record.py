"""Records: commitments, strict parsing, and the envelope that is encrypted."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.errors import CodecError
from node.base.keccak import keccak256
from node.privacy.canonical_json import encode
from node.privacy.errors import RecordError
from node.privacy.record import (
    AttendantDetails,
    ClaimDetails,
    Diagnosis,
    Insurance,
    PatientDetails,
    PmrEntry,
    Record,
    RecordKind,
    Study,
    body_of,
    commitment,
    open_ready,
    parse_body,
    seal_ready,
)

SALT = bytes(range(32))
PATIENT = PatientDetails("Asha Nair", 41, "female", 61_500, 1_630, "+919876543210")
ATTENDANT = AttendantDetails("Arjun Nair", "+919876543211", "brother")
ENTRY = PmrEntry(
    present_illness="cough",
    diagnosis=(Diagnosis("J45.9", "Asthma"),),
    lab_reports=("order-1",),
    insurance=Insurance("Lotus", "POL-1"),
)
STUDY = Study(b"\0\1DICM")
CLAIM = ClaimDetails("POL-1", "INR", 2**53 - 1, (0, 255), "ECG")
RECORDS: list[Record] = [PATIENT, ATTENDANT, ENTRY, PmrEntry(), STUDY, CLAIM]
KINDS = [
    RecordKind.PATIENT,
    RecordKind.ATTENDANT,
    RecordKind.PMR,
    RecordKind.PMR,
    RecordKind.STUDY,
    RecordKind.CLAIM,
]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
DOCUMENT: dict[str, object] = {
    "present_illness": "",
    "past_illness": "",
    "diagnosis": [],
    "treatment_summary": "",
    "lab_reports": [],
    "iomt": [],
    "insurance": None,
}
PERSON: dict[str, object] = {
    "name": "A",
    "age": 1,
    "gender": "male",
    "weight_g": 1,
    "height_mm": 1,
    "contact": "",
}


def test_commitment_is_keccak_of_salt_and_body() -> None:
    assert commitment(SALT, b"{}") == keccak256(SALT + b"{}")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_commitment_refuses_a_salt_of_another_length(length: int) -> None:
    with pytest.raises(CodecError, match=str(length)):
        commitment(bytes(length), b"{}")


def test_body_of_a_patient_is_canonical_json_with_units_in_its_keys() -> None:
    assert body_of(PATIENT) == (
        b'{"age":41,"contact":"+919876543210","gender":"female","height_mm":1630,'
        b'"name":"Asha Nair","weight_g":61500}'
    )


def test_body_of_an_attendant_has_name_phone_and_relationship() -> None:
    assert body_of(ATTENDANT) == (
        b'{"name":"Arjun Nair","phone":"+919876543211","relationship":"brother"}'
    )


def test_body_of_an_empty_entry_has_all_seven_sections() -> None:
    assert body_of(PmrEntry()) == encode(DOCUMENT)


@pytest.mark.parametrize(("record", "kind"), list(zip(RECORDS, KINDS, strict=True)))
def test_body_is_parsed_back(record: Record, kind: RecordKind) -> None:
    assert parse_body(kind, body_of(record)) == record


@settings(deadline=None, max_examples=50)
@given(
    entry=st.builds(
        PmrEntry,
        TEXTS,
        TEXTS,
        st.lists(st.builds(Diagnosis, TEXTS, TEXTS), max_size=3).map(tuple),
        TEXTS,
        st.lists(TEXTS, max_size=3).map(tuple),
        st.lists(TEXTS, max_size=3).map(tuple),
        st.none() | st.builds(Insurance, TEXTS, TEXTS),
    )
)
def test_any_entry_survives_its_envelope(entry: PmrEntry) -> None:
    assert open_ready(seal_ready(entry, SALT)) == (SALT, entry)


@pytest.mark.parametrize("record", RECORDS)
def test_envelope_gives_salt_and_record_back(record: Record) -> None:
    assert open_ready(seal_ready(record, SALT)) == (SALT, record)


def test_envelope_of_a_study_costs_48_bytes() -> None:
    assert seal_ready(Study(bytes(1000)), SALT) == (
        b"WREC\1\4\0\0" + SALT + (1000).to_bytes(8) + bytes(1000)
    )


@pytest.mark.parametrize("length", [0, 31, 33])
def test_envelope_refuses_a_salt_of_another_length(length: int) -> None:
    with pytest.raises(CodecError, match="salt"):
        seal_ready(PATIENT, bytes(length))


@pytest.mark.parametrize(
    ("place", "value", "what"),
    [
        (0, b"X", "WREC"),
        (4, b"\2", "version"),
        (5, b"\0", "kind 0"),
        (5, b"\7", "kind 7"),
        (7, b"\1", "reserved"),
        (40, b"\1", "declares"),
        (47, b"\0", "declares"),
    ],
)
def test_envelope_with_a_wrong_head_is_refused(place: int, value: bytes, what: str) -> None:
    envelope = bytearray(seal_ready(STUDY, SALT))
    envelope[place : place + 1] = value
    with pytest.raises(CodecError, match=what):
        open_ready(bytes(envelope))


@pytest.mark.parametrize("cut", [0, 47, -1])
def test_envelope_that_was_cut_is_refused(cut: int) -> None:
    with pytest.raises(CodecError):
        open_ready(seal_ready(STUDY, SALT)[:cut])


def test_envelope_with_a_tail_is_refused() -> None:
    with pytest.raises(CodecError, match="declares"):
        open_ready(seal_ready(STUDY, SALT) + b"x")


@pytest.mark.parametrize("key", sorted(DOCUMENT))
def test_missing_section_is_named(key: str) -> None:
    document = {name: value for name, value in DOCUMENT.items() if name != key}
    with pytest.raises(RecordError, match="is missing") as caught:
        parse_body(RecordKind.PMR, encode(document))
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        (RecordKind.PMR, {**DOCUMENT, "notes": ""}),
        (RecordKind.PATIENT, {**PERSON, "notes": ""}),
        (RecordKind.ATTENDANT, {"name": "", "phone": "", "relationship": "", "notes": ""}),
    ],
)
def test_unknown_key_is_named(kind: RecordKind, document: dict[str, object]) -> None:
    with pytest.raises(RecordError, match="is unknown") as caught:
        parse_body(kind, encode(document))
    assert caught.value.key == "notes"


@pytest.mark.parametrize(
    ("key", "value", "path"),
    [
        ("present_illness", 1, "present_illness"),
        ("past_illness", None, "past_illness"),
        ("diagnosis", {}, "diagnosis"),
        ("diagnosis", ["x"], "diagnosis[0]"),
        ("diagnosis", [{"code": "", "text": ""}, {"code": ""}], "diagnosis[1].text"),
        ("diagnosis", [{"code": 1, "text": ""}], "diagnosis[0].code"),
        ("treatment_summary", [], "treatment_summary"),
        ("lab_reports", "x", "lab_reports"),
        ("lab_reports", ["x", 1], "lab_reports[1]"),
        ("iomt", [None], "iomt[0]"),
        ("insurance", [], "insurance"),
        ("insurance", {"insurer": "x"}, "insurance.policy"),
        ("insurance", {"insurer": "x", "policy": 1}, "insurance.policy"),
        ("insurance", {"insurer": "x", "policy": "y", "z": 1}, "insurance.z"),
    ],
)
def test_section_of_a_wrong_type_is_named(key: str, value: object, path: str) -> None:
    with pytest.raises(RecordError) as caught:
        parse_body(RecordKind.PMR, encode({**DOCUMENT, key: value}))
    assert caught.value.key == path


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", 1),
        ("age", -1),
        ("age", 151),
        ("age", True),
        ("age", "41"),
        ("gender", "banana"),
        ("gender", 1),
        ("weight_g", 1_000_001),
        ("height_mm", 3_001),
        ("contact", None),
    ],
)
def test_patient_field_out_of_range_is_named(key: str, value: object) -> None:
    with pytest.raises(RecordError) as caught:
        parse_body(RecordKind.PATIENT, encode({**PERSON, key: value}))
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("key", "value"), [("age", 0), ("age", 150), ("weight_g", 1_000_000), ("height_mm", 3_000)]
)
def test_patient_field_at_its_border_is_taken(key: str, value: int) -> None:
    record = parse_body(RecordKind.PATIENT, encode({**PERSON, key: value}))
    assert getattr(record, key) == value


def test_body_of_a_claim_names_policy_amount_and_entries() -> None:
    assert body_of(CLAIM) == (
        b'{"amount":9007199254740991,"currency":"INR","entries":[0,255],"note":"ECG",'
        b'"policy":"POL-1"}'
    )


@pytest.mark.parametrize(
    ("key", "value", "path"),
    [
        ("policy", 1, "policy"),
        ("currency", "inr", "currency"),
        ("currency", "INRX", "currency"),
        ("amount", 0, "amount"),
        ("amount", -1, "amount"),
        ("amount", "1", "amount"),
        ("entries", [], "entries"),
        ("entries", [1, 1], "entries"),
        ("entries", [0, 256], "entries[1]"),
        ("entries", [True], "entries[0]"),
        ("entries", 1, "entries"),
        ("note", None, "note"),
        ("date", "", "date"),
    ],
)
def test_claim_field_that_cannot_be_is_named(key: str, value: object, path: str) -> None:
    document = {"policy": "P", "currency": "INR", "amount": 1, "entries": [0], "note": ""}
    with pytest.raises(RecordError) as caught:
        parse_body(RecordKind.CLAIM, encode({**document, key: value}))
    assert caught.value.key == path


def test_record_is_checked_when_it_is_written_too() -> None:
    with pytest.raises(RecordError, match="age"):
        body_of(replace(PATIENT, age=200))


@pytest.mark.parametrize("document", [[], "x", None, 1])
def test_record_that_is_no_object_is_refused(document: object) -> None:
    with pytest.raises(RecordError, match="wants an object"):
        parse_body(RecordKind.PMR, encode(document))


def test_message_about_a_field_shows_no_value() -> None:
    with pytest.raises(RecordError) as caught:
        parse_body(RecordKind.PATIENT, encode({**PERSON, "gender": "Asha Nair"}))
    assert "Asha" not in f"{caught.value!r} {caught.value}"


def test_repr_of_a_study_shows_no_bytes() -> None:
    assert repr(STUDY) == "Study(...)"
