import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.errors import FrameError
from node.base.limits import FRAME_BYTES_MAX
from node.p2p.frames import FrameReader, frame

CAP = 20


def cap_of(kind):
    if kind == 0x7F:
        return FRAME_BYTES_MAX
    if kind != 3:
        raise FrameError(f"unknown type 0x{kind:02x}")
    return CAP


def payload(size=5, kind=3):
    return b"\x93" + bytes((kind,)) + bytes(size - 2)


@pytest.fixture
def reader():
    return FrameReader(cap_of)


def test_a_frame_is_its_length_and_its_payload():
    assert frame(b"\x92\x03") == b"\0\0\0\2\x92\x03"


def test_a_whole_frame_gives_its_payload(reader):
    assert reader.feed(frame(payload())) == [payload()]


def test_no_bytes_give_nothing(reader):
    assert reader.feed(b"") == []


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(2, CAP), max_size=6), st.lists(st.integers(1, 30), max_size=30))
def test_how_the_stream_is_cut_changes_nothing(sizes, cuts):
    reader = FrameReader(cap_of)
    stream = b"".join(frame(payload(size)) for size in sizes)
    got, at = [], 0
    for cut in [*cuts, len(stream)]:
        got += reader.feed(stream[at : at + cut])
        at += cut
    assert got == [payload(size) for size in sizes]


@pytest.mark.parametrize("size", [2, CAP])
def test_the_shortest_and_the_longest_frame_of_a_type_pass(reader, size):
    assert reader.feed(frame(payload(size))) == [payload(size)]


@pytest.mark.parametrize("length", [0, 1, FRAME_BYTES_MAX + 1, 0xFFFFFFFF])
def test_a_length_that_no_frame_has_is_refused_after_four_bytes(reader, length):
    with pytest.raises(FrameError, match="wants 2 to"):
        reader.feed(length.to_bytes(4))
    assert reader.buffered_bytes == 0


def test_a_length_above_the_cap_of_its_type_is_refused_after_six_bytes(reader):
    head = frame(payload(CAP + 1))[:6]
    assert reader.feed(head[:5]) == []
    with pytest.raises(FrameError, match=f"of {CAP + 1} bytes, at most {CAP}"):
        reader.feed(head[5:6])
    assert reader.buffered_bytes == 0


@pytest.mark.parametrize("first", [0x00, 0x91, 0xA0, 0xDC, 0xDD, 0xC0])
def test_a_payload_that_is_no_array_of_2_to_15_is_refused(reader, first):
    with pytest.raises(FrameError, match=f"0x{first:02x}"):
        reader.feed(b"\0\0\0\5" + bytes((first, 3)))


@pytest.mark.parametrize("first", [0x92, 0x9F])
def test_arrays_of_2_and_of_15_pass(reader, first):
    assert len(reader.feed(b"\0\0\0\2" + bytes((first, 3)))) == 1


def test_a_type_that_is_no_positive_fixint_is_refused(reader):
    with pytest.raises(FrameError, match="type byte 0x80"):
        reader.feed(b"\0\0\0\2\x92\x80")


def test_an_unknown_type_is_refused_after_six_bytes(reader):
    with pytest.raises(FrameError, match="unknown type 0x04"):
        reader.feed(frame(payload(10, kind=4))[:6])


def test_a_reserved_type_is_skipped_and_counted(reader):
    stream = frame(payload(10, kind=0x7F)) + frame(payload())
    assert reader.feed(stream) == [payload()]
    assert reader.ignored_count == 1


def test_a_reserved_type_is_skipped_without_being_held(reader):
    stream = frame(payload(1_000, kind=0x7F)) + frame(payload())
    got = []
    for at in range(0, len(stream), 100):
        got += reader.feed(stream[at : at + 100])
        assert reader.buffered_bytes <= CAP + 4
    assert got == [payload()]
    assert reader.ignored_count == 1


def test_after_an_error_nothing_is_read_any_more(reader):
    with pytest.raises(FrameError):
        reader.feed(b"\0\0\0\0")
    with pytest.raises(FrameError):
        reader.feed(frame(payload()))
