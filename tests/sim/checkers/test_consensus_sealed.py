from node.sim.checkers.consensus_sealed import SealedBlocks
from tests.sim.checkers.forge import Clique, Qbft, stored, told, turned


def test_authorised_blocks_are_silent():
    net = Qbft()
    block = net.block(net.genesis, 0)
    facts = [
        stored(n, block, net.certificate(block, by)) for n, by in enumerate(((0, 1, 2), (1, 2, 3)))
    ]
    assert told(SealedBlocks(net.observed), *facts) is None


def test_a_bad_certificate_of_a_known_block_is_found_with_its_node():
    net = Qbft()
    block = net.block(net.genesis, 0)
    facts = [
        stored(n, block, net.certificate(block, by)) for n, by in enumerate(((0, 1, 2), (1, 2)))
    ]
    assert told(SealedBlocks(net.observed), *facts).startswith("h1: block 1 0x")


def test_what_byzantine_nodes_store_is_theirs():
    net = Clique()
    bad = net.block(net.genesis, 1, difficulty=1)
    sealed = SealedBlocks(net.observed)
    assert told(sealed, turned(1, "byzantine"), stored(1, bad)) is None
    assert "difficulty 1" in told(sealed, stored(0, bad))
