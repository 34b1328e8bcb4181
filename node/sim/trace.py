"""The trace digest: what happened in a run, as one hash.

BLAKE2b-256 over msgpack records ``[t, priority, node, kind, first 8 bytes of the payload hash]``,
one for each event that reached a node, and ``[t, 9, node, "head", block hash, state root]`` for
each move of a head (simulation.md section 6).
"""

from hashlib import blake2b
from typing import Final

import msgpack

_HEAD: Final = 9


class Trace:
    """Folds records into the digest; keeps none of them."""

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=32)
        self._packer = msgpack.Packer(use_bin_type=True)
        self.records = 0

    def event(self, t_us: int, priority: int, node: str, kind: str, payload: bytes = b"") -> None:
        """Add an event that a node handles at ``t_us``."""
        mark = blake2b(payload, digest_size=8).digest() if payload else b""
        self._add([t_us, priority, node, kind, mark])

    def head(self, t_us: int, node: str, block_hash: bytes, state_root: bytes) -> None:
        """Add a move of a node's head."""
        self._add([t_us, _HEAD, node, "head", block_hash, state_root])

    def digest(self) -> str:
        """Give the digest so far, as hex."""
        return self._hash.copy().hexdigest()

    def _add(self, record: list[object]) -> None:
        self.records += 1
        self._hash.update(self._packer.pack(record))
