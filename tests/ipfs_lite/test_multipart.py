"""Forms piece by piece, as curl, kubo and kubo-rpc-client send them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base.limits import UPLOAD_FIELD_BYTES_MAX
from node.ipfs_lite import multipart
from node.ipfs_lite.errors import HttpRefusedError
from node.ipfs_lite.multipart import PartKind, read_parts
from tests.ipfs_lite.rpc_calls import BOUNDARY, FILE, FOLDER, SYMLINK, form

HEADERS = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}


def parse(body: bytes, step: int = 10**9) -> list[tuple[tuple[str, ...], PartKind, bytes]]:
    """Read a form that comes in pieces of ``step`` bytes."""
    pieces = [body[at : at + step] for at in range(0, len(body), step)]
    return [
        (part.names, part.kind, b"".join(part.pieces())) for part in read_parts(HEADERS, pieces)
    ]


PARTS = form(("a", b"one", FILE), ("d", b"", FOLDER), ("d%2Fl", b"../a", SYMLINK))


@pytest.mark.parametrize("step", [1, 2, 7, 64, 10**6])
def test_pieces_of_any_length_give_the_same_parts(step: int) -> None:
    assert parse(PARTS, step) == [
        (("a",), PartKind.FILE, b"one"),
        (("d",), PartKind.FOLDER, b""),
        (("d", "l"), PartKind.SYMLINK, b"../a"),
    ]


@given(st.lists(st.binary(max_size=300), max_size=4), st.integers(1, 400))
def test_what_was_sent_arrives(contents: list[bytes], step: int) -> None:
    body = form(*((f"f{n}", data, FILE) for n, data in enumerate(contents)))
    assert [data for _, _, data in parse(body, step)] == contents


@given(st.binary(max_size=400), st.integers(1, 50))
def test_any_bytes_are_a_form_or_refused(body: bytes, step: int) -> None:
    with contextlib.suppress(HttpRefusedError):
        parse(body, step)


@given(st.data())
def test_a_changed_form_is_a_form_or_refused(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(PARTS) - 1))
    changed = PARTS[:at] + data.draw(st.binary(max_size=3)) + PARTS[at + 1 :]
    with contextlib.suppress(HttpRefusedError):
        parse(changed, 50)


@pytest.mark.parametrize(
    ("sent", "names"),
    [
        ("dir%2Fa", ("dir", "a")),
        ("dir/a", ("dir", "a")),
        ("/abs//./a/", ("abs", "a")),
        ("a+b%2Bc%20d", ("a b+c d",)),
        ("50%.txt", ("50%.txt",)),
        ("%C3%BC", ("ü",)),
        ("ü", ("ü",)),
        ("", ()),
        (None, ()),
    ],
)
def test_file_names_are_decoded(sent: str | None, names: tuple[str, ...]) -> None:
    assert parse(form((sent, b"x", FILE))) == [(names, PartKind.FILE, b"x")]


@pytest.mark.parametrize("sent", ["../a", "a%2F..%2F..%2Fb", "a%00b"])
def test_names_that_lead_out_are_refused(sent: str) -> None:
    with pytest.raises(HttpRefusedError, match="leads out"):
        parse(form((sent, b"x", FILE)))


def test_a_name_that_is_no_utf_8_is_refused() -> None:
    with pytest.raises(HttpRefusedError, match="not UTF-8"):
        parse(form(("%ff", b"x", FILE)))


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "multipart/form-data",
        "multipart/mixed; boundary=x",
        "multipart/form-data; boundary=" + "x" * 201,
    ],
)
def test_other_bodies_are_refused(content_type: str) -> None:
    with pytest.raises(HttpRefusedError, match="multipart/form-data with a boundary"):
        list(read_parts({"content-type": content_type}, (PARTS,)))


@pytest.mark.parametrize("cut", [1, 4, 30, 100, len(PARTS) - 10])
def test_a_form_that_ends_early_is_refused(cut: int) -> None:
    with pytest.raises(HttpRefusedError):
        parse(PARTS[:cut])


def test_a_part_that_was_not_read_is_skipped() -> None:
    names = [part.names for part in read_parts(HEADERS, (PARTS[:50], PARTS[50:]))]
    assert names == [("a",), ("d",), ("d", "l")]


def test_a_part_that_is_held_whole_has_a_limit() -> None:
    body = form(("l", b"x" * (UPLOAD_FIELD_BYTES_MAX + 1), SYMLINK))
    with pytest.raises(HttpRefusedError, match=f"'l' has more than {UPLOAD_FIELD_BYTES_MAX} bytes"):
        [part.read() for part in read_parts(HEADERS, (body,))]


def test_long_headers_of_a_part_are_refused() -> None:
    with pytest.raises(HttpRefusedError):
        parse(form(("x" * (UPLOAD_FIELD_BYTES_MAX + 1), b"", FILE)))


def test_a_body_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multipart, "UPLOAD_BYTES_MAX", 10_000)
    with pytest.raises(HttpRefusedError, match="more than 10000 bytes"):
        parse(form(("x", bytes(20_000), FILE)), 1_000)
