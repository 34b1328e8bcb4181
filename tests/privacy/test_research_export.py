"""Datasets are judged by a naive second reading of what leaves: the published rows alone."""

import csv
import io
import json
from base64 import b32encode
from collections import defaultdict
from dataclasses import replace
from hashlib import sha256
from hmac import digest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base.keccak import keccak256
from node.base.rng import TreeEntropy
from node.privacy.errors import (
    ExportSuppressedError,
    ExportTooSmallError,
    MissingSiteKeyError,
)
from node.privacy.record import GENDERS, PatientDetails
from node.privacy.research_export import (
    AGE,
    COLUMNS,
    HEIGHT,
    WEIGHT,
    Dataset,
    Demographics,
    ExportLedger,
    Participant,
    export,
    generalise,
    short_code,
)
from node.privacy.synthetic import canaries, make_consultation, make_person

KEY = b"\x05" * 32
CODES = ("J45.9", "E11.9", "I10", "K21.9")
PEOPLE = st.lists(
    st.builds(
        Participant,
        identifier=st.binary(min_size=1, max_size=6),
        demographics=st.builds(
            Demographics,
            age=st.integers(1, 19),
            gender=st.sampled_from(GENDERS),
            weight=st.integers(0, 9),
            height=st.integers(0, 7),
        ),
        region=st.sampled_from(("in_south", "in_north", "")),
        year=st.integers(2024, 2026),
        code=st.sampled_from((*CODES, "", "?")),
    ),
    unique_by=lambda one: one.identifier,
    max_size=50,
)


def person(seed: int) -> Participant:
    drawn = make_person(TreeEntropy(seed, "person"))
    entry = make_consultation(drawn, TreeEntropy(seed, "visit"))
    region = ("in_south", "in_north")[seed % 2]
    return Participant(
        identifier=str(seed).encode(),
        demographics=generalise(drawn.details),
        region=region,
        year=2026,
        code=entry.diagnosis[0].code,
    )


CROWD = [person(seed) for seed in range(40)]


def exported(people=CROWD, k: int = 5, l: int = 2, study: str = "1") -> Dataset:
    return export(people, site_key=KEY, study=study, purpose="cough", k=k, l=l)


def judge(dataset: Dataset) -> dict[tuple[str, ...], list[str]]:
    """Group the published rows by their published quasi-identifiers: age, gender, region, year."""
    groups = defaultdict(list)
    for row in csv.DictReader(io.StringIO(dataset.table.decode())):
        groups[row["age"], row["gender"], row["region"], row["year"]].append(row["diagnosis"])
    return groups


def covers(text: str, value: int) -> bool:
    """Read a published range as anybody would."""
    if text.endswith("+"):
        return value >= int(text[:-1])
    first, _, last = text.partition("-")
    return int(first) <= value <= int(last or first)


# bands


@pytest.mark.parametrize(
    ("band", "value", "text"),
    [
        (AGE, 0, "0-4"),
        (AGE, 4, "0-4"),
        (AGE, 5, "5-9"),
        (AGE, 89, "85-89"),
        (AGE, 90, "90+"),
        (AGE, 150, "90+"),
        (WEIGHT, 39, "0-39"),
        (WEIGHT, 40, "40-49"),
        (WEIGHT, 120, "120+"),
        (HEIGHT, 139, "0-139"),
        (HEIGHT, 199, "190-199"),
    ],
)
def test_numbers_leave_as_bands(band, value: int, text: str) -> None:
    assert band.text(band.index(value), band.index(value)) == text


def test_a_range_of_bands_reaches_from_the_first_to_the_last() -> None:
    assert AGE.text(AGE.index(31), AGE.index(52)) == "30-54"
    assert AGE.text(AGE.index(31), AGE.index(95)) == "30+"


def test_details_become_bands_and_gender_only() -> None:
    details = PatientDetails("Asha Kollam", 43, "female", 68_900, 1_655, "+91")
    told = generalise(details)
    assert AGE.text(told.age, told.age) == "40-44"
    assert WEIGHT.text(told.weight, told.weight) == "60-69"
    assert HEIGHT.text(told.height, told.height) == "160-169"
    assert told.gender == "female"


@pytest.mark.parametrize(
    ("code", "short"),
    [("J45.9", "J45"), ("e11.9", "E11"), ("R91", "R91"), ("", ""), ("asthma", ""), ("J4", "")],
)
def test_codes_have_three_characters(code: str, short: str) -> None:
    assert short_code(code) == short


# datasets


def test_the_header_says_what_was_done() -> None:
    header = exported([*CROWD, replace(CROWD[0], identifier=b"x", code="")]).header
    assert (header["k"], header["l"], header["rows"], header["participants"]) == (5, 2, 40, 41)
    assert header["suppressed_share"] == "0.024"
    classes = header["classes"]
    assert header["average_class_size"] == f"{40 / classes:.3f}"[:5]
    assert any("not differential privacy" in line for line in header["limits"])


def test_json_has_the_rows_and_the_digest_of_the_csv() -> None:
    dataset = exported()
    read = json.loads(dataset.data)
    assert read["header"] == dataset.header
    assert [tuple(row) for row in read["rows"]] == list(dataset.rows)
    table = list(csv.reader(io.StringIO(dataset.table.decode())))
    assert table == [list(COLUMNS), *map(list, dataset.rows)]
    assert read["header"]["csv_sha256"] == sha256(dataset.table).hexdigest()
    assert dataset.commitment == keccak256(dataset.data)


def test_classes_are_more_than_one_where_people_allow_it() -> None:
    assert len(judge(exported())) >= 3


@given(PEOPLE, st.integers(2, 6), st.integers(1, 3))
def test_what_leaves_hides_everybody_among_k_and_l(people, k: int, l: int) -> None:
    coded = [one for one in people if short_code(one.code)]
    if len(coded) < 2 * k:
        with pytest.raises(ExportTooSmallError):
            exported(people, k, l)
        return
    if len({short_code(one.code) for one in coded}) < l:
        with pytest.raises(ExportSuppressedError):
            exported(people, k, l)
        return
    dataset = exported(people, k, l)
    assert len(dataset.rows) == len(coded)
    for diagnoses in judge(dataset).values():
        assert len(diagnoses) >= k
        assert len(set(diagnoses)) >= l


@given(PEOPLE)
def test_no_row_is_invented_and_each_lies_in_its_class(people) -> None:
    try:
        dataset = exported(people, 2, 1)
    except (ExportTooSmallError, ExportSuppressedError):
        return
    alone = {}  # pseudonym: who, from an own look at the key
    for one in people:
        name = exported_name(one)
        alone[name] = one
    seen = set()
    for row in dataset.rows:
        fields = dict(zip(COLUMNS, row, strict=True))
        one = alone[fields["pseudonym"]]
        seen.add(fields["pseudonym"])
        assert fields["diagnosis"] == one.code[:3]
        lowest = 5 * (one.demographics.age - 1)
        assert covers(fields["age"], lowest)
        assert one.demographics.gender in fields["gender"].split("|")
        assert (one.region or "unspecified") in fields["region"].split("|")
        assert covers(fields["year"], one.year)
    assert len(seen) == len(dataset.rows)


def exported_name(one: Participant) -> str:
    """Give a pseudonym by a second reading of its definition."""
    mac = digest(KEY, b"wardnet/research/v1\0" + b"1/" + one.identifier, "sha256")
    return b32encode(mac).decode()[:26]


def test_the_order_of_the_participants_does_not_show() -> None:
    assert exported(CROWD[::-1]) == exported(CROWD)


def test_a_person_takes_part_once() -> None:
    twin = replace(CROWD[1], identifier=CROWD[0].identifier)
    with pytest.raises(ValueError, match="same identifier"):
        exported([*CROWD, twin])


def test_rows_of_two_studies_cannot_be_joined_by_pseudonym() -> None:
    first, second = ({row[0] for row in exported(study=name).rows} for name in ("1", "2"))
    assert len(first) == len(second) == 40
    assert first.isdisjoint(second)


def test_nothing_that_names_a_participant_leaves() -> None:
    dataset = exported()
    for seed in range(40):
        drawn = make_person(TreeEntropy(seed, "person"))
        for canary in (*canaries(drawn), drawn.details.name.encode()):
            assert canary not in dataset.data + dataset.table


@pytest.mark.parametrize(("count", "fits"), [(9, False), (10, True)])
def test_fewer_than_twice_k_are_refused(count: int, fits: bool) -> None:
    if fits:
        assert exported(CROWD[:count]).header["rows"] == count
    else:
        with pytest.raises(ExportTooSmallError, match=r"9 participants .* needs 10"):
            exported(CROWD[:count])


def test_one_diagnosis_for_all_is_refused() -> None:
    same = [replace(one, code="I10") for one in CROWD]
    with pytest.raises(ExportSuppressedError, match="2 different diagnoses"):
        exported(same)
    assert exported(same, l=1).header["rows"] == 40


def test_a_site_key_has_32_bytes() -> None:
    with pytest.raises(MissingSiteKeyError):
        export(CROWD, site_key=b"", study="1", purpose="x", k=2)


def test_a_region_cannot_break_a_table() -> None:
    odd = [replace(one, region='=x|"y"\n,z') for one in CROWD]
    regions = {row[COLUMNS.index("region")] for row in exported(odd).rows}
    assert regions == {"x  y  ,z"}


# the export ledger


def test_a_second_export_of_a_cohort_is_warned_about() -> None:
    ledger = ExportLedger()
    assert ledger.note("first", [b"1", b"2"], KEY) == ()
    assert ledger.note("other", [b"1", b"2", b"3"], KEY) == ()
    (warning,) = ledger.note("second", [b"2", b"1"], KEY)
    assert "'first'" in warning
    assert [one.purpose for one in ledger.past] == ["first", "other", "second"]
    assert len(ledger.note("third", [b"2", b"1"], KEY)) == 2


def test_the_digest_of_a_cohort_needs_the_key() -> None:
    one, other = ExportLedger(), ExportLedger()
    one.note("x", [b"1"], KEY)
    other.note("x", [b"1"], bytes(32))
    assert one.past[0].cohort != other.past[0].cohort
