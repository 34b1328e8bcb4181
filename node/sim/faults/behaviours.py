"""The ways of being Byzantine, each a filter of what an honest engine wants to send."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from node.base.block import Block
from node.base.header import Header
from node.base.types import EMPTY_TRIE_ROOT, MICROS_PER_SECOND, Address
from node.consensus_poa.effects import BroadcastBlock, Effect, Multicast, ScheduleTimer
from node.consensus_poa.events import (
    BlockReceived,
    Event,
    MessageReceived,
    NewChainHead,
    TimerExpired,
    TimerKind,
)
from node.consensus_poa.interface import Engine
from node.evm.transactions import Transaction
from node.sim.faults.bent import Behaviour
from node.sim.faults.forge import Forge, Speech
from node.sim.faults.tally import Tally

_REPLAYS_MAX: Final = 64
_GAS_DRIFT: Final = 1_024
_BLOOM_BYTES: Final = 256


@dataclass(frozen=True, slots=True)
class Bench:
    """What a behaviour works with."""

    address: Address
    forge: Forge
    tally: Tally
    engine: Callable[[], Engine]
    """The honest engine of the node, as of now."""
    sides: Callable[[], tuple[tuple[Address, ...], tuple[Address, ...]]]
    """All other nodes in two halves: an adversary tells each something else."""

    def is_own(self, block: Block) -> bool:
        """Say whether this node made a block."""
        return self.engine().signer_of(block.header) == self.address

    def all(self) -> tuple[Address, ...]:
        """Give all other nodes."""
        first, second = self.sides()
        return (*first, *second)


class Sending(Behaviour):
    """A behaviour that looks at each block and message that leaves the node, one by one."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def bend(self, event: Event, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
        """Replace each effect by those that the behaviour wants instead; count the changed."""
        del event
        out: list[Effect] = []
        for effect in effects:
            match effect:
                case BroadcastBlock(block) if self.bench.is_own(block):
                    instead = self.block(effect)
                case Multicast(message):
                    instead = self.message(effect, self.bench.forge.speech(message))
                case _:
                    instead = None
            if instead is None:
                out.append(effect)
            else:
                self.bench.tally.count()
                out += instead
        return tuple(out)

    def block(self, sent: BroadcastBlock) -> tuple[Effect, ...] | None:
        """Give what goes out instead of an own block; None: the block."""
        del sent
        return None

    def message(self, sent: Multicast, speech: Speech) -> tuple[Effect, ...] | None:
        """Give what goes out instead of a message; None: the message."""
        del sent, speech
        return None


class Silent(Sending):
    """Sends nothing that consensus is about."""

    def block(self, sent: BroadcastBlock) -> tuple[Effect, ...]:
        """Keep it."""
        del sent
        return ()

    def message(self, sent: Multicast, speech: Speech) -> tuple[Effect, ...]:
        """Keep it."""
        del sent, speech
        return ()


class WithholdBlock(Sending):
    """Votes, but shows nobody the blocks it makes."""

    def block(self, sent: BroadcastBlock) -> tuple[Effect, ...]:
        """Keep it."""
        del sent
        return ()

    def message(self, sent: Multicast, speech: Speech) -> tuple[Effect, ...] | None:
        """Keep proposals."""
        del sent
        return () if speech is Speech.PROPOSAL else None


class EquivocateProposal(Sending):
    """Shows each half of the others another block."""

    def block(self, sent: BroadcastBlock) -> tuple[Effect, ...] | None:
        """Split an own block, where blocks are what proposes."""
        bench = self.bench
        if bench.forge.proposes_blocks:
            first, second = bench.sides()
            other = bench.forge.second_block(sent.block)
            return (replace(sent, to=first), BroadcastBlock(other, sent.certificate, second))
        return None

    def message(self, sent: Multicast, speech: Speech) -> tuple[Effect, ...] | None:
        """Split a proposal."""
        if speech is not Speech.PROPOSAL:
            return None
        first, second = self.bench.sides()
        other = self.bench.forge.second_proposal(sent.message)
        return replace(sent, to=first), Multicast(other, to=second)


class EquivocateVote(Sending):
    """Votes for one value to one half of the others, for another to the other half."""

    def message(self, sent: Multicast, speech: Speech) -> tuple[Effect, ...] | None:
        """Split a vote."""
        if speech is not Speech.VOTE:
            return None
        first, second = self.bench.sides()
        other = self.bench.forge.second_vote(sent.message)
        return replace(sent, to=first), Multicast(other, to=second)


class BadSeal(Sending):
    """Seals wrongly, blocks or commits, whichever the engine has."""

    def block(self, sent: BroadcastBlock) -> tuple[Effect, ...] | None:
        """Send the block with a seal of something else."""
        spoiled = self.bench.forge.spoiled_block(sent.block)
        if spoiled is None:
            return None
        return (BroadcastBlock(spoiled, sent.certificate, self.bench.all()),)

    def message(self, sent: Multicast, speech: Speech) -> tuple[Effect, ...] | None:
        """Send the commit with a seal of something else."""
        spoiled = self.bench.forge.spoiled(sent.message) if speech is Speech.VOTE else None
        return None if spoiled is None else (replace(sent, message=spoiled),)


class AlwaysRoundChange(Sending):
    """Asks for the next round instead of voting."""

    def message(self, sent: Multicast, speech: Speech) -> tuple[Effect, ...] | None:
        """Replace a vote."""
        if speech is not Speech.VOTE:
            return None
        return (replace(sent, message=self.bench.forge.next_round(sent.message)),)


class OutOfTurn(Behaviour):
    """Makes blocks when it is not its turn: early, or beside those of others."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._wiggles: dict[int, int] = {}
        """Height: when the engine would have waited until."""

    def hear(self, event: Event, now: int) -> tuple[Event, int]:
        """Let a Clique engine believe that it has waited its wiggle."""
        if isinstance(event, TimerExpired) and event.timer.kind is TimerKind.WIGGLE:
            return event, max(now, self._wiggles.pop(event.timer.height, now))
        return event, now

    def bend(self, event: Event, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
        """Shorten wiggles to their second; propose beside whom the turn belongs to."""
        out: list[Effect] = []
        for effect in effects:
            if isinstance(effect, ScheduleTimer) and effect.timer.kind is TimerKind.WIGGLE:
                self._wiggles[effect.timer.height] = effect.at
                self._bench.tally.count()
                early = effect.at // MICROS_PER_SECOND * MICROS_PER_SECOND
                out.append(replace(effect, at=early))
            else:
                out.append(effect)
        return (*out, *self._steal(event))

    def _steal(self, event: Event) -> tuple[Effect, ...]:
        bench = self._bench
        match event:
            case MessageReceived(message) if bench.forge.speech(message) is Speech.PROPOSAL:
                bench.tally.count()
                return (Multicast(bench.forge.second_proposal(message)),)
            case BlockReceived(block) if bench.forge.proposes_blocks and not bench.is_own(block):
                bench.tally.count()
                return (BroadcastBlock(bench.forge.second_block(block), None, bench.all()),)
            case _:
                return ()


class ReplayVotes(Behaviour):
    """Sends the oldest of the messages and blocks it has seen again, with each that it sends."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._seen: deque[Effect] = deque(maxlen=_REPLAYS_MAX)

    def bend(self, event: Event, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
        """Remember what came; add one old thing to what goes out."""
        match event:
            case MessageReceived(message):
                self._seen.append(Multicast(message))
            case BlockReceived(block, certificate):
                self._seen.append(BroadcastBlock(block, certificate, self._bench.all()))
            case _:
                pass
        sends = any(isinstance(effect, Multicast | BroadcastBlock) for effect in effects)
        if not sends or not self._seen:
            return effects
        self._bench.tally.count()
        return (*effects, self._seen.popleft())


class Flood(Behaviour):
    """Sends blocks of its own behind every new head, sealed by a key that may seal nothing."""

    def __init__(self, bench: Bench, blocks: int) -> None:
        self._bench = bench
        self._blocks = blocks

    def bend(self, event: Event, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
        """Add the blocks."""
        if not isinstance(event, NewChainHead):
            return effects
        bench = self._bench
        child = Block(_empty_child(event.header), ())
        forged = (bench.forge.second_block(child, mark) for mark in range(1, self._blocks + 1))
        bench.tally.count(self._blocks)
        sent = (BroadcastBlock(one, bench.forge.certificate(one), bench.all()) for one in forged)
        return (*effects, *sent)


def _empty_child(parent: Header) -> Header:
    """Give a header without transactions on ``parent``, its extraData as the template."""
    return replace(
        parent,
        parent_hash=parent.hash(),
        number=parent.number + 1,
        timestamp=parent.timestamp + 1,
        transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        logs_bloom=bytes(_BLOOM_BYTES),
        gas_used=0,
    )


class Censor(Behaviour):
    """Leaves transactions out of its blocks: of one sender, or all."""

    def __init__(self, tally: Tally, sender: Address | None) -> None:
        self._tally = tally
        self._sender = sender

    def pick(self, candidates: Iterable[Transaction]) -> Iterable[Transaction]:
        """Pass on what nobody forbids; count what is left out."""
        for one in candidates:
            if self._sender is None or one.sender == self._sender:
                self._tally.count()
            else:
                yield one


class RaiseGasLimit(Behaviour):
    """Raises the gas limit by the most that the rules allow: less than 1/1024 of the parent's."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def gas_limit(self, parent: Header) -> int | None:
        """Give the highest limit."""
        more = parent.gas_limit // _GAS_DRIFT - 1
        if more <= 0:
            return None
        self._tally.count()
        return parent.gas_limit + more
