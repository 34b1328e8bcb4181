"""``pin/add``, ``pin/rm``, ``pin/ls`` (content-store.md, sections 9 and 16)."""

from collections.abc import Iterator
from typing import Final

from node.base.types import Cid
from node.ipfs_lite.blocks import Batch, Pin, PinMode, PinState
from node.ipfs_lite.cid import multihash_of, to_text
from node.ipfs_lite.errors import HttpRefusedError, PinConflictError
from node.ipfs_lite.http import Request, Response
from node.ipfs_lite.rpc_answers import Backend, document, resolved, streamed
from node.ipfs_lite.rpc_params import Kind, Params, Takes
from node.ipfs_lite.selection import Selection, select

ADD: Final[Takes] = {
    "recursive": Kind.FLAG,
    "name": Kind.NAME,
    "progress": Kind.FLAG,
    "stream": Kind.FLAG,
}
REMOVE: Final[Takes] = {"recursive": Kind.FLAG, "stream": Kind.FLAG}
LIST: Final[Takes] = {
    "type": ("all", "recursive", "direct", "indirect"),
    "names": Kind.FLAG,
    "name": Kind.TEXT,
    "quiet": Kind.FLAG,
    "stream": Kind.FLAG,
}


def add(backend: Backend, params: Params, _request: Request) -> Response:
    """Pin graphs, or single blocks; all of them or none."""
    mode = PinMode.RECURSIVE if params.flags.get("recursive", True) else PinMode.DIRECT
    name = params.texts.get("name", "")
    wanted = [resolved(backend, text) for text in params.arguments]
    now_s = backend.now_s()
    backend.store.commit(Batch(pins=tuple(Pin(cid, mode, name, created_s=now_s) for cid in wanted)))
    return document({"Pins": [to_text(cid) for cid in wanted]})


def remove(backend: Backend, params: Params, _request: Request) -> Response:
    """Take pins off; all of them are looked for before the first goes."""
    wanted = [resolved(backend, text) for text in params.arguments]
    is_recursive = params.flags.get("recursive", True)
    for cid in wanted:
        pin = backend.store.pin_of(cid)
        if pin is None:
            raise PinConflictError(to_text(cid), "is not pinned")
        if pin.mode is PinMode.RECURSIVE and not is_recursive:
            raise PinConflictError(to_text(cid), "is pinned recursively, pass recursive=true")
    for cid in dict.fromkeys(wanted):
        backend.store.unpin(cid)
    return document({"Pins": [to_text(cid) for cid in wanted]})


def list_pins(backend: Backend, params: Params, _request: Request) -> Response:
    """List pins, or say of each argument how it is pinned."""
    if "name" in params.texts and params.flags.get("names") is False:
        raise HttpRefusedError(400, "the parameter 'name' needs names=true")
    found = _asked(backend, params) if params.arguments else _all(backend, params)
    if params.flags.get("stream"):
        return streamed({"Cid": cid, "Type": kind, "Name": name} for cid, kind, name in found)
    return document({"Keys": {cid: {"Type": kind, "Name": name} for cid, kind, name in found}})


def _all(backend: Backend, params: Params) -> Iterator[tuple[str, str, str]]:
    wanted = params.texts.get("type", "all")
    part = params.texts.get("name", "")
    has_names = params.flags.get("names", bool(part))
    pins = [pin for pin in backend.store.pins() if pin.state is PinState.PINNED]
    for pin in pins:
        if wanted in ("all", pin.mode.value) and part in pin.name:
            yield to_text(pin.cid), pin.mode.value, pin.name if has_names else ""
    if wanted in ("all", "indirect") and not part:
        for cid in _indirect(backend, pins):
            yield to_text(cid), "indirect", ""


def _indirect(backend: Backend, pins: list[Pin]) -> Iterator[Cid]:
    """Give what lies below recursive pins and has no pin of its own, each block once."""
    met = {multihash_of(pin.cid) for pin in pins}
    for pin in pins:
        if pin.mode is PinMode.RECURSIVE:
            for block in select(backend.store.get, Selection(pin.cid)):
                key = multihash_of(block.cid)
                if key not in met:
                    met.add(key)
                    yield block.cid


def _asked(backend: Backend, params: Params) -> Iterator[tuple[str, str, str]]:
    wanted = params.texts.get("type", "all")
    has_names = params.flags.get("names", False)
    for text in params.arguments:
        cid = resolved(backend, text)
        pin = backend.store.pin_of(cid)
        if pin is not None and wanted in ("all", pin.mode.value):
            yield to_text(cid), pin.mode.value, pin.name if has_names else ""
        elif (root := _holder(backend, cid)) is not None and wanted in ("all", "indirect"):
            yield to_text(cid), f"indirect through {to_text(root)}", ""
        else:
            raise PinConflictError(to_text(cid), "is not pinned")


def _holder(backend: Backend, cid: Cid) -> Cid | None:
    """Give a recursive pin above a block."""
    key = multihash_of(cid)
    for pin in backend.store.pins():
        if pin.mode is PinMode.RECURSIVE and pin.state is PinState.PINNED and pin.cid != cid:
            for block in select(backend.store.get, Selection(pin.cid)):
                if multihash_of(block.cid) == key:
                    return pin.cid
    return None
