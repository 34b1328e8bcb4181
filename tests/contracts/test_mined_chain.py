"""eth-tester's blocks and the quick chain agree, and eth-tester's are what we take them for."""

import pytest

from node.contracts.government_actions import AddMember
from tests.contracts.mined_chain import MinedChain
from tests.contracts.stock_chain import BLOCK_SECONDS, Outcome, StockChain
from tests.contracts.world import (
    DAY,
    KEYS,
    MEMBERS,
    PMR_ID,
    STRANGER,
    World,
    account,
    content,
    key_of,
    people,
)


class _Recording(StockChain):
    """Writes down what is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[object, Outcome]] = []

    def transact(self, sender, to, data, **how):  # type: ignore[no-untyped-def]
        outcome = super().transact(sender, to, data, **how)
        self.sent.append((sender, outcome))
        return outcome


def _journey(world: World) -> None:
    """Let people do what they do, each thing at least once."""
    suite = world.suite
    people(world)
    order = suite.labs.order(PMR_ID, hospital_id=1, lab=account("l1"), modality="CT", reason="X")
    world.send("d1", suite.labs.address, order)
    amended = suite.pmr.amend(PMR_ID, 0, hospital_id=1, content=content("again"))
    world.send("d1", suite.pmr.address, amended)
    grant_id = world.grant()
    opinion = suite.pmr.add_second_opinion(PMR_ID, hospital_id=2, content=content("opinion"))
    world.send("d2", suite.pmr.address, opinion)
    revoked = suite.consents.revoke(grant_id, grantee=account("d2"), pmr_id=PMR_ID)
    world.send("p1", suite.consents.address, revoked)
    world.enact(AddMember(STRANGER))


def test_both_chains_use_the_same_gas_and_leave_the_same_logs() -> None:
    world = World.deployed(chain=_Recording())
    mined = MinedChain(world.chain)
    world.chain.sent.clear()  # type: ignore[attr-defined]
    _journey(world)
    sent = world.chain.sent  # type: ignore[attr-defined]
    assert len(sent) > 15
    for sender, outcome in sent:
        block = mined.mine(KEYS[sender], outcome.to, outcome.data)
        assert (block.succeeded, block.gas, block.logs) == (True, outcome.gas, outcome.logs)


def test_a_refused_transaction_changes_nothing_on_the_quick_chain(world: World) -> None:
    government = world.suite.government
    root = world.fork().chain.root
    assert world.refused(STRANGER, government.address, government.vote(1)).name
    assert world.fork().chain.root == root


def test_a_transaction_that_nothing_refuses_fails_its_test(world: World) -> None:
    government = world.suite.government
    data = government.propose(AddMember(STRANGER))
    with pytest.raises(AssertionError, match="nothing refuses this"):
        world.refused(MEMBERS[0], government.address, data)


def test_time_goes_on_from_the_quick_chain_and_as_the_test_says(world: World) -> None:
    chain, government = MinedChain(world.chain), world.suite.government
    chain.travel(world.chain.time_s + DAY)
    data = government.propose(AddMember(STRANGER))
    block = chain.mine(key_of("member 0"), government.address, data)
    proposed = world.suite.decode_log(*block.logs[0])
    deadline = world.chain.time_s + DAY + BLOCK_SECONDS + 7 * DAY
    assert proposed is not None
    assert proposed.deadline == deadline  # type: ignore[attr-defined]
