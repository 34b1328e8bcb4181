"""The parameters of RPC calls: each is known, of its kind, and given once (section 16).

A misspelt option must not pass unnoticed: ``?ony-hash=true`` would store what was only to be
hashed.  So an unknown one is refused, with the nearest name that is known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum, auto
from typing import Final, TypeAlias

from node.base.limits import NAME_BYTES_MAX, RPC_ARGUMENTS_COUNT_MAX
from node.ipfs_lite.errors import HttpRefusedError


class Kind(Enum):
    """What a parameter's text is read as."""

    FLAG = auto()
    """A boolean as Go reads it; without a value it is true."""
    NUMBER = auto()
    """Digits: an integer that is not negative."""
    TEXT = auto()
    NAME = auto()
    """Text of a pin's name: at most NAME_BYTES_MAX bytes of UTF-8."""


Takes: TypeAlias = Mapping[str, Kind | tuple[str, ...]]
"""Names with their kinds, or with the only values that they may have."""

NOTHING: Final[Takes] = {}
EVERYWHERE: Final[Takes] = {
    "encoding": ("json",),
    "enc": ("json",),
    "stream-channels": Kind.FLAG,
    "timeout": Kind.TEXT,
    "offline": Kind.FLAG,
}
"""What clients send with any call.  Nothing here waits for a network, so the last three change
nothing."""

_TRUE: Final = ("", "1", "t", "T", "true", "TRUE", "True")
_FALSE: Final = ("0", "f", "F", "false", "FALSE", "False")
_DIGITS_MAX: Final = 19


@dataclass(frozen=True, slots=True)
class Params:
    """The checked parameters of one call."""

    arguments: tuple[str, ...] = ()
    """The values of ``arg``, in the order of sending."""
    flags: Mapping[str, bool] = field(default_factory=dict[str, bool])
    numbers: Mapping[str, int] = field(default_factory=dict[str, int])
    texts: Mapping[str, str] = field(default_factory=dict[str, str])


def read_params(
    query: Sequence[tuple[str, str]], takes: Takes, arguments: tuple[int, int]
) -> Params:
    """Check the parameters of one call.

    ``arguments``  how many ``arg`` it needs at least, and takes at most.
    raises         HttpRefusedError: which parameter, and what would be right.
    """
    known = {**EVERYWHERE, **takes}
    given: list[str] = []
    flags: dict[str, bool] = {}
    numbers: dict[str, int] = {}
    texts: dict[str, str] = {}
    seen: set[str] = set()
    for name, value in query:
        if name == "arg" and arguments[1]:
            given.append(value)
            continue
        kind = known.get(name)
        if kind is None:
            names = [*known, "arg"] if arguments[1] else list(known)
            raise HttpRefusedError(400, _unknown(name, names))
        if name in seen:
            raise HttpRefusedError(400, f"the parameter {name!r} is given twice")
        seen.add(name)
        if kind is Kind.FLAG:
            flags[name] = _flag(name, value)
        elif kind is Kind.NUMBER:
            numbers[name] = _number(name, value)
        elif kind is Kind.NAME:
            texts[name] = _name(name, value)
        else:
            if isinstance(kind, tuple) and value not in kind:
                wants = " or ".join(repr(word) for word in kind)
                raise HttpRefusedError(400, f"the parameter {name!r} is {value!r}, wants {wants}")
            texts[name] = value
    _check_count(len(given), *arguments)
    return Params(tuple(given), flags, numbers, texts)


def _check_count(count: int, least: int, most: int) -> None:
    if least <= count <= min(most, RPC_ARGUMENTS_COUNT_MAX):
        return
    wants = str(least) if least == most else f"{least} to {min(most, RPC_ARGUMENTS_COUNT_MAX)}"
    raise HttpRefusedError(400, f"wants {wants} parameters 'arg', got {count}")


def _unknown(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name[:80], sorted(known), n=1)
    meant = f", did you mean {close[0]!r}?" if close else f"; known: {', '.join(sorted(known))}"
    return f"unknown parameter {name[:80]!r}{meant}"


def _flag(name: str, value: str) -> bool:
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise HttpRefusedError(400, f"the parameter {name!r} is {value!r}, wants true or false")


def _name(name: str, value: str) -> str:
    size = len(value.encode(errors="surrogatepass"))
    if size > NAME_BYTES_MAX:
        what = f"the parameter {name!r} has {size} bytes, at most {NAME_BYTES_MAX}"
        raise HttpRefusedError(400, what)
    return value


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= _DIGITS_MAX):
        raise HttpRefusedError(400, f"the parameter {name!r} is {value!r}, wants a number of bytes")
    return int(value)
