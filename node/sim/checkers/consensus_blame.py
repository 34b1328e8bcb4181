"""Who broke agreement at a height: named from the message log (B9).

Two quorums share more than f validators, so when two values are decided at least f+1 validators
either signed two things in one slot, or forgot what they had committed to.
"""

from node.base.types import Address, Hash32
from node.sim.checkers.consensus_justification import unjustified
from node.sim.checkers.consensus_messages import Message
from node.sim.checkers.consensus_observed import Observed
from node.sim.checkers.consensus_votes import HeightVotes


def culprits(observed: Observed, votes: HeightVotes) -> dict[Address, str]:
    """Give who equivocated or broke a lock at a height, and what each did, in plain words."""
    found: dict[Address, str] = {}
    for (author, kind, round_), says in votes.slots.items():
        if len(says) > 1 and author not in found:
            values = " and ".join(f"0x{value.hex()[:8]}" for value, _ in says)
            found[author] = f"signed {kind} for {values} in round {round_}"
    for commit in votes.said("commit"):
        if commit.author not in found:
            broken = _broken_lock(observed, votes, commit)
            if broken is not None:
                found[commit.author] = broken
    return found


def decision_round(votes: HeightVotes, value: Hash32) -> int | None:
    """Give the round in which most committed to a block; None if nobody was seen to."""
    counts: dict[int, int] = {}
    for one in votes.said("commit"):
        if votes.chain_hash(one.value) == value:
            counts[one.round] = counts.get(one.round, 0) + 1
    return max(counts, key=lambda round_: (counts[round_], -round_), default=None)


def explain(observed: Observed, votes: HeightVotes, members: tuple[Address, ...] | None) -> str:
    """Say who is to blame, and whether agreement was promised at all."""
    named = culprits(observed, votes)
    words = [f"{observed.name_of(who)} {what}" for who, what in sorted(named.items())]
    if members is None:
        return "; ".join(words)
    count, rules = len(members), observed.rules
    faulty = rules.faulty_of(count)
    byzantine = sum(1 for one in members if one in observed.byzantine)
    if len(named) <= faulty:
        quorum = rules.quorum_of(count)
        shared = 2 * quorum - count
        if shared <= faulty:
            words.append(
                f"{_culprits(len(named))} can be named: two quorums of {quorum} of {count} share "
                f"{max(0, shared)} validators, so the rule of quorums itself lets this happen"
            )
        else:
            words.append(f"only {len(named)} of at least {_culprits(faulty + 1)} can be named")
    promise = "no promise was broken" if byzantine > faulty else "agreement was promised"
    words.append(f"Byzantine: {byzantine} of {count} validators, f = {faulty}: {promise}")
    return "; ".join(words)


def _culprits(count: int) -> str:
    return f"{count} culprit{'s' * (count != 1)}"


def _broken_lock(observed: Observed, votes: HeightVotes, commit: Message) -> str | None:
    """Say how a validator later acted as if it had not committed."""
    value = votes.chain_hash(commit.value)
    committed = f"committed to 0x{value.hex()[:8]} in round {commit.round}"
    is_qbft = observed.rules.engine == "qbft"
    for (author, kind, round_), says in votes.slots.items():
        if author != commit.author or round_ <= commit.round:
            continue
        for message in says.values():
            prepared = message.prepared_round
            if kind == "round change" and is_qbft and (prepared is None or prepared < commit.round):
                what = "nothing" if prepared is None else f"round {prepared}"
                return f"{committed}, then asked for round {round_} with {what} as prepared"
            if kind not in ("prepare", "commit") or votes.chain_hash(message.value) == value:
                continue
            if not is_qbft or not _justified(observed, votes, message):
                other = votes.chain_hash(message.value)
                return f"{committed}, then signed {kind} for 0x{other.hex()[:8]} in round {round_}"
    return None


def _justified(observed: Observed, votes: HeightVotes, vote: Message) -> bool:
    """Tell whether what a vote is for was a justified proposal: then it broke no lock."""
    proposal = votes.proposals.get(vote.value)
    if proposal is None or proposal.block is None:
        return False
    below = observed.blocks.get(proposal.block.parent)
    members = observed.seals.after(proposal.block.parent)
    if below is None or members is None:
        return False
    quorum = observed.rules.quorum_of(len(members))
    return unjustified(proposal, members, below.header, quorum) is None
