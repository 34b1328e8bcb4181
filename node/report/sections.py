"""The parts of the page about the run itself; a part without data is None."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from node.report.data import MessageRow, ReportData
from node.report.lamport import MESSAGES_DRAWN_MAX, lamport
from node.report.tables import (
    ROWS_SHOWN_MAX,
    Html,
    Part,
    bar,
    details,
    element,
    join,
    left_out,
    marked,
    number,
    table,
    text,
)
from node.sss.claims import CLAIMS

_HISTORY_ROWS_MAX: Final = 1_000
_VALUE_SHOWN_MAX: Final = 160
_HOLDS: Final = {True: ("good", "✓ holds"), False: ("bad", "✕ violated"), None: ("open", "? open")}
_STATUS: Final = {
    "ok": ("good", "✓ ok"),
    "refused": ("open", "⊘ refused"),
    "revert": ("open", "↩ revert"),
    "timeout": ("open", "⧖ timeout"),
    "error": ("bad", "✕ error"),
    "skipped": ("soft", "- skipped"),
}
_ONE_RUN: Final = (
    "One run with one seed in virtual time: it shows that this can happen, not that nothing else "
    "can. Latencies and processing times are a model, not measurements."
)
_EXPIRY: Final = (
    "After expiry, a practitioner who has not opened the record cannot open it unless k "
    "custodians misbehave. One who has opened it may keep a copy: that is logged, not prevented. "
    "Later versions and generations stay closed to him."
)


def expectations(results: Mapping[str, Any]) -> Part:
    """What was promised and what became of it."""
    rows = [
        [
            ("wide", text(one["text"])),
            ("word", marked(_HOLDS[one["holds"]])),
            ("wide", text(one["why"])),
            ("num", text("" if one["first_event"] is None else one["first_event"])),
            ("num", text(one["line"] or "")),
        ]
        for one in results["expectations"]
    ]
    heads = ("Expectation", "Result", "Why", "Event", "Line")
    content = table("Expectations of the scenario file", heads, rows)
    return "expectations", "Expectations", content


def steps(results: Mapping[str, Any]) -> Part:
    """What the actors did, how it ended, how long it took, what it cost."""
    every: Sequence[Mapping[str, Any]] = results["steps"]
    shown = _telling(every)
    longest = max((step["virtual_ms"] for step in every), default=0)
    rows = [
        [
            ("", text(step["name"])),
            ("word", text(step["action"])),
            ("word", marked(_STATUS.get(step["status"], ("bad", step["status"])))),
            ("num", text(f"{step['virtual_ms'] / 1000:,.3f} s")),
            ("", bar(step["virtual_ms"], longest)),
            ("num", number(step["gas"])),
        ]
        for step in shown
    ]
    heads = ("Step", "Action", "Status", "Virtual time", "", "Gas")
    parts = [
        table("Steps in the order of the file", heads, rows),
        left_out(len(every), len(shown), "steps"),
    ]
    if len(shown) < len(every):
        parts.insert(0, _by_action(every))
    return "steps", "Steps", join(parts)


def _telling(every: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Give the steps that are shown: all, or as many as fit, first those that did not end well."""
    if len(every) <= ROWS_SHOWN_MAX:
        return list(every)
    places = sorted(range(len(every)), key=lambda at: (every[at]["status"] == "ok", at))
    return [every[at] for at in sorted(places[:ROWS_SHOWN_MAX])]


def _by_action(every: Sequence[Mapping[str, Any]]) -> Html:
    """How many steps of each action ended how, and how long they took."""
    found: dict[tuple[str, str], list[int]] = {}
    for step in every:
        found.setdefault((step["action"], step["status"]), []).append(step["virtual_ms"])
    rows = [
        [
            ("word", text(action)),
            ("word", marked(_STATUS.get(status, ("bad", status)))),
            ("num", number(len(times))),
            ("num", text(f"{sorted(times)[len(times) // 2] / 1000:,.3f} s")),
            ("num", text(f"{max(times) / 1000:,.3f} s")),
        ]
        for (action, status), times in sorted(found.items())
    ]
    return table("Steps by action", ("Action", "Status", "Steps", "Median", "Longest"), rows)


def messages(rows: Sequence[MessageRow], nodes: Sequence[str]) -> Part | None:
    """A Lamport diagram of the first messages."""
    if not rows:
        return None
    cells = [
        [
            ("num", text(f"{row['t_us'] / 1_000_000:.6f}")),
            ("num", text(f"{row['arrive_us'] / 1_000_000:.6f}")),
            ("word", text(row["src"])),
            ("word", text(row["dst"])),
            ("word", text(row["type"])),
            ("num", number(row["bytes"])),
        ]
        for row in rows[:MESSAGES_DRAWN_MAX]
    ]
    heads = ("Sent (s)", "Arrives (s)", "From", "To", "Type", "Bytes")
    drawing = details("Diagram, time downward in seconds", lamport(rows, nodes))
    twin = details("The same as a table", table("Messages", heads, cells))
    left = left_out(len(rows), MESSAGES_DRAWN_MAX, "messages")
    return "messages", "Messages", join((drawing, twin, left))


def metrics(results: Mapping[str, Any]) -> Part | None:
    """Counts, means and percentiles."""
    found: Mapping[str, Mapping[str, Any]] = results["metrics"]
    if not found:
        return None
    columns = list(dict.fromkeys(key for values in found.values() for key in values))
    rows = [
        [("", text(name)), *(("num", _figure(values.get(key))) for key in columns)]
        for name, values in found.items()
    ]
    return "metrics", "Metrics", table("Metrics of the run", ("Metric", *columns), rows)


def history(events: Sequence[Mapping[str, Any]]) -> Part | None:
    """The first events, with a filter."""
    if not events:
        return None
    rows = [
        [
            ("num", text(event["i"])),
            ("num", text(f"{event['t'] / 1_000_000:.6f}")),
            ("word", text(event["p"])),
            ("word", text(event["e"])),
            ("word", text(event["f"])),
            ("mono", text(_value(event["v"]))),
            ("", text("" if event["ref"] is None else event["ref"])),
        ]
        for event in events[:_HISTORY_ROWS_MAX]
    ]
    heads = ("#", "Time (s)", "Process", "Event", "Name", "Value", "Ref")
    search = Html(
        '<p class="filter" hidden><label>Show rows with <input id="history-filter" type="search"'
        ' autocomplete="off"></label> <span id="history-count" aria-live="polite"></span></p>'
    )
    whole = table("History", heads, rows, id_="history-table")
    left = left_out(len(events), _HISTORY_ROWS_MAX, "events")
    content = details(f"{len(events):,} events", join((search, whole, left)))
    return "history", "History", content


def claims(extra: ReportData) -> Part:
    """What may be concluded from a run, and what not."""
    meta = extra.get("scenario", {})
    scheme = meta.get("scheme", "")
    lines = [_ONE_RUN]
    if scheme in CLAIMS:
        lines.append(f"{scheme}: {CLAIMS[scheme]}")
        if "t" in meta and "n" in meta:
            lines.append(
                f"Whoever holds the essential share and {meta['t'] - 1} of "
                f"{meta['n'] - 1} custodian shares opens the record; the random stream of a "
                "simulation is repeatable, so its records protect nobody's real data."
            )
        lines.append(_EXPIRY)
    if meta.get("consensus") == "clique":
        lines.append(
            "Clique has no finality: a block some way below the head is final only in practice."
        )
    content = element("div", join(element("p", text(line)) for line in lines), class_="note")
    return "claims", "What this does and does not show", content


def repeat(extra: ReportData) -> Part | None:
    """The command that gives this run again."""
    command = extra.get("scenario", {}).get("repeat")
    if not command:
        return None
    content = element("pre", element("code", text(command)), tabindex="0")
    return "repeat", "Run it again", content


def _figure(value: object) -> Html:
    if isinstance(value, float):
        return text(f"{value:,.3f}")
    return number(value) if isinstance(value, int) else text("" if value is None else value)


def _value(value: object) -> str:
    if value is None:
        return ""
    written = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return written if len(written) <= _VALUE_SHOWN_MAX else written[:_VALUE_SHOWN_MAX] + "…"
