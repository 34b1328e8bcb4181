"""``block/get``, ``put``, ``stat``, ``rm``: single blocks (content-store.md, section 16)."""

from collections.abc import Iterator
from typing import Final

from node.base.errors import WardnetError
from node.base.limits import BLOCK_BYTES_MAX
from node.ipfs_lite.blocks import Batch, Block, Pin
from node.ipfs_lite.cid import DAG_CBOR, DAG_PB, RAW, make_cid, make_cid_v0, to_text
from node.ipfs_lite.errors import HttpRefusedError, NotFoundError
from node.ipfs_lite.http import Request, Response
from node.ipfs_lite.links import links_of
from node.ipfs_lite.multipart import read_parts
from node.ipfs_lite.rpc_answers import (
    Backend,
    Line,
    cid_of,
    class_of,
    document,
    documents,
    stream_bytes,
    streamed,
)
from node.ipfs_lite.rpc_params import Kind, Params, Takes

PUT: Final[Takes] = {
    "cid-codec": ("raw", "dag-pb", "dag-cbor"),
    "format": ("raw", "v0", "protobuf", "dag-pb", "cbor", "dag-cbor"),
    "mhtype": ("sha2-256",),
    "mhlen": ("-1", "32"),
    "pin": Kind.FLAG,
    "class": ("sealed", "public"),
    "allow-big-block": ("false",),
}
"""``format`` is the older name of ``cid-codec``; its value v0 also asks for a CIDv0."""
REMOVE: Final[Takes] = {"force": Kind.FLAG, "quiet": Kind.FLAG}

_CODECS: Final = {
    **dict.fromkeys(("v0", "protobuf", "dag-pb"), DAG_PB),
    **dict.fromkeys(("cbor", "dag-cbor"), DAG_CBOR),
    "raw": RAW,
}


def get(backend: Backend, params: Params, _request: Request) -> Response:
    """Give the bytes of a block."""
    return stream_bytes(iter((backend.store.get(cid_of(params.arguments[0])),)))


def stat(backend: Backend, params: Params, _request: Request) -> Response:
    """Give the length of a block."""
    cid = cid_of(params.arguments[0])
    size = backend.store.size(cid)
    if size is None:
        raise NotFoundError(to_text(cid))
    return document({"Key": to_text(cid), "Size": size})


def put(backend: Backend, params: Params, request: Request) -> Response:
    """Keep each part of a form as a block, and pin it where that is asked for."""
    klass = class_of(backend, params)
    if "format" in params.texts and "cid-codec" in params.texts:
        raise HttpRefusedError(400, "'format' is the older name of 'cid-codec': give one of them")
    name = params.texts.get("cid-codec") or params.texts.get("format", "raw")
    lines: list[Line] = []
    for part in read_parts(request.headers, request.body):
        data = part.read(BLOCK_BYTES_MAX)
        cid = make_cid_v0(data) if name == "v0" else make_cid(data, _CODECS[name])
        links_of(cid, data)  # what is no node of its codec is not called one
        pins = (Pin(cid, created_s=backend.now_s()),) if params.flags.get("pin") else ()
        backend.store.commit(Batch((Block(cid, data),), klass, pins=pins))
        lines.append({"Key": to_text(cid), "Size": len(data)})
    if not lines:
        raise HttpRefusedError(400, "the form has no part: wants one per block")
    return documents(lines)


def remove(backend: Backend, params: Params, _request: Request) -> Response:
    """Take blocks out unless something holds them; ``force`` passes over absent ones in silence."""
    wanted = [cid_of(text) for text in params.arguments]
    is_forced = params.flags.get("force", False)
    is_quiet = params.flags.get("quiet", False)

    def lines() -> Iterator[Line]:
        for cid in wanted:
            line = {"Hash": to_text(cid)}
            try:
                if not backend.store.remove(cid, now_s=backend.now_s()) and not is_forced:
                    line["Error"] = str(NotFoundError(to_text(cid)))
            except WardnetError as error:
                line["Error"] = str(error)
            if "Error" in line or not is_quiet:
                yield line

    return streamed(lines())
