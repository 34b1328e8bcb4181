"""How rounds end and begin (consensus.md section 6, rules of GoQuorum's core).

A round change says only that its author has left the rounds below: nothing about what it had
prepared.  So a new leader proposes what it likes, unless it is locked itself.
"""

from node.base.limits import ROUNDS_COUNT_MAX, ROUNDS_KEPT_COUNT_MAX
from node.base.types import ZERO_HASH, Address
from node.consensus_poa.effects import Effect, Multicast, trace
from node.consensus_poa.ibft1.height import Height
from node.consensus_poa.ibft1.messages import ROUND_CHANGE, Message
from node.consensus_poa.ibft1.proposing import Proposing


class RoundChanges:
    """The rounds of one height."""

    def __init__(self, height: Height) -> None:
        self._height = height
        self.proposing: Proposing
        """Set by the engine, which ties the knot: a new round may begin with a proposal."""

    def receive(
        self, message: Message, raw: bytes, peer: Address, now: int, out: list[Effect]
    ) -> None:
        """Count a round change: F + 1 make one that waits follow, a quorum begins the round."""
        state, height = self._height.state, self._height
        if not max(1, state.round) <= message.round <= ROUNDS_COUNT_MAX:
            out.append(trace("IBFT1.MessageDropped", reason="round", round=message.round))
            return
        authors = state.round_changes.setdefault(message.round, {})
        if message.author in authors:
            return
        authors[message.author] = None
        if height.options.relays and not state.is_paused:
            out.append(Multicast(raw, exclude=(message.author, peer)))
        self._count(message.round, now, out)

    def _count(self, round_: int, now: int, out: list[Effect]) -> None:
        state, height = self._height.state, self._height
        count = len(state.round_changes.get(round_, ()))
        if state.decided is not None:
            return
        # the quorum first: GoQuorum asks for F + 1 first and so, where both are 1 (n = 2 and 3),
        # never leaves a round
        if count >= height.quorum and (state.is_waiting or state.round < round_):
            out.append(trace("IBFT1.UponRoundChange.quorum", height=state.height, round=round_))
            self.begin(round_, now, out)
        elif count > height.faulty_max and state.is_waiting and state.round < round_:
            out.append(trace("IBFT1.UponRoundChange.f_plus_1", height=state.height, round=round_))
            self._leave_for(round_, now, out)

    def begin(self, round_: int, now: int, out: list[Effect]) -> None:
        """Begin a round; its leader proposes what is locked, or built, or asks for a block."""
        state, height = self._height.state, self._height
        self._move(round_, now, out, is_waiting=False)
        for number in [number for number in state.round_changes if number <= round_]:
            del state.round_changes[number]
        out.append(trace("IBFT1.RoundStarted", height=state.height, round=round_))
        if height.is_leader:
            self.proposing.lead(now, out)
        self.proposing.rounds.try_proposal(now, out)

    def next(self, now: int, out: list[Effect]) -> None:
        """Leave for the next round."""
        state = self._height.state
        if state.round < ROUNDS_COUNT_MAX:
            self._leave_for(state.round + 1, now, out)
        else:  # the last one: nothing to leave for, but the clock goes on
            self._height.arm_round(now, out)

    def expire(self, now: int, out: list[Effect]) -> None:
        """The round took too long: leave for the highest that F + 1 ask for, or the next."""
        state, height = self._height.state, self._height
        out.append(trace("IBFT1.UponRoundTimeout", height=state.height, round=state.round))
        asked = [
            number
            for number, authors in state.round_changes.items()
            if number > state.round and len(authors) > height.faulty_max
        ]
        if asked and not state.is_waiting:
            self._leave_for(max(asked), now, out)
        else:
            self.next(now, out)

    def _leave_for(self, round_: int, now: int, out: list[Effect]) -> None:
        """Send a round change and wait; a node that signs nothing stays and listens."""
        state, height = self._height.state, self._height
        if not height.is_voter or state.decided is not None:
            return
        assert round_ > state.round
        self._move(round_, now, out, is_waiting=True)
        for number in [number for number in state.round_changes if number < round_]:
            del state.round_changes[number]
        raw = height.log.send(ROUND_CHANGE, round_, ZERO_HASH, None, out)
        if raw is not None and height.log.own is not None:
            state.round_changes.setdefault(round_, {})[height.log.own] = None
            self._count(round_, now, out)

    def _move(self, round_: int, now: int, out: list[Effect], *, is_waiting: bool) -> None:
        """Enter a round; what came for older ones goes, or waits to be counted."""
        state, height = self._height.state, self._height
        state.round, state.is_waiting, state.is_started = round_, is_waiting, True
        state.build = None
        kept = ROUNDS_KEPT_COUNT_MAX if height.options.old_rounds == "count" else 0
        for number in [number for number in state.rounds if number < round_ - kept]:
            del state.rounds[number]
        height.log.note_round(out)
        height.arm_round(now, out)
