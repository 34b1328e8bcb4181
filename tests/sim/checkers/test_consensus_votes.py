import pytest

from node.sim.checkers.consensus_votes import VoteLog
from tests.sim.checkers.forge import Aura, Clique, Ibft1, Qbft, head, sent, stored, told, turned


@pytest.mark.parametrize("kind", ["prepare", "commit", "proposal"])
@pytest.mark.parametrize("network", [Qbft, Ibft1])
def test_two_votes_in_one_slot_are_a_double_sign(network, kind):
    net = network()
    left, right = net.block(net.genesis, 0), net.block(net.genesis, 0, vanity=1)
    make = getattr(net, kind)
    facts = [sent(0, make(0, block, 2), net.engine) for block in (left, right)]
    fault = told(VoteLog(net.observed), *facts)
    assert fault.startswith(f"h0 signed two things at height 1, round 2: {kind} for 0x")


def test_two_claims_at_one_round_change_are_a_double_sign():
    net = Qbft()
    block = net.block(net.genesis, 0)
    facts = (
        sent(2, net.round_change(2, 1, 1)),
        sent(2, net.round_change(2, 1, 1, (0, block))),
    )
    fault = told(VoteLog(net.observed), *facts)
    assert "round change for nothing prepared and for 0x" in fault


def test_other_rounds_other_authors_and_the_same_again_are_no_double_sign():
    net = Qbft()
    left, right = net.block(net.genesis, 0), net.block(net.genesis, 0, vanity=1)
    log = VoteLog(net.observed)
    facts = (
        sent(0, net.prepare(0, left)),
        sent(0, net.prepare(0, left)),
        sent(1, net.prepare(0, left)),
        sent(1, net.prepare(1, right)),
        sent(0, net.prepare(0, right, 1)),
        sent(0, net.commit(0, left)),
    )
    assert told(log, *facts) is None


def test_a_byzantine_key_may_sign_what_it_likes():
    net = Qbft()
    left, right = net.block(net.genesis, 0), net.block(net.genesis, 0, vanity=1)
    facts = (turned(0, "byzantine"), *(sent(0, net.prepare(0, one)) for one in (left, right)))
    assert told(VoteLog(net.observed), *facts) is None


def test_two_children_of_one_parent_are_a_double_seal_of_clique():
    net = Clique()
    left, right = net.block(net.genesis, 1), net.block(net.genesis, 1, vanity=1)
    fault = told(VoteLog(net.observed), stored(0, left), stored(1, left), stored(2, right))
    assert fault.startswith("h1 sealed two blocks on block 0 0x")


def test_one_number_on_two_parents_is_no_double_seal_of_clique():
    net = Clique()
    left, right = net.block(net.genesis, 1), net.block(net.genesis, 2)
    facts = (left, right, net.block(left, 3), net.block(right, 3))
    assert told(VoteLog(net.observed), *(stored(0, one) for one in facts)) is None


def test_two_blocks_of_one_step_are_a_double_seal_of_aura():
    net = Aura()
    one = net.block(net.genesis, 1)
    facts = (one, net.block(net.genesis, 2), net.block(one, 2))
    fault = told(VoteLog(net.observed), *(stored(0, block) for block in facts))
    assert fault.startswith("h2 sealed two blocks in step 2: block 1 0x")


def test_blocks_of_other_steps_are_no_double_seal_of_aura():
    net = Aura()
    one = net.block(net.genesis, 1)
    facts = (one, net.block(one, 5), net.block(net.genesis, 9))
    assert told(VoteLog(net.observed), *(stored(0, block) for block in facts)) is None


def test_heights_that_all_have_decided_are_forgotten():
    net = Qbft(2)
    log = VoteLog(net.observed)
    parent = net.genesis
    for n in range(1, 40):
        block = net.block(parent, 0)
        told(log, sent(0, net.prepare(0, block)), *(stored(node, block) for node in (0, 1)))
        told(log, head(0, block))
        if n <= 32:
            told(log, head(1, block))
        parent = block
    assert min(log.heights) in (16, 32)


def test_a_message_that_cannot_be_read_is_not_kept():
    net = Qbft()
    log = VoteLog(net.observed)
    assert told(log, sent(0, b"\xc0"), sent(0, b"junk")) is None
    assert not log.heights
