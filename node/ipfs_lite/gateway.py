"""The trustless gateway: blocks and CAR files over HTTP, for those who may have them.

``handle`` is a pure function of the request, the store and the consent filter; a server mounts it.
What is missing, denied, erased or bad gets one and the same answer, and the filter is asked before
anything else could tell them apart.  Nothing is fetched for a caller (content-store.md, sections
12 and 15; the Trustless Gateway specification).
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from typing import Final, TypeAlias

from node.base.errors import PeerError, RefusedError, UnavailableError
from node.base.types import Address, Cid
from node.ipfs_lite import cid as cids
from node.ipfs_lite.blocks import Block, BlockClass
from node.ipfs_lite.blockstore import BlockReader
from node.ipfs_lite.car_write import write_car
from node.ipfs_lite.cid import multihash_of, to_text
from node.ipfs_lite.errors import (
    CorruptBlockError,
    HttpRefusedError,
    NotFoundError,
    TombstonedError,
)
from node.ipfs_lite.gateway_query import CAR_TYPE, RAW_TYPE, Query, read_query
from node.ipfs_lite.http import Request, Response
from node.ipfs_lite.paths import resolve
from node.ipfs_lite.selection import file_bytes_of, select

Allowed: TypeAlias = Callable[[Address, bytes], bool]
"""Says whether a peer may have the block of a multihash, now."""
RetryAfter: TypeAlias = Callable[[Address], int | None]
"""Gives the seconds that a peer has to wait because it asks too often, None for go on."""
_Headers: TypeAlias = tuple[tuple[str, str], ...]

_PRIVATE: Final = "private, no-store"
"""Not what public gateways say: a cache would serve data after its grant has ended."""
_PUBLIC: Final = "public, max-age=29030400, immutable"
_NOT_FOUND: Final = "ipfs: block not found"


class Gateway:
    """Answers requests out of one store."""

    def __init__(
        self, store: BlockReader, allowed: Allowed, retry_after: RetryAfter | None = None
    ) -> None:
        """Serve from ``store`` what ``allowed`` permits."""
        self._store = store
        self._allowed = allowed
        self._retry_after = retry_after

    def handle(self, request: Request, peer: Address) -> Response:
        """Answer a request for ``/ipfs/...``; whatever a peer sends, nothing raises.

        The body of a CAR file raises while it is read if a block of it is missing, denied or
        malformed: the server then ends the connection without the final chunk.

        raises        StorageError: the disk failed under a block that the peer may have.
        """
        response = self._answer(request, peer)
        if request.method == "HEAD":
            return Response(response.status, response.headers)
        return response

    def _answer(self, request: Request, peer: Address) -> Response:
        wait_s = self._retry_after(peer) if self._retry_after else None
        if wait_s is not None:
            return _text(429, "too many requests", ("Retry-After", str(wait_s)))
        try:
            query = read_query(request)
        except HttpRefusedError as error:
            return _refused(error)
        try:
            return self._car(query, peer) if query.is_car else self._raw(query, peer)
        except HttpRefusedError as error:
            return _refused(error)
        except (PeerError, RefusedError, UnavailableError):
            # a path that leads nowhere, or through a bad node, looks like a missing block
            return _text(412 if query.only_if_cached else 404, _NOT_FOUND)

    def _raw(self, query: Query, peer: Address) -> Response:
        root = query.path.root
        data = self._get(peer, root)
        name = to_text(root)
        headers = (
            ("X-Ipfs-Path", f"/ipfs/{name}"),
            ("X-Ipfs-Roots", name),
            ("Cache-Control", _PUBLIC if self._is_public(root) else _PRIVATE),
        )
        return _ok(
            query,
            f'"{name}.raw"',
            file_name=f"{name}.bin",
            about_body=(("Content-Type", RAW_TYPE), ("Content-Length", str(len(data)))),
            headers=headers,
            body=(data,),
        )

    def _car(self, query: Query, peer: Address) -> Response:
        def get(cid: Cid) -> bytes:
            return self._get(peer, cid)

        above: list[Block] = []

        def on_the_way(cid: Cid) -> bytes:
            above.append(Block(cid, get(cid)))
            return above[-1].data

        end = resolve(on_the_way, query.path).cid
        _check_range(query, end, get(end))

        def blocks() -> Iterator[Block]:
            yield from above  # no block repeats in them or below: none can be above itself
            yield from select(get, query.selection(end))

        name = to_text(query.path.root)
        tag = sha256(query.canonical().encode()).hexdigest()[:16]
        dups = "y" if query.has_repeats else "n"
        return _ok(
            query,
            f'W/"{name}.car.{tag}"',
            file_name=f"{name}.car",
            about_body=(("Content-Type", f"{CAR_TYPE}; version=1; order=dfs; dups={dups}"),),
            # never public: what lies below a public root may be sealed
            headers=(("Cache-Control", _PRIVATE),),
            body=write_car((end,), blocks()),
        )

    def _get(self, peer: Address, cid: Cid) -> bytes:
        """Give a block that is here, good and allowed; an identity CID holds its own data.

        Both are always looked up before any byte is read, so that a denial takes exactly the way
        of an absence.

        raises        NotFoundError: any of the reasons.  StorageError: the disk failed.
        """
        parts = cids.decode(cid)
        if parts.hash_code == cids.IDENTITY:
            return parts.digest
        is_allowed = self._allowed(peer, multihash_of(cid))
        is_here = self._store.has(cid)
        if is_allowed and is_here:
            with suppress(NotFoundError, CorruptBlockError, TombstonedError):
                return self._store.get(cid)
        raise NotFoundError(to_text(cid))

    def _is_public(self, cid: Cid) -> bool:
        if cids.decode(cid).hash_code == cids.IDENTITY:
            return True
        return self._store.class_of(cid) is BlockClass.PUBLIC


def _check_range(query: Query, cid: Cid, data: bytes) -> None:
    """Refuse a range that no byte of a file lies in, as long as that can still be said."""
    size = file_bytes_of(cid, data) if query.part else None
    if query.part and size and query.part.is_outside(size):
        raise HttpRefusedError(400, f"entity-bytes lies outside of {size} bytes")


def _ok(
    query: Query,
    tag: str,
    *,
    file_name: str,
    about_body: _Headers,
    headers: _Headers,
    body: Iterable[bytes],
) -> Response:
    """Give 200, or 304 to a client that has it."""
    shared = (
        ("Etag", tag),
        ("Vary", "Accept"),
        ("X-Content-Type-Options", "nosniff"),
        *headers,
    )
    if "*" in query.known_tags or tag.removeprefix("W/") in query.known_tags:
        return Response(304, shared)
    name = query.file_name or file_name
    disposition = ("Content-Disposition", f'attachment; filename="{name}"')
    return Response(200, (*about_body, disposition, *shared), body)


def _refused(error: HttpRefusedError) -> Response:
    more = (("Allow", "GET, HEAD"),) if error.status == 405 else ()
    return _text(error.status, error.what, *more)


def _text(status: int, what: str, *more: tuple[str, str]) -> Response:
    body = what.encode(errors="replace")
    headers = (
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", _PRIVATE),
        *more,
    )
    return Response(status, headers, (body,))
