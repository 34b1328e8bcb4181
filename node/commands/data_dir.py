"""The data directory of one node: its genesis.json, and the store of its chain beside it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from node.base.errors import UsageError, WardnetError
from node.commands import output
from node.commands.chain_io import make_folder, read_genesis, replacing

if TYPE_CHECKING:
    from node.evm.genesis import Genesis
    from node.storage.sqlite_store import SqliteLedgerStore, StoreIdentity

GENESIS_FILE: Final = "genesis.json"


def identity_of(genesis: "Genesis") -> "StoreIdentity":
    """Say which chain a store of this genesis belongs to."""
    from node.evm.genesis import genesis_block
    from node.storage.sqlite_store import StoreIdentity
    from node.storage.state_nodes import MemoryStateNodes

    block = genesis_block(genesis, MemoryStateNodes())
    return StoreIdentity(block.header.hash(), genesis.chain_id, genesis.profile.name)


def open_store(
    data: Path,
    genesis: "Genesis",
    text: bytes,
    *,
    kept_blocks: int | None = None,
    repair: bool = False,
) -> "SqliteLedgerStore":
    """Open the store of a directory; a new one gets the genesis file too.

    ``text``      what the genesis was read from.
    ``repair``    give up a head that is not whole, and say which blocks that cost.
    raises        as ``SqliteLedgerStore``: another chain lies there, another process has it.
                  StoreMismatchError: the directory's genesis.json has another engine or other
                  settings of it, which block 0 does not show; ConfigError: it is no genesis;
                  UsageError: the directory cannot be made.
    """
    from node.storage.sqlite_store import SqliteLedgerStore

    _check_engine(data / GENESIS_FILE, genesis)
    make_folder(data)
    identity = identity_of(genesis)
    store = SqliteLedgerStore(data, identity, kept_blocks=kept_blocks, repair=repair)
    for broken in store.stepped_back:
        output.talk(f"warning: {data}: given up: {broken}")
    try:
        if not (data / GENESIS_FILE).exists():
            with replacing(data / GENESIS_FILE) as file:
                file.write(text)
    except WardnetError:
        store.close()
        raise
    return store


def _check_engine(path: Path, genesis: "Genesis") -> None:
    """Compare what rules the seals with the genesis of the directory, where it has one."""
    from node.evm.genesis import parse_genesis
    from node.storage.errors import StoreMismatchError

    if not path.is_file():
        return
    kept = parse_genesis(read_genesis(path), foreign=True)
    got, want = _engine_of(kept), _engine_of(genesis)
    if got != want:
        raise StoreMismatchError(str(path), "the config of the engine", want, got)


def _engine_of(genesis: "Genesis") -> str:
    parts = {genesis.engine: dict(genesis.engine_settings)}
    if genesis.transitions:
        parts["transitions"] = dict(genesis.transitions)
    return json.dumps(parts, sort_keys=True)


def genesis_of(data: Path, given: Path | None = None) -> tuple["Genesis", bytes]:
    """Read the genesis of a directory that has a store; ``given`` stands for a file elsewhere.

    raises        UsageError: there is no store, or no genesis.
    """
    from node.app.genesis_engines import kept_genesis
    from node.evm.genesis import parse_genesis
    from node.storage.sqlite_store import FILE_NAME

    if not (data / FILE_NAME).is_file():
        raise UsageError(f"{data}: no chain is kept here (there is no {FILE_NAME})")
    path = data / GENESIS_FILE if given is None else given
    if given is None and not path.is_file():
        raise UsageError(f"{data}: has no {GENESIS_FILE}, name one with --genesis")
    text = read_genesis(path)
    return kept_genesis(parse_genesis(text, foreign=True)), text
