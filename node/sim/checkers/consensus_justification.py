"""Whether a QBFT proposal is justified by what stands in its own bytes (section 3.4, B6)."""

from collections.abc import Sequence

from node.base.types import Address, Hash32
from node.sim.checkers.consensus_headers import BlockHeader, qbft_digest
from node.sim.checkers.consensus_messages import Message, proposal_round
from node.sim.checkers.consensus_rules import leader


def unjustified(
    proposal: Message, members: tuple[Address, ...], below: BlockHeader, quorum: int
) -> str | None:
    """Say why nobody should have accepted a proposal, or None.

    ``members``   the set of its height, ascending; ``below`` is the block it stands on.
    """
    block = proposal.block
    assert block is not None
    if (block.number, block.parent) != (proposal.height, below.hash):
        return f"its block is {block.name} on 0x{block.parent.hex()[:8]}"
    if below.number + 1 != proposal.height:
        return f"it stands on {below.name}"
    if proposal.author != leader(members, below.coinbase, proposal.round):
        return f"0x{proposal.author.hex()[:8]} does not lead round {proposal.round}"
    if proposal_round(proposal) != proposal.round:
        return f"its header names round {proposal_round(proposal)}"
    if proposal.round == 0:
        if proposal.changes or proposal.prepares:
            return "a proposal of round 0 carries a justification"
        return _not_builder(proposal, block)
    return _badly_changed(proposal, block, members, quorum)


def _badly_changed(
    proposal: Message, block: BlockHeader, members: tuple[Address, ...], quorum: int
) -> str | None:
    height, round_ = proposal.height, proposal.round
    changes = proposal.changes
    if any((one.height, one.round) != (height, round_) for one in changes):
        return "a round change in it is for another height or round"
    if (count := _distinct(changes, members)) < quorum:
        return f"it carries round changes of {count} validators, a quorum is {quorum}"
    claims: dict[int, Hash32] = {}
    for one in changes:
        if one.prepared_round is None:
            continue
        if one.prepared_round >= round_:
            return f"a round change claims round {one.prepared_round} as prepared"
        if claims.setdefault(one.prepared_round, one.value) != one.value:
            return f"two values are claimed as prepared in round {one.prepared_round}"
    if not claims:
        if proposal.prepares:
            return "nothing is claimed as prepared, but it carries prepares"
        return _not_builder(proposal, block)
    highest = max(claims)
    wanted = (height, highest, claims[highest])
    if qbft_digest(block, highest) != claims[highest]:
        return f"its block is not the one prepared in round {highest}"
    if any((one.height, one.round, one.value) != wanted for one in proposal.prepares):
        return f"a prepare in it is not for what was prepared in round {highest}"
    if (count := _distinct(proposal.prepares, members)) < quorum:
        return f"it carries prepares of {count} validators, a quorum is {quorum}"
    return None


def _not_builder(proposal: Message, block: BlockHeader) -> str | None:
    if block.coinbase == proposal.author:
        return None
    return f"its block is built by 0x{block.coinbase.hex()[:8]}"


def _distinct(messages: Sequence[Message], members: tuple[Address, ...]) -> int:
    return len({one.author for one in messages if one.author in members})
