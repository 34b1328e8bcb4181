"""``wardnet chain export | import``: chains go to other clients, and theirs come here.

Exit 0: all blocks are valid.  1: the chain is refused, at the block or byte that is named.  2: the
words, a file that cannot be opened, the genesis: nothing was checked.
"""

from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from node.base.errors import UsageError
from node.commands import chain_store, data_dir, output
from node.commands.chain_io import (
    FutureBlocks,
    make_folder,
    opened,
    progress_lines,
    read_genesis,
    replacing,
)

if TYPE_CHECKING:
    from node.app.chain_import import ImportCount
    from node.app.seal_judge import SealJudge
    from node.evm.chain_file import ByteSource
    from node.evm.genesis import Genesis
    from node.evm.ledger import Ledger
    from node.storage.ledger_store import LedgerStore

CHAIN_FILE: Final = "chain.rlp"

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Take chains to other clients and back; look after the chain that a node keeps.",
)
app.command("verify")(chain_store.verify)
app.command("snapshot")(chain_store.snapshot)
app.command("prune")(chain_store.prune)


@app.command("export")
def export_chain(
    *,
    run: Annotated[Path, typer.Option(metavar="RUN", help="Folder of a run.")],
    node: Annotated[str, typer.Option(metavar="NAME", help="Whose chain, h0 for example.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Gets genesis.json and chain.rlp.")],
) -> None:
    """Write the chain that a node of a run ended on, for another client to check.

    With go-ethereum: geth init genesis.json, then geth import chain.rlp.
    """
    from node.sim.run_chains import find_chain

    chain = find_chain(run, node)
    make_folder(out)
    future = FutureBlocks()
    target = out / CHAIN_FILE
    with chain.blocks() as blocks, replacing(target) as file:
        for raw, header in blocks:
            file.write(raw)
            future.see(header)
    with replacing(out / data_dir.GENESIS_FILE) as file:
        file.write(chain.genesis)
    future.warn()
    output.say(f"{target}: block 0 to {chain.height} of {node}, head 0x{chain.head_hash.hex()}")


@app.command("import")
def import_file(
    *,
    genesis: Annotated[Path, typer.Option(metavar="FILE", help="genesis.json of the chain.")],
    blocks: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="RLP of the blocks; gzip if it ends in .gz."),
    ] = None,
    snapshot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Begin with a snapshot instead of executing its blocks."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the chain in this node's data; else in memory."),
    ] = None,
    no_seal: Annotated[
        bool, typer.Option("--no-seal", help="Do not check who sealed, and when.")
    ] = False,
    executor: Annotated[str, typer.Option(metavar="NAME", help="py-evm, revm or fast.")] = "py-evm",
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout, no progress.")
    ] = False,
) -> None:
    """Check every block of a chain file: seals, rules, and each root by executing it.

    Exit 0 if all are valid, 1 at the first that is not, 2 if nothing could be checked.
    """
    if blocks is None and snapshot is None:
        raise UsageError("nothing to import: give --blocks, --snapshot or both")
    text = read_genesis(genesis)  # a missing file is told before the interpreter is imported
    from node.app.chain_import import ImportCount, import_chain
    from node.app.genesis_engines import kept_genesis
    from node.app.seal_judge import judge_for
    from node.base.keys import MemoVerifier
    from node.evm.chain_file import split_items
    from node.evm.executors import executor_named
    from node.evm.genesis import parse_genesis
    from node.evm.ledger import Ledger

    parsed = kept_genesis(parse_genesis(text, foreign=True))
    is_foreign = parsed.forks is not None
    if is_foreign and snapshot is not None:
        raise UsageError("a chain with a fork schedule of its own has no snapshots here")
    if is_foreign and executor != "py-evm":
        output.talk("note: a chain with these forks is executed by py-evm alone")
    verifier, chosen = MemoVerifier(), executor_named(executor, parsed)
    begun, count = 0, ImportCount(0, 0)
    with _maybe(snapshot) as state, _maybe(blocks) as source, _store(data, parsed, text) as store:
        ledger = Ledger(parsed, verifier=verifier, store=store, executor=chosen)
        judge = judge_for(parsed, ledger, verifier, checks_seals=not no_seal)
        try:
            if state is not None:
                begun = _take_snapshot(state, parsed, store, judge)
            if source is not None:
                tell = None if as_json else progress_lines()
                count = import_chain(
                    ledger, judge, split_items(source), tell, is_foreign=is_foreign
                )
        except KeyboardInterrupt:
            _tell_stopped(ledger, data, again="" if not begun else " without --snapshot")
            raise
        _tell(ledger, count.blocks or begun, as_json=as_json)
    if not as_json:
        seals = "seals not checked" if no_seal else "seals checked"
        if blocks is not None:
            _say_taken(blocks, count, seals)
        if begun:
            output.say(f"{snapshot}: {begun} blocks, {seals}, none executed; the state is whole")


def _say_taken(blocks: Path, count: "ImportCount", seals: str) -> None:
    known = f", {count.skipped} of them known before" if count.skipped else ""
    output.say(f"{blocks}: {count.blocks} blocks above the genesis are valid, {seals}{known}")
    if count.unjudged:
        output.say(
            f"of those known before, {count.unjudged} seals are not checked: a contract names "
            "the validators, and its state at these blocks is not kept here"
        )


def _tell(ledger: "Ledger", blocks: int, *, as_json: bool) -> None:
    head = ledger.head
    future = FutureBlocks()
    future.see(head)
    future.warn()
    head_hash, root = f"0x{head.hash().hex()}", f"0x{head.state_root.hex()}"
    if as_json:
        output.write_json({"blocks": blocks, "head": head_hash, "state_root": root})
        return
    output.say(f"head        {head.number}, {head_hash}")
    output.say(f"state root  {root}")


def _tell_stopped(ledger: "Ledger", data: Path | None, *, again: str) -> None:
    if data is None:
        output.talk("stopped: nothing is kept without --data")
        return
    output.talk(
        f"stopped: {data} keeps the chain up to block {ledger.head.number}; "
        f"the same command{again} goes on from there"
    )


def _take_snapshot(
    source: "ByteSource", genesis: "Genesis", store: "LedgerStore", judge: "SealJudge"
) -> int:
    """Take a snapshot into an empty store; give how many blocks it brought."""
    from node.evm.snapshot import read_snapshot

    if judge.reads_state:
        raise UsageError(
            "--snapshot: a contract names the validators, so seals cannot be checked without "
            "executing the blocks: give --no-seal to trust them, or import the chain itself"
        )
    if store.chain.head() != store.chain.canonical(0):
        raise UsageError(
            "--snapshot: the store must hold nothing but the genesis, and this one has blocks "
            "above it: leave --snapshot out, or name another --data"
        )
    records = _records(source)
    return read_snapshot(records, store, genesis.profile, judge.check, judge.form).number


def _records(source: "ByteSource") -> Iterator[bytes]:
    """Cut a snapshot into its records; they have the form of the items of a chain file."""
    from node.evm.chain_errors import SnapshotError
    from node.evm.chain_file import ChainFileError, split_items

    try:
        for item in split_items(source):
            yield item.raw
    except ChainFileError as error:
        raise SnapshotError(error.item, f"at byte {error.offset}: {error.what}") from error


def _maybe(path: Path | None) -> "AbstractContextManager[ByteSource | None]":
    return nullcontext() if path is None else opened(path)


@contextmanager
def _store(data: Path | None, genesis: "Genesis", text: bytes) -> "Generator[LedgerStore]":
    """Open the store of a data directory, or one in memory."""
    from node.storage.ledger_store import MemoryLedgerStore

    if data is None:
        yield MemoryLedgerStore()
        return
    with closing(data_dir.open_store(data, genesis, text, repair=True)) as store:
        yield store
