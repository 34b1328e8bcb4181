"""Checks of single fields: what msgpack lets through stops here.

A check takes a decoded value and gives it back in the type that the message wants, or raises
FrameError with the place and the reason.  ``type(v) is int`` on purpose: True is an int too.
"""

from collections.abc import Callable
from typing import TypeAlias

from node.base.errors import FrameError

Check: TypeAlias = Callable[[object], object]


def uint(bits: int, *, most: int | None = None) -> Check:
    """Want an integer of 0 .. 2^bits - 1, or of 0 .. ``most``."""
    bound = 1 << bits if most is None else most + 1

    def check(value: object) -> object:
        if type(value) is not int or not 0 <= value < bound:
            raise FrameError(f": wants a number of 0 to {bound - 1}, got {_show(value)}")
        return value

    return check


def sint(bits: int) -> Check:
    """Want an integer in two's complement of ``bits``."""
    bound = 1 << (bits - 1)

    def check(value: object) -> object:
        if type(value) is not int or not -bound <= value < bound:
            raise FrameError(f": wants i{bits}, got {_show(value)}")
        return value

    return check


def binary(bytes_max: int) -> Check:
    """Want 0 .. ``bytes_max`` bytes."""

    def check(value: object) -> object:
        if type(value) is not bytes or len(value) > bytes_max:
            raise FrameError(f": wants at most {bytes_max} bytes, got {_show(value)}")
        return value

    return check


def exactly(size: int) -> Check:
    """Want ``size`` bytes."""

    def check(value: object) -> object:
        if type(value) is not bytes or len(value) != size:
            raise FrameError(f": wants {size} bytes, got {_show(value)}")
        return value

    return check


def text(bytes_max: int) -> Check:
    """Want text of at most ``bytes_max`` bytes of UTF-8."""

    def check(value: object) -> object:
        if type(value) is not str or len(value.encode(errors="surrogatepass")) > bytes_max:
            raise FrameError(f": wants text of at most {bytes_max} bytes, got {_show(value)}")
        return value

    return check


def boolean(value: object) -> object:
    """Want true or false, not 1 or 0."""
    if type(value) is not bool:
        raise FrameError(f": wants a boolean, got {_show(value)}")
    return value


def either(one: Check, other: Check) -> Check:
    """Want what one of two checks accepts."""

    def check(value: object) -> object:
        try:
            return one(value)
        except FrameError:
            return other(value)

    return check


def many(item: Check, count_max: int) -> Check:
    """Want an array of at most ``count_max`` items."""

    def check(value: object) -> object:
        if type(value) is not tuple:
            raise FrameError(f": wants an array, got {_show(value)}")
        if len(value) > count_max:
            raise FrameError(f": {len(value)} items, at most {count_max}")
        try:
            return tuple(map(item, value))
        except FrameError:
            raise _located([(f"[{at}]", item, part) for at, part in enumerate(value)]) from None

    return check


def record(make: Callable[..., object], **checks: Check) -> Check:
    """Want an array with one item per check, in this order; give what ``make`` builds of them."""
    inner = tuple(checks.values())

    def check(value: object) -> object:
        if not isinstance(value, tuple) or len(value) != len(inner):
            raise FrameError(f": wants an array of {len(inner)}, got {_show(value)}")
        try:
            return make(*[one(part) for one, part in zip(inner, value, strict=True)])
        except FrameError:
            named = zip(checks, inner, value, strict=True)
            raise _located([(f".{name}", one, part) for name, one, part in named]) from None

    return check


def _located(parts: list[tuple[str, Check, object]]) -> FrameError:
    """Find the first part that fails and name it; only bad frames pay for this."""
    for place, check, part in parts:
        try:
            check(part)
        except FrameError as error:
            return FrameError(place + error.what)
    raise AssertionError("a check failed once and passes now")


def _show(value: object) -> str:
    """Describe a value of a stranger in a few words, never its content at length."""
    if isinstance(value, bytes | str):
        return f"{type(value).__name__} of {len(value)}"
    if isinstance(value, tuple):
        return f"an array of {len(value)}"
    shown = repr(value)
    return shown if len(shown) <= 40 else type(value).__name__
