"""Units of scenario files, converted once: durations, bandwidth, dates, probabilities.

Inside, time is an integer of microseconds, bandwidth of bit/s, probability of parts per million.
Bare numbers are refused: a reader cannot see whether 5 means ms or s.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Final, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from node.base.limits import SCENARIO_DURATION_US_MAX
from node.base.rng import PPM
from node.base.types import MICROS_PER_SECOND

_DURATION_US: Final = {
    "us": 1,
    "ms": 1_000,
    "s": MICROS_PER_SECOND,
    "m": 60 * MICROS_PER_SECOND,
    "h": 3_600 * MICROS_PER_SECOND,
    "d": 86_400 * MICROS_PER_SECOND,
}
_BPS: Final = {"bit": 1, "kbit": 10**3, "Mbit": 10**6, "Gbit": 10**9}
_BYTES: Final = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_QUANTITY: Final = re.compile(r"(-?)([0-9]{1,15})([A-Za-z]+)")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_NEEDS_UNIT: Final = "numbers need a unit"
_MINUTE_US: Final = 60 * MICROS_PER_SECOND


def wants(what: str, *, number_hint: str = "") -> PydanticCustomError:
    """Make the error that the loader turns into ``wants <what>, got <input>``.

    ``number_hint``   said besides when the input is a bare number.
    """
    context = {"wants": what, "number_hint": number_hint}
    return PydanticCustomError("wants", "wants {wants}", context)


def duration_us(value: object) -> int | None:
    """Read a duration like 250ms, 2s, -5m; None for anything else."""
    return _quantity(value, _DURATION_US)


def bandwidth_bps(value: object) -> int | None:
    """Read a bandwidth like 5Mbit (decimal, as networks count); None for anything else."""
    return _quantity(value, _BPS)


def size_bytes(value: object) -> int | None:
    """Read a size like 64KiB or 10MiB; None for anything else."""
    return _quantity(value, _BYTES)


def duration_text(value_us: int) -> str:
    """Write a duration in its largest unit that leaves no rest."""
    if value_us == 0:
        return "0s"
    size, unit = max((size, unit) for unit, size in _DURATION_US.items() if value_us % size == 0)
    return f"{value_us // size}{unit}"


def _quantity(value: object, units: dict[str, int]) -> int | None:
    found = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if found is None or found[3] not in units:
        return None
    amount = int(found[2]) * units[found[3]]
    return -amount if found[1] else amount


def _duration_between(low: int, high: int, text: str) -> Callable[[object], int]:
    def read(value: object) -> int:
        parsed = duration_us(value)
        if parsed is None or not low <= parsed <= high:
            raise wants(text, number_hint=_NEEDS_UNIT)
        return parsed

    return read


def _bandwidth(value: object) -> int:
    parsed = bandwidth_bps(value)
    if parsed is None or parsed < 1:
        raise wants("a bandwidth like 5Mbit or 1Gbit", number_hint=_NEEDS_UNIT)
    return parsed


def _size(value: object) -> int:
    parsed = size_bytes(value)
    if parsed is None or parsed < 1:
        raise wants("a size like 64KiB or 10MiB", number_hint=_NEEDS_UNIT)
    return parsed


def _probability(value: object) -> int:
    """Read 0..1; what would round to "never" although it is written as more is refused."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise wants("a probability from 0 to 1")
    parts = round(value * PPM)
    if parts == 0 and value != 0:
        raise wants("a probability of 0 or at least 0.000001")
    return parts


def _date(value: object) -> date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise wants("a date like 2026-01-31 that exists")


def _moment(value: object) -> int:
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            if moment.year >= 1970:
                return int(moment.timestamp()) * MICROS_PER_SECOND
    raise wants("a moment in UTC like 2026-01-01T00:00:00Z")


def _period(value: object) -> int:
    parsed = duration_us(value)
    if parsed is None or not MICROS_PER_SECOND <= parsed <= 60 * _MINUTE_US:
        raise wants("a duration from 1s to 1h", number_hint=_NEEDS_UNIT)
    if parsed % MICROS_PER_SECOND:
        raise wants("whole seconds, as block times count them")
    return parsed


_MAX: Final = SCENARIO_DURATION_US_MAX
_LIKE: Final = "a duration like 250ms or 2s"
_SPAN: Final = WithJsonSchema({"type": "string", "pattern": "^-?[0-9]+(us|ms|s|m|h|d)$"})

Duration: TypeAlias = Annotated[int, BeforeValidator(_duration_between(0, _MAX, _LIKE)), _SPAN]
"""Microseconds, at least 0."""
PositiveDuration: TypeAlias = Annotated[
    int, BeforeValidator(_duration_between(1, _MAX, _LIKE + ", longer than zero")), _SPAN
]
Offset: TypeAlias = Annotated[
    int, BeforeValidator(_duration_between(-_MAX, _MAX, _LIKE + ", or -5m")), _SPAN
]
"""Microseconds of either sign."""
Period: TypeAlias = Annotated[int, BeforeValidator(_period), _SPAN]
"""Microseconds, a multiple of a second."""
Bandwidth: TypeAlias = Annotated[
    int,
    BeforeValidator(_bandwidth),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]+(bit|kbit|Mbit|Gbit)$"}),
]
Size: TypeAlias = Annotated[
    int,
    BeforeValidator(_size),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]+(B|KiB|MiB|GiB)$"}),
]
"""Bytes."""
Probability: TypeAlias = Annotated[
    int,
    BeforeValidator(_probability),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1}),
]
Date: TypeAlias = Annotated[date, BeforeValidator(_date)]
Moment: TypeAlias = Annotated[
    int, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""Microseconds since the Unix epoch, whole seconds."""
