import json
from dataclasses import replace

import pytest

from node.sim.checkers.consensus_deadlock import Deadlock
from node.sim.facts import BlockStored, NodeTurned
from tests.sim.checkers.forge import Clique, head, stored, turned
from tests.vectors_dir import vectors


def told(checker, *facts):
    for fact in facts:
        checker.observe(fact)
    return checker.found()


def stuck(count=4):
    """Give a network of EIP-3436's kind: block 9 by 2, 10 by 3 against block 9 by 1; 0 is down."""
    net = Clique(count)
    prefix = [net.genesis]
    for n in range(1, 9):
        prefix.append(net.block(prefix[-1], n % count))
    left = [net.block(prefix[-1], 2)]
    left.append(net.block(left[-1], 3))
    right = net.block(prefix[-1], 1)
    blocks = (*prefix[1:], *left, right)
    facts = [stored(n, block) for n in range(count) for block in blocks]
    heads = [head(1, right), head(2, left[-1]), head(3, left[-1])]
    return net, Deadlock(net.observed, net.observed.seals), [*facts, turned(0, "down"), *heads]


def test_two_forks_that_nobody_may_extend_are_told_with_both_lists():
    _, checker, facts = stuck()
    found = told(checker, *facts)
    assert found.startswith("no online signer may seal on its own head: ")
    assert "h1 on block 9 0x" in found
    assert "where h0, h2, h3 may" not in found
    assert "h2, h3 on block 10 0x" in found


def test_while_a_block_is_on_its_way_there_is_no_deadlock():
    _net, checker, facts = stuck()
    late = facts.pop(next(i for i, one in enumerate(facts) if one.node == "h3"))
    assert told(checker, *facts) is None
    assert told(checker, late) is not None


def test_a_signer_that_comes_back_ends_it_and_one_that_goes_makes_it():
    _, checker, facts = stuck()
    assert told(checker, *facts) is not None
    assert told(checker, turned(0, "up")) is None
    assert told(checker, turned(0, "down")) is not None


def test_what_only_a_node_that_is_down_knows_keeps_nothing_open():
    net, checker, facts = stuck()
    own = net.block(net.genesis, 0)
    assert told(checker, stored(0, own), *facts) is not None


def test_a_network_that_has_not_begun_is_no_deadlock():
    net = Clique()
    assert Deadlock(net.observed, net.observed.seals).found() is None


def test_nothing_is_looked_at_again_unless_something_changed(monkeypatch):
    _, checker, facts = stuck()
    first = told(checker, *facts)
    monkeypatch.setattr(checker, "_look", None)
    assert checker.found() == first


def cases():
    return json.loads((vectors("consensus") / "clique_deadlocks.json").read_text())["vectors"]


class Position:
    """A position of the vectors, as facts."""

    def __init__(self, case):
        self.case = case
        self.net = Clique(case["N"])
        prefix = self._sealed(
            self.net.genesis,
            case.get("prefix_signers") or [n % case["N"] for n in range(1, case["base"] + 1)],
        )
        base = prefix[-1] if prefix else self.net.genesis
        self.forks = (self._sealed(base, case["forkA"]), self._sealed(base, case["forkB"]))
        blocks = (*prefix, *self.forks[0], *self.forks[1])
        self.known = [stored(n, block) for n in range(case["N"]) for block in blocks]
        self.down = [turned(n, "down") for n in case["offline"]]
        self.checker = Deadlock(self.net.observed, self.net.observed.seals)

    def _sealed(self, parent, signers):
        blocks = []
        for signer in signers:
            parent = self.net.block(parent, signer)
            blocks.append(parent)
        return blocks

    def heads(self, on_a, on_b):
        for fork, nodes in zip(self.forks, (on_a, on_b), strict=True):
            yield from (head(n, fork[-1]) for n in nodes)


@pytest.mark.conformance
def test_every_position_published_as_a_deadlock_is_one():
    """Under the strict rule of total difficulty every node stays on its own fork."""
    for case in cases():
        position = Position(case)
        heads = position.heads(case["nodes_on_A"], case["nodes_on_B"])
        found = told(position.checker, *position.known, *position.down, *heads)
        assert (found is not None) == (case["first_seen"] == "deadlock"), case["id"]
        assert position.net.observed.seals.judge(position.forks[0][-1].encode()) is None


@pytest.mark.conformance
def test_where_eip3436_takes_everybody_there_is_no_deadlock():
    for case in cases():
        if case["eip3436_winner"] is None:
            continue
        position = Position(case)
        on_a, on_b = case["online"], ()
        if case["eip3436_winner"] == "B":
            on_a, on_b = on_b, on_a
        heads = position.heads(on_a, on_b)
        assert told(position.checker, *position.known, *position.down, *heads) is None
        winner = position.forks[0 if on_a else 1][-1]
        eligible = position.net.observed.seals.eligible_on(winner.hash())
        indices = [position.net.members.index(one) for one in eligible]
        assert [n for n in indices if n in case["online"]] == case["eip3436_can_seal_next"]


def test_a_node_that_joins_late_has_to_know_all_first():
    net, checker, facts = stuck()
    net.addresses["late"] = b"\x99" * 20
    assert told(checker, *facts, NodeTurned("late", "up")) is None
    blocks = {one.hash: one for one in facts if isinstance(one, BlockStored)}
    assert told(checker, *(replace(one, node="late") for one in blocks.values())) is not None


def test_who_shares_what_is_observed_may_note_first():
    """Another predicate of the same run may hear of a crash before this one."""
    net, checker, facts = stuck()
    for fact in facts:
        net.observed.note(fact)
        checker.observe(fact)
    assert checker.found() is not None
