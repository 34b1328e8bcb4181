"""Holders' files are read alike by ``bundle``, which has them in memory, and ``holder_file``."""

import io
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.sss.bundle import Bundle
from node.sss.errors import MixedRecordsError, ShareFormatError
from node.sss.holder_file import SeekableFile, fragment_digest, read_holder_file
from tests.sss.deals import cases, custodian_addresses, make_deal, unhex

DEAL = make_deal(b"a record of some length" * 20)
MANIFEST = DEAL.manifest(custodian_addresses(4))
CUSTODIAN = Bundle(MANIFEST, DEAL.custodians[0], DEAL.fragments[0]).encode()
PATIENT = Bundle(MANIFEST, DEAL.essential, None).encode()


class Narrow(io.BytesIO):
    """Gives a few bytes at a time, as a file may."""

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert size > 0
        return super().read(min(size, 7))


@pytest.mark.parametrize("make", [io.BytesIO, Narrow])
def test_a_custodians_file_says_the_same_as_in_memory(make: type[io.BytesIO]) -> None:
    file: SeekableFile = make(CUSTODIAN)
    found, whole = read_holder_file(file), Bundle.decode(CUSTODIAN)
    assert (found.manifest, found.share) == (whole.manifest, whole.share)
    assert found.fragment is not None
    assert found.fragment.stored == fragment_digest(file, found.fragment)
    assert found.fragment.stored == MANIFEST.fragments[0].digest
    assert CUSTODIAN[found.fragment.at :] == DEAL.fragments[0]


def test_a_patients_file_has_no_fragment() -> None:
    found = read_holder_file(io.BytesIO(PATIENT))
    assert (found.share, found.fragment) == (DEAL.essential, None)


@pytest.mark.conformance
def test_files_of_the_vectors_are_read() -> None:
    for case in cases("bundle"):
        for raw in map(unhex, case["files"]):
            whole = Bundle.decode(raw)
            assert read_holder_file(io.BytesIO(raw)).share == whole.share


def test_a_changed_payload_shows_in_the_computed_digest() -> None:
    raw = bytearray(CUSTODIAN)
    raw[-40] ^= 1
    file = io.BytesIO(bytes(raw))
    part = read_holder_file(file).fragment
    assert part is not None
    assert fragment_digest(file, part) != part.stored


def _in_pieces(raw: bytes) -> None:
    file = io.BytesIO(raw)
    part = read_holder_file(file).fragment
    if part is not None and fragment_digest(file, part) != part.stored:
        raise ShareFormatError("digest", 1)


def _answer(read: Callable[[bytes], object], raw: bytes) -> str:
    try:
        read(raw)
    except (ShareFormatError, MixedRecordsError) as error:
        return repr(error)
    return "fine"


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_change_of_one_byte_is_judged_differently(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from([CUSTODIAN, PATIENT])))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    assert _answer(_in_pieces, bytes(raw)) == _answer(Bundle.decode, bytes(raw))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_cut_file_is_refused(data: st.DataObject) -> None:
    raw = data.draw(st.sampled_from([CUSTODIAN, PATIENT]))
    with pytest.raises(ShareFormatError, match="length"):
        read_holder_file(io.BytesIO(raw[: data.draw(st.integers(0, len(raw) - 1))]))


@pytest.mark.parametrize("raw", [CUSTODIAN, PATIENT])
def test_trailing_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(ShareFormatError, match="length"):
        read_holder_file(io.BytesIO(raw + b"\x00"))


def test_what_is_no_share_file_is_named_so() -> None:
    with pytest.raises(ShareFormatError, match="magic"):
        read_holder_file(io.BytesIO(b"hello"))


def test_a_claim_of_many_bytes_takes_no_memory() -> None:
    raw = CUSTODIAN[:12] + b"\xff" * 8 + CUSTODIAN[20:]
    with pytest.raises(ShareFormatError, match="length"):
        read_holder_file(io.BytesIO(raw))


def test_parts_of_different_deals_are_refused() -> None:
    other = make_deal(b"a record of some length" * 20, seed=2)
    mixed = Bundle(MANIFEST, DEAL.custodians[0], other.fragments[0]).encode()
    with pytest.raises(MixedRecordsError):
        read_holder_file(io.BytesIO(mixed))
