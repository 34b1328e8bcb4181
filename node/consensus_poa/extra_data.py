"""extraData of Clique headers (EIP-225): vanity 32, signers 20 each at checkpoints, seal 65."""

from collections.abc import Sequence
from typing import Final

from node.base.types import Address

VANITY_BYTES: Final = 32
SEAL_BYTES: Final = 65
ADDRESS_BYTES: Final = 20
EMPTY_SEAL: Final = bytes(SEAL_BYTES)


def clique_extra(vanity: bytes, signers: Sequence[Address] = (), seal: bytes = EMPTY_SEAL) -> bytes:
    """Give extraData; ``signers`` in ascending order, empty between checkpoints."""
    assert len(vanity) == VANITY_BYTES
    assert len(seal) == SEAL_BYTES
    return vanity + b"".join(signers) + seal


def signer_bytes(extra_data: bytes) -> bytes:
    """Give what stands between vanity and seal; at least 97 bytes must be there."""
    return extra_data[VANITY_BYTES:-SEAL_BYTES]


def checkpoint_signers(extra_data: bytes) -> tuple[Address, ...]:
    """Give the signers that a checkpoint or genesis header lists, in its order.

    raises        ValueError: shorter than vanity and seal, or no whole number of addresses.
    """
    listed = signer_bytes(extra_data)
    if len(extra_data) < VANITY_BYTES + SEAL_BYTES or len(listed) % ADDRESS_BYTES:
        raise ValueError(
            f"extraData has {len(extra_data)} bytes, wants {VANITY_BYTES} + {SEAL_BYTES} "
            f"and {ADDRESS_BYTES} for each signer"
        )
    return tuple(
        Address(listed[at : at + ADDRESS_BYTES]) for at in range(0, len(listed), ADDRESS_BYTES)
    )


def genesis_extra(validators: Sequence[Address]) -> bytes:
    """Give extraData of a genesis whose chain starts with these validators, in any order."""
    return clique_extra(bytes(VANITY_BYTES), sorted(set(validators)))
