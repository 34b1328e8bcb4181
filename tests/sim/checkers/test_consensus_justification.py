import pytest

from node.base import rlp
from node.sim.checkers.consensus_headers import read_header
from node.sim.checkers.consensus_justification import unjustified
from tests.sim.checkers.forge import Qbft

NET = Qbft()
FRESH = NET.block(NET.genesis, 1)
"""Built by the leader of round 1."""
OLD = NET.block(NET.genesis, 0)
"""Built by the leader of round 0."""
GENESIS = read_header(NET.genesis.encode())


def why(message, below=GENESIS):
    proposal = NET.observed.reader.read("qbft", rlp.encode(message))
    return unjustified(proposal, NET.members, below, 3)


def changes(*prepared, round_=1, height=1):
    return [NET.change(n, height, round_, claim) for n, claim in enumerate(prepared)]


def prepares(block=OLD, round_=0, by=(0, 1, 2)):
    return [NET.prepare(n, block, round_) for n in by]


NONE = (None, None, None)
CLAIM = ((0, OLD), None, None)


def test_the_leader_of_round_0_needs_no_justification():
    assert why(NET.proposal(0, OLD)) is None


def test_a_fresh_block_needs_round_changes_without_a_claim():
    assert why(NET.proposal(1, FRESH, 1, changes(*NONE))) is None


def test_a_prepared_block_needs_its_prepares():
    assert why(NET.proposal(1, OLD, 1, changes(*CLAIM), prepares())) is None


def test_the_highest_claim_is_the_one_to_follow():
    two = changes((0, FRESH), (1, OLD), None, round_=2)
    assert why(NET.proposal(2, OLD, 2, two, prepares(round_=1))) is None
    assert "not the one prepared in round 1" in why(NET.proposal(2, FRESH, 2, two, prepares()))


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (NET.proposal(1, OLD), "does not lead round 0"),
        (NET.proposal(0, FRESH), "its block is built by"),
        (NET.proposal(0, OLD, 0, changes(*NONE)), "round 0 carries a justification"),
        (NET.proposal(1, FRESH, 1, changes(None, None)), "round changes of 2 validators"),
        (NET.proposal(1, FRESH, 1, changes(*NONE)[:2] + changes(None)), "of 2 validators"),
        (NET.proposal(1, FRESH, 1, changes(*NONE, round_=2)), "another height or round"),
        (NET.proposal(1, FRESH, 1, changes(*NONE, height=2)), "another height or round"),
        (NET.proposal(1, OLD, 1, changes(*NONE)), "its block is built by"),
        (NET.proposal(1, FRESH, 1, changes(*NONE), prepares()), "nothing is claimed"),
        (NET.proposal(1, OLD, 1, changes((1, OLD), None, None)), "claims round 1"),
        (
            NET.proposal(1, OLD, 1, changes((0, OLD), (0, FRESH), None), prepares()),
            "two values are claimed",
        ),
        (NET.proposal(1, FRESH, 1, changes(*CLAIM), prepares()), "not the one prepared"),
        (NET.proposal(1, OLD, 1, changes(*CLAIM), prepares(by=(0, 1))), "prepares of 2 val"),
        (NET.proposal(1, OLD, 1, changes(*CLAIM), prepares(FRESH)), "is not for what was"),
    ],
)
def test_each_broken_clause_is_named(message, fault):
    assert fault in why(message)


def test_a_block_on_another_parent_or_of_another_number_is_named():
    above = NET.block(OLD, 1)
    assert "its block is block 2" in why(NET.proposal(1, above))
    assert "it stands on block 0" in why(NET.proposal(1, NET.block(NET.genesis, 1, number=2)))


def test_a_header_of_another_round_is_named():
    payload = rlp.decode(rlp.encode(NET.proposal(1, FRESH, 1, changes(*NONE))[0][0]))
    payload[2][0] = NET.at_round(FRESH, 3).items()
    message = [NET.signed(0x12, 1, payload), [changes(*NONE), []]]
    assert why(message) == "its header names round 3"
