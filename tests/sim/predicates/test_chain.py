from dataclasses import replace

from node.sim.facts import BlockStored, HeadAt
from node.sim.predicates.chain import (
    ChainLinked,
    HeadsAgree,
    HeightAtLeast,
    StateRootReproducible,
)
from tests.base.headers import empty_header

GENESIS = empty_header()
FIRST = replace(GENESIS, number=1, parent_hash=GENESIS.hash(), timestamp=5)
SECOND = replace(GENESIS, number=2, parent_hash=FIRST.hash(), timestamp=10)
TWIN = replace(FIRST, timestamp=6)


def stored(node, header):
    return BlockStored(node, header.hash(), header.encode())


def judge(predicate, *facts):
    for fact in facts:
        predicate.observe(fact)
    return predicate.state()


def test_equal_knowledge_and_other_heads_disagree():
    state = judge(
        HeadsAgree(),
        *(stored(node, block) for node in ("h0", "h1") for block in (FIRST, TWIN)),
        HeadAt("h0", FIRST.hash(), 1),
        HeadAt("h1", TWIN.hash(), 1),
    )
    assert not state.holds
    assert "h0 and h1" in state.why


def test_heads_may_differ_while_knowledge_differs():
    state = judge(
        HeadsAgree(),
        stored("h0", FIRST),
        stored("h1", TWIN),
        HeadAt("h0", FIRST.hash(), 1),
        HeadAt("h1", TWIN.hash(), 1),
    )
    assert state.holds


def test_the_order_in_which_blocks_came_is_no_difference_in_knowledge():
    state = judge(
        HeadsAgree(),
        stored("h0", FIRST),
        stored("h0", TWIN),
        stored("h1", TWIN),
        stored("h1", FIRST),
        HeadAt("h0", FIRST.hash(), 1),
        HeadAt("h1", FIRST.hash(), 1),
    )
    assert state.holds


def test_a_linked_chain_is_linked():
    facts = (stored("h0", FIRST), stored("h0", SECOND))
    assert judge(ChainLinked(GENESIS.encode()), *facts).holds


def test_a_block_without_its_parent_is_not_linked():
    state = judge(ChainLinked(GENESIS.encode()), stored("h0", SECOND))
    assert not state.holds
    assert "without its parent" in state.why


def test_a_block_that_skips_a_number_is_not_linked():
    skips = replace(FIRST, number=2)
    assert not judge(ChainLinked(GENESIS.encode()), stored("h0", skips)).holds


def test_a_header_under_a_foreign_hash_is_not_linked():
    fact = BlockStored("h0", TWIN.hash(), FIRST.encode())
    assert not judge(ChainLinked(GENESIS.encode()), fact).holds


def test_bytes_that_are_no_header_are_not_linked():
    junk = b"\xc1"
    from node.base.keccak import keccak256

    assert not judge(ChainLinked(GENESIS.encode()), BlockStored("h0", keccak256(junk), junk)).holds


def test_the_lowest_head_decides_the_height():
    predicate = HeightAtLeast(("h0", "h1"), 2)
    assert not judge(predicate, HeadAt("h0", SECOND.hash(), 2)).holds
    assert judge(predicate, HeadAt("h1", SECOND.hash(), 2)).holds


class Auditor:
    """A checker that finds what it is told to."""

    audited, seen = 2, 130

    def __init__(self, *faults):
        self.faults = list(faults)

    def judge(self, node, block_hash, header):
        return self.faults.pop(0)


def test_the_audit_says_how_many_blocks_it_looked_at():
    state = judge(StateRootReproducible(Auditor(None)), stored("h0", FIRST), HeadAt("h0", b"", 1))
    assert (state.holds, state.why) == (True, "2 of 130 blocks executed again, none differs")


def test_the_first_difference_of_the_audit_stays():
    facts = (stored("h0", FIRST), stored("h1", FIRST), stored("h0", SECOND))
    state = judge(StateRootReproducible(Auditor(None, "another root", None)), *facts)
    assert (state.holds, state.why) == (False, "another root")
