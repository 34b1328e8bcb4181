from node.sim.checkers.consensus_registry import RegistryReader
from node.sim.checkers.consensus_sets import RegistryRules, Sets
from node.sim.facts import ValidatorsAfter
from tests.sim.checkers.forge import Clique, Qbft, stored, told, turned
from tests.sim.checkers.test_consensus_registry import REGISTRY, withdrawn


def after(node, block, members):
    return ValidatorsAfter(f"h{node}", block.hash(), b"".join(members))


def test_equal_readings_are_pure():
    net = Clique()
    one = net.block(net.genesis, 1)
    facts = [after(n, block, net.members) for n in (0, 1) for block in (net.genesis, one)]
    assert told(Sets(net.observed), stored(0, one), *facts) is None


def test_a_reading_that_is_not_the_headers_is_found():
    net = Clique()
    fault = told(Sets(net.observed), after(2, net.genesis, net.members[1:]))
    assert fault.startswith("after block 0 0x")
    assert f"by headers and logs they are [0x{net.members[0].hex()[:8]}, " in fault


def test_two_nodes_that_read_two_sets_after_one_block_are_found():
    net = Clique()
    unknown = net.block(net.genesis, 1)
    facts = (after(0, unknown, net.members), after(1, unknown, net.members[:2]))
    fault = told(Sets(net.observed), *facts)
    assert fault.startswith(f"after block 0x{unknown.hash().hex()[:8]} h0 reads [0x")
    assert "and h1 reads [0x" in fault


def test_a_byzantine_node_may_read_what_it_likes():
    net = Clique()
    facts = (turned(2, "byzantine"), after(2, net.genesis, ()))
    assert told(Sets(net.observed), *facts) is None


def test_the_rules_of_the_registry_are_judged_with_the_blocks():
    net = Qbft()
    gone = tuple(withdrawn(key, 2) for key in net.members[:2])
    block, fine = net.block(net.genesis, 0), net.block(net.genesis, 1)
    logs = {block.hash(): gone}
    reader = RegistryReader(
        net.genesis.hash(), net.members, REGISTRY, lambda one: logs.get(one, ()), minimum=1
    )
    rules = RegistryRules(net.observed, reader)
    assert told(rules, stored(0, fine)) is None
    assert "removes 2 of 4 validators at once" in told(rules, stored(0, block))
