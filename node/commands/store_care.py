"""``wardnet store gc | verify | stat | rekey | order | erase``: looking after a store."""

import json
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.base.errors import UsageError
from node.base.types import Cid
from node.commands import output, store_dir
from node.commands.files import read_text
from node.commands.store_dir import Data

if TYPE_CHECKING:
    from node.ipfs_lite.hybrid import HybridStore

_ORDER_BYTES_MAX = 4_096


def collect(
    *,
    data: Data,
    check: Annotated[
        bool, typer.Option("--check", help="First count again what holds each block.")
    ] = False,
) -> None:
    """Delete the blocks that nothing holds; print each CID (as a raw CIDv1) once it is gone."""
    from node.ipfs_lite.cid import raw_cid_of, to_text

    removed = 0
    with closing(store_dir.open_dir(data, must_exist=True)) as store:
        if check:
            mended = store.check_holds(is_mending=True)
            output.talk(f"{len(mended)} counts were wrong and are mended")
        for multihash in store.collect(now_s=store_dir.now_s()):
            removed += 1
            output.say(f"removed {to_text(raw_cid_of(multihash))}")
    output.talk(f"{removed} blocks removed")


def verify(
    *,
    data: Data,
    drop: Annotated[
        bool,
        typer.Option("--drop", help="Delete bad blocks, to be fetched again, and files of none."),
    ] = False,
    heal_from: Annotated[
        Path | None,
        typer.Option("--heal-from", metavar="DIR", help="Take good copies from another store."),
    ] = None,
) -> None:
    """Hash every block and compare files with the index.  Exit 1 if something is wrong."""
    from node.ipfs_lite.cid import raw_cid_of, to_text

    with ExitStack() as stack:
        store = stack.enter_context(closing(store_dir.open_dir(data, must_exist=True)))
        other: HybridStore | None = None
        if heal_from is not None:
            other = stack.enter_context(closing(store_dir.open_dir(heal_from, must_exist=True)))
        problems = list(store.verify())
        healed = 0
        for problem in problems:
            if not problem.multihash:  # the index, or a file of no block
                output.say(problem.what)
                continue
            cid = raw_cid_of(problem.multihash)
            if other is not None and _heal(store, other, cid):
                healed += 1
                output.say(f"{to_text(cid)} {problem.what}; healed")
                continue
            output.say(f"{to_text(cid)} {problem.what}")
            if drop:
                store.delete(cid)
        if drop:
            store.drop_strays()
        count = store.count()
    if problems and healed == len(problems):
        output.talk(f"{healed} blocks healed, all {count} blocks hold")
        return
    if problems:
        output.talk(f"{len(problems)} problems, {count} blocks {'left' if drop else 'stored'}")
        raise typer.Exit(1)
    output.talk(f"all {count} blocks hold")


def _heal(store: "HybridStore", other: "HybridStore", cid: Cid) -> bool:
    """Put a bad block again from a store that has it good; say whether it has."""
    from node.ipfs_lite.errors import CorruptBlockError, NotFoundError

    try:
        block = other.get(cid)
    except (NotFoundError, CorruptBlockError):
        return False
    store.put(cid, block, store.class_of(cid))
    return True


def stat(
    *,
    data: Data,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Say how much is stored, and how."""
    with closing(store_dir.open_dir(data, must_exist=True)) as store:
        found = store.stat()
    document = found._asdict()
    if as_json:
        output.write_json(document)
        return
    for line in output.columns(document.items(), indent=0):
        output.say(line)


def rekey(*, data: Data) -> None:
    """Give an encrypted store a new key; the old one opens nothing any more."""
    from node.base.rng import SystemEntropy
    from node.ipfs_lite.hybrid import rotate_key

    with closing(store_dir.open_dir(data, must_exist=True)) as store:
        if store.stat().at_rest == "none":
            raise UsageError(f"{data}: the store is not encrypted, so it has no key")
        rotate_key(data, store, SystemEntropy())
        count = store.count()
    output.say(f"{count} blocks are sealed under the new key")


def erase(
    order: Annotated[Path, typer.Argument(metavar="ORDER", help="The signed order, JSON.")],
    *,
    data: Data,
    owner: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Whose order counts: 0x and 40 hex digits.")
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Also blocks that other pins hold; those pins fail.")
    ] = False,
) -> None:
    """Destroy a graph by its owner's order, so that no file of the store has its bytes.

    Prints the receipt.  Flash wear-levelling and backups may keep old sectors.
    """
    from node.ipfs_lite.blocks import EraseOrder
    from node.ipfs_lite.erase_order import read_order

    signed = read_order(read_text(order, _ORDER_BYTES_MAX))
    if owner.lower() != f"0x{signed.owner.hex()}":
        raise UsageError(f"{order} is signed by 0x{signed.owner.hex()}, not by {owner}")
    with closing(store_dir.open_dir(data, must_exist=True)) as store:
        erased = store.erase(
            EraseOrder(signed.order_id, signed.root, at_s=store_dir.now_s(), force=force)
        )
    receipt = {
        "order": f"0x{erased.order_id.hex()}",
        "erased": [multihash.hex() for multihash in erased.erased],
        "kept": [{"block": one.multihash.hex(), "why": one.reason} for one in erased.kept],
    }
    output.say(json.dumps(receipt, indent=2))


def order(
    cid: Annotated[str, typer.Argument(metavar="CID", help="Root of what is to be erased.")],
    *,
    key: Annotated[
        Path, typer.Option(metavar="FILE", help="The owner's secp256k1 key: 64 hex digits.")
    ],
) -> None:
    """Print an order to erase a graph, signed by its owner; store erase carries it out."""
    from node.base.keys import PrivateKey
    from node.ipfs_lite.erase_order import write_order

    try:
        owner = PrivateKey.from_bytes(
            bytes.fromhex(read_text(key, _ORDER_BYTES_MAX).strip().removeprefix("0x"))
        )
    except ValueError as error:
        raise UsageError(f"{key}: no secp256k1 key of 64 hex digits") from error
    output.say(write_order(store_dir.cid(cid), store_dir.now_s(), owner).rstrip())
    output.talk(f"owner 0x{owner.address.hex()}")
