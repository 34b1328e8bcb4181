"""QR codes: the size that was promised, and the same modules in every form."""

import xml.etree.ElementTree as ET
import zlib

import pytest
import segno

from node.privacy.qr import qr_letters, qr_png, qr_svg, qr_version
from node.sss.essential_text import to_text
from tests.sss.deals import make_deal

_TEXT = to_text(make_deal().essential)


def test_an_essential_share_is_version_9_m():
    assert qr_version(_TEXT) == "9-M"


def _dark(text):
    code = segno.make(text, error="m", mode="alphanumeric", micro=False, boost_error=False)
    return [[bool(module) for module in row] for row in code.matrix_iter(border=4)]


def test_ascii_letters_show_every_module():
    lines = qr_letters(_TEXT, ascii_only=True)
    assert [[line[at] == " " for at in range(0, len(line), 2)] for line in lines] == _dark(_TEXT)


def test_half_blocks_show_every_module():
    lines = qr_letters(_TEXT, ascii_only=False)
    upper = [[letter in "\u2584 " for letter in line] for line in lines]
    lower = [[letter in "\u2580 " for letter in line] for line in lines]
    both = [row for pair in zip(upper, lower, strict=True) for row in pair]
    assert both[: len(_dark(_TEXT))] == _dark(_TEXT)
    assert len(lines) == 31
    assert {len(line) for line in lines} == {61}


def test_svg_is_a_square_document():
    root = ET.fromstring(qr_svg(_TEXT))
    assert root.tag.endswith("svg")
    assert root.get("width") == root.get("height") == str(61 * 6)


def _png_rows(png):
    """Read a PNG of one bit a pixel by hand: rows without filter, or the difference to the last."""
    width, height = int.from_bytes(png[16:20]), int.from_bytes(png[20:24])
    data, at = b"", 8
    while at < len(png):
        size, kind = int.from_bytes(png[at : at + 4]), png[at + 4 : at + 8]
        data += png[at + 8 : at + 8 + size] if kind == b"IDAT" else b""
        at += 12 + size
    raw = zlib.decompress(data)
    row_bytes = -(-width // 8)
    rows, last = [], bytes(row_bytes)
    for start in range(0, height * (row_bytes + 1), row_bytes + 1):
        kind, row = raw[start], raw[start + 1 : start + 1 + row_bytes]
        assert kind in (0, 2)
        last = row if kind == 0 else bytes((a + b) % 256 for a, b in zip(row, last, strict=True))
        rows.append([last[x // 8] >> (7 - x % 8) & 1 for x in range(width)])
    return rows


def test_png_shows_every_module():
    png = qr_png(_TEXT)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    rows = _png_rows(png)
    assert len(rows) == len(rows[0]) == 366
    assert [[not light for light in row[3::6]] for row in rows[3::6]] == _dark(_TEXT)


def test_small_letters_take_another_mode_and_more_room():
    capitals, small = "WARDNET:" + "A" * 60, "wardnet:" + "a" * 60
    assert len(qr_letters(small, ascii_only=True)) > len(qr_letters(capitals, ascii_only=True))


def test_a_text_longer_than_any_code_is_refused():
    with pytest.raises(ValueError, match="data"):
        qr_letters("a" * 3_000, ascii_only=True)
