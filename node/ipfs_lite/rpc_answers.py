"""What RPC calls work with, and the forms of their answers."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, TypeAlias

from node.base.errors import ConfigError, WardnetError
from node.base.types import Cid
from node.ipfs_lite import cid as cids
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.blockstore import BlockStore
from node.ipfs_lite.errors import (
    BadCidError,
    BadPathError,
    HashNotAllowedError,
    HttpRefusedError,
)
from node.ipfs_lite.http import Request, Response
from node.ipfs_lite.paths import parse_path, resolve
from node.ipfs_lite.rpc_params import Params

Line: TypeAlias = Mapping[str, Any]  # Any: JSON
JSON_TYPE: Final = "application/json"
BYTES_TYPE: Final = "application/octet-stream"
_BAD_REQUEST: Final = (BadCidError, BadPathError, HashNotAllowedError, ConfigError)


@dataclass(frozen=True, slots=True)
class Backend:
    """What the calls of one server work on."""

    store: BlockStore
    now_s: Callable[[], int]
    """Whole seconds since the Unix epoch."""
    new_session: Callable[[], str]
    """Gives a name for the guard of one upload, never the same twice in a store's life."""
    usage: Callable[[], tuple[int, int]]
    """Payload bytes in the store, and how many it takes at most."""
    name: str
    """The store's name: no client learns where it lies."""
    default_class: BlockClass | None = None
    """The class of uploads that name none; None refuses them (section 8, "Sealed only")."""
    version: str = "0"


Run: TypeAlias = Callable[[Backend, Params, Request], Response]


def class_of(backend: Backend, params: Params) -> BlockClass:
    """Give the class that an upload names.  raises HttpRefusedError: none, and no default."""
    text = params.texts.get("class")
    if text is not None:
        return BlockClass(text)
    if backend.default_class is None:
        raise HttpRefusedError(
            400,
            "what may these blocks be shown to?  pass class=sealed (ciphertext and shares) or "
            "class=public, or start the server with a default class",
        )
    return backend.default_class


def cid_of(text: str) -> Cid:
    """Read an argument that names a block: a CID, with or without ``/ipfs/`` before it."""
    return cids.from_text(text.removeprefix("/ipfs/"))


def resolved(backend: Backend, text: str) -> Cid:
    """Follow an argument that may be a path; errors as ``parse_path`` and ``resolve``."""
    return resolve(backend.store.get, parse_path(text)).cid


def document(line: Line) -> Response:
    """Give one JSON object."""
    body = _encoded(line)
    return Response(200, (("Content-Type", JSON_TYPE), ("Content-Length", str(len(body)))), (body,))


def documents(lines: Iterable[Line]) -> Response:
    """Give one JSON object per line, all of them made already."""
    body = b"".join(_encoded(line) for line in lines)
    return Response(200, (("Content-Type", JSON_TYPE), ("Content-Length", str(len(body)))), (body,))


def streamed(lines: Iterator[Line]) -> Response:
    """Give one JSON object per line while they are made.

    The first is made at once, so that an error before it still has its status.
    """
    return Response(
        200,
        (("Content-Type", JSON_TYPE), ("X-Chunked-Output", "1")),
        _eager(_encoded(line) for line in lines),
    )


def stream_bytes(pieces: Iterator[bytes], content_type: str = BYTES_TYPE) -> Response:
    """Give bytes while they are made; the first piece is made at once."""
    headers = (("Content-Type", content_type), ("X-Stream-Output", "1"))
    return Response(200, headers, _eager(pieces))


def failure(error: WardnetError) -> Response:
    """Give the answer for what went wrong: 400 for a wrong question, 500 for most else."""
    if isinstance(error, HttpRefusedError):
        return refusal(error.status, error.what)
    return refusal(400 if isinstance(error, _BAD_REQUEST) else 500, str(error))


def refusal(status: int, sentence: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """Give an error in kubo's form."""
    body = _encoded({"Message": sentence, "Code": 0, "Type": "error"})
    fixed = (("Content-Type", JSON_TYPE), ("Content-Length", str(len(body))))
    return Response(status, (*fixed, *headers), (body,))


def _eager(pieces: Iterator[bytes]) -> Iterator[bytes]:
    first = next(pieces, None)
    return iter(()) if first is None else _Chained(first, pieces)


class _Chained:
    """A piece, then others; closing it closes where they come from."""

    def __init__(self, first: bytes, rest: Iterator[bytes]) -> None:
        self._all = chain((first,), rest)
        self._rest = rest

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._all)

    def close(self) -> None:
        close = getattr(self._rest, "close", None)
        if close is not None:
            close()


def _encoded(line: Line) -> bytes:
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"
