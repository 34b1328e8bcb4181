"""``wardnet chain verify | snapshot | prune``: looking after the chain that a node keeps."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from node.base.errors import UsageError
from node.commands import data_dir, output
from node.commands.chain_io import progress_lines, replacing

if TYPE_CHECKING:
    from node.evm.genesis import Genesis
    from node.evm.verify import Report

_Directory = Annotated[Path, typer.Argument(metavar="DIR", help="A node's data directory.")]
_GenesisFile = Annotated[
    Path | None,
    typer.Option("--genesis", metavar="FILE", help="Instead of DIR/genesis.json."),
]
_Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, no progress.")]


def verify(
    directory: _Directory,
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Also check all seals and execute every block again.")
    ] = False,
    genesis: _GenesisFile = None,
    as_json: _Json = False,
) -> None:
    """Look at every stored byte: rows, hashes, links, indices, roots, and all kept states.

    Changes nothing. Exit 0 if all is well, 1 if something is found, 2 if nothing could be checked.
    """
    from node.evm.verify import verify_store
    from node.storage.integrity import Inspection

    parsed, text = data_dir.genesis_of(directory, genesis)
    with closing(Inspection(directory)) as inspection:
        report = verify_store(inspection, data_dir.identity_of(parsed))
    again: tuple[int, str | None] | None = None
    if full and report.is_clean:
        again = _execute_again(directory, parsed, text, quiet=as_json)
    _tell(report, again, full=full, as_json=as_json)
    raise typer.Exit(0 if report.is_clean and (again is None or again[1] is None) else 1)


def snapshot(
    directory: _Directory,
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Gets the snapshot.")],
    genesis: _GenesisFile = None,
) -> None:
    """Write chain and state for a node that joins late: chain import --snapshot reads it."""
    from node.evm.block_tree import BlockTree
    from node.evm.snapshot import write_snapshot

    parsed, text = data_dir.genesis_of(directory, genesis)
    if parsed.forks is not None:
        raise UsageError("a chain with a fork schedule of its own has no snapshots here")
    with closing(data_dir.open_store(directory, parsed, text)) as store, replacing(out) as file:
        head = BlockTree(store.chain).head
        size = sum(file.write(record) for record in write_snapshot(store, head.hash()))
    output.say(f"{out}: blocks 1 to {head.number} and the state after them, {size} bytes")


def prune(
    directory: _Directory,
    *,
    keep: Annotated[
        int, typer.Option(min=128, metavar="N", help="Keep the states of the newest N blocks.")
    ],
    genesis: _GenesisFile = None,
) -> None:
    """Give up the states of old blocks, except the genesis; blocks and receipts stay."""
    from node.evm.block_tree import BlockTree
    from node.evm.reachable import live_nodes
    from node.storage.sqlite_store import FILE_NAME

    parsed, text = data_dir.genesis_of(directory, genesis)
    with closing(data_dir.open_store(directory, parsed, text, kept_blocks=keep)) as store:
        first = BlockTree(store.chain).head.number - keep + 1
        if first <= store.kept_from:
            output.say(f"nothing to give up: states are kept from block {store.kept_from} on")
            return
        sweep = store.sweep(first)
        live = live_nodes(store.chain, store.nodes, first)
        while sweep.step(live):
            pass
    output.say(f"{directory / FILE_NAME}: states are kept from block {first} on")


def _execute_again(
    directory: Path, genesis: "Genesis", text: bytes, *, quiet: bool
) -> tuple[int, str | None]:
    """Import the stored chain into memory; give how many blocks held, and what did not."""
    from node.app.chain_import import RefusedBlockError, import_chain
    from node.app.seal_judge import judge_for
    from node.base.keys import MemoVerifier
    from node.evm.chain_file import stored_items
    from node.evm.ledger import Ledger

    verifier = MemoVerifier()
    ledger = Ledger(genesis, verifier=verifier)
    is_foreign = genesis.forks is not None
    judge = judge_for(genesis, ledger, verifier, checks_seals=genesis.engine == "clique")
    tell = None if quiet else progress_lines()
    with closing(data_dir.open_store(directory, genesis, text)) as store:
        items = stored_items(store.chain)
        try:
            count = import_chain(ledger, judge, items, tell, is_foreign=is_foreign)
        except RefusedBlockError as error:
            return ledger.head.number, str(error)
    return count.blocks, None


def _tell(
    report: "Report", again: tuple[int, str | None] | None, *, full: bool, as_json: bool
) -> None:
    if as_json:
        found: list[dict[str, Any]] = [
            {"table": one.table, "key": one.key, "problem": one.problem} for one in report.findings
        ]
        output.write_json(
            {
                "clean": report.is_clean and (again is None or again[1] is None),
                "counts": dict(report.counts),
                "findings": found,
                "findings_cut": report.is_cut,
                "executed_again": None if again is None else again[0],
                "refused": None if again is None else again[1],
            }
        )
        return
    for one in report.findings:
        output.say(str(one))
    if report.is_cut:
        output.say("and more, which are not listed")
    looked = ", ".join(f"{count} {name}" for name, count in sorted(report.counts.items()))
    output.say(f"looked at {looked}")
    if again is not None:
        output.say(again[1] or f"{again[0]} blocks executed again: every seal and root holds")
    elif full:
        output.say("nothing was executed again: what is stored has to be mended first")
    if report.is_clean and (again is None or again[1] is None):
        output.say("nothing found")
