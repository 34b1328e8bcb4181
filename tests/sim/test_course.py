"""Whether a chain was safe and live, from facts alone."""

import pytest

from node.base.types import Hash32
from node.sim.course import Course
from node.sim.facts import FinalAt, HeadAt, NodeTurned

A, B = Hash32(b"\x0a" * 32), Hash32(b"\x0b" * 32)


class Run:
    def __init__(self, safe_depth=None):
        self.now = 0
        self.course = Course(lambda: self.now, until_us=100, safe_depth=safe_depth)

    def tell(self, *facts, at=0):
        self.now = at
        for fact in facts:
            self.course.observe(fact)
        return self.course.result({})


def test_nothing_happened():
    result = Run().tell()
    assert (result.safe, result.live, result.height) == (True, False, 0)
    assert result.blocks_to_finality is None


@pytest.mark.parametrize(("at", "lives"), [(79, False), (80, True), (100, True)])
def test_a_chain_that_grows_in_the_last_fifth_lives(at, lives):
    run = Run()
    run.tell(HeadAt("h0", A, 1), at=10)
    assert run.tell(HeadAt("h1", B, 2), at=at).live is lives


def test_the_same_height_again_is_no_growth():
    run = Run()
    run.tell(HeadAt("h0", A, 2), at=10)
    assert not run.tell(HeadAt("h1", B, 2), at=90).live


def test_two_final_blocks_of_one_height_are_not_safe():
    run = Run()
    assert run.tell(FinalAt("h0", A, 1), FinalAt("h1", A, 1)).safe
    assert not run.tell(FinalAt("h2", B, 1)).safe


def test_what_a_byzantine_node_holds_for_final_counts_for_nothing():
    run = Run()
    run.tell(NodeTurned("h2", "byzantine"), FinalAt("h0", A, 1))
    assert run.tell(FinalAt("h2", B, 1)).safe


def test_the_median_of_the_blocks_above_is_told():
    run = Run()
    heads = [HeadAt("h0", A, 9)]
    result = run.tell(*heads, FinalAt("h0", A, 9), FinalAt("h0", A, 7), FinalAt("h0", A, 2))
    assert result.blocks_to_finality == 2


@pytest.mark.parametrize(("depth", "is_safe"), [(0, True), (6, True), (7, False)])
def test_without_finality_a_reorganisation_may_not_be_deeper_than_the_safe_depth(depth, is_safe):
    assert Run(safe_depth=6).course.result({"h0": depth}).safe is is_safe


def test_with_finality_depth_alone_says_nothing():
    assert Run().course.result({"h0": 9}).safe


def test_what_a_byzantine_node_leaves_is_no_reorganisation_of_the_chain():
    run = Run(safe_depth=6)
    run.tell(NodeTurned("h3", "byzantine"))
    result = run.course.result({"h0": 2, "h3": 40})
    assert (result.safe, result.deepest_reorg) == (True, 2)


def test_a_long_head_of_a_byzantine_node_does_not_hide_that_the_others_grow():
    run = Run()
    run.tell(NodeTurned("h3", "byzantine"), HeadAt("h3", B, 50), HeadAt("h0", A, 5), at=10)
    assert run.tell(HeadAt("h0", B, 6), at=90).live
