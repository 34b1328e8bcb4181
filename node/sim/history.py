"""The history of a run: what clients tried, what came of it, what happened to the network.

One JSON object per line, keys in the order i, t, p, e, f, v, ref (simulation.md section 13).  An
operation is ``invoke``, then ``ok`` (did happen), ``fail`` (did not) or ``info`` (may still
happen: a timeout is ``info``, because calling it ``fail`` gives false alarms).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

EventKind = Literal[
    "invoke",
    "ok",
    "fail",
    "info",
    "fault",
    "heal",
    "rule",
    "head",
    "final",
    "evidence",
    "note",
]
EVENT_KINDS: Final[tuple[str, ...]] = get_args(EventKind)
JsonValue: TypeAlias = (
    "bool | int | str | list[JsonValue] | tuple[JsonValue, ...] | dict[str, JsonValue] | None"
)
"""No floats: equal runs must have equal bytes on every platform."""
NOTES_KEPT: Final = frozenset(
    {
        "consensus.evidence",
        "chain.block_rejected",
        "chain.final_left",
        "custody.erased",
        "custody.generation_dropped",
        "custody.order_failed",
        "custody.receipt_signed",
        "custody.renewed",
        "custody.step_missing",
        "custody.stepped",
        "custody.grant_ended",
        "custody.message_refused",
        "custody.fragment_missing",
        "emergency.patient_told",
        "p2p.peer_breached",
        "p2p.peer_penalised",
        "p2p.standing_changed",
        "pool.tx_expired",
        "pool.tx_refused",
        "pool.tx_skipped",
        "store.peer_banned",
        "store.block_corrupt",
        "store.block_healed",
        "store.block_lost",
        "store.copies_refused",
        "store.copy_failed",
        "store.copy_made",
        "store.members_unknown",
        "store.placement_changed",
        "store.redeal_wanted",
        "store.scrub_failed",
        "store.share_set_at_risk",
    }
)
"""What nodes tell about themselves and a history keeps."""


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One line of a history."""

    index: int
    t_us: int
    """Virtual time, microseconds since the start."""
    process: str
    """Actor, node or fault."""
    kind: EventKind
    name: str
    """What the event is about: an action, a rule, a fault."""
    value: JsonValue = None
    ref: int | str | None = None
    """Index of the event that this one answers, or the id of a step."""

    def as_dict(self) -> dict[str, Any]:
        """Give the object of the line, keys in their order."""
        return {
            "i": self.index,
            "t": self.t_us,
            "p": self.process,
            "e": self.kind,
            "f": self.name,
            "v": self.value,
            "ref": self.ref,
        }

    def line(self) -> str:
        """Give the line without its end: compact JSON, keys inside ``v`` sorted."""
        fields = self.as_dict()
        return "{" + ",".join(f'"{key}":{canonical(fields[key])}' for key in fields) + "}"


class History:
    """An append-only list of events."""

    def __init__(self) -> None:
        self._events: list[HistoryEvent] = []

    def append(
        self,
        t_us: int,
        process: str,
        kind: EventKind,
        name: str,
        value: JsonValue = None,
        *,
        ref: int | str | None = None,
    ) -> int:
        """Add an event; give its index.

        raises        TypeError: the value holds something that is no JSON, or a float.
        """
        _check(value)
        index = len(self._events)
        self._events.append(HistoryEvent(index, t_us, process, kind, name, value, ref))
        return index

    def __len__(self) -> int:
        return len(self._events)

    def __getitem__(self, index: int) -> HistoryEvent:
        return self._events[index]

    def __iter__(self) -> Iterator[HistoryEvent]:
        return iter(self._events)

    def text(self) -> str:
        """Give the content of ``history.jsonl``."""
        return "".join(event.line() + "\n" for event in self._events)

    def as_dicts(self) -> list[dict[str, Any]]:
        """Give the objects of all lines, for the report."""
        return [event.as_dict() for event in self._events]


def canonical(value: object) -> str:
    """Write JSON without spaces, keys sorted, text as it is (not escaped to ASCII)."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def _check(value: object) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"a key of a history value is {type(key).__name__}, wants text")
            _check(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check(inner)
    elif not (value is None or isinstance(value, bool | int | str)):
        raise TypeError(f"a history holds no {type(value).__name__}")


def as_json(data: dict[str, int | str | bytes]) -> JsonValue:
    """Give what a node tells as a value of a line: bytes as hex."""
    return {
        name: f"0x{value.hex()}" if isinstance(value, bytes) else value
        for name, value in data.items()
    }
