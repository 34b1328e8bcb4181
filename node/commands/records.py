"""``wardnet records``: what can be said about records without opening one."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from node.commands import output

if TYPE_CHECKING:
    from node.sss.durability import LossBudget

TRIALS_MAX: Final = 10_000_000
SEED_MAX: Final = 2**64 - 1

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="What can be said about records without opening one.",
)


@app.callback()
def _group() -> None:
    """Keep the name of the only command: without this, typer would leave it out."""


@app.command("durability")
def durability(
    *,
    t: Annotated[int, typer.Option("-t", metavar="T", help="Shares needed, the patient's too.")],
    n: Annotated[int, typer.Option("-n", metavar="N", help="Holders, the patient among them.")],
    loss: Annotated[
        float, typer.Option(metavar="P", help="Probability that a custodian's share is lost.")
    ],
    essential_loss: Annotated[
        float, typer.Option(metavar="Q", help="Probability that the patient's share is lost.")
    ] = 0.0,
    trials: Annotated[
        int, typer.Option(min=1, max=TRIALS_MAX, help="Deals whose fate is drawn.")
    ] = 100_000,
    seed: Annotated[int, typer.Option(min=0, max=SEED_MAX, help="Of the simulation.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Compute how likely a record can still be opened when shares get lost.

    By formula, and by drawing the fate of every share. Losses are independent here: a lower bound
    of what to fear, since real custodians share buildings, versions and administrators.
    Exit 1 if formula and simulation disagree.
    """
    from node.sss.durability import LossBudget

    document = _computed(LossBudget(t, n, loss, essential_loss), trials, seed)
    if as_json:
        output.write_json(document)
    else:
        _print(document)
    raise typer.Exit(document["exit_code"])


def _computed(budget: "LossBudget", trials: int, seed: int) -> dict[str, Any]:
    from node.sss.durability import opening, shut, simulate
    from node.sss.errors import holders_text

    seen = simulate(budget, trials, seed)
    cannot_open = shut(budget)
    agrees = seen.contains(cannot_open) if seen.is_telling else None
    return {
        "exit_code": 1 if agrees is False else 0,
        "seed": seed,
        "plan": holders_text(budget.t, budget.n),
        "t": budget.t,
        "n": budget.n,
        "loss": budget.share_loss,
        "essential_loss": budget.essential_loss,
        "opens": opening(budget),
        "lost": cannot_open,
        "simulation": {
            "trials": seen.trials,
            "losses": seen.losses,
            "low": seen.low,
            "high": seen.high,
        },
        "agrees": agrees,
    }


_VERDICTS: Final = {
    True: "agrees with the formula",
    False: "which the formula does not explain: WRONG",
    None: "too few of one kind to say anything",
}


def _print(document: dict[str, Any]) -> None:
    seen = document["simulation"]
    rows = [
        ("plan", document["plan"]),
        ("loss", f"{document['loss']:g} a share, {document['essential_loss']:g} the essential one"),
        ("opens", f"{document['opens']:.10g}"),
        ("lost", f"{document['lost']:.3g}"),
        ("simulated", f"{seen['low']:.3g} to {seen['high']:.3g} lost (99.9 % interval)"),
    ]
    for line in output.columns(rows, indent=0):
        output.say(line)
    output.say(
        f"saw {seen['losses']:,} of {seen['trials']:,} deals lost: {_VERDICTS[document['agrees']]}"
    )
    output.say("note: independent losses; correlated loss dominates in the field")
