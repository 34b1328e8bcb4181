"""``wardnet bench``: measurements that compare CPU time and gas, never bare wall time."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from node.base.errors import UsageError
from node.commands import bench_gas, output
from node.commands.bench_records import records
from node.commands.bench_tables import print_figures, print_place

ROUNDS_MAX: Final = 99
TRANSACTIONS_MIN: Final = 2
"""One mint, one registration."""
TRANSACTIONS_MAX: Final = 100_000
VALIDATORS_MAX: Final = 500
MEBIBYTES_MIN: Final = 2
MEBIBYTES_MAX: Final = 4_096
SHARED_MEBIBYTES_MAX: Final = 64
"""The longest record of xor-1tn."""
STAGES: Final = ("decode", "execute", "lists", "root", "storage")
_ROOT_CHARS: Final = 12

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Measure CPU time against other clients and other settings.",
)


@app.callback()
def bench() -> None:
    """Measure CPU time against other clients and other settings."""


@app.command("ledger")
def ledger(
    *,
    executor: Annotated[
        str, typer.Option(metavar="NAME", help="py-evm, revm, fast (which is revm), or all.")
    ] = "all",
    mode: Annotated[
        str,
        typer.Option(
            metavar="MODE",
            help="execute: build and import, against eth-tester; memo: import what a neighbour "
            "executed; replay: cold import in blocks of 10; scale: N against 20 N; fresh: "
            "memory of a new node.",
        ),
    ] = "execute",
    transactions: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=TRANSACTIONS_MIN,
            max=TRANSACTIONS_MAX,
            help="Calls of the workload; without it 1,000, for replay 10,000.",
        ),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, max=ROUNDS_MAX, help="Medians of so many.")] = 3,
    peers: Annotated[
        bool, typer.Option("--peers", help="Also anvil, hardhat and ganache, where present.")
    ] = False,
    peers_dir: Annotated[
        Path, typer.Option(metavar="DIR", help="Its node_modules holds the peers.")
    ] = Path(),
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout, no progress.")
    ] = False,
) -> None:
    """Measure the CPU time of a transaction, by stage, on the workload of two contracts.

    Candidates run in turn, each in a process of its own; medians and ratios are printed.
    Exit 1 if two candidates come to different states.
    """
    from node.bench.candidates import DEFAULT_TRANSACTIONS, MODES

    if mode not in MODES:
        raise UsageError(f"no mode is called {mode!r}, choose one of {', '.join(MODES)}")
    if peers and mode != "execute":
        raise UsageError(f"--peers goes with --mode execute; {mode} compares wardnet with itself")
    if transactions is not None and mode == "fresh":
        raise UsageError("--mode fresh runs no transactions: leave out --transactions")
    if peers and not peers_dir.is_dir():
        raise UsageError(f"--peers-dir: {peers_dir} is no folder")
    count = DEFAULT_TRANSACTIONS[mode] if transactions is None else transactions
    folder = peers_dir if peers else None
    document = _measure(mode, executor, count, rounds, peers_dir=folder, quiet=as_json)
    if as_json:
        output.write_json(document)
    else:
        _print(document)
    raise typer.Exit(document["exit_code"])


@app.command("consensus")
def consensus(
    *,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="GROUP",
            help="parts: headers, messages, signatures; qbft or clique: a whole network. "
            "Without it all three.",
        ),
    ] = None,
    validators: Annotated[
        int, typer.Option(metavar="N", min=1, max=VALIDATORS_MAX, help="Of the networks.")
    ] = 100,
    rounds: Annotated[int, typer.Option(min=1, max=ROUNDS_MAX, help="Best of so many.")] = 3,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout, no progress.")
    ] = False,
) -> None:
    """Measure headers, messages and whole networks beside their targets and other code.

    All in this process, in turn; the best round counts.  Exit 1 if runs that should be equal are
    not, or a checker finds a fault; a target that is missed is printed and is no failure.
    """
    from node.bench.consensus import GROUPS, measure

    if only is not None and only not in GROUPS:
        raise UsageError(f"no group is called {only!r}, choose one of {', '.join(GROUPS)}")
    groups = GROUPS if only is None else (only,)
    tell = _silent if as_json else output.talk
    document = measure(groups, validators, rounds, tell)
    if as_json:
        output.write_json(document)
    else:
        _print_consensus(document)
    raise typer.Exit(document["exit_code"])


@app.command("store")
def store(
    *,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="GROUP",
            help="import: no store, beside the npm importer; disk: the durable store; "
            "exchange: fetches between stores. Without it all three.",
        ),
    ] = None,
    mebibytes: Annotated[
        int, typer.Option(metavar="N", min=MEBIBYTES_MIN, max=MEBIBYTES_MAX, help="Of payload.")
    ] = 256,
    rounds: Annotated[int, typer.Option(min=1, max=ROUNDS_MAX, help="Best of so many.")] = 3,
    folder: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="On the disk to measure; without it the temporary one."),
    ] = None,
    peers_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Its node_modules holds ipfs-unixfs-importer."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout, no progress.")
    ] = False,
) -> None:
    """Measure the block store beside hashing alone, the disk itself and the npm importer.

    Exit 1 if two importers come to different CIDs; a target that is missed is no failure.
    """
    from node.bench.store import GROUPS, measure

    if only is not None and only not in GROUPS:
        raise UsageError(f"no group is called {only!r}, choose one of {', '.join(GROUPS)}")
    for option, place in (("--folder", folder), ("--peers-dir", peers_dir)):
        if place is not None and not place.is_dir():
            raise UsageError(f"{option}: {place} is no folder")
    document = measure(
        GROUPS if only is None else (only,),
        mebibytes,
        rounds,
        folder=folder,
        peers_dir=peers_dir,
        tell=_silent if as_json else output.talk,
    )
    if as_json:
        output.write_json(document)
    else:
        _print_store(document)
    raise typer.Exit(document["exit_code"])


app.command("records")(records)


@app.command("sharing")
def sharing(
    *,
    mebibytes: Annotated[
        int,
        typer.Option(
            "--size", metavar="N", min=1, max=SHARED_MEBIBYTES_MAX, help="MiB of the secret."
        ),
    ] = 64,
    rounds: Annotated[int, typer.Option(min=1, max=ROUNDS_MAX, help="Best of so many.")] = 4,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout, no progress.")
    ] = False,
) -> None:
    """Measure secret sharing beside a naive kernel, zfec, pyshamir and SHA-256.

    Exit 1 if bytes come out wrong; a target that is missed is no failure.
    """
    from node.bench.sharing import measure

    document = measure(mebibytes, rounds, tell=_silent if as_json else output.talk)
    if as_json:
        output.write_json(document)
    else:
        _print_sharing(document)
    raise typer.Exit(document["exit_code"])


app.command("gas")(bench_gas.gas)


def _silent(_sentence: str) -> None:
    """Say nothing: stdout and stderr belong to a machine."""


def _print_consensus(document: Mapping[str, Any]) -> None:
    output.say(f"consensus: CPU seconds of this process, best of {document['rounds']}")
    print_figures(document)
    if document["slowness"] is not None:
        output.say(
            f"slowness {document['slowness']:.2f}: so many times as long as where the targets "
            "were set takes coincurve's recovery here"
        )
    print_place(document)


def _print_store(document: Mapping[str, Any]) -> None:
    output.say(
        f"block store, {document['mebibytes']} MiB, CPU seconds of this process, "
        f"best of {document['rounds']}; imports are scaled to 256 MiB"
    )
    print_figures(document)
    for each in document["absent"]:
        output.say(f"absent   {each['name']}: {each['reason']}")
    if document["slowness"] is not None:
        output.say(
            f"slowness {document['slowness']:.2f}: so many times as long as where the targets "
            "were set takes hashing alone here"
        )
    print_place(document)


def _print_sharing(document: Mapping[str, Any]) -> None:
    output.say(
        f"secret sharing, {document['mebibytes']} MiB: MB of secret per CPU second of this "
        f"process, best of {document['rounds']}"
    )
    print_figures(document)
    for each in document["absent"]:
        output.say(f"absent   {each['name']}: {each['reason']}")
    output.say(
        f"slowness {document['slowness']:.2f}: so many times as long as where the targets "
        "were set takes SHA-256 here"
    )
    print_place(document)


def _measure(
    mode: str, executor: str, count: int, rounds: int, *, peers_dir: Path | None, quiet: bool
) -> dict[str, Any]:
    from tempfile import TemporaryDirectory

    from node.bench.candidates import candidates, executors
    from node.bench.measured import Measured
    from node.bench.rounds import alternate, disagreements, load, machine, rows
    from node.bench.servers import find_clients

    def tell(number: int, name: str, measured: Measured) -> None:
        if not quiet:
            took = "" if measured.cpu_us_per_tx is None else f"{measured.cpu_us_per_tx:10,.1f} us"
            output.talk(f"round {number}/{rounds}  {name:<18}{took}".rstrip())

    names, absent = executors(executor)
    clients, missing = ([], {}) if peers_dir is None else find_clients(peers_dir)
    before = load()
    with TemporaryDirectory(prefix="wardnet-bench-") as folder:
        entries = candidates(mode, names, count, clients, Path(folder))
        runs, failed = alternate(entries, rounds, tell)
    wrong = disagreements(runs)
    lost = absent | missing | failed
    return {
        "exit_code": 1 if wrong else 0,
        "seed": None,
        "bench": "ledger",
        "mode": mode,
        "rounds": rounds,
        "machine": machine(),
        "load_before": before,
        "load_after": load(),
        "rows": rows(entries, runs),
        "absent": [{"name": name, "reason": why} for name, why in lost.items()],
        "disagreements": wrong,
    }


def _print(document: Mapping[str, Any]) -> None:
    rows: Sequence[Mapping[str, Any]] = document["rows"]
    output.say(
        f"ledger, mode {document['mode']}: microseconds of CPU per transaction, "
        f"median of {document['rounds']}"
    )
    if any(row["stages"] for row in rows):
        head = ("", "tx", "cpu us/tx", "ratio", "tx/cpu-s", *STAGES, "state root")
        for line in output.columns([head, *map(_row, rows)]):
            output.say(line)
    for line in output.columns(_figure_rows(rows)):
        output.say(line)
    for each in document["absent"]:
        output.say(f"absent   {each['name']}: {each['reason']}")
    for sentence in document["disagreements"]:
        output.say(f"WRONG    {sentence}")
    print_place(document)


def _row(row: Mapping[str, Any]) -> list[object]:
    stages: Mapping[str, float] = row["stages"]
    cpu = row["cpu_us_per_tx"]
    return [
        row["name"],
        f"{row['transactions']:,}",
        "n/a" if cpu is None else f"{cpu:,.1f}",
        None if row["ratio"] is None else f"{row['ratio']:.2f}",
        None if row["tx_per_cpu_s"] is None else f"{row['tx_per_cpu_s']:,.0f}",
        *(stages.get(stage) for stage in STAGES),
        row["state_root"][:_ROOT_CHARS] or None,
    ]


def _figure_rows(rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Give name and figures of each row that has some; a mode may count more for some rows."""
    table = [[str(row["name"]), *map(_figure, row["figures"].items())] for row in rows]
    width = max(map(len, table), default=0)
    return [cells + [""] * (width - len(cells)) for cells in table if len(cells) > 1]


def _figure(figure: tuple[str, float]) -> str:
    name, value = figure
    return f"{name.replace('_', ' ')} {value:,.1f}"
