"""The block store inside a node's data directory, as the commands of ``wardnet store`` open it.

A new store is encrypted under a key file that is made beside it: whoever moves that file to
another medium protects the blocks by it, and whoever loses it has lost them.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from node.base.clock import WallClock
from node.base.errors import UsageError
from node.base.rng import SystemEntropy
from node.base.types import MICROS_PER_SECOND, Cid
from node.commands import output
from node.commands.chain_io import make_folder

if TYPE_CHECKING:
    from node.ipfs_lite.blocks import BlockClass
    from node.ipfs_lite.hybrid import HybridStore
    from node.ipfs_lite.hybrid_options import AtRest
    from node.ipfs_lite.ingest import Ingest

_GUARD_S: Final = 3_600
"""How long the blocks of a running command are safe from gc (content-store.md, section 9)."""

_FILES_FOLDER: Final = "blocks"
_FILE_PREFIXES: Final = ("blocks.sqlite", "store.key")

Data = Annotated[Path, typer.Option("--data", metavar="DIR", help="A node's data directory.")]
Klass = Annotated[
    str,
    typer.Option(
        "--class",
        metavar="CLASS",
        help="public: any validator may read it; sealed: ciphertext, shown by consent only.",
    ),
]


def now_s() -> int:
    """Give the seconds since the Unix epoch."""
    return WallClock().now_us() // MICROS_PER_SECOND


def open_dir(data: Path, *, must_exist: bool = False, encrypted: bool = True) -> "HybridStore":
    """Open the store of a directory; a new one is made unless it ``must_exist``.

    ``encrypted`` how a new one is made.
    raises        UsageError: no store there, or no folder can be made.  StoreLockedError: another
                  process has it.  StoreKeyError: the key is missing or another one.
    """
    from node.ipfs_lite.hybrid import StoreOptions, open_store
    from node.ipfs_lite.hybrid_schema import FILE_NAME

    is_new = not (data / FILE_NAME).exists()
    if is_new and must_exist:
        raise UsageError(f"{data}: holds no block store: store init, add or import makes one")
    make_folder(data)
    at_rest: AtRest | None = None
    if is_new:
        at_rest = "aead" if encrypted else "none"
    return open_store(data, StoreOptions(at_rest=at_rest, entropy=SystemEntropy()))


def init(
    *,
    data: Data,
    encrypted: Annotated[bool, typer.Option(help="Seal every block under a key file.")] = True,
) -> None:
    """Make an empty store; add and import do so too, encrypted, where none is."""
    from node.ipfs_lite.hybrid_schema import FILE_NAME

    if (data / FILE_NAME).exists():
        raise UsageError(f"{data}: holds a block store already")
    open_dir(data, encrypted=encrypted).close()
    output.say(f"{data}: an empty store, {'encrypted' if encrypted else 'not encrypted'}")


def ingest(store: "HybridStore", klass: "BlockClass", what: str) -> "Ingest":
    """Begin to take in what a writer or a ``CarReader`` gives, under a guard of its own."""
    from node.ipfs_lite.blocks import Guard
    from node.ipfs_lite.ingest import Ingest

    session = f"{what}-{SystemEntropy().take(8).hex()}"
    guard = Guard(session, now_s() + _GUARD_S)
    return Ingest(store, klass=klass, guard=guard, is_hashed=True)


def block_class(word: str) -> "BlockClass":
    """Read --class.  raises UsageError."""
    from node.ipfs_lite.blocks import BlockClass

    try:
        return BlockClass(word)
    except ValueError as error:
        raise UsageError(f"--class {word!r}: wants sealed or public") from error


def resolve(store: "HybridStore", path: str) -> Cid:
    """Follow CID[/PATH].  raises UsageError: no path.  BadPathError, NotFoundError."""
    from node.ipfs_lite import paths
    from node.ipfs_lite.errors import BadPathError

    try:
        parsed = paths.parse_path(path)
    except BadPathError as error:
        raise UsageError(str(error)) from error
    return paths.resolve(store.get, parsed).cid


def refuse_own(data: Path, path: str) -> None:
    """Refuse to add a folder with the store in it, or a part of the store, such as its key.

    The store would grow while it is read.
    raises        UsageError.
    """
    own, named = data.resolve(), Path(path)
    found = named.parent.resolve() / named.name  # a link there is kept and not followed
    if found == own or found in own.parents:
        raise UsageError(f"{path}: holds the store {data} itself, add what is beside it")
    below = found.relative_to(own).parts[0] if own in found.parents else ""
    if below == _FILES_FOLDER or below.startswith(_FILE_PREFIXES):
        raise UsageError(f"{path}: is a part of the store {data} itself")


def cid(text: str) -> Cid:
    """Read a CID of a block that a store can have.  raises UsageError."""
    from node.base.errors import PeerError
    from node.ipfs_lite.cid import from_text, multihash_of

    try:
        found = from_text(text)
        multihash_of(found)
    except PeerError as error:
        raise UsageError(f"{text}: {error}") from error
    return found
