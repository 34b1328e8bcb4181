"""The engine: what stays, what goes, what is replaced, and that nothing else decides."""

import subprocess
import sys
from dataclasses import replace
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset

from node.base.errors import WardnetError
from node.privacy.dicom_check import find_residues
from node.privacy.dicom_engine import Anonymised, anonymise, anonymise_header
from node.privacy.dicom_rules import basic_rules
from node.privacy.errors import (
    MissingSiteKeyError,
    NotDicomError,
    QuarantineRequiredError,
    TruncatedDicomError,
)
from node.privacy.pseudonym import PatientIdentity, patient_pseudonym
from tests.privacy.dicom_factory import (
    BIG,
    EXPLICIT,
    IMPLICIT,
    KEPT_SEQUENCE,
    SITE_KEY,
    canary,
    canary_elements,
    canary_tags,
    dataset,
    element,
    make,
    nested,
    sequence,
    shipped,
)

HEADER_ONLY = "dicomdirtests/TINY_ALPHA/PT"


def clean(data: bytes) -> Anonymised:
    return anonymise_header(data, site_key=SITE_KEY)


def opened(data: bytes) -> Dataset:
    return dcmread(BytesIO(clean(data).data))


def written() -> dict[str, tuple[bytes, bytes]]:
    """Every shipped file that is an object of a supported kind: before and after."""
    found = {}
    for name, data in shipped().items():
        try:
            found[name] = (data, clean(data).data)
        except WardnetError:
            continue
    return found


def test_93_shipped_files_are_written_and_the_rest_ends_in_named_errors() -> None:
    assert len(written()) == 93


def test_no_shipped_file_leaves_a_residue() -> None:
    found = {name: find_residues(*pair) for name, pair in written().items()}
    assert {name: each for name, each in found.items() if each} == {}


def test_any_order_of_files_gives_the_same_bytes() -> None:
    names = list(written())
    backwards = {name: clean(shipped()[name]).data for name in reversed(names)}
    assert backwards == {name: pair[1] for name, pair in written().items()}


def test_another_process_with_another_hash_seed_gives_the_same_bytes() -> None:
    program = (
        "import hashlib; from node.privacy.dicom_engine import anonymise;"
        "from node.privacy.studies import load_study;"
        "print(hashlib.sha256(anonymise(load_study('pydicom:CT_small'),"
        "site_key=bytes(range(32))).data).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1")
    }
    assert len(digests) == 1


@pytest.mark.parametrize("name", ["CT_small", "MR_small"])
def test_pixels_of_the_two_studies_are_read_back_identical(name: str) -> None:
    data = shipped()[f"{name}.dcm"]
    after = dcmread(BytesIO(anonymise(data, site_key=SITE_KEY).data))
    assert after.PixelData == dcmread(BytesIO(data)).PixelData


def test_compressed_pixels_are_copied_with_their_fragments() -> None:
    before, after = written()["SC_rgb_rle_2frame.dcm"]
    assert dcmread(BytesIO(after)).PixelData == dcmread(BytesIO(before)).PixelData


def test_ct_small_loses_its_179_private_elements() -> None:
    result = clean(shipped()["CT_small.dcm"])
    assert result.report.private_removed == 179
    assert not [e for e in dcmread(BytesIO(result.data)) if e.tag.is_private]


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG])
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_no_canary_of_any_table_tag_survives_at_any_depth(depth: int, syntax: str) -> None:
    elements, values = canary_elements()
    hidden = [nested(elements, depth)] if depth else elements
    data = make(*hidden, syntax=syntax)
    after = clean(data).data
    assert [value for value in values if value not in data] == []
    assert [value for value in values if value in after] == []
    assert find_residues(data, after) == ()


def test_canary_file_has_almost_every_row_of_the_table() -> None:
    _, values = canary_elements()
    assert (len(canary_tags()), len(values)) == (649, 645)


@pytest.mark.slow
def test_judge_fires_for_every_row_that_is_taken_from_the_engines_table() -> None:
    rules = basic_rules()
    silent = []
    for index, tag in enumerate(canary_tags()):
        data = make(canary(tag, index)[0])
        codes = {key: code for key, code in rules.codes.items() if key != tag}
        after = anonymise_header(data, site_key=SITE_KEY, rules=replace(rules, codes=codes)).data
        if not find_residues(data, after):
            silent.append(f"{tag:08X}")
    # backed twice: what neither table nor dictionary knows goes, padding goes, and a sequence
    # without a row is walked like these two
    newer = [f"{tag:08X}" for tag in canary_tags() if canary(tag, 0)[0].keyword == ""]
    assert sorted(silent) == sorted([*newer, "00081140", "00082112", "FFFCFFFC"])


@pytest.mark.parametrize("tag", [0x00100010, 0x0020000D, 0x00080050, 0x00080090])
def test_judge_fires_when_a_row_of_ct_small_is_taken_away(tag: int) -> None:
    data, rules = shipped()["CT_small.dcm"], basic_rules()
    codes = {key: code for key, code in rules.codes.items() if key != tag}
    if not dcmread(BytesIO(data))[tag].value:
        data = make(canary(tag, 0)[0])
    after = anonymise_header(data, site_key=SITE_KEY, rules=replace(rules, codes=codes)).data
    assert find_residues(data, after)


def test_every_cut_of_a_study_ends_in_a_named_error() -> None:
    data = shipped()["MR_small.dcm"]
    cuts = [*range(1600), *range(1600, len(data), 61), len(data) - 1]
    # 128 bytes of padding element follow the pixels of this file
    pixels_end = data.rindex(b"\xfc\xff\xfc\xff")
    passed = []
    for cut in cuts:
        try:
            clean(data[:cut])
        except (NotDicomError, TruncatedDicomError):
            continue
        passed.append(cut)
    assert [cut for cut in passed if cut < pixels_end] == []


@settings(deadline=None, max_examples=200)
@given(flips=st.lists(st.tuples(st.integers(128, 6000), st.integers(0, 255)), max_size=4))
def test_corrupt_file_ends_in_a_named_error_or_is_written(flips: list[tuple[int, int]]) -> None:
    data = bytearray(shipped()["CT_small.dcm"])
    for place, value in flips:
        data[place] = value
    try:
        outcome = clean(bytes(data)).report.profile
    except WardnetError as error:
        outcome = f"{error!r} {error}"
    assert "CompressedSamples" not in outcome


TEXT_TAGS = (0x00081030, 0x00080070, 0x00080080, 0x00100010, 0x00091001, 0x0040A160, 0x00081048)
SEQUENCES = (KEPT_SEQUENCE, 0x00081140, 0x0040A730, 0x00081110, 0x00400555, 0x00401101)


def items(children: st.SearchStrategy[Dataset]) -> st.SearchStrategy[Dataset]:
    def build(pairs: dict[int, list[Dataset]], texts: dict[int, str]) -> Dataset:
        made = dataset(*(sequence(tag, *inner) for tag, inner in pairs.items()))
        for tag, text in texts.items():
            made.add(element(tag, text, "LO" if tag == 0x00091001 else None))
        return made

    sequences = st.dictionaries(
        st.sampled_from(SEQUENCES), st.lists(children, max_size=2), max_size=3
    )
    words = st.text("ABCDEFGHIJ", min_size=9, max_size=16)
    return st.builds(build, sequences, st.dictionaries(st.sampled_from(TEXT_TAGS), words))


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
@settings(deadline=None, max_examples=50)
@given(made=st.recursive(st.builds(Dataset), items, max_leaves=12))
def test_no_random_nesting_leaves_a_residue(syntax: str, made: Dataset) -> None:
    data = make(*made, syntax=syntax)
    assert find_residues(data, clean(data).data) == ()


def test_patient_id_becomes_the_pseudonym_and_the_name_carries_it() -> None:
    made = opened(make(element(0x00100021, "HOSP")))
    alias = patient_pseudonym(SITE_KEY, b"HOSP", b"MRN-1")
    assert (made.PatientID, str(made.PatientName)) == (alias, f"ANON^{alias}")


def test_given_identity_replaces_that_of_the_file() -> None:
    patient = PatientIdentity("WARD", "77")
    done = anonymise_header(make(), site_key=SITE_KEY, patient=patient)
    made = dcmread(BytesIO(done.data))
    assert made.PatientID == patient_pseudonym(SITE_KEY, b"WARD", b"77")


def test_given_identity_is_written_into_a_file_without_patient_id() -> None:
    data = make(element(0x00100020, ""), without=(0x00100010,))
    done = anonymise_header(data, site_key=SITE_KEY, patient=PatientIdentity("", "77"))
    made = dcmread(BytesIO(done.data))
    alias = patient_pseudonym(SITE_KEY, b"", b"77")
    assert (made.PatientID, str(made.PatientName)) == (alias, f"ANON^{alias}")


def test_without_a_patient_id_no_pseudonym_is_invented() -> None:
    made = opened(make(element(0x00100020, "")))
    assert (made.PatientID or "", str(made.PatientName)) == ("", "ANON")


def test_item_about_the_same_patient_gets_the_same_pseudonym() -> None:
    inner = dataset(element(0x00100010, "Doe^Jane"))
    made = opened(make(sequence(KEPT_SEQUENCE, inner)))
    assert made[KEPT_SEQUENCE].value[0].PatientName == made.PatientName


def test_item_about_another_patient_gets_another_pseudonym() -> None:
    inner = dataset(element(0x00100020, "DONOR-9"))
    made = opened(make(sequence(KEPT_SEQUENCE, inner)))
    assert made[KEPT_SEQUENCE].value[0].PatientID == patient_pseudonym(SITE_KEY, b"", b"DONOR-9")


def test_one_uid_has_one_replacement_everywhere() -> None:
    inner = dataset(element(0x00081155, "1.2.3.4.5"))
    made = opened(make(sequence(0x00081140, inner)))
    assert made[0x00081140].value[0].ReferencedSOPInstanceUID == made.SOPInstanceUID
    assert made.SOPInstanceUID.startswith("2.25.")


def test_multi_valued_uids_are_replaced_one_by_one() -> None:
    made = opened(make(element(0x00081195, "1.2.3.4.5"), element(0x0008010D, "1.2.3.4.5")))
    assert made[0x00081195].value == made.SOPInstanceUID
    several = opened(make(element(0x00280303, "X"), element(0x0040DB0D, "1.2.3.4.5\\1.9")))
    values = list(several[0x0040DB0D].value)
    assert (len(values), values[0] == several.SOPInstanceUID, values[1][:5]) == (2, True, "2.25.")


def test_standard_uids_stay() -> None:
    inner = dataset(element(0x00081150, "1.2.840.10008.5.1.4.1.1.2"))
    made = opened(make(sequence(0x00081140, inner)))
    assert made[0x00081140].value[0].ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.2"


@pytest.mark.parametrize("tag", [0x50000010, 0x50002500, 0x60000010, 0x60003000, 0x601E0022])
def test_whole_groups_of_curves_and_overlays_go(tag: int) -> None:
    vr = {0x50000010: "US", 0x60000010: "US", 0x60003000: "OW"}.get(tag, "LO")
    value: object = {"US": 1, "OW": b"ab"}.get(vr, "TEXT")
    assert tag not in opened(make(element(tag, value, vr)))


def test_unknown_public_element_goes() -> None:
    assert 0x00087777 not in opened(make(element(0x00087777, b"Jane Doe", "UN")))


def test_trailing_padding_goes() -> None:
    assert 0xFFFCFFFC not in opened(shipped()["MR_small_padded.dcm"])


def test_private_creator_inside_a_public_sequence_goes() -> None:
    inner = dataset(element(0x00091001, "Jane", "LO"), element(0x00080104, "stays"))
    made = opened(make(sequence(KEPT_SEQUENCE, inner)))
    assert [each.tag for each in made[KEPT_SEQUENCE].value[0]] == [0x00080104]


def test_text_in_a_sequence_of_code_d_becomes_a_dummy() -> None:
    inner = dataset(element(0x00700006, "JANE DOE"), element(0x00700014, [1.0, 2.0], "FL"))
    data = make(sequence(0x00700001, dataset(sequence(0x00700008, inner))))
    item = opened(data)[0x00700001].value[0][0x00700008].value[0]
    assert (item[0x00700006].value, list(item[0x00700014].value)) == ("ANON", [1.0, 2.0])


def test_empty_values_stay_empty() -> None:
    made = opened(make(element(0x00080080, ""), element(0x0020000D, "")))
    assert (made[0x00080080].value or "", made[0x0020000D].value or "") == ("", "")


def test_value_under_vr_un_gets_the_dummy_of_its_real_vr() -> None:
    made = opened(make(element(0x00080012, b"20040119", "UN")))
    assert made[0x00080012].value == "19000101"


def test_manufacturer_stays_and_is_listed_as_kept_text() -> None:
    done = clean(make(element(0x00080070, "ACME")))
    assert dcmread(BytesIO(done.data)).Manufacturer == "ACME"
    assert "(0008,0070)" in done.report.kept_text


def test_marks_say_what_was_done() -> None:
    made = opened(make())
    code = made[0x00120064].value[0]
    assert (made.PatientIdentityRemoved, made.LongitudinalTemporalInformationModified) == (
        "YES",
        "REMOVED",
    )
    assert (code.CodeValue, code.CodingSchemeDesignator) == ("113100", "DCM")
    assert made[0x00120063].value.startswith("wardnet 1, basic profile of PS3.15 2026c")


def test_preamble_and_meta_group_are_made_from_nothing() -> None:
    after = clean(make(preamble=b"Jane Doe".ljust(128))).data
    meta = dcmread(BytesIO(after)).file_meta
    assert after[:128] == bytes(128)
    assert [int(each.tag) & 0xFFFF for each in meta] == [0, 1, 2, 3, 0x10, 0x12, 0x13]
    assert meta.ImplementationVersionName == "WARDNET_1"


def test_meta_group_names_the_new_instance() -> None:
    made = opened(make())
    assert made.file_meta.MediaStorageSOPInstanceUID == made.SOPInstanceUID


def test_deflated_file_is_written_plain() -> None:
    done = clean(shipped()["image_dfl.dcm"])
    assert done.report.transfer_syntax == EXPLICIT
    assert dcmread(BytesIO(done.data)).file_meta.TransferSyntaxUID == EXPLICIT


def test_report_holds_no_value_of_the_record() -> None:
    data = shipped()["CT_small.dcm"]
    shown = repr(anonymise(data, site_key=SITE_KEY).report)
    dataset_ = dcmread(BytesIO(data))
    values = [str(dataset_[tag].value) for tag in (0x00100010, 0x00100020, 0x00080018, 0x00080080)]
    assert [value for value in values if value in shown] == []


def test_ct_passes_with_a_warning_about_burned_in_text() -> None:
    report = anonymise(shipped()["CT_small.dcm"], site_key=SITE_KEY).report
    assert (report.burned_in, report.warnings) == ("burned_in_unknown", ("burned_in_unknown",))


def test_header_alone_is_reported_as_unchecked() -> None:
    assert clean(make()).report.burned_in == "unchecked"


def test_more_pixel_bytes_than_the_image_has_are_reported() -> None:
    assert clean(make(pixels=bytes(6))).report.warnings == ("more_pixel_bytes_than_the_image_has",)


def test_secondary_capture_is_quarantined_and_nothing_is_returned() -> None:
    with pytest.raises(QuarantineRequiredError, match="secondary_capture"):
        anonymise(shipped()["SC_rgb_rle.dcm"], site_key=SITE_KEY)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_site_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(MissingSiteKeyError):
        anonymise(make(), site_key=bytes(length))


def test_another_site_key_gives_other_pseudonyms_and_uids() -> None:
    one, two = (
        dcmread(BytesIO(anonymise_header(make(), site_key=bytes([n]) * 32).data)) for n in (1, 2)
    )
    assert one.PatientID != two.PatientID
    assert one.SOPInstanceUID != two.SOPInstanceUID
