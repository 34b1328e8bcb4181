"""Blocks that this validator builds: the request, the vote inside, the answer."""

from dataclasses import replace

from node.base.block import Block
from node.base.errors import UnavailableError
from node.base.types import MICROS_PER_SECOND, Address
from node.consensus_poa.qbft.context import Context
from node.consensus_poa.qbft.header import QbftExtra, Vote
from node.consensus_poa.qbft.rules import check_on_parent, check_shape
from node.consensus_poa.qbft.state import Build, build_request


def request_block(context: Context, round_: int, own: Address) -> None:
    """Ask for a block on the head, to be proposed in ``round_``."""
    state, options, head = context.state, context.options, context.head
    extra = QbftExtra(options.vanity)
    if options.mode_at(head.number + 1) == "header":
        extra = replace(extra, validators=state.validators, vote=_vote(context, own))
    state.requests += 1
    earliest = head.timestamp + options.period
    request = build_request(
        state.requests,
        state.head_hash,
        max(earliest, context.now // MICROS_PER_SECOND),
        extra.encode(),
        own,
    )
    state.build = Build(request, round_)
    context.out.append(request)


def unfit(context: Context, build: Build, block: Block) -> str | None:
    """Give why a built block must not be proposed, or None."""
    header, request = block.header, build.request
    if (
        header.parent_hash != request.parent
        or header.timestamp != request.timestamp
        or header.extra_data != request.extra_data
        or header.coinbase != request.coinbase
    ):
        return "not_as_asked"
    options = context.options
    return check_shape(header, options) or check_on_parent(header, context.head, options)


def _vote(context: Context, own: Address) -> Vote | None:
    """Choose an open vote that would change the set and does not stand; removals first.

    One that stands is cast again only where this touch enacts it: after a shrink old votes may be
    enough.  Epoch blocks carry none, since theirs would be ignored.
    """
    state = context.state
    if (context.head.number + 1) % context.options.epoch == 0 or not state.ballot:
        return None
    try:
        tally = context.sets.tally(state.head_hash)
    except UnavailableError:
        return None
    majority = len(tally.validators) // 2 + 1
    for is_add, subject in sorted((add, subject) for subject, add in state.ballot.items()):
        voters = dict(tally.admits if is_add else tally.drops).get(subject, ())
        is_meaningful = is_add != (subject in tally.validators)
        if is_meaningful and (own not in voters or len(voters) >= majority):
            return Vote(subject, is_add)
    return None
