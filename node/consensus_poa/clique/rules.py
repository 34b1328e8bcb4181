"""The header checks of Clique, in the order of consensus.md section 4.3; the first failure wins.

Pure functions: ``check_shape`` needs the header alone, ``check_on_parent`` its parent,
``check_seal`` the snapshot after the parent and the recovered signer.  ``future_block`` comes
before all of them and ``unknown_ancestor`` between the first two; both are the caller's, who has
clock and chain.
"""

from typing import Final

from node.base.header import Header
from node.base.types import EMPTY_OMMERS_HASH, ZERO_ADDRESS, ZERO_HASH, Address
from node.consensus_poa.base_fee import ELASTICITY, next_base_fee
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.clique.snapshot import NONCE_ADD, NONCE_DROP, Refused, Snapshot
from node.consensus_poa.extra_data import ADDRESS_BYTES, SEAL_BYTES, VANITY_BYTES, signer_bytes

DIFFICULTY_IN_TURN: Final = 2
DIFFICULTY_OUT_OF_TURN: Final = 1
GAS_LIMIT_MIN: Final = 5_000
GAS_LIMIT_MAX: Final = 2**63 - 1
_GAS_LIMIT_BOUND_DIVISOR: Final = 1_024


def check_shape(header: Header, options: CliqueOptions) -> str | None:
    """Give the first rule that the header breaks by itself, or None."""
    return (
        _check_vote(header, at_checkpoint=header.number % options.epoch == 0)
        or _check_extra(header.extra_data, at_checkpoint=header.number % options.epoch == 0)
        or _check_constants(header)
    )


def _check_vote(header: Header, *, at_checkpoint: bool) -> str | None:
    if at_checkpoint and header.coinbase != ZERO_ADDRESS:
        return "invalid_checkpoint_beneficiary"
    if header.nonce not in (NONCE_ADD, NONCE_DROP):
        return "invalid_vote"
    if at_checkpoint and header.nonce != NONCE_DROP:
        return "invalid_checkpoint_vote"
    return None


def _check_extra(extra_data: bytes, *, at_checkpoint: bool) -> str | None:
    listed = len(extra_data) - VANITY_BYTES - SEAL_BYTES
    if len(extra_data) < VANITY_BYTES:
        return "missing_vanity"
    if listed < 0:
        return "missing_signature"
    if not at_checkpoint and listed:
        return "extra_signers"
    if listed % ADDRESS_BYTES:
        return "invalid_checkpoint_signers"
    return None


def _check_constants(header: Header) -> str | None:
    if header.mix_hash != ZERO_HASH:
        return "invalid_mix_digest"
    if header.ommers_hash != EMPTY_OMMERS_HASH:
        return "invalid_uncle_hash"
    if header.difficulty not in (DIFFICULTY_IN_TURN, DIFFICULTY_OUT_OF_TURN):
        return "invalid_difficulty"
    if header.gas_limit > GAS_LIMIT_MAX:
        return "invalid_gas_limit"
    later = (header.withdrawals_root, header.blob_gas_used, header.excess_blob_gas)
    if any(field is not None for field in (*later, header.parent_beacon_root)):
        return "unsupported_fork"
    return None


def check_on_parent(header: Header, parent: Header, options: CliqueOptions) -> str | None:
    """Give the first rule of time and gas that the header breaks on its parent, or None.

    The drift of the gas limit (ledger.md section 4.1) stands where geth has it, right before the
    base fee, and shares the name of the limit's upper bound.
    """
    if header.timestamp < parent.timestamp + options.period:
        return "invalid_timestamp"
    if header.gas_used > header.gas_limit:
        return "invalid_gas_used"
    before = parent.gas_limit
    if header.number == options.london_block:
        before *= ELASTICITY
    drift = abs(header.gas_limit - before)
    if drift >= before // _GAS_LIMIT_BOUND_DIVISOR or header.gas_limit < GAS_LIMIT_MIN:
        return "invalid_gas_limit"
    if header.base_fee != next_base_fee(parent, options.london_block):
        return "invalid_base_fee"
    return None


def check_seal(
    header: Header, before: Snapshot, signer: Address | None, options: CliqueOptions
) -> "Snapshot | Refused":
    """Give the snapshot after the header, or the first rule that list, seal or turn break.

    ``before`` is the snapshot after the parent, ``signer`` what the seal recovers to (None: high
    s, v above 1, or no point of the curve).
    """
    listed = b"".join(before.signers) if header.number % options.epoch == 0 else b""
    if signer_bytes(header.extra_data) != listed:
        return Refused("mismatching_checkpoint_signers")
    if signer is None:
        return Refused("invalid_seal")
    after = before.apply(signer, header.coinbase, header.nonce, epoch=options.epoch)
    if isinstance(after, Refused):
        return after
    if header.difficulty != turn_difficulty(before, header.number, signer):
        return Refused("wrong_difficulty")
    return after


def turn_difficulty(before: Snapshot, number: int, signer: Address) -> int:
    """Give 2 if it is ``signer``'s turn at block ``number``, else 1."""
    in_turn = before.is_in_turn(number, signer)
    return DIFFICULTY_IN_TURN if in_turn else DIFFICULTY_OUT_OF_TURN
