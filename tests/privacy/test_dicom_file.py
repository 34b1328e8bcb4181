"""Reading: every limit, every way to be damaged, and no value in any message."""

import zlib

import pytest

from node.base.errors import WardnetError
from node.base.limits import DICOM_DEPTH_MAX
from node.privacy import dicom_file
from node.privacy.dicom_file import BIG, EXPLICIT, IMPLICIT, Element, find, read_file, text_at
from node.privacy.dicom_write import padded, write_file
from node.privacy.errors import (
    DicomLimitError,
    MalformedDicomError,
    NotDicomError,
    TruncatedDicomError,
    UnsupportedObjectError,
)
from tests.privacy import dicom_factory
from tests.privacy.dicom_factory import make, nested, shipped

HEAD = write_file((Element(0x00020010, "UI", b"1.2.840.10008.1.2.1\0"),), (), EXPLICIT)
OPEN = b"\xff\xff\xff\xff"
SEQUENCE = b"\x00\x52\x29\x92SQ\0\0"
ITEM = b"\xfe\xff\x00\xe0"


def deflated(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(body) + packer.flush()
    uid = padded(b"1.2.840.10008.1.2.1.99", "UI")
    return write_file((Element(0x00020010, "UI", uid),), (), EXPLICIT) + packed


def test_ct_small_has_the_elements_that_pydicom_counts() -> None:
    assert len(read_file(shipped()["CT_small.dcm"]).elements) == 258


@pytest.mark.parametrize(
    ("name", "syntax"),
    [
        ("MR_small.dcm", EXPLICIT),
        ("MR_small_implicit.dcm", IMPLICIT),
        ("MR_small_bigendian.dcm", BIG),
        ("image_dfl.dcm", EXPLICIT),
    ],
)
def test_each_encoding_is_recognised(name: str, syntax: object) -> None:
    file = read_file(shipped()[name])
    assert (file.syntax, text_at(file.elements, 0x00080060)) == (
        syntax,
        "OT" if name == "image_dfl.dcm" else "MR",
    )


@pytest.mark.parametrize("data", [b"", bytes(131), bytes(128) + b"DICX" + bytes(50)])
def test_bytes_without_the_magic_are_no_dicom(data: bytes) -> None:
    with pytest.raises(NotDicomError):
        read_file(data)


def test_file_without_group_2_is_no_dicom() -> None:
    with pytest.raises(NotDicomError, match="group 0002"):
        read_file(bytes(128) + b"DICM" + b"\x08\x00\x60\x00CS\x02\x00CT")


def test_file_without_transfer_syntax_is_no_dicom() -> None:
    with pytest.raises(NotDicomError, match="0002,0010"):
        read_file(shipped()["meta_missing_tsyntax.dcm"])


def test_private_transfer_syntax_is_refused() -> None:
    head = (Element(0x00020010, "UI", b"1.2.840.113619.5.2"),)
    with pytest.raises(UnsupportedObjectError, match="private"):
        read_file(write_file(head, (), EXPLICIT))


@pytest.mark.parametrize("uid", [b"1.2.840.10008.1.2JANE\0", b"1.2.840.10008.1.2.1.JD", b"1.2"])
def test_transfer_syntax_that_is_no_uid_of_the_standard_is_refused(uid: bytes) -> None:
    with pytest.raises(UnsupportedObjectError) as caught:
        read_file(write_file((Element(0x00020010, "UI", uid),), (), EXPLICIT))
    assert "JANE" not in repr(caught.value)


def test_missing_element_is_none_and_its_text_is_empty() -> None:
    elements = read_file(make()).elements
    assert (find(elements, 0x00081030), text_at(elements, 0x00081030)) == (None, "")


@pytest.mark.parametrize(
    "rest",
    [
        b"\x08",
        b"\x08\x00\x60\x00CS",
        b"\x08\x00\x60\x00CS\x04\x00CT",
        b"\x10\x40\x30\x00UT\0\0",
        b"\x08\x00\x60\x00UT\0\0\x02\0\0",
        SEQUENCE + OPEN,
        SEQUENCE + OPEN + ITEM + OPEN,
        SEQUENCE + OPEN + ITEM + b"\x10\0\0\0",
        SEQUENCE + b"\x08\0\0\0" + ITEM + b"\x08\0\0\0",
        b"\xe0\x7f\x10\x00OB\0\0" + OPEN + ITEM + b"\x02\0\0\0\1\2",
        b"\xe0\x7f\x10\x00OB\0\0" + OPEN + ITEM + b"\x08\0\0\0\1\2",
    ],
)
def test_file_that_ends_early_is_truncated(rest: bytes) -> None:
    with pytest.raises(TruncatedDicomError):
        read_file(HEAD + rest)


@pytest.mark.parametrize(
    "rest",
    [
        b"\x08\x00\x60\x00CS\x02\x00CT" + b"\x08\x00\x70\x00Q9\x02\x00CT",  # no VR
        b"\x08\x00\x60\x00CS\x02\x00CT" * 2,  # twice
        ITEM + b"CS\0\0" + bytes(8),  # a delimiter alone
        SEQUENCE + b"\x08\0\0\0" + b"\x08\x00\x60\x00\0\0\0\0",  # no item
        b"\x10\x00\x10\x00UT\0\0" + OPEN,  # text of undefined length
        b"\xe0\x7f\x10\x00OB\0\0" + OPEN + ITEM + OPEN,  # a fragment of undefined length
    ],
)
def test_file_that_breaks_the_encoding_is_malformed(rest: bytes) -> None:
    with pytest.raises(MalformedDicomError):
        read_file(HEAD + rest)


def test_elements_out_of_order_are_sorted() -> None:
    late, early = b"\x10\x00\x20\x00LO\x02\x00AB", b"\x08\x00\x60\x00CS\x02\x00CT"
    file = read_file(HEAD + late + early)
    assert [element.tag for element in file.elements] == [0x00080060, 0x00100020]


def test_deepest_nesting_is_read() -> None:
    made = make(nested([], DICOM_DEPTH_MAX))
    assert find(read_file(made).elements, dicom_factory.KEPT_SEQUENCE) is not None


def test_one_level_more_is_refused() -> None:
    made = make(nested([], DICOM_DEPTH_MAX + 1))
    with pytest.raises(DicomLimitError, match="DICOM_DEPTH_MAX"):
        read_file(made)


@pytest.mark.parametrize("spare", [0, -1])
def test_number_of_elements_is_limited(spare: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = make()
    file = read_file(data)
    count = len(file.meta) + len(file.elements)
    monkeypatch.setattr(dicom_file, "DICOM_ELEMENTS_MAX", count + spare)
    if spare == 0:
        assert read_file(data) == file
    else:
        with pytest.raises(DicomLimitError, match="DICOM_ELEMENTS_MAX"):
            read_file(data)


def test_empty_items_count_as_elements(monkeypatch: pytest.MonkeyPatch) -> None:
    items = (ITEM + bytes(4)) * 50
    data = HEAD + SEQUENCE + len(items).to_bytes(4, "little") + items
    assert len(read_file(data).elements[0].items or ()) == 50
    monkeypatch.setattr(dicom_file, "DICOM_ELEMENTS_MAX", 40)
    with pytest.raises(DicomLimitError, match="DICOM_ELEMENTS_MAX"):
        read_file(data)


@pytest.mark.parametrize("spare", [0, -1])
def test_size_of_a_file_is_limited(spare: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = make()
    monkeypatch.setattr(dicom_file, "DICOM_BYTES_MAX", len(data) + spare)
    if spare == 0:
        assert read_file(data).elements
    else:
        with pytest.raises(DicomLimitError, match="DICOM_BYTES_MAX"):
            read_file(data)


def test_deflated_file_says_what_the_plain_one_says() -> None:
    plain = make()
    body = plain[plain.index(b"\x08\x00\x16\x00UI") :]
    assert read_file(deflated(body)).elements == read_file(plain).elements


@pytest.mark.parametrize("spare", [0, -1])
def test_inflated_size_is_limited(spare: int, monkeypatch: pytest.MonkeyPatch) -> None:
    body = b"\xe0\x7f\x10\x00OB\0\0" + (100_000).to_bytes(4, "little") + bytes(100_000)
    monkeypatch.setattr(dicom_file, "DICOM_INFLATION_BYTES_MIN", len(body) + spare)
    if spare == 0:
        assert len(read_file(deflated(body)).elements[0].value) == 100_000
    else:
        with pytest.raises(DicomLimitError, match="inflated"):
            read_file(deflated(body))


@pytest.mark.parametrize("cut", [1, 40])
def test_deflated_stream_that_does_not_end_is_truncated(cut: int) -> None:
    with pytest.raises(TruncatedDicomError):
        read_file(deflated(bytes(range(256)) * 4)[:-cut])


def test_bytes_behind_a_deflated_stream_are_malformed() -> None:
    with pytest.raises(MalformedDicomError, match="behind"):
        read_file(deflated(b"\x08\x00\x60\x00CS\x02\x00CT") + b"Doe^Jane^A")


def test_trailer_behind_a_deflated_stream_is_not_read() -> None:
    data = deflated(b"\x08\x00\x60\x00CS\x02\x00CT") + bytes(9)
    assert text_at(read_file(data).elements, 0x00080060) == "CT"


def test_implicit_data_under_an_explicit_label_is_read() -> None:
    file = read_file(shipped()["SC_rgb_jpeg.dcm"])
    assert text_at(file.elements, 0x00080060) == "OT"


def test_implicit_data_under_an_explicit_label_is_refused_where_numbers_are_signed() -> None:
    signed = (Element(0x00080060, "CS", b"MR"), Element(0x00280103, "US", b"\1\0"))
    data = HEAD + write_file((), signed, IMPLICIT)[144:]
    with pytest.raises(MalformedDicomError, match="explicit"):
        read_file(data)


def test_sequence_under_vr_un_of_defined_length_is_taken_apart() -> None:
    inner = b"\x08\x00\x55\x11\x06\0\0\0" + b"1.2.3\0"
    item = ITEM + len(inner).to_bytes(4, "little") + inner
    data = HEAD + b"\x08\x00\x40\x11UN\0\0" + len(item).to_bytes(4, "little") + item
    items = read_file(data).elements[0].items
    assert items == ((Element(0x00081155, "UI", b"1.2.3\0"),),)


def test_sequence_under_vr_un_that_cannot_be_read_stays_closed() -> None:
    data = HEAD + b"\x08\x00\x40\x11UN\0\0\x04\0\0\0abcd"
    assert read_file(data).elements == (Element(0x00081140, "UN", b"abcd"),)


def test_no_error_of_a_cut_file_quotes_the_file() -> None:
    data = make(dicom_factory.element(0x00104000, "SECRETWORD" * 20))
    messages = set()
    for cut in range(0, len(data), 3):
        try:
            read_file(data[:cut])
        except WardnetError as error:
            messages.add(f"{error!r} {error}")
    assert messages
    assert not [text for text in messages if "SECRET" in text or "Doe" in text or "MRN" in text]


def test_files_shipped_without_a_meta_group_are_no_dicom() -> None:
    with pytest.raises(NotDicomError):
        read_file(shipped()["ExplVR_LitEndNoMeta.dcm"])


def test_shipped_truncated_plan_is_truncated() -> None:
    with pytest.raises(TruncatedDicomError, match="300A,00B0"):
        read_file(shipped()["rtplan_truncated.dcm"])
