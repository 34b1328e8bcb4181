"""Holders' files are read strictly, and never more of them than is needed."""

import io
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.sss import holder_file
from node.sss.bundle import Bundle
from node.sss.errors import MixedRecordsError, ShareFormatError
from node.sss.holder_file import SeekableFile, part_digest, read_holder_file
from node.sss.shares import Container, Kind, decode_container
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
    assert found.fragment.stored == part_digest(file, found.fragment)
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
    assert part_digest(file, part) != part.stored


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_changed_byte_behind_the_manifest_is_refused(data: st.DataObject) -> None:
    """The manifest has no digest of its own: the other files and the chain say which is right."""
    raw = bytearray(data.draw(st.sampled_from([CUSTODIAN, PATIENT])))
    at = data.draw(st.integers(20 + len(MANIFEST.encode()), len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises((ShareFormatError, MixedRecordsError)):
        Bundle.decode(bytes(raw))


@pytest.mark.parametrize("at", [6, 7, 20])
def test_changed_bytes_are_told_before_what_they_say(at: int) -> None:
    """Kind, index and deal of the fragment."""
    raw = bytearray(CUSTODIAN)
    raw[at - len(DEAL.fragments[0])] ^= 3  # kind 2 becomes 1, index 1 becomes 2
    with pytest.raises(ShareFormatError, match="digest"):
        read_holder_file(io.BytesIO(bytes(raw)))


@pytest.mark.parametrize(
    ("share", "code"),
    [
        (replace(DEAL.custodians[0], payload=bytes(2**20)), "length"),
        (replace(DEAL.custodians[0], kind=Kind.GRANT), "kind"),
        (decode_container(DEAL.fragments[0]), "kind"),
    ],
)
def test_what_is_no_share_of_the_deal_is_not_taken_into_memory(
    monkeypatch: pytest.MonkeyPatch, share: Container, code: str
) -> None:
    """A custodian may make a file of any length whose digests fit."""
    raw = Bundle(MANIFEST, share, DEAL.fragments[0]).encode()
    judged: list[int] = []

    def decode(data: bytes) -> object:
        judged.append(len(data))
        return decode_container(data)

    monkeypatch.setattr(holder_file, "decode_container", decode)
    with pytest.raises(ShareFormatError, match=code):
        read_holder_file(io.BytesIO(raw))
    assert judged == []


def test_a_file_that_shrinks_is_told_with_its_index() -> None:
    file = io.BytesIO(CUSTODIAN)
    part = read_holder_file(file).fragment
    assert part is not None
    file.truncate(len(CUSTODIAN) - 100)
    with pytest.raises(ShareFormatError) as caught:
        part_digest(file, part)
    assert (caught.value.code, caught.value.index) == ("length", 1)


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
