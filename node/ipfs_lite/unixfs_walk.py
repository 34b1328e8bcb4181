"""One walk over UnixFS nodes: what it may visit, and a node with what it says about itself."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from node.base.limits import BLOCK_BYTES_MAX, DAG_DEPTH_MAX, DAG_WALK_ENTRIES_MAX
from node.base.types import Cid
from node.ipfs_lite import cid as cids
from node.ipfs_lite import dagpb
from node.ipfs_lite.dagpb import Link
from node.ipfs_lite.errors import BadNodeError, BadUnixFsError, ReadBudgetError
from node.ipfs_lite.unixfs_data import RAW_TYPE, UnixFsData, decode_data

Get: TypeAlias = Callable[[Cid], bytes]
"""Gives the verified bytes of a block; raises what the store raises for a missing one."""


class UnixFsNode(NamedTuple):
    """A block that has been read; one of the raw codec is a raw leaf."""

    cid: Cid
    message: UnixFsData
    links: tuple[Link, ...]

    def bad(self, what: str) -> BadUnixFsError:
        """Give the error for a rule that this node breaks."""
        return BadUnixFsError(cids.to_text(self.cid), what)


class Walk:
    """Loads nodes until a limit is reached; one for each question that is asked."""

    def __init__(self, get: Get) -> None:
        self._get = get
        self._visited = 0

    def count(self, cid: Cid) -> None:
        """Count one node or entry.  raises ReadBudgetError: one above DAG_WALK_ENTRIES_MAX."""
        self._visited += 1
        if self._visited > DAG_WALK_ENTRIES_MAX:
            raise ReadBudgetError(cids.to_text(cid), f"more than {DAG_WALK_ENTRIES_MAX} nodes")

    def load(self, cid: Cid, depth: int) -> UnixFsNode:
        """Give a node that lies ``depth`` levels below where its file or directory begins.

        raises        ReadBudgetError: deeper than DAG_DEPTH_MAX, or the walk has visited
                      DAG_WALK_ENTRIES_MAX nodes.  BadNodeError, BadUnixFsError: no such node.
                      And what ``get`` raises.
        """
        self.count(cid)
        if depth > DAG_DEPTH_MAX:
            raise ReadBudgetError(cids.to_text(cid), f"deeper than {DAG_DEPTH_MAX} levels")
        parts = cids.decode(cid)
        block = parts.digest if parts.hash_code == cids.IDENTITY else self._get(cid)
        if len(block) > BLOCK_BYTES_MAX:
            raise BadUnixFsError(cids.to_text(cid), f"a block of {len(block)} bytes")
        if parts.codec == cids.RAW:
            return UnixFsNode(cid, UnixFsData(RAW_TYPE, block, len(block)), ())
        if parts.codec != cids.DAG_PB:
            raise BadUnixFsError(cids.to_text(cid), f"codec 0x{parts.codec:02x}")
        node = dagpb.decode(block)
        if node.data is None:
            raise BadUnixFsError(cids.to_text(cid), "no data field")
        try:
            return UnixFsNode(cid, decode_data(node.data), node.links)
        except BadNodeError as error:
            raise BadUnixFsError(cids.to_text(cid), error.what) from error
