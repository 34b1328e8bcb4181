from node.sim.checkers.consensus_blame import culprits, decision_round, explain
from node.sim.checkers.consensus_votes import VoteLog
from tests.sim.checkers.forge import Ibft1, Qbft, sent, told


def logged(net, *facts):
    log = VoteLog(net.observed)
    told(log, *facts)
    return log.heights[1]


def test_who_signed_two_things_is_named_once():
    net = Qbft()
    left, right = net.block(net.genesis, 0), net.block(net.genesis, 0, vanity=1)
    facts = [sent(2, make(2, one)) for make in (net.prepare, net.commit) for one in (left, right)]
    found = culprits(net.observed, logged(net, *facts))
    assert list(found) == [net.members[2]]
    assert found[net.members[2]].startswith("signed prepare for 0x")


def test_who_carries_the_commitment_on_breaks_no_lock():
    net = Qbft()
    block = net.block(net.genesis, 0)
    facts = (
        sent(0, net.proposal(0, block)),
        sent(2, net.commit(2, block)),
        sent(2, net.round_change(2, 1, 1, (0, block), [])),
    )
    assert culprits(net.observed, logged(net, *facts)) == {}


def test_who_follows_a_justified_proposal_breaks_no_lock_of_qbft_but_of_ibft1():
    net, old = Qbft(), Ibft1()
    first, second = net.block(net.genesis, 0), net.block(net.genesis, 1)
    changes = [net.change(n, 1, 1) for n in (0, 1, 3)]
    facts = (
        sent(0, net.proposal(0, first)),
        sent(2, net.commit(2, first)),
        sent(1, net.proposal(1, second, 1, changes)),
        sent(2, net.prepare(2, second, 1)),
    )
    assert culprits(net.observed, logged(net, *facts)) == {}
    unjustified = (*facts[:2], sent(1, net.proposal(1, second, 1)), facts[3])
    assert net.members[2] in culprits(net.observed, logged(net, *unjustified))
    left, right = old.block(old.genesis, 0), old.block(old.genesis, 1)
    facts = (
        sent(2, old.commit(2, left), "ibft1"),
        sent(2, old.prepare(2, right, 1), "ibft1"),
    )
    assert "then signed prepare" in culprits(old.observed, logged(old, *facts))[old.members[2]]


def test_the_round_of_a_decision_is_the_one_most_committed_in():
    net = Qbft()
    block = net.block(net.genesis, 0)
    votes = logged(
        net,
        sent(0, net.proposal(0, block, 2)),
        sent(0, net.proposal(0, block)),
        sent(0, net.commit(0, block)),
        *(sent(n, net.commit(n, block, 2)) for n in (1, 2, 3)),
    )
    assert decision_round(votes, block.hash()) == 2
    assert decision_round(votes, bytes(32)) is None


def test_without_a_set_only_deeds_are_told():
    net = Qbft()
    votes = logged(net, sent(0, net.commit(0, net.block(net.genesis, 0))))
    assert explain(net.observed, votes, None) == ""
    assert explain(net.observed, votes, net.members).endswith("agreement was promised")
