"""The header checks of IBFT 1; the first failure wins (GoQuorum 4758c16f; consensus.md section 6).

Pure functions: ``check_shape`` needs the header alone, ``check_on_parent`` its parent, the seals
the set after the parent.
"""

from typing import Final

from node.base.errors import CodecError
from node.base.header import Header
from node.base.ports import Verifier
from node.base.types import EMPTY_OMMERS_HASH
from node.consensus_poa.gas_rules import check_gas
from node.consensus_poa.ibft1.header import (
    DIFFICULTY,
    MIX_HASH,
    IstanbulExtra,
    recover_committers,
    recover_proposer,
)
from node.consensus_poa.ibft1.options import Ibft1Options
from node.consensus_poa.ibft1.votes import NONCE_ADD, NONCE_DROP, Voting

GAS_LIMIT_MIN: Final = 5_000
GAS_LIMIT_MAX: Final = 2**63 - 1


def check_shape(header: Header) -> str | None:
    """Give the first rule that the header breaks by itself, or None."""
    try:
        IstanbulExtra.decode(header.extra_data)
    except CodecError:
        return "invalid_extra_data"
    if header.nonce not in (NONCE_ADD, NONCE_DROP):
        return "invalid_vote"
    if header.mix_hash != MIX_HASH:
        return "invalid_mix_digest"
    if header.ommers_hash != EMPTY_OMMERS_HASH:
        return "invalid_uncle_hash"
    if header.difficulty != DIFFICULTY:
        return "invalid_difficulty"
    if header.gas_limit > GAS_LIMIT_MAX:
        return "invalid_gas_limit"
    if header.withdrawals_root is not None:
        return "unsupported_fork"
    return None


def check_on_parent(header: Header, parent: Header, options: Ibft1Options) -> str | None:
    """Give the first rule of time and gas that the header breaks on its parent, or None."""
    if header.number != parent.number + 1 or header.parent_hash != parent.hash():
        return "unknown_ancestor"
    if header.timestamp < parent.timestamp + options.period:
        return "invalid_timestamp"
    return check_gas(header, parent, london_block=options.london_block)


def check_proposer(header: Header, before: Voting, verifier: Verifier) -> str | None:
    """Give what is wrong with the listed set or the proposer's seal, or None.

    Any validator may have made the block: a locked one is proposed again by others.
    """
    if IstanbulExtra.decode(header.extra_data).validators != before.validators:
        return "mismatching_validators"
    proposer = recover_proposer(header, verifier)
    if proposer is None:
        return "invalid_proposer_seal"
    if not before.has(proposer):
        return "unauthorized_proposer"
    return None


def check_committed(
    header: Header, before: Voting, verifier: Verifier, options: Ibft1Options
) -> str | None:
    """Give what is wrong with the committed seals of a header as it travels, or None."""
    committers = recover_committers(header, verifier)
    if not committers:
        return "empty_committed_seals"
    if len(set(committers)) != len(committers):
        return "duplicate_committed_seal"
    if any(committer is None or not before.has(committer) for committer in committers):
        return "invalid_committed_seal"
    if len(committers) < options.seals_min(len(before.validators)):
        return "too_few_committed_seals"
    return None
