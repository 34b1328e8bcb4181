"""QR codes of what a person carries: as SVG, PNG, or letters of a terminal.

Made by segno with error correction M, in the densest mode that has the characters: 252 of the
alphanumeric ones are version 9 (privacy-and-interop.md section 9).
"""

import io
from collections.abc import Iterable
from typing import Final

import segno

_BORDER: Final = 4
"""Light modules around the code, without which scanners do not find it (ISO/IEC 18004)."""
_PIXELS: Final = 6
_HALVES: Final = {(0, 0): "\u2588", (0, 1): "\u2580", (1, 0): "\u2584", (1, 1): " "}
"""Two modules, one above the other; 1 is dark."""


def qr_version(text: str) -> str:
    """Give version and error correction of the code, as ``9-M``."""
    return str(_code(text).designator)


def qr_svg(text: str) -> bytes:
    """Give the code as an SVG document."""
    out = io.BytesIO()
    _code(text).save(out, kind="svg", scale=_PIXELS, border=_BORDER, light="white")
    return out.getvalue()


def qr_png(text: str) -> bytes:
    """Give the code as a PNG of two colours."""
    out = io.BytesIO()
    _code(text).save(out, kind="png", scale=_PIXELS, border=_BORDER)
    return out.getvalue()


def qr_letters(text: str, *, ascii_only: bool) -> list[str]:
    """Give the code as lines for light letters on dark ground.

    ``ascii_only``    two ``#`` for a light module, else half blocks: half as wide and half as high.
    raises            ValueError: the text is longer than any code.
    """
    rows = [tuple(row) for row in _code(text).matrix_iter(border=_BORDER)]
    if ascii_only:
        return ["".join("  " if dark else "##" for dark in row) for row in rows]
    below = [*rows[1::2], (1,) * len(rows[0])] if len(rows) % 2 else rows[1::2]
    return [_folded(upper, lower) for upper, lower in zip(rows[::2], below, strict=True)]


def _folded(upper: Iterable[int], lower: Iterable[int]) -> str:
    return "".join(_HALVES[pair] for pair in zip(upper, lower, strict=True))


def _code(text: str) -> segno.QRCode:
    return segno.make_qr(text, error="m", boost_error=False)
