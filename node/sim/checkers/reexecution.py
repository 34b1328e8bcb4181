"""The in-run audit: some blocks are executed once more, elsewhere (simulation.md section 4).

Nodes of one process may share what executing a block gave.  This looks behind that: a drawn block
is executed again by the first node that stores it after its maker, from that node's own bytes.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from node.base.ports import Entropy
from node.base.types import Hash32

AUDITED_ONE_IN: Final = 64
"""One block in so many is drawn."""
Again: TypeAlias = Callable[[str, Hash32, bytes], str | None]
"""(node, block hash, header) -> what executing the block from that node's store shows, or None."""


class ReexecutionChecker:
    """Draws blocks as they first appear, and has them executed at the next node that stores them.

    A block that only one node ever stores is not audited: there is nobody else to ask.
    """

    def __init__(self, entropy: Entropy, again: Again) -> None:
        self._entropy = entropy
        self._again = again
        self._makers: dict[Hash32, str] = {}
        self._waiting: set[Hash32] = set()
        self.audited = 0

    @property
    def seen(self) -> int:
        """How many blocks there were to draw from."""
        return len(self._makers)

    def judge(self, node: str, block_hash: Hash32, header: bytes) -> str | None:
        """Take note that a node stored a block; give what is wrong with a drawn one, or None."""
        if block_hash not in self._makers:
            self._makers[block_hash] = node
            if self._entropy.below(AUDITED_ONE_IN) == 0:
                self._waiting.add(block_hash)
            return None
        if block_hash not in self._waiting or node == self._makers[block_hash]:
            return None
        self._waiting.remove(block_hash)
        self.audited += 1
        return self._again(node, block_hash, header)
