"""What an AuRa header must be (consensus.md section 5); the first failure wins.

The layout is ours: mixHash is the step, 32 bytes big-endian; extraData is vanity and seal;
coinbase is the primary, who receives the fees.  Genesis is at step 0 and lists the validators
between vanity and an empty seal (``extra_data.genesis_extra``).  ``step_too_far`` and
``unknown_ancestor`` are the caller's, who has clock and chain.
"""

from typing import Final

from node.base.header import Header
from node.base.limits import GAS_LIMIT_MAX
from node.base.types import EMPTY_OMMERS_HASH, ZERO_HASH, Address, Hash32
from node.consensus_poa.aura.steps import Steps, primary
from node.consensus_poa.extra_data import SEAL_BYTES, VANITY_BYTES
from node.consensus_poa.gas_rules import check_gas

GENESIS_MIX_HASH: Final = ZERO_HASH
"""Genesis is at step 0."""
GENESIS_DIFFICULTY: Final = 1
NONCE: Final = bytes(8)
_DIFFICULTY_BASE: Final = 2**128 - 1


def step_of(header: Header) -> int:
    """Give the step of a header."""
    return int.from_bytes(header.mix_hash)


def step_slot(header: Header) -> bytes:
    """Give what of a header its signer may seal once: a block in this step."""
    return header.mix_hash


def mix_hash_of(step: int) -> Hash32:
    """Give the mixHash of a header at ``step``."""
    return Hash32(step.to_bytes(32))


def difficulty_of(step: int, parent_step: int, empty_steps: int = 0) -> int:
    """Give the difficulty: a longer chain weighs more, and of equal ones the less delayed."""
    return _DIFFICULTY_BASE + parent_step - step + empty_steps


def check_shape(header: Header, steps: Steps) -> str | None:
    """Give the first rule that the header breaks by itself, or None.

    A time outside the header's own step would let a primary choose its time, which grants and
    registries read; OpenEthereum asks only that it is not the parent's.
    """
    length = len(header.extra_data)
    later = (header.withdrawals_root, header.blob_gas_used, header.excess_blob_gas)
    checks = (
        (length >= VANITY_BYTES, "missing_vanity"),
        (length >= VANITY_BYTES + SEAL_BYTES, "missing_signature"),
        (length == VANITY_BYTES + SEAL_BYTES, "extra_signers"),
        (header.nonce == NONCE, "invalid_nonce"),
        (header.ommers_hash == EMPTY_OMMERS_HASH, "invalid_uncle_hash"),
        (header.gas_limit <= GAS_LIMIT_MAX, "invalid_gas_limit"),
        (
            all(field is None for field in (*later, header.parent_beacon_root)),
            "unsupported_fork",
        ),
        (steps.at(header.timestamp) == step_of(header), "invalid_timestamp"),
    )
    return next((error for holds, error in checks if not holds), None)


def check_step(header: Header, parent: Header) -> str | None:
    """Give ``step_not_increasing`` if the header is not later than its parent, else None.

    Steps give the times of all blocks but genesis, whose step is 0 whenever it was founded: a
    block from before is ``invalid_timestamp``.
    """
    if step_of(header) <= step_of(parent):
        return "step_not_increasing"
    return None if header.timestamp >= parent.timestamp else "invalid_timestamp"


def check_seal(
    header: Header, parent: Header, validators: tuple[Address, ...], signer: Address | None
) -> str | None:
    """Give the first rule that seal, difficulty and gas break on the parent, or None.

    ``validators`` is the set after the parent, ``signer`` what the seal recovers to (None: high
    s, v above 1, or no point of the curve).
    """
    if signer is None:
        return "invalid_seal"
    if not header.coinbase == signer == primary(validators, step_of(header)):
        return "not_primary"
    if header.difficulty != difficulty_of(step_of(header), step_of(parent)):
        return "wrong_difficulty"
    return check_gas(header, parent)
