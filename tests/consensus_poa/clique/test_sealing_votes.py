"""Which vote a validator puts into its block."""

import pytest

from node.base.limits import PROPOSALS_COUNT_MAX
from node.base.types import ZERO_ADDRESS, Address
from node.consensus_poa.clique.snapshot import NONCE_ADD, NONCE_DROP
from node.consensus_poa.events import (
    DiscardValidatorVote,
    ProposeValidatorVote,
)
from tests.consensus_poa.chains import (
    rules,
)
from tests.consensus_poa.clique.benches import KEYS, SealerBench

NEW = Address(b"\x42" * 20)


# -- votes ------------------------------------------------------------------------------------


def vote_of(bench: SealerBench, *proposals: tuple[Address, bool]) -> tuple[Address, bytes]:
    effects = bench.start()
    for subject, authorize in proposals:
        bench.engine.handle(ProposeValidatorVote(subject, authorize), bench.now)
    asked = bench.request(effects)
    return asked.coinbase, asked.nonce


NO_VOTE = (ZERO_ADDRESS, NONCE_DROP)


def test_without_proposals_there_is_no_vote() -> None:
    assert vote_of(SealerBench(1)) == NO_VOTE


def test_an_open_proposal_is_cast() -> None:
    assert vote_of(SealerBench(1), (NEW, True)) == (NEW, NONCE_ADD)
    assert vote_of(SealerBench(1), (KEYS[3].address, False)) == (KEYS[3].address, NONCE_DROP)


def test_removals_come_before_admissions() -> None:
    first = Address(bytes(19) + b"\x01")
    found = vote_of(SealerBench(1), (first, True), (KEYS[3].address, False))
    assert found == (KEYS[3].address, NONCE_DROP)


def test_pointless_proposals_are_not_cast() -> None:
    assert vote_of(SealerBench(1), (NEW, False), (KEYS[3].address, True)) == NO_VOTE


def test_the_last_word_on_a_subject_counts() -> None:
    assert vote_of(SealerBench(1), (NEW, True), (NEW, False)) == NO_VOTE


def test_a_discarded_proposal_is_not_cast() -> None:
    bench = SealerBench(1)
    effects = bench.start()
    bench.engine.handle(ProposeValidatorVote(NEW, authorize=True), bench.now)
    assert bench.engine.proposals() == {NEW: True}
    assert rules(bench.engine.handle(DiscardValidatorVote(NEW), bench.now)) == [
        "Clique.VoteDiscarded"
    ]
    assert bench.request(effects).coinbase == ZERO_ADDRESS
    assert rules(bench.engine.handle(DiscardValidatorVote(NEW), bench.now)) == ["Clique.Ignored"]


def test_a_vote_that_stands_makes_room_for_the_next_proposal() -> None:
    other = Address(b"\x43" * 20)
    bench = SealerBench(1, height=4)
    forge = bench.forge
    head = forge.genesis
    for number in range(1, 5):
        vote = (NEW, True) if number == 1 else None
        head = forge.extend(head, KEYS[number % 4], vote=vote)
    bench.head = head
    assert vote_of(bench, (NEW, True), (other, True)) == (other, NONCE_ADD)


def shrunk() -> SealerBench:
    """Give a chain on which two of four wanted NEW; three are left, and 0 may seal next."""
    bench = SealerBench(0)
    dropped = KEYS[3].address
    votes = [(0, (NEW, True)), (1, (NEW, True)), (2, (dropped, False)), (0, (dropped, False))]
    head = bench.forge.genesis
    for index, vote in [*votes, (1, (dropped, False)), (2, None)]:
        head = bench.forge.extend(head, KEYS[index], vote=vote)
    bench.head = head
    bench.forge.chain.head = head.hash()
    bench.now = (head.timestamp + 1) * 10**6
    return bench


def test_a_standing_vote_is_cast_again_when_the_touch_would_enact_it() -> None:
    bench = shrunk()
    after = bench.forge.branches.snapshot(bench.head.hash())
    assert after is not None
    assert len(after.signers) == 3
    assert after.tally[NEW].votes == 2
    assert vote_of(bench, (NEW, True)) == (NEW, NONCE_ADD)


@pytest.mark.parametrize("subject", [ZERO_ADDRESS, Address(b""), Address(b"\x01" * 21)])
def test_a_subject_that_is_no_account_is_refused(subject: Address) -> None:
    bench = SealerBench(1)
    bench.start()
    effects = bench.engine.handle(ProposeValidatorVote(subject, authorize=True), bench.now)
    assert rules(effects) == ["Clique.VoteRefused"]
    assert bench.engine.proposals() == {}


def test_open_proposals_are_bounded_but_known_subjects_may_change() -> None:
    bench = SealerBench(1)
    bench.start()
    subjects = [Address(i.to_bytes(20)) for i in range(1, PROPOSALS_COUNT_MAX + 2)]
    for subject in subjects:
        effects = bench.engine.handle(ProposeValidatorVote(subject, authorize=True), bench.now)
    assert rules(effects) == ["Clique.VoteRefused"]
    effects = bench.engine.handle(ProposeValidatorVote(subjects[0], authorize=False), bench.now)
    assert rules(effects) == ["Clique.VoteProposed"]
    assert len(bench.engine.proposals()) == PROPOSALS_COUNT_MAX
