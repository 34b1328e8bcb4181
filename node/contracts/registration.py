"""Registration numbers as one storage word, written in one way only.

Two spellings of one number would be two registrations, so contracts take only the characters
0-9 A-Z - . / and end padding of zero bytes, and this module brings what people type into that
form.
"""

from dataclasses import dataclass
from typing import Final

from node.base.errors import OperatorError

_WORD: Final = 32
_ALLOWED: Final = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-./")


@dataclass(eq=False)
class RegistrationCodeError(OperatorError):
    """A text cannot be a registration number."""

    text: str
    what: str

    def __str__(self) -> str:
        return f"registration number {self.text!r}: {self.what}"


def registration_word(text: str) -> bytes:
    """Give the 32 bytes of a registration number: capitals, without white space.

    raises        RegistrationCodeError: empty, longer than 32, or with other characters.
    """
    code = "".join(text.split()).upper()
    if not 0 < len(code) <= _WORD:
        raise RegistrationCodeError(text, f"wants 1 to {_WORD} characters, got {len(code)}")
    strange = sorted(set(code) - _ALLOWED)
    if strange:
        raise RegistrationCodeError(text, f"wants 0-9 A-Z - . / only, got {strange}")
    return code.encode("ascii").ljust(_WORD, b"\0")


def registration_text(word: bytes) -> str:
    """Give the text of a word that a contract accepted; empty for the zero word."""
    return word.rstrip(b"\0").decode("ascii")
