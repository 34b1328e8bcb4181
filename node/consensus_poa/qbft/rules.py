"""The header checks of QBFT (consensus.md sections 3.1 and 3.7); the first failure wins.

Pure functions.  Time of day is the caller's business, who has a clock.
"""

from collections.abc import Sequence

from node.base.errors import CodecError
from node.base.header import Header
from node.base.limits import GAS_LIMIT_MAX, GAS_LIMIT_MIN
from node.base.ports import Verifier
from node.base.types import EMPTY_OMMERS_HASH, EMPTY_TRIE_ROOT, ZERO_HASH, Address
from node.consensus_poa.gas_rules import check_gas
from node.consensus_poa.qbft.header import (
    DIFFICULTY,
    MIX_HASH,
    NONCE,
    QbftExtra,
    commit_digest,
)
from node.consensus_poa.qbft.options import QbftOptions
from node.consensus_poa.quorum import quorum


def read_extra(header: Header) -> QbftExtra | None:
    """Give the decoded extraData, or None: ``invalid_extra_data``."""
    try:
        return QbftExtra.decode(header.extra_data)
    except CodecError:
        return None


def check_shape(header: Header, options: QbftOptions) -> str | None:
    """Give the first rule that the header breaks by itself, or None."""
    extra = read_extra(header)
    if extra is None:
        return "invalid_extra_data"
    if options.mode_at(header.number) == "contract":
        if extra.validators:
            return "unexpected_validators"
        if extra.vote is not None:
            return "unexpected_vote"
    if header.mix_hash != MIX_HASH:
        return "invalid_mix_digest"
    if header.nonce != NONCE:
        return "invalid_nonce"
    if header.ommers_hash != EMPTY_OMMERS_HASH:
        return "invalid_uncle_hash"
    if header.difficulty != DIFFICULTY:
        return "invalid_difficulty"
    if not GAS_LIMIT_MIN <= header.gas_limit <= GAS_LIMIT_MAX:
        return "invalid_gas_limit"
    return _check_fork(header, options)


def _check_fork(header: Header, options: QbftOptions) -> str | None:
    """Check which fields are there, and those that are constants of Cancun."""
    if (header.base_fee is not None) != (header.number >= options.london_block):
        return "unsupported_fork"
    has_cancun = header.number >= options.cancun_block
    if (header.parent_beacon_root is not None) != has_cancun or header.requests_hash is not None:
        return "unsupported_fork"
    if (header.withdrawals_root is not None) != has_cancun:
        return "unsupported_fork"
    if not has_cancun:
        return None
    if header.withdrawals_root != EMPTY_TRIE_ROOT:
        return "invalid_withdrawals_root"
    if header.blob_gas_used != 0 or header.excess_blob_gas != 0:
        return "invalid_blob_gas"
    return None if header.parent_beacon_root == ZERO_HASH else "invalid_beacon_root"


def check_on_parent(header: Header, parent: Header, options: QbftOptions) -> str | None:
    """Give the first rule of link, time and gas that the header breaks on its parent, or None."""
    if header.number != parent.number + 1 or header.parent_hash != parent.hash():
        return "unknown_ancestor"
    if header.timestamp < parent.timestamp + options.period:
        return "invalid_timestamp"
    return check_gas(header, parent, london_block=options.london_block)


def check_set(
    header: Header, extra: QbftExtra, validators: Sequence[Address], options: QbftOptions
) -> str | None:
    """Give the rule that builder or listed validators break, or None."""
    listed = () if options.mode_at(header.number) == "contract" else tuple(validators)
    if extra.validators != listed:
        return "mismatching_validators"
    return None if header.coinbase in validators else "unauthorized_proposer"


def committers(header: Header, extra: QbftExtra, verifier: Verifier) -> list[Address | None]:
    """Give who made each seal, in order; None: a seal that nobody can have made."""
    digest = commit_digest(header, extra, extra.round)
    return [verifier.recover(digest, seal) for seal in extra.seals]


def check_seals(
    header: Header, extra: QbftExtra, validators: Sequence[Address], verifier: Verifier
) -> str | None:
    """Give the rule that the seals break, or None: a quorum of members, each once."""
    need = quorum(len(validators))
    if len(extra.seals) < need:
        return "not_enough_seals"
    if len(extra.seals) > len(validators):
        return "too_many_seals"
    found = committers(header, extra, verifier)
    if None in found:
        return "invalid_seal"
    if any(signer not in validators for signer in found):
        return "unauthorized_seal"
    if len(set(found)) != len(found):
        return "duplicate_seal"
    return None
