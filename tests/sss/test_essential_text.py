"""The essential share as text: one line, one share, nothing else."""

from base64 import b32encode

import pytest

from node.sss.errors import EssentialTextError, ShareFormatError
from node.sss.essential_text import TEXT_CHARACTERS, from_text, to_text
from node.sss.shares import Container, Kind, Scheme
from tests.sss.deals import make_deal

_DEAL = make_deal()
_TEXT = to_text(_DEAL.essential)
_ALPHANUMERIC = set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


def test_the_line_has_252_alphanumeric_characters() -> None:
    assert len(_TEXT) == TEXT_CHARACTERS == 252
    assert set(_TEXT) <= _ALPHANUMERIC
    assert _TEXT.startswith("WARDNET:")


def test_the_line_comes_back_as_the_share() -> None:
    assert from_text(_TEXT) == _DEAL.essential


@pytest.mark.parametrize(
    "text",
    [
        "",
        "WARDNET:",
        _TEXT[:-1],
        _TEXT + "A",
        _TEXT + "=",
        _TEXT.lower(),
        _TEXT.removeprefix("WARDNET:"),
        "wardnet:" + _TEXT[8:],
        _TEXT[:100] + "1" + _TEXT[101:],
        _TEXT[:100] + "\u00e4" + _TEXT[101:],
        _TEXT[:100] + "\u0130" + _TEXT[101:],
    ],
)
def test_what_is_no_such_line_is_refused(text: str) -> None:
    with pytest.raises(ShareFormatError) as found:
        from_text(text)
    assert found.value.code == "text"


def test_bits_behind_the_last_byte_are_refused() -> None:
    """152 bytes leave four bits in the last digit: sixteen lines would be one share."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    last = alphabet.index(_TEXT[-1])
    assert last % 16 == 0
    with pytest.raises(ShareFormatError, match="text"):
        from_text(_TEXT[:-1] + alphabet[last + 1])


@pytest.mark.parametrize("at", range(8, 251, 27))
def test_a_digit_that_was_read_wrong_is_noticed(at: int) -> None:
    wrong = "A" if _TEXT[at] != "A" else "B"
    with pytest.raises(ShareFormatError):
        from_text(_TEXT[:at] + wrong + _TEXT[at + 1 :])


def test_a_custodians_share_is_no_essential_one() -> None:
    share = _DEAL.custodians[1]
    with pytest.raises(EssentialTextError, match="the share of custodian 2"):
        to_text(share)
    with pytest.raises(ShareFormatError, match="kind"):
        from_text("WARDNET:" + b32encode(share.encode()).decode().rstrip("="))


@pytest.mark.parametrize("scheme", [Scheme.XOR, Scheme.NLSS_Q])
def test_a_scheme_with_long_shares_is_refused_with_the_reason(scheme: Scheme) -> None:
    share = Container(scheme, Kind.ESSENTIAL, 0, 3, 5, 0, bytes(32), bytes(32), bytes(100))
    with pytest.raises(EssentialTextError, match=r"as long as the record \(100 bytes\)"):
        to_text(share)
