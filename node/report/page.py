"""One HTML file that opens from disk and loads nothing (rpc-and-ux.md section 15).

Equal input gives equal bytes: nothing here reads a clock.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

from node.report import ledger_sections, record_sections, sections
from node.report.data import ReportData
from node.report.lamport import MESSAGES_DRAWN_MAX
from node.report.tables import Html, Part, element, join, text

_CSP: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
)
_DATA_ROWS_MAX: Final = 250
"""Rows of each list that are embedded: results.json has all."""
_DATA_BYTES_MAX: Final = 400_000
"""Bytes of the embedded history: the page stays below 2 MiB."""
_MARKS: Final = {"valid": ("good", "✓"), "invalid": ("bad", "✕"), "unknown": ("open", "?")}


def render(
    results: Mapping[str, Any], history: Sequence[Mapping[str, Any]], extra: ReportData
) -> str:
    """Give the whole page.

    ``results``   the object of results.json; ``volatile`` is left out of the page.
    ``history``   the objects of history.jsonl.
    ``extra``     what is known besides; a part without data does not appear.
    """
    meta = extra.get("scenario", {})
    title = meta.get("title") or str(results["scenario"])
    head = join(
        (
            Html('<meta charset="utf-8">'),
            Html(f'<meta http-equiv="Content-Security-Policy" content="{_CSP}">'),
            Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            element("title", text(f"{results['verdict']}: {title} - wardnet")),
            element("style", Html(_asset("report.css"))),
        )
    )
    parts = [part for make in _parts(results, history, extra) if (part := make()) is not None]
    body = join(
        (
            Html('<a class="skip" href="#main">Skip to the results</a>'),
            element("header", _header(results, extra, title)),
            element("nav", _contents(parts), aria_label="Contents"),
            element("main", join(map(_section, parts)), id_="main"),
            element("footer", _footer(results)),
            _data(results, history, extra),
            element("script", Html(_asset("report.js"))),
        )
    )
    page = element("html", join((element("head", head), element("body", body))), lang="en")
    return f"<!doctype html>\n{page}\n"


def _parts(
    results: Mapping[str, Any], history: Sequence[Mapping[str, Any]], extra: ReportData
) -> list[Callable[[], Part | None]]:
    nodes = [str(node["name"]) for node in results["nodes"]]
    return [
        lambda: sections.expectations(results),
        lambda: sections.steps(results),
        lambda: ledger_sections.blocks(extra.get("blocks", []), nodes),
        lambda: ledger_sections.sealers(extra.get("blocks", []), nodes),
        lambda: ledger_sections.nodes(results),
        lambda: record_sections.shares(extra.get("records", []), nodes),
        lambda: record_sections.grants(extra.get("grants", []), extra.get("blocks", [])),
        lambda: record_sections.complaints(extra.get("complaints", [])),
        lambda: record_sections.emergencies(extra.get("emergencies", []), extra.get("blocks", [])),
        lambda: record_sections.copies(extra.get("copies", []), extra.get("blocks", [])),
        lambda: ledger_sections.gas(results, extra.get("transactions", [])),
        lambda: sections.messages(extra.get("messages", []), nodes),
        lambda: sections.metrics(results),
        lambda: sections.history(history),
        lambda: sections.claims(extra),
        lambda: sections.repeat(extra),
    ]


def _header(results: Mapping[str, Any], extra: ReportData, title: str) -> Html:
    meta = extra.get("scenario", {})
    verdict = str(results["verdict"])
    css, mark = _MARKS.get(verdict, _MARKS["unknown"])
    cause = f" ({results['cause']})" if results.get("cause") else ""
    badge = element("span", text(f"{mark} {verdict}{cause}"), class_=f"badge {css}")
    lines = [
        element("p", text("wardnet report"), class_="brand"),
        element("h1", text(title)),
        element("p", badge, class_="verdict"),
    ]
    if about := meta.get("about"):
        lines.append(element("p", text(about)))
    if refs := meta.get("refs"):
        lines.append(element("p", text("After: " + "; ".join(refs)), class_="soft"))
    return join([*lines, _facts(results, extra)])


def _facts(results: Mapping[str, Any], extra: ReportData) -> Html:
    meta = extra.get("scenario", {})
    holds = [one["holds"] for one in results["expectations"]]
    heads = {str(node["head_hash"]) for node in results["nodes"]}
    facts: list[tuple[str, object]] = [
        ("Expectations met", f"{sum(one is True for one in holds)} of {len(holds)}"),
        ("Steps", len(results["steps"])),
        ("Nodes", f"{len(results['nodes'])}, {len(heads)} head{'s' * (len(heads) != 1)}"),
        ("Seed", results["seed"]),
        ("Driver", f"{results['driver']}, {results['execution']}"),
    ]
    if "consensus" in meta:
        facts.append(("Consensus", meta["consensus"]))
    if "t" in meta and "n" in meta:
        # never "t of n": it is the patient and t-1 of the n-1 custodians
        needed, custodians = meta["t"] - 1, meta["n"] - 1
        rule = f"patient and {needed} of {custodians} custodians"
        facts.append(("Sharing", f"{meta.get('scheme', '')}: {rule}"))
    items = [
        element("div", join((element("dt", text(name)), element("dd", text(value)))))
        for name, value in facts
    ]
    return element("dl", join(items), class_="facts")


def _contents(parts: Sequence[Part]) -> Html:
    links = [
        element("li", element("a", text(heading), href=f"#{name}")) for name, heading, _ in parts
    ]
    return element("ul", join(links))


def _section(part: Part) -> Html:
    name, heading, content = part
    title = element("h2", text(heading), id_=f"{name}-title")
    return element("section", join((title, content)), id_=name, aria_labelledby=f"{name}-title")


def _footer(results: Mapping[str, Any]) -> Html:
    versions = ", ".join(f"{name} {value}" for name, value in results["versions"].items())
    digest = element("p", join((text("Trace digest "), _code(results["digest"]))))
    return join((digest, element("p", text(versions)))) if versions else digest


def _code(value: object) -> Html:
    return element("code", text(value), class_="mono")


def _data(
    results: Mapping[str, Any], history: Sequence[Mapping[str, Any]], extra: ReportData
) -> Html:
    """Embed the data for other programs; ``<`` is written so that no text can end the script."""
    kept: list[Mapping[str, Any]] = []
    size = 0
    for event in history:
        size += len(json.dumps(event, ensure_ascii=True))
        if size > _DATA_BYTES_MAX:
            break
        kept.append(event)
    told = {key: _cut(results[key]) for key in results if key != "volatile"}
    drawn = extra.get("messages", [])[:MESSAGES_DRAWN_MAX]
    value = {
        "results": told,
        "history": kept,
        "history_left_out": len(history) - len(kept),
        "extra": {key: _cut(one) for key, one in {**extra, "messages": drawn}.items()},
    }
    written = json.dumps(value, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    return Html(f'<script type="application/json" id="data">{written}</script>')


def _cut(value: object) -> object:
    """Give a value of the data, a list of rows as far as it is embedded."""
    return value[:_DATA_ROWS_MAX] if isinstance(value, list | tuple) else value


@cache
def _asset(name: str) -> str:
    return files("node.report").joinpath("assets", name).read_text(encoding="utf-8")
