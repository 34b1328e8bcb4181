"""``wardnet store loss``: how likely stored data is lost, by formula and by playing years."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from node.base.errors import UsageError
from node.commands import output

if TYPE_CHECKING:
    from node.base.chance import Sampled
    from node.ipfs_lite.loss import LossPlan

TRIALS_MAX: Final = 10_000_000


def loss(
    *,
    needed: Annotated[
        int, typer.Option(metavar="K", help="Pieces that give the data back; 1 for plain copies.")
    ],
    copies: Annotated[int, typer.Option(metavar="N", help="Pieces stored, one on a node.")],
    afr: Annotated[
        float, typer.Option(metavar="P", help="Probability that a node fails within a year.")
    ] = 0.02,
    repair: Annotated[
        str, typer.Option(metavar="TIME", help="Mean time until a lost piece is back: 24h, 30m.")
    ] = "24h",
    node_up: Annotated[
        float, typer.Option("--node-up", metavar="P", help="Part of the time a node is reachable.")
    ] = 0.95,
    trials: Annotated[
        int,
        typer.Option(
            "--simulate", metavar="TRIALS", min=0, max=TRIALS_MAX, help="Also play so many years."
        ),
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of the simulation.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Compute how likely data is lost within a year, and how likely it cannot be reached now.

    Nodes fail independently and every lost piece is repaired on its own: a lower bound, since real
    nodes share buildings, versions and administrators. Where the simulation sees too few losses it
    says so, and plays the same scheme again with worse nodes, to check the formula there.
    Exit 1 if formula and simulation disagree.
    """
    from node.ipfs_lite.loss import LossPlan, failures_of

    plan = LossPlan(needed, copies, failures_of(afr), _seconds(repair), node_up)
    rows = [_row("as asked", plan, trials, seed)]
    if trials and not rows[0]["simulation"]["is_telling"]:
        rows.append(_worse_row(plan, trials, seed))
    wrong = [row["name"] for row in rows if row["agrees"] is False]
    document: dict[str, Any] = {
        "exit_code": 1 if wrong else 0,
        "seed": seed,
        "needed": needed,
        "copies": copies,
        "afr": afr,
        "node_up": node_up,
        "rows": rows,
        "disagreements": wrong,
    }
    if as_json:
        output.write_json(document)
    else:
        _print(document)
    raise typer.Exit(document["exit_code"])


def _seconds(text: str) -> float:
    from node.base.types import MICROS_PER_SECOND
    from node.sim.schema.units import duration_us

    parsed = duration_us(text)
    if parsed is None or parsed <= 0:
        raise UsageError(f"--repair: {text!r} is no time, wants one like 30m, 24h or 2d")
    return parsed / MICROS_PER_SECOND


def _worse_row(plan: "LossPlan", trials: int, seed: int) -> dict[str, Any]:
    from node.ipfs_lite.loss import made_probable

    return _row("worse nodes", made_probable(plan), trials, seed)


def _row(name: str, plan: "LossPlan", trials: int, seed: int) -> dict[str, Any]:
    from node.ipfs_lite.loss import loss_within, mean_years_to_loss, simulate, unreachable

    probability = loss_within(plan)
    years = mean_years_to_loss(plan)
    sampled = simulate(plan, trials, seed) if trials else None
    agrees = None
    if sampled is not None and sampled.is_telling:
        agrees = sampled.contains(probability)
    return {
        "name": name,
        "failures_per_year": plan.failures_per_year,
        "repair_s": plan.repair_s,
        "loss_per_year": probability,
        "mean_years_to_loss": years if years < float("inf") else None,
        "unreachable": unreachable(plan),
        "simulation": _simulation(sampled),
        "agrees": agrees,
    }


def _simulation(sampled: "Sampled | None") -> dict[str, Any] | None:
    if sampled is None:
        return None
    return {
        "trials": sampled.trials,
        "losses": sampled.losses,
        "low": sampled.low,
        "high": sampled.high,
        "is_telling": sampled.is_telling,
    }


_HEAD: Final = (
    "",
    "failures/year",
    "repair",
    "loss/year",
    "years to loss",
    "unreachable",
    "simulated (99.9 % interval)",
)


def _print(document: dict[str, Any]) -> None:
    rows: Sequence[dict[str, Any]] = document["rows"]
    output.say(
        f"{document['needed']} of {document['copies']} pieces needed, "
        f"AFR {document['afr']:g}, node up {document['node_up']:g}"
    )
    for line in output.columns([_HEAD, *map(_cells, rows)]):
        output.say(line)
    for row in rows:
        for sentence in _verdict(row):
            output.say(sentence)
    output.say("note     independent failures: correlated loss dominates in the field")


def _cells(row: dict[str, Any]) -> list[object]:
    years = row["mean_years_to_loss"]
    seen = row["simulation"]
    return [
        row["name"],
        f"{row['failures_per_year']:.4g}",
        f"{row['repair_s'] / 3600:g} h",
        f"{row['loss_per_year']:.2g}",
        "never" if years is None else f"{years:.2g}",
        f"{row['unreachable']:.2g}",
        None if seen is None else f"{seen['low']:.3g} to {seen['high']:.3g}",
    ]


def _verdict(row: dict[str, Any]) -> list[str]:
    seen = row["simulation"]
    if seen is None:
        return []
    saw = f"{seen['losses']} losses in {seen['trials']:,} years"
    if row["agrees"] is None:
        rare = "losses" if seen["losses"] * 2 < seen["trials"] else "years without loss"
        return [f"{row['name']}: saw {saw}: too few {rare} to say anything"]
    if row["agrees"]:
        return [f"{row['name']}: saw {saw}: agrees with the formula"]
    return [f"WRONG    {row['name']}: saw {saw}, which the formula does not explain"]
