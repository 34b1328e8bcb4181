"""Which blocks of side branches may go."""

from collections.abc import Sequence
from typing import Protocol

from node.base.header import Header
from node.base.types import Hash32


class Tables(Protocol):
    """The part of ``ChainData`` that is asked here."""

    def header(self, block_hash: Hash32) -> Header | None:
        """Give a header of any branch, or None."""
        ...

    def canonical(self, number: int) -> Hash32 | None:
        """Give the hash of the chain's block ``number``, or None."""
        ...

    def hashes_at(self, number: int) -> Sequence[Hash32]:
        """Give the blocks with a number, of all branches."""
        ...


def fading(tables: Tables, first: int, below: int) -> tuple[list[Hash32], int]:
    """Give the blocks of branches that end below a number, newest first.

    A branch that goes on is kept whole: without its older blocks it could never become the chain.
    ``first``     no side branch has a block below this number.
    returns       those blocks, and what ``first`` is once they are gone.
    """
    forgotten: list[Hash32] = []
    gone: set[Hash32] = set()
    lowest = below
    parents = _parents(tables, below)
    for number in range(below - 1, first - 1, -1):
        chain = tables.canonical(number)
        for block_hash in tables.hashes_at(number):
            if block_hash == chain:
                continue
            if block_hash in parents:
                lowest = number
            else:
                forgotten.append(block_hash)
                gone.add(block_hash)
        parents = _parents(tables, number, gone)
    return forgotten, max(first, lowest)


def _parents(
    tables: Tables, number: int, gone: set[Hash32] | frozenset[Hash32] = frozenset()
) -> set[Hash32]:
    """Give the parents of the blocks with a number that stay."""
    headers = [tables.header(found) for found in tables.hashes_at(number) if found not in gone]
    return {header.parent_hash for header in headers if header is not None}
