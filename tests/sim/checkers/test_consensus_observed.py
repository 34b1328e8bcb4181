from node.base.types import ZERO_HASH
from node.sim.facts import BlockStored
from tests.sim.checkers.forge import KEYS, Clique, stored, turned


def seen():
    net = Clique()
    one = net.block(net.genesis, 1)
    two, other = net.block(one, 2), net.block(net.genesis, 3)
    for block in (one, two, other, two):
        net.observed.note(stored(0, block))
    return net, one, two, other


def test_difficulties_add_up_along_a_branch():
    net, one, two, _ = seen()
    assert net.observed.blocks[one.hash()].total_difficulty == 3
    assert net.observed.blocks[two.hash()].total_difficulty == 5


def test_the_block_below_and_the_common_block_are_found():
    net, one, two, other = seen()
    observed = net.observed
    assert observed.block_below(two.hash(), 1) == one.hash()
    assert observed.block_below(two.hash(), 3) is None
    assert observed.block_below(ZERO_HASH, 0) is None
    assert observed.common_block(two.hash(), other.hash()).hash == net.genesis.hash()
    assert observed.common_block(two.hash(), ZERO_HASH) is None


def test_blocks_that_are_no_part_of_the_tree_are_left_to_other_checkers():
    net = Clique()
    one = net.block(net.genesis, 1)
    for fact in (
        stored(0, net.block(one, 2)),
        BlockStored("h0", ZERO_HASH, one.encode()),
        BlockStored("h0", ZERO_HASH, b"\xc0"),
    ):
        net.observed.note(fact)
    assert list(net.observed.blocks) == [net.genesis.hash()]


def test_a_key_that_was_byzantine_once_is_honest_no_more():
    net = Clique()
    net.addresses["twin"] = net.members[1]
    for state in ("byzantine", "honest"):
        net.observed.note(turned(1, state))
    assert not net.observed.is_honest("twin")
    assert net.observed.is_honest("h0")
    assert net.observed.name_of(net.members[1]) == "h1 (Byzantine)"
    assert net.observed.name_of(KEYS[9].address) == f"0x{KEYS[9].address.hex()[:8]}"


def test_nodes_go_and_come():
    net = Clique()
    net.observed.note(turned(1, "down"))
    assert net.observed.down == {"h1"}
    net.observed.note(turned(1, "up"))
    assert net.observed.down == set()
