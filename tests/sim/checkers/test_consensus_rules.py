import pytest

from node.sim.checkers.consensus_rules import Rules, leader

A, B, C, D = (bytes([n]) * 20 for n in (2, 4, 6, 8))


@pytest.mark.parametrize(
    ("count", "quorum"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (6, 4), (7, 5), (100, 67)]
)
def test_a_quorum_is_two_thirds_rounded_up(count, quorum):
    assert Rules(engine="qbft", period=1).quorum_of(count) == quorum
    assert Rules(engine="qbft", period=1, quorum="2f_plus_1").quorum_of(count) == quorum


@pytest.mark.parametrize(("count", "quorum"), [(2, 1), (3, 1), (4, 3), (5, 3), (6, 3), (7, 5)])
def test_ibft1_may_ask_for_less(count, quorum):
    assert Rules(engine="ibft1", period=1, quorum="2f_plus_1").quorum_of(count) == quorum


def test_the_leader_is_the_next_after_who_built_last():
    assert leader((A, B, C), A, 0) == B
    assert leader((A, B, C), C, 0) == A
    assert leader((A, B, C), A, 2) == A


def test_when_who_built_last_has_left_the_next_address_leads():
    assert leader((A, C, D), B, 0) == C
    assert leader((A, B), D, 1) == B
    assert leader((A, B), bytes(20), 0) == A
