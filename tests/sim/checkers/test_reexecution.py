"""Which blocks are executed again, by whom, and how often."""

from node.base.rng import TreeEntropy
from node.base.types import Hash32
from node.sim.checkers.reexecution import AUDITED_ONE_IN, ReexecutionChecker


class Drawn:
    """An entropy that says what it is told to."""

    def __init__(self, *values: int) -> None:
        self.values = list(values)

    def below(self, bound: int) -> int:
        assert bound == AUDITED_ONE_IN
        return self.values.pop(0)

    def take(self, count: int) -> bytes:
        raise AssertionError("the audit draws numbers only")


def block(number: int) -> Hash32:
    return Hash32(number.to_bytes(32))


def checker(*values: int, answer: str | None = None):
    asked = []

    def again(node, block_hash, header):
        asked.append((node, int.from_bytes(block_hash), header))
        return answer

    return ReexecutionChecker(Drawn(*values), again), asked


def test_a_drawn_block_is_executed_by_the_next_node_that_stores_it() -> None:
    found, asked = checker(0)
    for node in ("h0", "h1", "h2"):
        assert found.judge(node, block(1), b"header") is None
    assert asked == [("h1", 1, b"header")]
    assert (found.audited, found.seen) == (1, 1)


def test_a_block_that_was_not_drawn_is_left_alone() -> None:
    found, asked = checker(1, 63)
    for number in (1, 2):
        for node in ("h0", "h1"):
            found.judge(node, block(number), b"")
    assert asked == []
    assert (found.audited, found.seen) == (0, 2)


def test_its_maker_is_never_asked() -> None:
    found, asked = checker(0)
    found.judge("h0", block(1), b"")
    found.judge("h0", block(1), b"")
    assert asked == []


def test_each_block_is_one_draw_however_often_it_is_stored() -> None:
    found, asked = checker(5, 0)
    for node in ("h0", "h1", "h2"):
        found.judge(node, block(1), b"")
    found.judge("h1", block(2), b"")
    found.judge("h0", block(2), b"")
    assert [one[:2] for one in asked] == [("h0", 2)]


def test_what_executing_again_shows_is_the_judgement() -> None:
    found, _ = checker(0, answer="another root")
    found.judge("h0", block(1), b"")
    assert found.judge("h1", block(1), b"") == "another root"


def test_about_one_block_in_sixty_four_is_drawn() -> None:
    found = ReexecutionChecker(TreeEntropy(7, "audit"), lambda *_: None)
    for number in range(6_400):
        found.judge("h0", block(number), b"")
        found.judge("h1", block(number), b"")
    assert 70 <= found.audited <= 130
