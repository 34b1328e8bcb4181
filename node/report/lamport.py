"""A Lamport diagram: one column per node, time downward, an arrow per message."""

from collections.abc import Sequence
from typing import Final

from node.report.data import MessageRow
from node.report.tables import Html, element, join, scroll, text

MESSAGES_DRAWN_MAX: Final = 200
_COLUMN: Final = 150
_LEFT: Final = 96
_TOP: Final = 34
_ROW: Final = 14
_SPAN_ROWS_MIN: Final = 6


def lamport(messages: Sequence[MessageRow], nodes: Sequence[str]) -> Html:
    """Draw the first MESSAGES_DRAWN_MAX messages in the order they were sent.

    The vertical axis is ordinal: each moment at which something is sent or arrives is one row, so
    that a quiet minute takes no more room than a busy millisecond.  The times stand at the left.
    """
    shown = messages[:MESSAGES_DRAWN_MAX]
    used = [end for message in shown for end in (message["src"], message["dst"])]
    columns = list(dict.fromkeys([*nodes, *used]))
    moments = sorted({t for m in shown for t in (m["t_us"], m["arrive_us"])})
    rows = {moment: _TOP + 12 + index * _ROW for index, moment in enumerate(moments)}
    bottom = _TOP + 12 + max(_SPAN_ROWS_MIN, len(moments)) * _ROW
    xs = {name: _LEFT + 40 + index * _COLUMN for index, name in enumerate(columns)}
    parts = [_column(name, xs[name], bottom) for name in columns]
    parts += [_moment(moment, rows[moment]) for moment in moments[:: _every(len(moments))]]
    labelled: dict[tuple[str, int, int], MessageRow] = {}
    for message in shown:  # a broadcast is one label to each side, not one per receiver
        toward = 1 if xs[message["dst"]] >= xs[message["src"]] else -1
        labelled.setdefault((message["src"], message["t_us"], toward), message)
    parts += [_arrow(message, xs, rows) for message in shown]
    parts += [_label(message, xs, rows, key[2]) for key, message in labelled.items()]
    label = f"{len(shown)} messages between {len(columns)} nodes, time downward"
    width = _LEFT + len(columns) * _COLUMN
    drawing = element(
        "svg",
        join([_head(), *parts]),
        viewBox=f"0 0 {width} {bottom + 10}",
        width=f"{width}",
        height=f"{bottom + 10}",
        role="img",
        aria_label=label,
    )
    return scroll(drawing, label)


def _every(count: int) -> int:
    return 1 if count <= 60 else 2


def _head() -> Html:
    point = element("path", Html(""), d="M0 0L7 3L0 6z", class_="point")
    marker = element(
        "marker", point, id_="head", markerWidth="8", markerHeight="7", refX="7", refY="3",
        orient="auto",
    )  # fmt: skip
    return element("defs", marker)


def _column(name: str, x: int, bottom: int) -> Html:
    line = element(
        "line", Html(""), class_="lane", x1=f"{x}", x2=f"{x}", y1=f"{_TOP}", y2=f"{bottom}"
    )
    return join((line, element("text", text(name[:16]), class_="time", x=f"{x}", y="20")))


def _moment(moment_us: int, y: int) -> Html:
    stamp = f"{moment_us // 1_000_000}.{moment_us % 1_000_000:06}"
    return element("text", text(stamp), class_="stamp", x="4", y=f"{y + 3}")


def _arrow(message: MessageRow, xs: dict[str, int], rows: dict[int, int]) -> Html:
    flight = message["arrive_us"] - message["t_us"]
    title = text(
        f"{message['type']} {message['src']} to {message['dst']}, "
        f"{message['bytes']} bytes, {flight} us under way"
    )
    return element(
        "line", element("title", title), class_="arrow", marker_end="url(#head)",
        x1=f"{xs[message['src']]}", y1=f"{rows[message['t_us']]}",
        x2=f"{xs[message['dst']]}", y2=f"{rows[message['arrive_us']]}",
    )  # fmt: skip


def _label(message: MessageRow, xs: dict[str, int], rows: dict[int, int], toward: int) -> Html:
    anchor = "start" if toward > 0 else "end"
    return element(
        "text", text(message["type"][:18]), class_="kind", text_anchor=anchor,
        x=f"{xs[message['src']] + 6 * toward}", y=f"{rows[message['t_us']] - 2}",
    )  # fmt: skip
