"""What the GovernmentRegistry says about validators, as consensus sees it (consensus.md section 8).

The call is the caller's to make (post-state of the block, NUMBER = that block); here is what its
result must be.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

from node.base.errors import ValidatorSetUnavailableError
from node.base.limits import VALIDATORS_COUNT_MAX
from node.base.types import ZERO_ADDRESS, Address, Hash32
from node.consensus_poa.extra_data import ADDRESS_BYTES


class RegistryView(Protocol):
    """Reads of the registry; a ``ValidatorProvider`` of contract mode is one."""

    def validators_after_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set that the registry wants for the child of this block, ascending.

        raises        UnknownBlockError: the block, or its state, is not here.
                      ValidatorSetUnavailableError: the registry gives no right set.
        """
        ...


def checked_set(block_hash: Hash32, found: Sequence[Address]) -> tuple[Address, ...]:
    """Give what the registry answered after ``block_hash`` if it can be a validator set.

    raises        ValidatorSetUnavailableError: as ``flaw_of`` says.
    """
    why = flaw_of(found)
    if why is not None:
        raise ValidatorSetUnavailableError(f"0x{block_hash.hex()}", why)
    return tuple(found)


def flaw_of(found: Sequence[Address]) -> str | None:
    """Say why these addresses, in this order, are no validator set; None: they are one."""
    if not found:
        return "the set is empty"
    if len(found) > VALIDATORS_COUNT_MAX:
        return f"{len(found)} validators, at most {VALIDATORS_COUNT_MAX} make a set"
    if any(len(address) != ADDRESS_BYTES or address == ZERO_ADDRESS for address in found):
        return f"a member is the zero address, or not {ADDRESS_BYTES} bytes long"
    for one, following in pairwise(found):
        if one == following:
            return f"0x{one.hex()} stands twice"
        if one > following:
            return f"0x{following.hex()} stands behind 0x{one.hex()}, wants ascending order"
    return None
