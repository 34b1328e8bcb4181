"""``cat``, ``ls``, ``dag/import``, ``dag/export``: whole graphs (content-store.md, section 16)."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from node.base.errors import StorageError
from node.base.limits import READ_BYTES_MAX
from node.base.types import Cid
from node.ipfs_lite.blocks import Guard, Pin
from node.ipfs_lite.car_write import write_car
from node.ipfs_lite.cid import to_text
from node.ipfs_lite.errors import HttpRefusedError
from node.ipfs_lite.http import Request, Response
from node.ipfs_lite.ingest import Imported, Ingest, import_car
from node.ipfs_lite.multipart import Part, read_parts
from node.ipfs_lite.rpc_add import GUARD_SECONDS
from node.ipfs_lite.rpc_answers import (
    Backend,
    Line,
    class_of,
    document,
    documents,
    resolved,
    stream_bytes,
)
from node.ipfs_lite.rpc_params import Kind, Params, Takes
from node.ipfs_lite.selection import Selection, select
from node.ipfs_lite.unixfs_list import Entry, kind_of, read_directory, symlink_target
from node.ipfs_lite.unixfs_list import Kind as UnixFsKind
from node.ipfs_lite.unixfs_read import file_bytes, read_file, read_range

CAT: Final[Takes] = {"offset": Kind.NUMBER, "length": Kind.NUMBER, "progress": Kind.FLAG}
LIST: Final[Takes] = {
    "headers": Kind.FLAG,
    "resolve-type": Kind.FLAG,
    "size": Kind.FLAG,
    "stream": Kind.FLAG,
    "long": Kind.FLAG,
}
IMPORT: Final[Takes] = {
    "pin-roots": Kind.FLAG,
    "stats": Kind.FLAG,
    "silent": Kind.FLAG,
    "allow-big-block": ("false",),
    "class": ("sealed", "public"),
}
EXPORT: Final[Takes] = {"progress": Kind.FLAG}

CAR_TYPE: Final = "application/vnd.ipld.car"
_TYPE_NUMBERS: Final = {UnixFsKind.DIRECTORY: 1, UnixFsKind.FILE: 2, UnixFsKind.SYMLINK: 4}


def cat(backend: Backend, params: Params, _request: Request) -> Response:
    """Give a file, or the part of it from ``offset`` on, ``length`` bytes long."""
    root = resolved(backend, params.arguments[0])
    get = backend.store.get
    if not params.numbers:
        return stream_bytes(read_file(get, root))
    offset = params.numbers.get("offset", 0)
    length = params.numbers.get("length", READ_BYTES_MAX)
    size = file_bytes(get, root)
    if offset > size:
        what = f"offset {offset} lies behind the end: the file has {size} bytes"
        raise HttpRefusedError(400, what)
    return stream_bytes(read_range(get, root, offset=offset, length=length))


def list_links(backend: Backend, params: Params, _request: Request) -> Response:
    """List the entries of directories; a file has none."""
    objects: list[Line] = []
    for text in params.arguments:
        cid = resolved(backend, text)
        links: list[Line] = []
        if kind_of(backend.store.get, cid) is UnixFsKind.DIRECTORY:
            is_typed = params.flags.get("resolve-type", True)
            entries = read_directory(backend.store.get, cid)
            links = [_link(backend, entry, is_typed=is_typed) for entry in entries]
        objects.append({"Hash": text, "Links": links})
    return document({"Objects": objects})


def _link(backend: Backend, entry: Entry, *, is_typed: bool) -> Line:
    cid = entry.cid
    kind, target, size = 0, "", entry.tsize
    if is_typed and backend.store.has(cid):
        found = kind_of(backend.store.get, cid)
        kind = _TYPE_NUMBERS[found]
        if found is UnixFsKind.SYMLINK:
            target = symlink_target(backend.store.get, cid).decode(errors="replace")
        if found is UnixFsKind.FILE:
            size = file_bytes(backend.store.get, cid)
    return {"Name": entry.name, "Hash": to_text(cid), "Size": size, "Type": kind, "Target": target}


def export_dag(backend: Backend, params: Params, _request: Request) -> Response:
    """Give a graph as a CARv1, depth first, each block once."""
    root = resolved(backend, params.arguments[0])
    blocks = select(backend.store.get, Selection(root))
    return stream_bytes(write_car((root,), blocks), CAR_TYPE)


def import_dag(backend: Backend, params: Params, request: Request) -> Response:
    """Take in CAR files: each is checked block by block and pinned with its last commit."""
    klass = class_of(backend, params)
    is_pinned = params.flags.get("pin-roots", True)
    imported: list[Imported] = []
    for part in read_parts(request.headers, request.body):
        guard = Guard(backend.new_session(), backend.now_s() + GUARD_SECONDS)
        ingest = Ingest(backend.store, klass=klass, guard=guard)
        try:
            imported.append(_import(backend, part, ingest, is_pinned=is_pinned))
        except BaseException:
            with suppress(StorageError):  # the error that brought us here is the news
                ingest.abandon()
            raise
    if not imported:
        raise HttpRefusedError(400, "the form has no file: wants one part per CAR file")
    return documents(_lines(imported, params, is_pinned=is_pinned))


def _import(backend: Backend, part: Part, ingest: Ingest, *, is_pinned: bool) -> Imported:
    def pieces() -> Iterator[bytes]:
        for piece in part.pieces():
            if ingest.guard is not None:  # an hour from the newest block on
                until_s = backend.now_s() + GUARD_SECONDS
                ingest.guard = ingest.guard._replace(expires_s=until_s)
            yield piece

    def pin(cid: Cid) -> Pin:
        return Pin(cid, created_s=backend.now_s())

    return import_car(pieces(), ingest, pin=pin if is_pinned else None)


def _lines(imported: list[Imported], params: Params, *, is_pinned: bool) -> Iterator[Line]:
    if is_pinned and not params.flags.get("silent"):
        for car in imported:
            for root in car.roots:
                yield {"Root": {"Cid": {"/": to_text(root)}, "PinErrorMsg": ""}}
    if params.flags.get("stats"):
        count = sum(car.blocks_count for car in imported)
        size = sum(car.block_bytes for car in imported)
        yield {"Stats": {"BlockCount": count, "BlockBytesCount": size}}
