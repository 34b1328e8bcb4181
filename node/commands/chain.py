"""``wardnet chain export | import``: chains go to other clients, and theirs come here.

Exit 0: all blocks are valid.  1: the chain is refused, at the block or byte that is named.  2: the
words, a file that cannot be opened, the genesis: nothing was checked.
"""

import gzip
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final

import typer

from node.base.clock import WallClock
from node.base.errors import UsageError
from node.base.header import Header
from node.base.limits import GENESIS_BYTES_MAX
from node.base.types import MICROS_PER_SECOND
from node.commands import output

if TYPE_CHECKING:
    from node.evm.genesis import Genesis
    from node.storage.ledger_store import LedgerStore

GENESIS_FILE: Final = "genesis.json"
CHAIN_FILE: Final = "chain.rlp"
_PROGRESS_SECONDS_MIN: Final = 5.0

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Take chains to other clients and back, as go-ethereum's chain files.",
)


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
    out.mkdir(parents=True, exist_ok=True)
    future = _Future()
    target = out / CHAIN_FILE
    with chain.blocks() as blocks, _replacing(target) as file:
        for raw, header in blocks:
            file.write(raw)
            future.see(header)
    with _replacing(out / GENESIS_FILE) as file:
        file.write(chain.genesis)
    future.warn()
    output.say(f"{target}: block 0 to {chain.height} of {node}, head 0x{chain.head_hash.hex()}")


@app.command("import")
def import_file(
    *,
    genesis: Annotated[Path, typer.Option(metavar="FILE", help="genesis.json of the chain.")],
    blocks: Annotated[
        Path, typer.Option(metavar="FILE", help="RLP of the blocks; gzip if it ends in .gz.")
    ],
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
    text = _read_genesis(genesis)  # a missing file is told before the interpreter is imported
    with _opened(blocks) as source:
        from node.app.chain_import import import_chain
        from node.app.seal_judge import judge_for
        from node.base.keys import MemoVerifier
        from node.evm.chain_file import split_items
        from node.evm.executors import executor_named
        from node.evm.genesis import parse_genesis
        from node.evm.ledger import Ledger

        parsed = parse_genesis(text, foreign=True)
        verifier, chosen = MemoVerifier(), executor_named(executor, parsed)
        with _store(data, parsed) as store:
            ledger = Ledger(parsed, verifier=verifier, store=store, executor=chosen)
            judge = judge_for(parsed, ledger, verifier, checks_seals=not no_seal)
            tell = None if as_json else _progress()
            is_foreign = parsed.forks is not None
            if is_foreign and executor != "py-evm":
                output.talk("note: a chain with these forks is executed by py-evm alone")
            items = split_items(source)
            count = import_chain(ledger, judge, items, tell, is_foreign=is_foreign)
            head = ledger.head
    future = _Future()
    future.see(head)
    future.warn()
    if as_json:
        head_hash, root = f"0x{head.hash().hex()}", f"0x{head.state_root.hex()}"
        output.write_json({"blocks": count.blocks, "head": head_hash, "state_root": root})
        return
    seals = "seals not checked" if no_seal else "seals checked"
    known = f", {count.skipped} of them known before" if count.skipped else ""
    output.say(f"{blocks}: {count.blocks} blocks above the genesis are valid, {seals}{known}")
    output.say(f"head        {head.number}, 0x{head.hash().hex()}")
    output.say(f"state root  0x{head.state_root.hex()}")


def _read_genesis(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            text = file.read(GENESIS_BYTES_MAX + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    if len(text) > GENESIS_BYTES_MAX:
        raise UsageError(f"{path}: larger than {GENESIS_BYTES_MAX} bytes")
    return text


@contextmanager
def _opened(path: Path) -> Generator[BinaryIO | gzip.GzipFile]:
    """Open a chain file; what is wrong inside shows when it is read."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    with file:
        if path.suffix == ".gz":
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield unpacked
        else:
            yield file


@contextmanager
def _replacing(path: Path) -> Generator[BinaryIO]:
    """Write a file beside its place and put it there once it is whole."""
    made = path.with_name(f".{path.name}.part")
    try:
        with made.open("wb") as file:
            yield file
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)


@contextmanager
def _store(data: Path | None, genesis: "Genesis") -> "Generator[LedgerStore | None]":
    """Open the store of a data directory; None: the ledger keeps its own in memory."""
    if data is None:
        yield None
        return
    from node.evm.genesis import genesis_block
    from node.storage.sqlite_store import SqliteLedgerStore, StoreIdentity
    from node.storage.state_nodes import MemoryStateNodes

    block = genesis_block(genesis, MemoryStateNodes())
    identity = StoreIdentity(block.header.hash(), genesis.chain_id, genesis.profile.name)
    with closing(SqliteLedgerStore(data, identity)) as store:
        yield store


def _progress() -> Callable[[Header], None]:
    """Give a function that writes a line to stderr at most every five seconds."""
    last = time.monotonic()

    def tell(header: Header) -> None:
        nonlocal last
        if time.monotonic() - last >= _PROGRESS_SECONDS_MIN:
            last = time.monotonic()
            output.talk(f"block {header.number}")

    return tell


class _Future:
    """Looks for blocks that lie ahead of this machine's clock: others refuse them."""

    def __init__(self) -> None:
        self._now_s = WallClock().now_us() // MICROS_PER_SECOND
        self._first: Header | None = None

    def see(self, header: Header) -> None:
        """Look at a block."""
        if self._first is None and header.timestamp > self._now_s:
            self._first = header

    def warn(self) -> None:
        """Say which block was the first, if there was one."""
        if self._first is not None:
            ahead = self._first.timestamp - self._now_s
            output.talk(
                f"warning: block {self._first.number} lies {ahead} s ahead of this machine's "
                "clock: other clients refuse it until then"
            )
