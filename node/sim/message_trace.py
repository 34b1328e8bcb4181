"""The first frames of a run as a Mermaid sequence diagram: ``messages.mmd``."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from node.p2p.wire import name_of_type


@dataclass(frozen=True, slots=True)
class Message:
    """One frame on its way; times are world microseconds."""

    sent_us: int
    arrives_us: int
    source: str
    target: str
    type: int
    bytes: int


def mermaid(nodes: Sequence[str], messages: Iterable[Message]) -> str:
    """Write the diagram: one participant per node, one arrow per frame, in the order sent."""
    lines = ["sequenceDiagram", *(f"    participant {name}" for name in nodes)]
    for one in messages:
        took_ms = (one.arrives_us - one.sent_us) / 1_000
        what = f"{name_of_type(one.type)} {one.bytes} B at {one.sent_us / 1_000:.3f} ms"
        lines.append(f"    {one.source}->>{one.target}: {what}, {took_ms:.3f} ms")
    return "\n".join(lines) + "\n"
