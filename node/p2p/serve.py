"""Answers what peers ask for, out of the chain and the pool only, and never calls out.

An answer is a subset in the order of the question; the item that crosses ANSWER_BYTES_MAX is the
last one; empty means: do not have (network.md, section 8).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from node.base.block import Block
from node.base.header import Header
from node.base.limits import ANSWER_BYTES_MAX
from node.base.types import Hash32
from node.p2p.messages import Bodies, Body, GetBodies, GetHeaders, GetTxs, Headers, Txs

T = TypeVar("T")


class ChainView(Protocol):
    """What is asked of the own chain."""

    def header(self, block_hash: Hash32, /) -> Header | None:
        """Give a header, also of a side chain."""
        ...

    def block(self, block_hash: Hash32, /) -> Block | None:
        """Give a whole block, also of a side chain."""
        ...

    def hash_by_number(self, number: int, /) -> Hash32 | None:
        """Give the hash on the canonical chain."""
        ...


def answer_headers(
    question: GetHeaders,
    chain: ChainView,
    encode: Callable[[Header], bytes] = Header.encode,
) -> Headers:
    """Give up to ``count`` headers from the origin on, as ``encode`` says that they travel.

    Below a block of a side chain only its direct ancestors are given, above it nothing: there is
    no one block of a number then.
    """
    raws = (encode(header) for header in _walk(question, chain))
    return Headers(tuple(_bounded(raws, len)), rid=question.rid)


def answer_bodies(question: GetBodies, chain: ChainView) -> Bodies:
    """Give the transactions of the blocks that are here."""
    found = ((name, chain.block(name)) for name in question.hashes)
    bodies = (Body(name, block.transactions) for name, block in found if block is not None)
    return Bodies(tuple(_bounded(bodies, _body_bytes)), rid=question.rid)


def answer_transactions(question: GetTxs, pooled: Callable[[Hash32], bytes | None]) -> Txs:
    """Give the raw transactions that the pool has."""
    found = (pooled(name) for name in question.hashes)
    raws = (raw for raw in found if raw is not None)
    return Txs(tuple(_bounded(raws, len)), rid=question.rid)


def _walk(question: GetHeaders, chain: ChainView) -> Iterator[Header]:
    origin = question.origin
    name = chain.hash_by_number(origin) if isinstance(origin, int) else origin
    header = chain.header(name) if name is not None else None
    step = (question.skip + 1) * (-1 if question.reverse else 1)
    for _ in range(question.count):
        if header is None or name is None:
            return
        yield header
        if chain.hash_by_number(header.number) == name:
            number = header.number + step
            name = chain.hash_by_number(number) if number >= 0 else None
        else:
            name = header.parent_hash if step == -1 else None
        header = chain.header(name) if name is not None else None


def _bounded(items: Iterable[T], size: Callable[[T], int]) -> Iterator[T]:
    total = 0
    for item in items:
        yield item
        total += size(item)
        if total > ANSWER_BYTES_MAX:
            return


def _body_bytes(body: Body) -> int:
    return sum(map(len, body.transactions))
