"""The consensus messages of a run by height, and who signed two things in one slot (I5)."""

from dataclasses import dataclass, field
from typing import Final, TypeAlias

from node.base.types import Address, Hash32
from node.sim.checkers.consensus_headers import block_name, end_sealer
from node.sim.checkers.consensus_messages import Kind, Message
from node.sim.checkers.consensus_observed import Observed
from node.sim.facts import BlockStored, Fact, FinalAt, HeadAt, MessageSent

Slot: TypeAlias = tuple[Address, Kind, int]
"""Author, kind, round: an honest validator signs one thing in it per height."""
Said: TypeAlias = tuple[Hash32, int | None]
"""What a message says in its slot: the value, and of a round change the round it prepared in."""
HEIGHTS_KEPT_MAX: Final = 1_024
_PRUNED_EVERY: Final = 16


@dataclass(slots=True)
class HeightVotes:
    """All that was said about one height."""

    slots: dict[Slot, dict[Said, Message]] = field(default_factory=dict[Slot, dict[Said, Message]])
    proposals: dict[Hash32, Message] = field(default_factory=dict[Hash32, Message])
    """By digest, the first of each."""
    chain_hashes: dict[Hash32, Hash32] = field(default_factory=dict[Hash32, Hash32])
    """Digest in some round -> hash on the chain, of every block that was seen."""

    def chain_hash(self, value: Hash32) -> Hash32:
        """Give the hash on the chain of what a vote names; itself if the block was not seen."""
        return self.chain_hashes.get(value, value)

    def said(self, kind: Kind) -> list[Message]:
        """Give all messages of a kind, in the order they were told."""
        return [
            one for slot, says in self.slots.items() if slot[1] == kind for one in says.values()
        ]


class VoteLog:
    """Keeps the messages of the heights that some honest node has not decided yet."""

    def __init__(self, observed: Observed) -> None:
        self.observed = observed
        self._decided: dict[str, int] = {}
        self.heights: dict[int, HeightVotes] = {}
        self.fault: str | None = None
        """The first two things that an honest key signed in one slot."""
        self._filed: set[Hash32] = {observed.genesis}
        self._seals: dict[tuple[Address, bytes], Hash32] = {}

    def observe(self, fact: Fact) -> None:
        """Take note of a fact."""
        self.note(fact)

    def note(self, fact: Fact) -> Message | None:
        """Take note of a fact; give the message if it is one.  Again changes nothing."""
        self.observed.note(fact)
        if isinstance(fact, MessageSent):
            message = self.observed.reader.read(fact.engine, fact.payload)
            if message is not None:
                self._file(message)
            return message
        if isinstance(fact, BlockStored):
            if not self.observed.is_bft:
                self._file_seal(fact.hash)
        elif isinstance(fact, HeadAt | FinalAt):
            self._prune(fact)
        return None

    def _file(self, message: Message) -> None:
        votes = self.heights.setdefault(message.height, HeightVotes())
        if message.chain_hash is not None:
            votes.chain_hashes.setdefault(message.value, message.chain_hash)
            if message.kind == "proposal":
                votes.proposals.setdefault(message.value, message)
        slot = (message.author, message.kind, message.round)
        says = votes.slots.setdefault(slot, {})
        said = (message.value, message.prepared_round)
        if said in says:
            return
        says[said] = message
        if len(says) > 1 and self.fault is None and message.author not in self.observed.byzantine:
            first = next(iter(says.values()))
            self.fault = (
                f"{self.observed.name_of(message.author)} signed two things at height "
                f"{message.height}, round {message.round}: {message.kind} for "
                f"{_claim(first)} and for {_claim(message)}"
            )

    def _file_seal(self, block_hash: Hash32) -> None:
        """Clique: one child of a parent.  AuRa: one block of a step."""
        block = self.observed.blocks.get(block_hash)
        if block is None or block_hash in self._filed:
            return
        self._filed.add(block_hash)
        header = block.header
        is_aura = self.observed.rules.engine == "aura"
        signer = end_sealer(header, self.observed.reader.verifier)
        if signer is None:
            return
        first = self._seals.setdefault(
            (signer, header.mix if is_aura else header.parent), header.hash
        )
        if first == header.hash or self.fault is not None:
            return
        if signer not in self.observed.byzantine:
            other = self.observed.blocks[first].header
            where = (
                f"in step {int.from_bytes(header.mix)}"
                if is_aura
                else f"on {block_name(header.number - 1, header.parent)}"
            )
            self.fault = (
                f"{self.observed.name_of(signer)} sealed two blocks {where}: "
                f"{other.name} and {header.name}"
            )

    def _prune(self, fact: HeadAt | FinalAt) -> None:
        """Forget heights that every honest node has behind it."""
        if not (self.observed.is_bft and self.observed.is_honest(fact.node)):
            return
        self._decided[fact.node] = fact.number
        if fact.number % _PRUNED_EVERY:
            return
        honest = [name for name in self.observed.addresses if self.observed.is_honest(name)]
        lowest = min((self._decided.get(name, 0) for name in honest), default=0)
        below = max(lowest, fact.number - HEIGHTS_KEPT_MAX)
        for height in [one for one in self.heights if one < below]:
            del self.heights[height]


def _claim(message: Message) -> str:
    if message.kind != "round change":
        return f"0x{message.value.hex()[:8]}"
    if message.prepared_round is None:
        return "nothing prepared"
    return f"0x{message.value.hex()[:8]} prepared in round {message.prepared_round}"
