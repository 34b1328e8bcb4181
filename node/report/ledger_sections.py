"""The parts of the page about the ledger: blocks, who sealed them, nodes, gas."""

from collections.abc import Mapping, Sequence
from typing import Any

from node.report.charts import BLOCKS_DRAWN_MAX, block_lanes, clock_text
from node.report.data import BlockRow, TransactionRow
from node.report.gas import BUDGETS, TOGETHER, TOGETHER_MAX, together
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


def blocks(rows: Sequence[BlockRow], nodes: Sequence[str]) -> Part | None:
    """When blocks came, on one lane per validator."""
    if not rows:
        return None
    legend = element(
        "p",
        text("■ sealed in turn (difficulty 2)   ○ out of turn (difficulty 1)   larger: has tx"),
        class_="legend",
    )
    start = rows[0]["timestamp"]
    cells = [
        [
            ("num", text(row["number"])),
            ("word", text(clock_text(row["timestamp"] - start))),
            ("word", text(row["signer"])),
            ("num", text(row["difficulty"])),
            ("num", text(row["txs"])),
            ("num", number(row["gas_used"])),
            ("mono", text(row["hash"])),
        ]
        for row in rows[:BLOCKS_DRAWN_MAX]
    ]
    heads = ("Number", "Time", "Sealed by", "Difficulty", "Tx", "Gas", "Hash")
    twin = details("The same as a table", table("Blocks", heads, cells))
    left = left_out(len(rows), BLOCKS_DRAWN_MAX, "blocks")
    return "blocks", "Block time line", join((block_lanes(rows, nodes), legend, twin, left))


def sealers(rows: Sequence[BlockRow], nodes: Sequence[str]) -> Part | None:
    """Who sealed how many blocks."""
    if not rows:
        return None
    names = list(dict.fromkeys([*nodes, *(row["signer"] for row in rows)]))
    counts = {name: [0, 0] for name in names}
    for row in rows:
        counts[row["signer"]][0 if row["difficulty"] == 2 else 1] += 1
    most = max(sum(pair) for pair in counts.values())
    cells = [
        [
            ("", text(name)),
            ("num", number(in_turn + out)),
            ("", bar(in_turn + out, most)),
            ("num", number(in_turn)),
            ("num", number(out)),
            ("num", text(f"{100 * (in_turn + out) / len(rows):.1f} %")),
        ]
        for name, (in_turn, out) in counts.items()
    ]
    heads = ("Validator", "Blocks", "", "In turn", "Out of turn", "Part")
    return "sealers", "Who sealed what", table(f"{len(rows)} blocks", heads, cells)


def nodes(results: Mapping[str, Any]) -> Part:
    """Where each node stands at the end."""
    rows = [
        [
            ("", text(node["name"])),
            ("num", number(node["height"])),
            ("num", number(node["blocks_sealed"])),
            ("num", number(node["store_blocks"])),
            ("mono", text(node["head_hash"])),
            ("mono", text(node["state_root"])),
            ("mono", text(node["address"])),
        ]
        for node in results["nodes"]
    ]
    heads = ("Node", "Height", "Sealed", "Store blocks", "Head", "State root", "Address")
    return "nodes", "Nodes at the end", table("Heads, states and stores", heads, rows)


def gas(results: Mapping[str, Any], rows: Sequence[TransactionRow]) -> Part | None:
    """What transactions cost, beside their budgets."""
    if not rows:
        return None
    most = max(row["gas"] for row in rows)
    cells: list[list[tuple[str, Html]]] = []
    for row in rows[:ROWS_SHOWN_MAX]:
        budget = BUDGETS.get(row["kind"])
        cells.append(
            [
                ("", text(row["step"])),
                ("word", text(row["kind"])),
                ("num", number(row["gas"])),
                ("", bar(row["gas"], most)),
                ("num", text("-") if budget is None else number(budget)),
                ("word", _within(row["gas"], budget)),
            ]
        )
    whole = sum(step["gas"] for step in results["steps"])
    parts = [element("p", text(f"{whole:,} gas in all steps."))]
    total = together([(row["kind"], row["gas"]) for row in rows])
    if total is not None:
        line = text(f"One each of {', '.join(TOGETHER)}: {total:,} of {TOGETHER_MAX:,} gas. ")
        parts.append(element("p", join((line, _within(total, TOGETHER_MAX)))))
    heads = ("Step", "Transaction", "Gas", "", "Budget", "")
    if len(rows) > ROWS_SHOWN_MAX:
        parts.append(_by_kind(rows))
    parts.append(table("Gas by transaction", heads, cells))
    parts.append(left_out(len(rows), ROWS_SHOWN_MAX, "transactions"))
    return "gas", "Gas", join(parts)


def _by_kind(rows: Sequence[TransactionRow]) -> Html:
    """How many transactions of each kind there were, and the dearest beside its budget."""
    found: dict[str, list[int]] = {}
    for row in rows:
        found.setdefault(row["kind"], []).append(row["gas"])
    cells = [
        [
            ("word", text(kind)),
            ("num", number(len(costs))),
            ("num", number(sorted(costs)[len(costs) // 2])),
            ("num", number(max(costs))),
            ("word", _within(max(costs), BUDGETS.get(kind))),
        ]
        for kind, costs in sorted(found.items())
    ]
    return table("Gas by kind", ("Transaction", "Count", "Median", "Most", ""), cells)


def _within(gas_used: int, budget: int | None) -> Html:
    if budget is None:
        return Html("")
    return marked(("good", "✓ within") if gas_used <= budget else ("bad", "✕ above"))
