"""Header votes of IBFT 1."""

import pytest

from node.base.types import ZERO_ADDRESS, Address
from node.consensus_poa.ibft1.options import Ibft1Options
from node.consensus_poa.ibft1.votes import NONCE_ADD, NONCE_DROP, Voting, VotingHistory
from tests.consensus_poa.chains import VERIFIER, ascending, key
from tests.consensus_poa.ibft1.chains import Forge

KEYS = ascending(4)
SET = tuple(k.address for k in KEYS)
NEW = key("newcomer").address


def after(
    *ballots: tuple[int, Address, bytes], start: Voting | None = None, epoch: int = 99
) -> Voting:
    voting = start or Voting(0, SET)
    for index, subject, nonce in ballots:
        voting = voting.apply(voting.validators[index], subject, nonce, epoch=epoch)
    return voting


@pytest.mark.parametrize(("voters", "is_in"), [(2, False), (3, True)])
def test_more_than_half_admit(voters: int, is_in: bool) -> None:
    voting = after(*[(index, NEW, NONCE_ADD) for index in range(voters)])
    assert voting.has(NEW) == is_in
    assert voting.validators == tuple(sorted(voting.validators))


def test_a_voter_counts_once() -> None:
    assert after(*[(0, NEW, NONCE_ADD)] * 5).count(NEW) == 1


def test_a_later_vote_takes_the_earlier_one_back() -> None:
    assert after((0, NEW, NONCE_ADD), (0, NEW, NONCE_DROP)).votes == frozenset()


def test_pointless_votes_do_not_count() -> None:
    ballots = [(i, who, nonce) for i in range(4) for who, nonce in ((SET[0], NONCE_ADD),)]
    assert after(*ballots, (0, ZERO_ADDRESS, NONCE_DROP)).votes == frozenset()


def test_who_leaves_takes_its_votes_along() -> None:
    voting = after((3, NEW, NONCE_ADD), *[(i, SET[3], NONCE_DROP) for i in range(3)])
    assert voting == Voting(4, SET[:3])


def test_a_vote_passes_when_it_is_touched_after_the_set_has_shrunk() -> None:
    voting = after((0, NEW, NONCE_ADD), (1, NEW, NONCE_ADD))
    voting = after(*[(i, SET[3], NONCE_DROP) for i in range(3)], start=voting)
    assert not voting.has(NEW)
    assert after((0, NEW, NONCE_ADD), start=voting).has(NEW)


def test_an_epoch_ends_all_votes_and_counts_its_own() -> None:
    voting = after((0, NEW, NONCE_ADD), (1, SET[3], NONCE_DROP), (2, NEW, NONCE_ADD), epoch=3)
    assert voting.votes == {(SET[2], NEW)}


def test_history_is_rebuilt_from_headers_alike_from_any_start() -> None:
    forge = Forge(options=Ibft1Options(period=5, epoch=4))
    head = forge.genesis
    for number in range(9):
        head = forge.extend(head, forge.keys[number % 4], vote=(NEW, number < 7))
        fresh = VotingHistory(forge.chain, VERIFIER, 4)
        assert fresh.after(head.hash()) == forge.history.after(head.hash())
    last = forge.history.after(head.hash())
    assert last is not None
    assert last.has(NEW)


def test_history_knows_nothing_of_strangers() -> None:
    forge = Forge()
    assert forge.history.after(NEW + bytes(12)) is None  # type: ignore[arg-type]
    orphan = forge.propose(forge.genesis, key("stranger")).header
    assert forge.history.after(forge.chain.add(orphan)) is None
