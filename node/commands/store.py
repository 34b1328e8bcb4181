"""``wardnet store``: the block store of a node's data directory, and CIDs without a store."""

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.base.errors import UsageError
from node.base.limits import LOCAL_READ_BYTES_MAX
from node.base.types import Cid
from node.commands import (
    output,
    store_care,
    store_cars,
    store_cid,
    store_dir,
    store_loss,
    store_pins,
    store_serve,
)
from node.commands.store_dir import Data, Klass

if TYPE_CHECKING:
    from node.ipfs_lite.hybrid import HybridStore

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Add, read, keep and destroy blocks; make and check CIDs.",
)
app.add_typer(store_pins.app, name="pin")
app.command("init")(store_dir.init)
app.command("cid")(store_cid.store_cid)
app.command("loss")(store_loss.loss)
app.command("serve")(store_serve.serve)
app.command("gc")(store_care.collect)
app.command("verify")(store_care.verify)
app.command("stat")(store_care.stat)
app.command("rekey")(store_care.rekey)
app.command("order")(store_care.order)
app.command("erase")(store_care.erase)
app.command("import")(store_cars.import_car)
app.command("export")(store_cars.export_car)

_PathArgument = Annotated[str, typer.Argument(metavar="CID[/PATH]", help="What to read.")]
_BytesMax = Annotated[
    int, typer.Option("--max-bytes", min=0, help="Refuse to give out more than this.")
]


@app.command("add")
def add(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files or folders.")],
    *,
    data: Data,
    profile: Annotated[
        str, typer.Option(metavar="NAME", help="The parameters that make the CID.")
    ] = "unixfs-v1-2025",
    klass: Klass = "public",
    name: Annotated[str, typer.Option(help="Name of the pin.")] = "",
    pin: Annotated[bool, typer.Option(help="Keep it from gc.")] = True,
    hidden: Annotated[
        bool, typer.Option("--hidden", help="Also entries whose names begin with a dot.")
    ] = False,
) -> None:
    """Add files and folders; print the root CID of each.

    A root is printed when all of its blocks, and its pin, are on the disk.
    """
    from node.commands.store_cid import profile_named
    from node.commands.tree_files import trees_at
    from node.ipfs_lite.blocks import Pin
    from node.ipfs_lite.cid import to_text
    from node.ipfs_lite.unixfs_tree import write_tree

    kind = store_dir.block_class(klass)
    chosen = profile_named(profile)
    for path in paths:
        store_dir.refuse_own(data, path)
    trees = trees_at(paths, chunk_bytes=chosen.chunk_bytes, hidden=hidden)
    with closing(store_dir.open_dir(data)) as store:
        for tree in trees:
            ingest = store_dir.ingest(store, kind, "add")
            with ingest.abandoning():
                root = write_tree(tree, ingest.add, chosen).cid
                kept = Pin(root, name=name, profile=profile, created_s=store_dir.now_s())
                ingest.finish((kept,) if pin else ())
            output.say(to_text(root))


@app.command("cat")
def cat(
    path: _PathArgument,
    *,
    data: Data,
    offset: Annotated[int, typer.Option(min=0, help="First byte.")] = 0,
    length: Annotated[
        int | None, typer.Option(min=0, help="So many bytes; without it to the end.")
    ] = None,
    bytes_max: _BytesMax = LOCAL_READ_BYTES_MAX,
) -> None:
    """Write a file to stdout; only the blocks of the wanted range are read."""
    from node.ipfs_lite.unixfs_read import read_file, read_range

    with closing(store_dir.open_dir(data, must_exist=True)) as store:
        cid = store_dir.resolve(store, path)
        _want(store, cid, path, "file", "store ls lists it, store get writes it to disk")
        if offset == 0 and length is None:
            pieces = read_file(store.get, cid, bytes_max=bytes_max)
        else:
            wanted = LOCAL_READ_BYTES_MAX if length is None else length
            pieces = read_range(store.get, cid, offset=offset, length=wanted, bytes_max=bytes_max)
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()


@app.command("get")
def get(
    path: _PathArgument,
    *,
    data: Data,
    out: Annotated[Path, typer.Option(metavar="PATH", help="Is made; must not be there yet.")],
    bytes_max: _BytesMax = LOCAL_READ_BYTES_MAX,
) -> None:
    """Write a file or a whole folder to disk; nothing is left half-written."""
    from node.commands.tree_out import write_out

    with closing(store_dir.open_dir(data, must_exist=True)) as store:
        write_out(store.get, store_dir.resolve(store, path), out, bytes_max=bytes_max)


@app.command("ls")
def ls(path: _PathArgument, *, data: Data) -> None:
    """List a folder: CID, bytes of the graph below as its writer says, name."""
    from node.ipfs_lite.cid import to_text
    from node.ipfs_lite.unixfs_list import read_directory

    with closing(store_dir.open_dir(data, must_exist=True)) as store:
        cid = store_dir.resolve(store, path)
        _want(store, cid, path, "directory", "store cat reads it")
        entries = read_directory(store.get, cid)
        rows = [(to_text(entry.cid), entry.tsize, entry.name) for entry in entries]
    for line in output.columns(rows, indent=0):
        output.say(line)


def _want(store: "HybridStore", cid: Cid, path: str, kind: str, hint: str) -> None:
    """See that a path leads to what a command reads.  raises UsageError."""
    from node.ipfs_lite.unixfs_list import kind_of

    found = kind_of(store.get, cid).value
    if found != kind:
        raise UsageError(f"{path} is a {found}, wants a {kind}: {hint}")
