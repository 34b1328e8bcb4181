"""Rules of rounds that every honest validator of a BFT engine keeps (B3, B5, B6, B7)."""

from node.base.types import Address, Hash32
from node.sim.checkers.consensus_justification import unjustified
from node.sim.checkers.consensus_messages import Message
from node.sim.checkers.consensus_votes import HeightVotes, VoteLog
from node.sim.facts import BlockStored, Fact, MessageSent


class Rounds:
    """Follows what honest validators sign; ``fault`` is the first broken rule."""

    def __init__(self, log: VoteLog) -> None:
        self._log = log
        self._observed = log.observed
        self._at: dict[Address, tuple[int, int]] = {}
        """Height and round at which a validator was last heard."""
        self._heard: dict[int, set[bytes]] = {}
        """Own messages of honest validators by height: sent again, they say nothing new."""
        self._commits: dict[int, dict[tuple[int, Hash32], set[Address]]] = {}
        self._locked: dict[int, tuple[int, Hash32]] = {}
        self._judged: dict[Hash32, str | None] = {}
        self._seen: set[Hash32] = set()
        self.fault: str | None = None

    def observe(self, fact: Fact) -> None:
        """Judge a message, or a block that an honest node took."""
        message = self._log.note(fact)
        if self.fault is not None:
            return
        if isinstance(fact, BlockStored):
            self.fault = self._unproposed(fact)
        if message is None or not isinstance(fact, MessageSent):
            return
        if self._observed.addresses.get(fact.node) != message.author:
            return  # relayed
        if message.author in self._observed.byzantine:
            return
        heard = self._heard.setdefault(message.height, set())
        if message.raw in heard:
            return
        heard.add(message.raw)
        self._forget()
        self.fault = self._fell_back(message) or self._judge(message)

    def _judge(self, message: Message) -> str | None:
        votes = self._log.heights[message.height]
        if message.kind == "commit":
            self._lock(message, votes)
        elif message.kind == "prepare":
            return self._broke_lock(message, votes) or self._took_unjustified(message, votes)
        return None

    def _fell_back(self, message: Message) -> str | None:
        """B7: the round never falls within a height."""
        height, round_ = self._at.get(message.author, (0, 0))
        now = (message.height, message.round)
        self._at[message.author] = max((height, round_), now)
        if message.height != height or message.round >= round_:
            return None
        return (
            f"{self._name(message)} sent {message.kind} of round {message.round} at height "
            f"{height} after it was in round {round_}"
        )

    def _lock(self, commit: Message, votes: HeightVotes) -> None:
        """B5: n-q+1 honest commits lock a value; a quorum of prepares alone locks nobody."""
        value = votes.chain_hash(commit.value)
        commits = self._commits.setdefault(commit.height, {})
        authors = commits.setdefault((commit.round, value), set())
        authors.add(commit.author)
        proposal = votes.proposals.get(commit.value)
        if commit.height in self._locked or proposal is None or proposal.block is None:
            return
        members = self._observed.seals.after(proposal.block.parent)
        if members is None:
            return
        count = len(members)
        if len(authors) >= count - self._observed.rules.quorum_of(count) + 1:
            self._locked[commit.height] = (commit.round, value)

    def _broke_lock(self, prepare: Message, votes: HeightVotes) -> str | None:
        locked = self._locked.get(prepare.height)
        if locked is None:
            return None
        round_, value = locked
        other = votes.chain_hash(prepare.value)
        if prepare.round <= round_ or other == value:
            return None
        return (
            f"{self._name(prepare)} prepared 0x{other.hex()[:8]} in round {prepare.round} of "
            f"height {prepare.height}, although "
            f"{len(self._commits[prepare.height][locked])} honest validators had committed to "
            f"0x{value.hex()[:8]} in round {round_}"
        )

    def _took_unjustified(self, prepare: Message, votes: HeightVotes) -> str | None:
        """B6: what an honest validator prepares was proposed, and justified by its own bytes."""
        if self._observed.rules.engine != "qbft":
            return None
        proposal = votes.proposals.get(prepare.value)
        if proposal is None or proposal.round != prepare.round or proposal.block is None:
            return (
                f"{self._name(prepare)} prepared 0x{prepare.value.hex()[:8]} in round "
                f"{prepare.round} of height {prepare.height}, which nobody proposed there"
            )
        if prepare.value not in self._judged:
            self._judged[prepare.value] = self._why_unjustified(proposal)
        why = self._judged[prepare.value]
        if why is None:
            return None
        return (
            f"{self._name(prepare)} prepared {proposal.block.name} in round {prepare.round}, "
            f"whose proposal is not justified: {why}"
        )

    def _why_unjustified(self, proposal: Message) -> str | None:
        assert proposal.block is not None
        below = self._observed.blocks.get(proposal.block.parent)
        members = self._observed.seals.after(proposal.block.parent)
        if below is None or members is None:
            return f"its parent 0x{proposal.block.parent.hex()[:8]} was never shown"
        quorum = self._observed.rules.quorum_of(len(members))
        return unjustified(proposal, members, below.header, quorum)

    def _unproposed(self, fact: BlockStored) -> str | None:
        """B3: the decided block was proposed, as far as the messages of its height are kept."""
        if fact.hash in self._seen or not self._observed.is_honest(fact.node):
            return None
        self._seen.add(fact.hash)
        block = self._observed.blocks.get(fact.hash)
        votes = None if block is None else self._log.heights.get(block.header.number)
        if block is None or votes is None:
            return None
        if any(votes.chain_hash(one) == fact.hash for one in votes.proposals):
            return None
        return f"{fact.node} took {block.header.name}, which nobody proposed"

    def _forget(self) -> None:
        """Keep what the log keeps."""
        if len(self._heard) <= len(self._log.heights) + 1:
            return
        for height in [one for one in self._heard if one not in self._log.heights]:
            del self._heard[height]
            self._commits.pop(height, None)
            self._locked.pop(height, None)

    def _name(self, message: Message) -> str:
        return self._observed.name_of(message.author)
