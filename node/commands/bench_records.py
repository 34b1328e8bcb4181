"""``wardnet bench records``: visits and registrations beside their targets."""

from typing import Annotated, Final

import typer

from node.base.errors import UsageError
from node.commands import output
from node.commands.bench_tables import print_figures, print_place

ROUNDS_MAX: Final = 99
VISITS_MAX: Final = 1_000
PATIENTS_MIN: Final = 2_000
"""Two windows of a thousand."""
PATIENTS_MAX: Final = 1_000_000


def records(
    *,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="GROUP",
            help="visits: whole consultations on four validators; registrations: the cost of "
            "one more patient.  Without it both.",
        ),
    ] = None,
    visits: Annotated[
        int, typer.Option(metavar="N", min=1, max=VISITS_MAX, help="Patients with a visit each.")
    ] = 40,
    patients: Annotated[
        int,
        typer.Option(metavar="N", min=PATIENTS_MIN, max=PATIENTS_MAX, help="Registered at last."),
    ] = 50_000,
    rounds: Annotated[int, typer.Option(min=1, max=ROUNDS_MAX, help="Best of so many.")] = 3,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout, no progress.")
    ] = False,
) -> None:
    """Measure consultations and registrations, with py-evm and with revm.

    Exit 1 if the executors come to different states; a target that is missed is no failure.
    """
    from node.bench.records import GROUPS, measure

    if only is not None and only not in GROUPS:
        raise UsageError(f"no group is called {only!r}, choose one of {', '.join(GROUPS)}")
    groups = GROUPS if only is None else (only,)
    document = measure(groups, visits, patients, rounds, _silent if as_json else output.talk)
    if as_json:
        output.write_json(document)
    else:
        output.say(f"records: CPU seconds of this process, best of {rounds}")
        print_figures(document)
        output.say(
            f"slowness {document['slowness']:.2f}: so many times as long as on a quiet machine "
            "takes coincurve's recovery here"
        )
        print_place(document)
    raise typer.Exit(document["exit_code"])


def _silent(_sentence: str) -> None:
    """Say nothing: stdout and stderr belong to a machine."""
