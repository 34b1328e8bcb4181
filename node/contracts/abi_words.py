"""Values of one word each, written and read without a codec: most calls have nothing else.

What is not plainly right is left to the codec, which knows all types and says what is wrong; so
this decides nothing, it only saves its time.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

_WORD: Final = 32
_TYPES_CACHED: Final = 1_024
"""Lists of types: those of all functions, events and errors of the contracts are fewer."""

_Kind = tuple[str, int]
"""``uint`` and its bits, ``bytes`` and their number, or ``address``, ``bool`` and 0."""


@lru_cache(maxsize=_TYPES_CACHED)
def _kinds(types: tuple[str, ...]) -> tuple[_Kind, ...] | None:
    """Give the kind of each type; None: one of them is not one word of these kinds."""
    kinds: list[_Kind] = []
    for name in types:
        letters = name.rstrip("0123456789")
        digits = name[len(letters) :]
        if name in ("address", "bool"):
            kinds.append((name, 0))
        elif letters in ("uint", "bytes") and digits:
            kinds.append((letters, int(digits)))
        else:
            return None
    return tuple(kinds)


def decode_words(types: Sequence[str], data: bytes) -> tuple[Any, ...] | None:
    """Give the values of words; None: they are not plainly right."""
    kinds = _kinds(tuple(types))
    if kinds is None or len(data) < _WORD * len(kinds):
        return None
    values: list[Any] = []
    for at, (kind, size) in enumerate(kinds):
        word = data[_WORD * at : _WORD * at + _WORD]
        if kind == "bytes":
            if any(word[size:]):
                return None
            values.append(word[:size])
            continue
        if kind == "address":
            if any(word[:12]):
                return None
            values.append(word[12:])
            continue
        number = int.from_bytes(word)
        if kind == "uint":
            if number >> size:
                return None
            values.append(number)
        elif number > 1:
            return None
        else:
            values.append(bool(number))
    return tuple(values)


def encode_words(types: Sequence[str], values: Sequence[object]) -> bytes | None:
    """Give the words of values; None: they do not plainly fit."""
    kinds = _kinds(tuple(types))
    if kinds is None:
        return None
    words: list[bytes] = []
    for (kind, size), value in zip(kinds, values, strict=True):
        if isinstance(value, bytes):
            if kind == "address" and len(value) == 20:
                words.append(value.rjust(_WORD, b"\0"))
            elif kind == "bytes" and len(value) == size:
                words.append(value.ljust(_WORD, b"\0"))
            else:
                return None
        elif isinstance(value, bool):
            if kind != "bool":
                return None
            words.append(value.to_bytes(_WORD))
        elif isinstance(value, int) and kind == "uint" and value >= 0 and not value >> size:
            words.append(value.to_bytes(_WORD))
        else:
            return None
    return b"".join(words)
