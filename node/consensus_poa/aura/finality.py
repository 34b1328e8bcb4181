"""Rolling finality: a block is final once enough validators have sealed above it, or it.

OpenEthereum keeps a queue of blocks and takes the oldest while the distinct signers in the queue
are more than half of the validators.  What is left is always the longest end of the branch that
has no such majority, so it is enough to know where each validator sealed last: 50 entries for 100
validators, also when nothing has been final for a day.
"""

from collections.abc import Sequence
from typing import NamedTuple

from node.base.types import Address, Hash32


class Seal(NamedTuple):
    """The newest block of a validator above the last final block."""

    signer: Address
    number: int
    hash: Hash32


class Window(NamedTuple):
    """What a branch has gathered up to a block; a value, since branches share their past."""

    final: Hash32
    final_number: int
    seals: tuple[Seal, ...] = ()
    """One per signer, in the order of their blocks."""

    def push(
        self,
        block: Hash32,
        number: int,
        signers: Sequence[Address],
        *,
        validators_count: int,
        two_thirds: bool = False,
    ) -> "Window":
        """Give the window after the next block of the branch.

        ``signers``     one; formats with empty-step messages have several.
        """
        kept = [seal for seal in self.seals if seal.signer not in signers]
        kept += [Seal(signer, number, block) for signer in dict.fromkeys(signers)]
        spare = undecided_max(validators_count, two_thirds=two_thirds)
        if len(kept) <= spare:
            return Window(self.final, self.final_number, tuple(kept))
        last = kept[-spare - 1]
        above = tuple(seal for seal in kept if seal.number > last.number)
        return Window(last.hash, last.number, above)


def undecided_max(validators_count: int, *, two_thirds: bool) -> int:
    """Give how many distinct signers do not make anything final yet."""
    return validators_count * 2 // 3 if two_thirds else validators_count // 2
