import json

import pytest

from node.base.types import Hash32
from node.sim.checkers.consensus_aura import push
from node.sim.checkers.consensus_registry import RegistryReader
from tests.sim.checkers.forge import KEYS, Aura
from tests.sim.checkers.test_consensus_registry import REGISTRY, admitted
from tests.vectors_dir import vectors


def extend(net, *steps, parent=None):
    parent = parent or net.genesis
    for step in steps:
        parent = net.block(parent, step)
        assert net.observed.seals.judge(parent.encode()) is None
    return parent


def test_the_primary_of_each_step_is_authorised():
    net = Aura()
    last = extend(net, 1, 2, 3, 7, 12)
    assert net.observed.seals.after(last.hash()) == net.members


@pytest.mark.parametrize("step", [3, 2])
def test_a_step_that_does_not_rise_is_found(step):
    net = Aura()
    parent = extend(net, 3)
    assert "is not above its parent's, 3" in net.observed.seals.learn(
        net.block(parent, step).encode()
    )


def test_a_block_of_another_than_the_primary_is_found():
    net = Aura()
    fault = net.observed.seals.learn(net.block(net.genesis, 1, sealer=2).encode())
    assert f"the primary of step 1 is 0x{net.members[1].hex()}" in fault
    foreign = net.block(net.genesis, 1, coinbase=net.members[2])
    assert "the primary of step 1" in net.observed.seals.learn(foreign.encode())


def test_a_score_that_is_not_the_steps_is_found():
    net = Aura()
    assert "its step makes" in net.observed.seals.learn(
        net.block(net.genesis, 1, difficulty=5).encode()
    )


def test_a_block_on_an_unknown_parent_or_of_another_shape_is_found():
    net = Aura()
    one = net.block(net.genesis, 1)
    assert "was never shown" in net.observed.seals.learn(net.block(one, 2).encode())
    assert "stands on block 0" in net.observed.seals.learn(
        net.block(net.genesis, 1, number=3).encode()
    )
    assert "is not AuRa's" in net.observed.seals.learn(
        net.block(net.genesis, 1, nonce=b"\1" * 8).encode()
    )
    assert "cannot be read" in net.observed.seals.learn(b"\xc1")


def test_a_new_set_counts_after_the_block_that_admits_it_is_final():
    """Four validators: a block is final when three signed it or what stands on it."""
    net = Aura()
    new = KEYS[4].address
    logs = {}
    net.registry = RegistryReader(
        net.genesis.hash(), net.members, REGISTRY, lambda block: logs.get(block, ()), minimum=1
    )
    seals = net.make_seals()
    one = net.block(net.genesis, 1)
    logs[one.hash()] = (admitted(new, 2),)
    two = net.block(one, 2)
    three = net.block(two, 3)
    for block in (one, two):
        assert seals.learn(block.encode()) is None
        assert seals.after(block.hash()) == net.members
    assert seals.learn(three.encode()) is None
    assert seals.after(three.hash()) == tuple(sorted((*net.members, new)))
    assert seals.branch(three.hash()).queue == ()
    assert seals.branch(three.hash()).final == (one.hash(), 1)


def pushed(count, blocks, *, two_thirds):
    queue, final, after = (), 0, []
    for n, signer in enumerate(blocks):
        entry = (Hash32(bytes([n]) * 32), n, signer)
        queue, popped = push(queue, entry, count, two_thirds=two_thirds)
        after.append(list(range(final, final + popped)))
        final += popped
    return queue, after


@pytest.mark.conformance
def test_finality_is_that_of_the_published_cases():
    cases = json.loads((vectors("consensus") / "aura.json").read_text())["vectors"]
    judged = 0
    for case in cases:
        kind, two_thirds = case["type"], case.get("two_thirds", False)
        if kind == "finality_chain":
            signers = [n % case["validators"] for n in range(case["chainLength"])]
            queue, _ = pushed(case["validators"], signers, two_thirds=two_thirds)
            assert len(queue) == case["expect_not_finalized"], case["id"]
        elif kind.startswith("finality") and all(len(one) == 1 for one in case["blocks"]):
            signers = [one[0] for one in case["blocks"]]
            queue, after = pushed(case["signers"], signers, two_thirds=two_thirds)
            if kind == "finality_push":
                assert after == case["expect_newly_finalized_after_each"], case["id"]
            else:
                assert len(queue) == case["expect_unfinalized"], case["id"]
        else:
            continue
        judged += 1
    assert judged > 0
