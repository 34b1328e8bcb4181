"""Histories that are known to break agreement, told to all checkers at once."""

import json

import pytest

from node.sim.checkers.consensus_agreement import Agreement, Integrity
from node.sim.checkers.consensus_rounds import Rounds
from node.sim.checkers.consensus_votes import VoteLog
from tests.sim.checkers.forge import Ibft1, Qbft, head, sent, stored, turned
from tests.vectors_dir import vectors

KINDS = {"PRE-PREPARE": "proposal", "PREPARE": "prepare", "COMMIT": "commit"}


def judged(net, facts):
    log = VoteLog(net.observed)
    checkers = {"agreement": Agreement(log), "integrity": Integrity(log), "rounds": Rounds(log)}
    for fact in facts:
        for checker in checkers.values():
            checker.observe(fact)
    return {name: checker.fault for name, checker in checkers.items()}


def told_by(net, blocks, case, byzantine):
    """Give the facts of a published schedule; its processes count from 1, its views too."""
    yield from (turned(n - 1, "byzantine") for n in byzantine)
    for step in case["steps"]:
        for message in step["new_messages"]:
            by, block = message["sender"] - 1, blocks[message["value"]]
            make = getattr(net, KINDS[message["type"]])
            yield sent(by, make(by, block, message["view"] - 1), net.engine)
        for node, value in step.get("decides", {}).items():
            block = blocks[value]
            by = [int(one) - 1 for one in case["final_decisions"]]
            yield stored(int(node) - 1, block, net.certificate(block, by))
            yield head(int(node) - 1, block)


@pytest.mark.conformance
def test_the_published_attack_on_ibft1_breaks_agreement_and_is_explained():
    file = json.loads((vectors("consensus") / "ibft1_attack_trace.json").read_text())
    for case in file["vectors"]:
        net = Ibft1(file["setup"]["n"], quorum="2f_plus_1")
        blocks = {
            value: net.block(net.genesis, 0, vanity=ord(value))
            for value in set(case["final_decisions"].values()) - {"None"}
        }
        byzantine = file["setup"]["byzantine"]
        found = judged(net, told_by(net, blocks, case, byzantine))
        first, second = (f"0x{block.hash().hex()[:8]}" for _, block in sorted(blocks.items()))
        why = found["agreement"]
        assert first in why
        assert second in why
        for node in byzantine:
            assert f"h{node - 1} (Byzantine) signed proposal for" in why
        assert f"Byzantine: {len(byzantine)} of {net.rules.quorum_of(4) + 1} validators" in why
        assert why.endswith("agreement was promised")
        assert found["rounds"] is not None


def trap(net):
    """Seven nodes, 1 and 2 Byzantine: node 4 loses its certificate (section 3.9).

    Round 0 decides v at node 0 alone.  In round 1 node 4 prepares v again.  In round 2 it says
    that nothing is prepared, so w passes for justified.
    """
    v, w = net.block(net.genesis, 0), net.block(net.genesis, 2, vanity=1)
    yield from (turned(n, "byzantine") for n in (1, 2))
    yield sent(0, net.proposal(0, v))
    for kind in ("prepare", "commit"):
        yield from (sent(n, getattr(net, kind)(n, v)) for n in (0, 3, 4, 1, 2))
    yield stored(0, v, net.certificate(v, (0, 3, 4, 1, 2)))
    yield head(0, v)
    prepares = [net.prepare(n, v) for n in (0, 1, 2, 3, 4)]
    yield from (sent(n, net.round_change(n, 1, 1)) for n in (5, 6))
    yield sent(3, net.round_change(3, 1, 1, (0, v), prepares))
    claims = [net.change(n, 1, 1, (0, v) if n == 3 else None) for n in (3, 5, 6, 1, 2)]
    yield sent(1, net.proposal(1, v, 1, claims, prepares))
    yield sent(4, net.prepare(4, v, 1))
    yield from (sent(n, net.round_change(n, 1, 2)) for n in (1, 2, 4, 5, 6))
    yield sent(2, net.proposal(2, w, 2, [net.change(n, 1, 2) for n in (1, 2, 4, 5, 6)]))
    for kind in ("prepare", "commit"):
        yield from (sent(n, getattr(net, kind)(n, w, 2)) for n in (1, 2, 4, 5, 6))
    yield stored(6, w, net.certificate(w, (1, 2, 4, 5, 6), 2))
    yield head(6, w)


def test_a_lost_certificate_breaks_agreement_and_names_who_lost_it():
    found = judged(net := Qbft(7), trap(net))
    why = found["agreement"]
    assert "in round 0 and h6 decided block 1" in why
    assert "h1 (Byzantine) committed to" in why
    assert "h2 (Byzantine) committed to" in why
    assert "h4 committed to" in why
    assert "then asked for round 2 with nothing as prepared" in why
    assert why.endswith("Byzantine: 2 of 7 validators, f = 2: agreement was promised")
    assert "although 3 honest validators had committed to" in found["rounds"]


def test_before_the_certificate_is_lost_the_same_history_breaks_nothing():
    net = Qbft(7)
    facts = list(trap(net))
    lost = next(n for n, one in enumerate(facts) if one == sent(1, net.round_change(1, 1, 2)))
    assert judged(net, facts[:lost]) == {"agreement": None, "integrity": None, "rounds": None}
