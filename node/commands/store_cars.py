"""``wardnet store import | export``: graphs travel as CAR files."""

import os
import sys
import zlib
from collections.abc import Callable
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Annotated, Final

import typer

from node.base.errors import UsageError
from node.base.limits import LOCAL_READ_BYTES_MAX, NAME_BYTES_MAX
from node.base.types import Cid
from node.commands import output, store_dir
from node.commands.chain_io import opened, replacing
from node.commands.store_dir import Data, Klass

_STREAM: Final = "-"


def import_car(
    car: Annotated[Path, typer.Argument(metavar="CAR", help="A CARv1 or CARv2 file, - for stdin.")],
    *,
    data: Data,
    klass: Klass = "public",
    pin: Annotated[bool, typer.Option(help="Pin the roots of the file.")] = True,
) -> None:
    """Take a CAR file in, every block hashed first; print its roots.

    A file that breaks a rule is refused whole: nothing of it is pinned, and gc takes what came.
    """
    from node.ipfs_lite.blocks import Pin
    from node.ipfs_lite.cid import to_text
    from node.ipfs_lite.ingest import import_car as take

    kind = store_dir.block_class(klass)

    def pinned(root: Cid) -> Pin:
        return Pin(root, name=_pin_name(car), created_s=store_dir.now_s())

    source = nullcontext(sys.stdin.buffer) if str(car) == _STREAM else opened(car)
    with source as file, closing(store_dir.open_dir(data)) as store:
        ingest = store_dir.ingest(store, kind, "import")
        with ingest.abandoning():
            taken = take(_reading(file.read, car), ingest, pin=pinned if pin else None)
    for root in taken.roots:
        output.say(to_text(root))
    output.talk(f"{taken.blocks_count} blocks, {taken.block_bytes} bytes")


def _pin_name(car: Path) -> str:
    """Give the name of a file, as far as a pin can have it: UTF-8, and not too long."""
    name = os.fsencode(car.name).decode(errors="backslashreplace").encode()
    return name[:NAME_BYTES_MAX].decode(errors="ignore")


def _reading(read: Callable[[int], bytes], car: Path) -> Callable[[int], bytes]:
    """Name the file where the disk, or what it is packed in, is at fault."""

    def checked(count: int) -> bytes:
        try:
            return read(count)
        except (OSError, EOFError, zlib.error) as error:
            why = getattr(error, "strerror", None) or error
            raise UsageError(f"{car}: cannot be read: {why}") from error

    return checked


def export_car(
    path: Annotated[str, typer.Argument(metavar="CID[/PATH]", help="Root of the graph.")],
    *,
    data: Data,
    out: Annotated[Path, typer.Option(metavar="CAR", help="File to write, - for stdout.")],
) -> None:
    """Write a graph as CARv1: depth first in the order of links, each block once."""
    from node.ipfs_lite.car_write import write_car
    from node.ipfs_lite.selection import Selection, select

    with closing(store_dir.open_dir(data, must_exist=True)) as store:
        root = store_dir.resolve(store, path)
        pieces = write_car(
            (root,), select(store.get, Selection(root), bytes_max=LOCAL_READ_BYTES_MAX)
        )
        if str(out) == _STREAM:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
        else:
            with replacing(out) as file:
                for piece in pieces:
                    file.write(piece)
