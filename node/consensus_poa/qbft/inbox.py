"""Consensus messages as they come in: which are judged now, later, or never."""

from node.base.limits import FUTURE_HEIGHTS_COUNT_MAX, ROUND_NUMBER_MAX
from node.consensus_poa.effects import Multicast
from node.consensus_poa.events import MessageReceived
from node.consensus_poa.qbft.context import Context
from node.consensus_poa.qbft.future import Early
from node.consensus_poa.qbft.messages import ROUND_CHANGE
from node.consensus_poa.qbft.opened import Unreadable, opener
from node.consensus_poa.qbft.round import RULES, Rounds


class Inbox:
    """Takes messages of anybody; only those of current validators are counted and relayed."""

    def __init__(self, context: Context, rounds: Rounds) -> None:
        self._context = context
        self._rounds = rounds
        self._opened = opener(context.lent.memo, context.lent.verifier)

    def receive(self, event: MessageReceived) -> None:
        """Classify a message by height, author and code, and apply its rule."""
        context = self._context
        state = context.state
        if event.raw_hash in state.seen:
            return
        message = self._opened[event.message]
        if isinstance(message, Unreadable):
            state.seen[event.raw_hash] = None
            context.trace("QBFT.MessageRefused", peer=event.peer, reason=message.reason)
            return
        assert state.head is not None
        height = state.head.number + 1
        if message.height != height:
            if message.height > height:
                self._keep(event, message.height)
            return
        if state.is_paused:
            state.future.add(Early(height, event.message, event.raw_hash, event.peer))
            return
        place = context.place
        if place is None or context.signer() is None:
            return
        if message.author not in place.members or message.round > ROUND_NUMBER_MAX:
            state.seen[event.raw_hash] = None
            reason = "round_out_of_range"
            if message.author not in place.members:
                reason = "not_a_validator"
            context.trace(
                "QBFT.MessageRefused", peer=event.peer, author=message.author, reason=reason
            )
            return
        if message.code != ROUND_CHANGE or message.round >= state.round:
            state.seen[event.raw_hash] = None  # a laggard may repeat itself, and is answered
        is_new = RULES[message.code](self._rounds, message)
        if is_new and context.options.relays:
            context.out.append(
                Multicast(event.message, exclude=tuple({message.author: 0, event.peer: 0}))
            )

    def _keep(self, event: MessageReceived, height: int) -> None:
        """Keep a message of a coming height; somebody there has blocks that are missing here."""
        context = self._context
        head = context.head.number
        if height <= head + FUTURE_HEIGHTS_COUNT_MAX:
            context.state.future.add(Early(height, event.message, event.raw_hash, event.peer))
        else:
            context.trace("QBFT.TooFarAhead", height=height, peer=event.peer)
        if context.state.decided is None or height > head + 2:
            context.request_sync(head, event.peer)

    def replay(self) -> None:
        """Judge the messages that waited for this height."""
        for early in self._context.state.future.take(self._context.head.number + 1):
            self.receive(MessageReceived(early.message, early.raw_hash, early.peer))
