"""Inline SVG: who sealed which block when, and when grants were open.

Shapes carry the meaning, colour only repeats it.  Every chart has a table beside it.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from node.report.data import BlockRow, GrantRow
from node.report.tables import Html, element, join, scroll, text

BLOCKS_DRAWN_MAX: Final = 1_000
GRANTS_DRAWN_MAX: Final = 100
_LANE: Final = 34
_LEFT: Final = 84
_TOP: Final = 26
_STEP_MIN: Final = 9
_WIDTH_MIN: Final = 640
_TICKS: Final = 8


def clock_text(seconds: int) -> str:
    """Write a span of seconds as h:mm:ss or m:ss."""
    sign, rest = ("-", -seconds) if seconds < 0 else ("", seconds)
    minutes, second = divmod(rest, 60)
    hours, minute = divmod(minutes, 60)
    return f"{sign}{hours}:{minute:02}:{second:02}" if hours else f"{sign}{minute}:{second:02}"


def block_lanes(blocks: Sequence[BlockRow], nodes: Sequence[str]) -> Html:
    """Draw one lane per validator and a mark per block: square in turn, ring out of turn."""
    shown = blocks[:BLOCKS_DRAWN_MAX]
    lanes = _lanes(nodes, [block["signer"] for block in shown])
    start = shown[0]["timestamp"]
    span = max(1, shown[-1]["timestamp"] - start)
    width = max(_WIDTH_MIN, len(shown) * _STEP_MIN)
    marks = [
        _block_mark(
            block,
            _LEFT + 10 + (block["timestamp"] - start) * width // span,
            _TOP + lanes.index(block["signer"]) * _LANE + _LANE // 2,
            start,
        )
        for block in shown
    ]
    label = f"{len(shown)} blocks over {clock_text(span)}, one lane per validator"
    parts = [*_grid(lanes, width, span), *marks]
    return _svg(parts, _LEFT + width + 24, _TOP + len(lanes) * _LANE + 10, label)


def grant_bars(grants: Sequence[GrantRow], start_s: int) -> Html:
    """Draw each grant's window, releases as triangles inside it, refusals as crosses."""
    times = [t for g in grants for t in (g["from"], g["until"], *g["releases"], *g["refusals"])]
    start = min([start_s, *times])
    span = max(1, max(times) - start)
    lanes = [grant["id"] for grant in grants]
    parts = list(_grid(lanes, _WIDTH_MIN, span))
    for lane, grant in enumerate(grants):
        y = _TOP + lane * _LANE + _LANE // 2
        parts += _grant_parts(grant, y, start, span)
    label = f"Windows of {len(grants)} grants"
    return _svg(parts, _LEFT + _WIDTH_MIN + 24, _TOP + len(lanes) * _LANE + 10, label)


def _block_mark(block: BlockRow, x: int, y: int, start: int) -> Html:
    in_turn = block["difficulty"] == 2
    word = "in turn" if in_turn else "out of turn"
    title = element(
        "title",
        text(
            f"block {block['number']} at {clock_text(block['timestamp'] - start)}, "
            f"sealed by {block['signer']} {word}, {block['txs']} tx, {block['gas_used']:,} gas"
        ),
    )
    size = 4 + min(3, block["txs"])
    if in_turn:
        side = 2 * size
        return element(
            "rect", title, class_="in", x=f"{x - size}", y=f"{y - size}", width=f"{side}",
            height=f"{side}",
        )  # fmt: skip
    return element("circle", title, class_="out", cx=f"{x}", cy=f"{y}", r=f"{size}")


def _grant_parts(grant: GrantRow, y: int, start: int, span: int) -> list[Html]:
    def at(moment: int) -> int:
        return _LEFT + 10 + (moment - start) * _WIDTH_MIN // span

    end = grant["until"] if grant["revoked"] is None else min(grant["revoked"], grant["until"])
    left, right = at(grant["from"]), max(at(end), at(grant["from"]) + 2)
    window = f"open {clock_text(grant['from'] - start)} to {clock_text(end - start)}"
    title = element("title", text(f"{grant['id']} for {grant['grantee']}: {window}"))
    bar = element(
        "rect", title, class_="window", x=f"{left}", y=f"{y - 8}", width=f"{right - left}",
        height="16", rx="3",
    )  # fmt: skip
    parts = [bar]
    for kind, moments in (("release", grant["releases"]), ("refusal", grant["refusals"])):
        for moment, count in Counter(sorted(moments)).items():  # many custodians, one block time
            x = at(moment)
            shape = (
                f"M{x} {y - 6}l6 11h-12z"
                if kind == "release"
                else f"M{x - 5} {y - 5}l10 10m0 -10l-10 10"
            )
            title = element("title", text(f"{count} x {kind} at {clock_text(moment - start)}"))
            parts.append(element("path", title, class_=kind, d=shape))
    return parts


def _lanes(nodes: Sequence[str], used: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*nodes, *used]))


def _grid(lanes: Sequence[str], width: int, span: int) -> list[Html]:
    """Draw lane names, lane lines and time ticks."""
    parts: list[Html] = []
    bottom = _TOP + len(lanes) * _LANE
    for tick in range(_TICKS + 1):
        x = _LEFT + 10 + width * tick // _TICKS
        parts.append(
            element("line", Html(""), class_="tick", x1=f"{x}", x2=f"{x}", y1=f"{_TOP - 4}",
                    y2=f"{bottom}")
        )  # fmt: skip
        label = text(clock_text(span * tick // _TICKS))
        parts.append(element("text", label, class_="time", x=f"{x}", y="14"))
    for index, lane in enumerate(lanes):
        y = _TOP + index * _LANE + _LANE // 2
        parts.append(
            element("line", Html(""), class_="lane", x1=f"{_LEFT}", x2=f"{_LEFT + width + 20}",
                    y1=f"{y}", y2=f"{y}")
        )  # fmt: skip
        parts.append(element("text", text(lane[:12]), class_="name", x="4", y=f"{y + 4}"))
    return parts


def _svg(parts: Sequence[Html], width: int, height: int, label: str) -> Html:
    drawing = element(
        "svg",
        join(parts),
        viewBox=f"0 0 {width} {height}",
        width=f"{width}",
        height=f"{height}",
        role="img",
        aria_label=label,
    )
    return scroll(drawing, label)
