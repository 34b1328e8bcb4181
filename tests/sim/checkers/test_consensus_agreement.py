from node.sim.checkers.consensus_agreement import Agreement, Integrity
from node.sim.checkers.consensus_votes import VoteLog
from tests.sim.checkers.forge import (
    Aura,
    Clique,
    Ibft1,
    Qbft,
    final,
    head,
    sent,
    stored,
    told,
    turned,
)


def rounds_of(net, block, round_, by):
    yield sent(by[0], net.proposal(by[0], block, round_), net.engine)
    for n in by:
        yield sent(n, net.prepare(n, block, round_), net.engine)
        yield sent(n, net.commit(n, block, round_), net.engine)


def decided(net, node, block, by=(0, 1, 2), round_=0):
    return stored(node, block, net.certificate(block, by)), head(node, block)


def test_one_chain_of_decisions_is_agreement():
    net = Qbft()
    agreement = Agreement(VoteLog(net.observed))
    one = net.block(net.genesis, 0)
    two = net.block(one, 1)
    facts = [
        fact for node in range(4) for block in (one, two) for fact in decided(net, node, block)
    ]
    assert told(agreement, *facts) is None


def test_two_decisions_at_a_height_name_nodes_rounds_hashes_and_the_equivocator():
    net = Qbft()
    agreement = Agreement(VoteLog(net.observed))
    left, right = net.block(net.genesis, 0), net.block(net.genesis, 0, vanity=1)
    fault = told(
        agreement,
        turned(0, "byzantine"),
        turned(1, "byzantine"),
        *rounds_of(net, left, 0, (0, 1, 2)),
        *rounds_of(net, right, 0, (0, 1, 3)),
        *decided(net, 2, left),
        *decided(net, 3, right),
    )
    assert fault.startswith(
        f"h2 decided block 1 0x{left.hash().hex()[:8]} in round 0 and "
        f"h3 decided block 1 0x{right.hash().hex()[:8]} in round 0"
    )
    assert "h0 (Byzantine) signed proposal for" in fault
    assert "h1 (Byzantine) signed prepare for" in fault
    assert fault.endswith("Byzantine: 2 of 4 validators, f = 1: no promise was broken")


def test_within_the_fault_budget_the_promise_is_said_to_be_broken():
    net = Qbft()
    left, right = net.block(net.genesis, 0), net.block(net.genesis, 0, vanity=1)
    fault = told(
        Agreement(VoteLog(net.observed)),
        *rounds_of(net, left, 0, (0, 1, 2)),
        *decided(net, 2, left),
        *decided(net, 3, right),
    )
    assert "only 0 of at least 2 culprits can be named" in fault
    assert fault.endswith("Byzantine: 0 of 4 validators, f = 1: agreement was promised")


def test_who_forgot_a_commitment_at_a_round_change_is_named():
    net = Qbft()
    left, right = net.block(net.genesis, 0), net.block(net.genesis, 1, vanity=1)
    changes = [net.change(n, 1, 1) for n in (1, 2, 3)]
    fault = told(
        Agreement(VoteLog(net.observed)),
        *rounds_of(net, left, 0, (0, 1, 2)),
        *(sent(n, net.round_change(n, 1, 1)) for n in (1, 2, 3)),
        sent(1, net.proposal(1, right, 1, changes)),
        *(sent(n, net.commit(n, right, 1)) for n in (1, 2, 3)),
        *decided(net, 0, left),
        *decided(net, 3, right),
    )
    for n in (1, 2):
        assert f"h{n} committed to 0x{left.hash().hex()[:8]} in round 0, then asked" in fault
    assert "h3 committed" not in fault
    assert "0 and h3 decided block 1" in fault
    assert f"0x{right.hash().hex()[:8]} in round 1" in fault


def test_quorums_of_ibft1_that_share_nobody_are_what_is_blamed():
    net = Ibft1(6, quorum="2f_plus_1")
    left, right = net.block(net.genesis, 0), net.block(net.genesis, 1)
    fault = told(
        Agreement(VoteLog(net.observed)),
        *rounds_of(net, left, 0, (0, 2, 4)),
        *rounds_of(net, right, 1, (1, 3, 5)),
        *decided(net, 0, left),
        *decided(net, 1, right),
    )
    assert "two quorums of 3 of 6 share 0 validators" in fault


def test_the_lowest_height_of_a_conflict_is_named():
    net = Qbft()
    left, right = net.block(net.genesis, 0), net.block(net.genesis, 1)
    above = net.block(right, 2)
    fault = told(
        Agreement(VoteLog(net.observed)),
        *decided(net, 0, left),
        stored(1, right),
        *decided(net, 1, above),
    )
    assert fault.startswith("h0 decided block 1 ")


def test_what_a_byzantine_node_decides_is_nothing():
    net = Qbft()
    left, right = net.block(net.genesis, 0), net.block(net.genesis, 1)
    facts = (turned(1, "byzantine"), *decided(net, 0, left), *decided(net, 1, right))
    assert told(Agreement(VoteLog(net.observed)), *facts) is None


def test_heads_of_clique_decide_nothing_but_final_blocks_do():
    net = Clique()
    left, right = net.block(net.genesis, 1), net.block(net.genesis, 2)
    agreement = Agreement(VoteLog(net.observed))
    facts = [stored(n, one) for n in (0, 3) for one in (left, right)]
    assert told(agreement, *facts, head(0, left), head(3, right)) is None
    assert told(agreement, final(0, left), final(3, right)).startswith("h0 decided block 1")


def test_a_node_whose_final_blocks_only_grow_keeps_its_word():
    net = Aura()
    one = net.block(net.genesis, 1)
    two = net.block(one, 2)
    integrity = Integrity(VoteLog(net.observed))
    assert told(integrity, stored(0, one), stored(0, two), final(0, one), final(0, two)) is None
    assert told(integrity, final(0, one)) is None


def test_a_node_that_decides_a_height_again_breaks_its_word():
    net = Aura()
    one, other = net.block(net.genesis, 1), net.block(net.genesis, 2)
    above = net.block(other, 3)
    facts = (stored(0, one), stored(0, other), stored(0, above))
    integrity = Integrity(VoteLog(net.observed))
    fault = told(integrity, *facts, final(0, one), final(0, above))
    assert fault.startswith(f"h0 decided block 1 0x{one.hash().hex()[:8]}, and later block 2")
