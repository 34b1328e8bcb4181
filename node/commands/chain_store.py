"""``wardnet chain verify | snapshot | prune``: looking after the chain that a node keeps."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from node.base.errors import UsageError
from node.commands import data_dir, output
from node.commands.chain_io import packing, progress_lines

if TYPE_CHECKING:
    from node.base.header import Header
    from node.base.header_form import HeaderForm
    from node.evm.chain_file import ChainItem
    from node.evm.genesis import Genesis
    from node.evm.verify import Report
    from node.storage.integrity import Inspection
    from node.storage.sqlite_store import SqliteLedgerStore

_Directory = Annotated[Path, typer.Argument(metavar="DIR", help="A node's data directory.")]
_GenesisFile = Annotated[
    Path | None,
    typer.Option("--genesis", metavar="FILE", help="Instead of DIR/genesis.json."),
]
_Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, no progress.")]


class _Again(NamedTuple):
    """What executing a stored chain again came to."""

    blocks: int
    """How many held."""
    refused: str | None
    """What did not."""
    has_seals: bool
    """Whether seals were checked."""


def verify(
    directory: _Directory,
    *,
    full: Annotated[
        bool,
        typer.Option(
            "--full", help="Also execute every block again, in memory, and check its seals."
        ),
    ] = False,
    genesis: _GenesisFile = None,
    as_json: _Json = False,
) -> None:
    """Look at every stored byte: rows, hashes, links, indices, roots, and all kept states.

    Changes nothing. Exit 0 if all is well, 1 if something is found, 2 if nothing could be checked.
    """
    from node.evm.verify import verify_store
    from node.storage.integrity import Inspection

    parsed, _ = data_dir.genesis_of(directory, genesis)
    again: _Again | None = None
    with closing(Inspection(directory)) as inspection:
        report = verify_store(inspection, data_dir.identity_of(parsed))
        if full and report.is_clean:
            again = _execute_again(inspection, parsed, quiet=as_json)
    is_clean = report.is_clean and (again is None or again.refused is None)
    if as_json:
        _write(report, again, is_clean=is_clean)
    else:
        _tell(report, again, full=full, is_clean=is_clean, engine=parsed.engine)
    raise typer.Exit(0 if is_clean else 1)


def snapshot(
    directory: _Directory,
    *,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Gets the snapshot; packed if it ends in .gz.")
    ],
    genesis: _GenesisFile = None,
) -> None:
    """Write chain and state for a node that joins late: chain import --snapshot reads it."""
    from node.app.genesis_engines import header_form
    from node.evm.snapshot import write_snapshot

    parsed, text = data_dir.genesis_of(directory, genesis)
    if parsed.forks is not None:
        raise UsageError("a chain with a fork schedule of its own has no snapshots here")
    with closing(data_dir.open_store(directory, parsed, text)) as store, packing(out) as file:
        head = _head(directory, store)
        for record in write_snapshot(store, head.hash(), header_form(parsed)):
            file.write(record)
    size = out.stat().st_size
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
    from node.evm.reachable import live_nodes
    from node.storage.sqlite_store import FILE_NAME

    parsed, text = data_dir.genesis_of(directory, genesis)
    with closing(data_dir.open_store(directory, parsed, text, kept_blocks=keep)) as store:
        first = _head(directory, store).number - keep + 1
        if first <= store.kept_from and not store.sweep_pending:
            output.say(f"nothing to give up: states are kept from block {store.kept_from} on")
            return
        sweep = store.sweep(first)
        live = live_nodes(store.chain, store.nodes, store.kept_from)
        while sweep.step(live):
            pass
        output.say(f"{directory / FILE_NAME}: states are kept from block {store.kept_from} on")


def _head(directory: Path, store: "SqliteLedgerStore") -> "Header":
    """Give the newest header of a store; one that an import began and did not fill has none."""
    from node.evm.block_tree import BlockTree

    if store.chain.head() is None:
        raise UsageError(f"{directory}: holds no chain yet, not even its genesis: import one first")
    return BlockTree(store.chain).head


def _execute_again(inspection: "Inspection", genesis: "Genesis", *, quiet: bool) -> _Again:
    """Import the stored chain into memory; the store is only read."""
    from node.app.chain_import import RefusedBlockError, import_chain
    from node.app.seal_judge import can_check, judge_for
    from node.base.keys import MemoVerifier
    from node.evm.ledger import Ledger

    verifier = MemoVerifier()
    ledger = Ledger(genesis, verifier=verifier)
    is_foreign = genesis.forks is not None
    has_seals = can_check(genesis)
    judge = judge_for(genesis, ledger, verifier, checks_seals=has_seals)
    tell = None if quiet else progress_lines()
    try:
        count = import_chain(
            ledger, judge, _chain(inspection, judge.form), tell, is_foreign=is_foreign
        )
    except RefusedBlockError as error:
        return _Again(ledger.head.number, str(error), has_seals)
    return _Again(count.blocks, None, has_seals)


def _chain(inspection: "Inspection", form: "HeaderForm") -> Iterator["ChainItem"]:
    """Give the blocks of a store's chain as if they came from a file."""
    from node.base.header_form import joined
    from node.evm.chain_file import ChainItem

    offset = 0
    for stored, is_canonical in inspection.blocks():
        if is_canonical:
            raw = joined(stored.block, stored.certificate, form).encode()
            yield ChainItem(stored.block.header.number, offset, raw)
            offset += len(raw)


def _write(report: "Report", again: _Again | None, *, is_clean: bool) -> None:
    found: list[dict[str, Any]] = [
        {"table": one.table, "key": one.key, "problem": one.problem} for one in report.findings
    ]
    output.write_json(
        {
            "exit_code": 0 if is_clean else 1,
            "seed": None,
            "clean": is_clean,
            "counts": dict(report.counts),
            "findings": found,
            "findings_cut": report.is_cut,
            "executed_again": None if again is None else again.blocks,
            "seals_checked": again is not None and again.has_seals,
            "refused": None if again is None else again.refused,
        }
    )


def _tell(
    report: "Report", again: _Again | None, *, full: bool, is_clean: bool, engine: str
) -> None:
    for one in report.findings:
        output.say(str(one))
    if report.is_cut:
        output.say("and more, which are not listed")
    looked = ", ".join(f"{count} {name}" for name, count in sorted(report.counts.items()))
    output.say(f"looked at {looked}")
    if again is not None:
        holds = "every seal and root holds"
        if not again.has_seals:
            holds = f"every root holds; seals of {engine} cannot be checked here: none was"
        output.say(again.refused or f"{again.blocks} blocks executed again: {holds}")
    elif full:
        output.say("nothing was executed again: what is stored has to be mended first")
    if is_clean:
        output.say("nothing found")
