"""The three rules of consensus.md section 4.5 as tables."""

import pytest

from node.base.types import Hash32
from node.consensus_poa.clique.fork_choice import Head, takes_candidate
from node.consensus_poa.clique.options import ForkChoiceRule

RULES: list[ForkChoiceRule] = ["td", "geth", "eip3436"]


class Coin:
    """Entropy that always falls on one side and counts its throws."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.throws = 0

    def below(self, bound: int) -> int:
        assert bound == 2
        self.throws += 1
        return self.side

    def take(self, count: int) -> bytes:
        raise AssertionError(count)


def head(
    name: int = 1, *, number: int = 9, weight: int = 18, distance: int = 0, own: bool = False
) -> Head:
    return Head(Hash32(bytes([name]) * 32), number, weight, lambda: distance, lambda: own)


@pytest.mark.parametrize("rule", RULES)
def test_more_difficulty_wins_and_less_loses_whatever_else_holds(rule: ForkChoiceRule) -> None:
    light, heavy = head(1, number=3, distance=3, own=True), head(2, weight=19, number=30)
    assert takes_candidate(rule, light, heavy, Coin(1))
    assert not takes_candidate(rule, heavy, light, Coin(0))


@pytest.mark.parametrize("rule", RULES)
def test_a_head_never_replaces_itself(rule: ForkChoiceRule) -> None:
    assert not takes_candidate(rule, head(), head(), Coin(0))


def test_td_keeps_the_first_seen_at_equal_difficulty() -> None:
    better = head(0, number=2, distance=3, own=True)
    assert not takes_candidate("td", head(1), better, Coin(0))


@pytest.mark.parametrize("rule", ["geth", "eip3436"])
def test_at_equal_difficulty_the_shorter_chain_wins(rule: ForkChoiceRule) -> None:
    assert takes_candidate(rule, head(1, number=10, own=True), head(2, number=9), Coin(1))
    assert not takes_candidate(rule, head(1, number=9), head(2, number=10, own=True), Coin(0))


def test_geth_keeps_its_own_block_and_throws_no_coin() -> None:
    coin = Coin(0)
    assert not takes_candidate("geth", head(1, own=True), head(2, own=True), coin)
    assert coin.throws == 0


def test_geth_takes_its_own_block_back() -> None:
    coin = Coin(1)
    assert takes_candidate("geth", head(1), head(2, own=True), coin)
    assert coin.throws == 0


@pytest.mark.parametrize(("side", "taken"), [(0, True), (1, False)])
def test_geth_throws_a_coin_between_two_foreign_blocks(side: int, taken: bool) -> None:
    coin = Coin(side)
    assert takes_candidate("geth", head(1), head(2), coin) is taken
    assert coin.throws == 1


def test_eip3436_prefers_the_larger_turn_distance() -> None:
    assert takes_candidate("eip3436", head(1, distance=1), head(2, distance=2), Coin(1))
    assert not takes_candidate("eip3436", head(2, distance=2), head(1, distance=1), Coin(0))


def test_eip3436_ends_with_the_lower_hash_and_needs_no_coin() -> None:
    coin = Coin(0)
    assert takes_candidate("eip3436", head(2), head(1), coin)
    assert not takes_candidate("eip3436", head(1), head(2), coin)
    assert coin.throws == 0
