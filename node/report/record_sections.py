"""The parts of the page about records: where shares lie, when grants were open."""

from collections import Counter
from collections.abc import Sequence

from node.report.charts import GRANTS_DRAWN_MAX, clock_text, grant_bars
from node.report.data import (
    BlockRow,
    ComplaintRow,
    CopyRow,
    EmergencyRow,
    GrantRow,
    Holder,
    RecordRow,
)
from node.report.tables import ROWS_SHOWN_MAX, Html, Part, element, join, left_out, table, text


def shares(rows: Sequence[RecordRow], nodes: Sequence[str]) -> Part | None:
    """Which node keeps what of each record."""
    if not rows:
        return None
    names = list(dict.fromkeys([*nodes, *(h["node"] for row in rows for h in row["holders"])]))
    cells = [
        [
            ("", text(row["record"])),
            ("word", text(row["kind"])),
            ("cell", text(f"◆ essential ({row['patient']})")),
            *(("cell", _held(row["holders"], name)) for name in names),
            ("mono", text(row["pmr"])),
            ("mono", text(row["manifest_cid"])),
        ]
        for row in rows[:ROWS_SHOWN_MAX]
    ]
    heads = ("Record", "Kind", "Patient", *names, "PMR-ID", "Manifest")
    legend = element(
        "p",
        text("◆ essential share   ● custodian share   ▤ fragment of the ciphertext   - nothing"),
        class_="legend",
    )
    left = left_out(len(rows), ROWS_SHOWN_MAX, "records")
    content = join((table("Where the shares lie", heads, cells), left, legend))
    return "shares", "Where the shares lie", content


def grants(rows: Sequence[GrantRow], chain: Sequence[BlockRow]) -> Part | None:
    """When each grant was open, and what custodians did under it."""
    if not rows:
        return None
    start = chain[0]["timestamp"] if chain else min(row["from"] for row in rows)
    cells = [
        [
            ("mono", text(row["id"])),
            ("word", text(row["grantee"])),
            ("word", text(clock_text(row["from"] - start))),
            ("word", text(clock_text(row["until"] - start))),
            ("word", text("-" if row["revoked"] is None else clock_text(row["revoked"] - start))),
            ("wide", _moments(row["releases"], start)),
            ("wide", _moments(row["refusals"], start)),
        ]
        for row in rows[:ROWS_SHOWN_MAX]
    ]
    heads = ("Grant", "Grantee", "From", "Until", "Revoked", "Releases", "Refusals")
    legend = element(
        "p", text("▬ window   ▲ share released   ✕ share refused; block time"), class_="legend"
    )
    twin = table("Grants, times since the first block", heads, cells)
    left = left_out(len(rows), ROWS_SHOWN_MAX, "grants")
    bars = grant_bars(rows[:GRANTS_DRAWN_MAX], start)
    return "grants", "Grants", join((bars, legend, twin, left))


def complaints(rows: Sequence[ComplaintRow]) -> Part | None:
    """Who was said to misuse a grant, by whom, and what the authority found."""
    if not rows:
        return None
    cells = [
        [
            ("word", text(row["grantee"])),
            ("word", text(row["complainant"])),
            ("mono", text(row["grant"][:18])),
            ("wide", text(row["state"])),
        ]
        for row in rows
    ]
    heads = ("Grantee", "Complainant", "Grant", "Verdict")
    return "complaints", "Complaints", table("Complaints of how grants are used", heads, cells)


def emergencies(rows: Sequence[EmergencyRow], chain: Sequence[BlockRow]) -> Part | None:
    """Who broke the glass and what became of it, the unreviewed ones first."""
    if not rows:
        return None
    start = chain[0]["timestamp"] if chain else min(row["until"] for row in rows)
    cells = [
        [
            ("word", text(row["doctor"])),
            ("mono", text(row["patient"])),
            ("word", text(row["reason"])),
            ("word", text(clock_text(row["until"] - start))),
            ("wide", text("NOT REVIEWED" if row["is_open"] else row["review"])),
        ]
        for row in sorted(rows, key=lambda one: not one["is_open"])
    ]
    heads = ("Doctor", "Patient-ID", "Reason", "Until", "Review")
    return "emergencies", "Emergencies", table("Emergencies, by block time", heads, cells)


def copies(rows: Sequence[CopyRow], chain: Sequence[BlockRow]) -> Part | None:
    """Which copies patients asked for, and whether they were made in time."""
    if not rows:
        return None
    start = chain[0]["timestamp"] if chain else min(row["due"] for row in rows)
    cells = [
        [
            ("mono", text(row["patient"])),
            ("word", text(clock_text(row["due"] - start))),
            ("word", text(row["state"])),
        ]
        for row in rows
    ]
    heads = ("Patient-ID", "Due", "State")
    return "copies", "Copies for patients", table("Copies, by block time", heads, cells)


def _held(holders: Sequence[Holder], node: str) -> Html:
    held = [
        f"● share {holder['index']}" + (" ▤ fragment" if holder["fragment"] else "")
        for holder in holders
        if holder["node"] == node
    ]
    return text(", ".join(held) or "-")


def _moments(moments: Sequence[int], start: int) -> Html:
    grouped = [
        clock_text(moment - start) + (f" (x{count})" if count > 1 else "")
        for moment, count in Counter(sorted(moments)).items()
    ]
    return text(", ".join(grouped) or "-")
