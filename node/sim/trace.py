"""The trace digest: what happened in a run, as one hash.

BLAKE2b-256 over msgpack records ``[t, priority, node, kind, first 8 bytes of the payload hash]``,
one for each event that reached a node, and ``[t, 9, node, "head", block hash, state root]`` for
each move of a head (simulation.md section 6).
"""

from hashlib import blake2b
from typing import Final

import msgpack

_HEAD: Final = 9
_RECORDS_BUFFERED: Final = 1_024
_MARKS_KEPT: Final = 1_024
_MARKED_BYTES_MAX: Final = 4_096
"""A small frame often goes to many: its mark is worked out once."""


class Trace:
    """Folds records into the digest, some at once; keeps none of them."""

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=32)
        self._packer = msgpack.Packer(use_bin_type=True, autoreset=False)
        self._pack = self._packer.pack
        self._marks: dict[bytes, bytes] = {}
        self.records = 0

    def event(self, t_us: int, priority: int, node: str, kind: str, payload: bytes = b"") -> None:
        """Add an event that a node handles at ``t_us``."""
        mark = self._marks.get(payload) or self._mark(payload) if payload else b""
        self.records += 1
        self._pack((t_us, priority, node, kind, mark))
        if not self.records % _RECORDS_BUFFERED:
            self._fold()

    def head(self, t_us: int, node: str, block_hash: bytes, state_root: bytes) -> None:
        """Add a move of a node's head."""
        self.records += 1
        self._pack((t_us, _HEAD, node, "head", block_hash, state_root))

    def digest(self) -> str:
        """Give the digest so far, as hex."""
        self._fold()
        return self._hash.copy().hexdigest()

    def _mark(self, payload: bytes) -> bytes:
        mark = blake2b(payload, digest_size=8).digest()
        if len(payload) <= _MARKED_BYTES_MAX:
            if len(self._marks) >= _MARKS_KEPT:
                self._marks.clear()
            self._marks[payload] = mark
        return mark

    def _fold(self) -> None:
        self._hash.update(self._packer.bytes())
        self._packer.reset()
