import pytest

from node.sim.checkers.consensus_deadlock import Deadlock
from node.sim.checkers.consensus_forks import Heads
from node.sim.facts import EvidenceReported
from node.sim.predicates.consensus import (
    Deadlocked,
    EvidenceAgainst,
    FinalisedAtLeast,
    InValidatorSet,
    NeverDeadlocked,
    NoFault,
    ReorgDeeperThan,
)
from tests.sim.checkers.forge import KEYS, Aura, Clique, Qbft, final, head, stored, turned
from tests.sim.checkers.test_consensus_deadlock import stuck


def judge(predicate, *facts):
    for fact in facts:
        predicate.observe(fact)
    return predicate.state()


class Finds:
    """A checker that finds what it is told."""

    def __init__(self, fault=None):
        self.fault = fault
        self.seen = []

    def observe(self, fact):
        self.seen.append(fact)


def test_without_a_fault_a_rule_holds_in_its_own_words():
    checkers = (Finds(), Finds())
    state = judge(NoFault("all is well", *checkers), "fact")
    assert (state.holds, state.why) == (True, "all is well")
    assert [one.seen for one in checkers] == [["fact"], ["fact"]]


def test_the_fault_of_any_checker_breaks_a_rule():
    state = judge(NoFault("all is well", Finds(), Finds("h1 did it")))
    assert (state.holds, state.why) == (False, "h1 did it")


def test_a_deadlock_holds_while_it_lasts():
    net, _, facts = stuck()
    predicate = Deadlocked(Deadlock(net.observed, net.observed.seals))
    assert not predicate.state().holds
    state = judge(predicate, *facts)
    assert state.holds
    assert "no online signer may seal" in state.why
    assert not judge(predicate, turned(0, "up")).holds


def test_other_engines_have_no_such_deadlock():
    assert not judge(NeverDeadlocked(), turned(0, "down")).holds


@pytest.mark.parametrize(("blocks", "holds"), [(0, True), (1, False)])
def test_a_reorganisation_is_deeper_than_fewer_blocks_only(blocks, holds):
    net = Clique()
    low, high = net.block(net.genesis, 2), net.block(net.genesis, 1)
    facts = (stored(0, low), stored(0, high), head(0, low), head(0, high))
    state = judge(ReorgDeeperThan(Heads(net.observed), blocks), *facts)
    assert state.holds is holds
    assert "h0 left 1 block above block 0" in state.why


def test_the_lowest_final_block_of_the_honest_nodes_counts():
    net = Aura(2)
    one = net.block(net.genesis, 1)
    predicate = FinalisedAtLeast(net.observed, 1)
    assert not judge(predicate, stored(0, one), head(0, one), final(0, one)).holds
    state = judge(predicate, turned(1, "byzantine"))
    assert (state.holds, state.why) == (True, "the lowest final block is 1, at h0; wants 1")
    assert judge(predicate, turned(0, "byzantine")).why == "no node is honest"


def test_a_head_of_a_bft_engine_is_final():
    net = Qbft(1)
    one = net.block(net.genesis, 0)
    assert judge(FinalisedAtLeast(net.observed, 1), stored(0, one), head(0, one)).holds


def test_who_may_seal_on_the_highest_head_is_in_the_set():
    net = Qbft(1)
    net.addresses["new"] = KEYS[5].address
    vote = net.block(net.genesis, 0, vote=[KEYS[5].address, b"\xff"])
    predicate = InValidatorSet(net.observed, "new")
    assert not judge(predicate, stored(0, vote)).holds
    state = judge(predicate, head(0, vote))
    assert (state.holds, state.why) == (True, "after block 1 there are 2 validators, new is one")


def test_evidence_is_against_the_one_it_names():
    predicate = EvidenceAgainst("h1", KEYS[1].address)
    report = EvidenceReported("h0", KEYS[2].address, "double_seal", b"")
    assert not judge(predicate, report).holds
    state = judge(predicate, EvidenceReported("h3", KEYS[1].address, "equivocation", b""), report)
    assert (state.holds, state.why) == (True, "h3 reported equivocation by h1")
