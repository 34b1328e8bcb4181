"""``wardnet store pin add | rm | ls``: what the garbage collector leaves alone."""

from contextlib import closing
from typing import Annotated

import typer

from node.commands import output, store_dir
from node.commands.store_dir import Data

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Say what is kept.",
)
_Cids = Annotated[list[str], typer.Argument(metavar="CID...", help="Roots.")]


@app.command("add")
def add(
    cids: _Cids,
    *,
    data: Data,
    direct: Annotated[
        bool, typer.Option("--direct", help="The block alone, not what it links to.")
    ] = False,
    name: Annotated[str, typer.Option(help="Name of the pin.")] = "",
) -> None:
    """Pin graphs that are whole here; all of them or none."""
    from node.ipfs_lite.blocks import Batch, Pin, PinMode
    from node.ipfs_lite.cid import to_text

    mode = PinMode.DIRECT if direct else PinMode.RECURSIVE
    with closing(store_dir.open_dir(data, must_exist=True)) as store:
        now_s = store_dir.now_s()
        roots = [store_dir.resolve(store, cid) for cid in cids]
        pins = tuple(Pin(root, mode, name, created_s=now_s) for root in roots)
        store.commit(Batch(pins=pins))
    for root in roots:
        output.say(f"pinned {to_text(root)} {mode.value}")


@app.command("rm")
def rm(cids: _Cids, *, data: Data) -> None:
    """Take pins off; the blocks stay until gc."""
    from node.ipfs_lite.cid import to_text

    with closing(store_dir.open_dir(data, must_exist=True)) as store:
        for cid in [store_dir.cid(text) for text in cids]:
            store.unpin(cid)
            output.say(f"unpinned {to_text(cid)}")


@app.command("ls")
def ls(*, data: Data) -> None:
    """List the pins: CID, mode, state, profile, name."""
    from node.ipfs_lite.cid import to_text

    with closing(store_dir.open_dir(data, must_exist=True)) as store:
        rows = [
            (to_text(pin.cid), pin.mode.value, pin.state.value, pin.profile or "-", pin.name)
            for pin in store.pins()
        ]
    for line in output.columns(rows, indent=0):
        output.say(line)
