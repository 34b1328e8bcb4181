from node.sim.checkers.consensus_forks import Heads
from tests.sim.checkers.forge import Clique, head, stored, told, turned


def forked():
    net = Clique()
    low = net.block(net.genesis, 2)
    high = net.block(low, 3)
    heavy = net.block(net.genesis, 1)
    return net, low, high, heavy, [stored(0, one) for one in (low, high, heavy)]


def test_a_head_that_grows_is_no_reorganisation():
    net, low, high, _, facts = forked()
    heads = Heads(net.observed)
    assert told(heads, *facts, head(0, low), head(0, high), head(0, high)) is None
    assert (heads.deepest, heads.told) == (0, "no head ever left a block")


def test_the_deepest_reorganisation_is_told_with_its_node_and_blocks():
    net, low, high, heavy, facts = forked()
    above = net.block(heavy, 2)
    heads = Heads(net.observed)
    told(heads, *facts, stored(0, above), head(0, low), head(0, high), head(0, above))
    assert heads.deepest == 2
    assert heads.told.startswith("h0 left 2 blocks above block 0 0x")
    assert above.hash().hex()[:8] in heads.told


def test_a_head_of_less_difficulty_is_found():
    net, low, _, heavy, facts = forked()
    fault = told(Heads(net.observed), *facts, head(0, heavy), head(0, low))
    assert "of total difficulty 3 for block 1" in fault


def test_a_longer_head_of_equal_difficulty_is_found():
    net, low, high, heavy, facts = forked()
    assert told(Heads(net.observed), *facts, head(0, low), head(0, high), head(0, heavy)) is None
    fault = told(Heads(net.observed), *facts, head(0, heavy), head(0, high))
    assert "of equal total difficulty 3" in fault


def test_heads_of_byzantine_nodes_are_not_followed():
    net, low, _, heavy, facts = forked()
    heads = (turned(0, "byzantine"), *facts, head(0, heavy), head(0, low))
    assert told(Heads(net.observed), *heads) is None
