"""IBFT 2.0 chains of others: seals, votes, epochs, and a genesis hash that leaves two items out."""

from dataclasses import replace

import pytest

from node.app.ibft2_judge import Ibft2Judge
from node.base.errors import ConfigError
from node.consensus_poa.ibft2_codec import Ibft2Form, block_hash
from node.evm.genesis import Genesis
from node.evm.ledger import Ledger
from tests.app.bft_chain import MEMBERS, STRANGER, BftChain, genesis_json
from tests.evm.chains import VERIFIER


def judge_of(chain, ledger=None):
    return Ibft2Judge(chain.genesis, ledger or chain.ledger, VERIFIER)


def test_a_right_header_breaks_nothing():
    chain = BftChain(genesis_json("ibft2"))
    chain.add(round=2)
    assert judge_of(chain).check(chain.make(round=1).header, chain.head) is None


def test_the_hash_of_block_0_is_that_of_the_codec():
    chain = BftChain(genesis_json("ibft2"))
    full = Ibft2Form().join(chain.ledger.genesis_header, None)
    assert block_hash(full) == chain.ledger.genesis_hash != full.hash()


def test_the_period_of_the_genesis_holds():
    chain = BftChain(genesis_json("ibft2", settings={"blockperiodseconds": 5}))
    early, right = chain.make(wait=4).header, chain.make(wait=5).header
    judge = judge_of(chain)
    assert judge.check(early, chain.head) == "invalid_timestamp"
    assert judge.check(right, chain.head) is None


def voted(chain, votes, subject, builders=MEMBERS):
    """Let ``votes`` members say that ``subject`` be admitted, in a block each."""
    for builder in builders[:votes]:
        chain.add(builder=builder, vote=(subject.address, True))


def test_votes_of_more_than_half_admit_and_the_next_block_lists_the_new_one():
    chain = BftChain(genesis_json("ibft2"))
    voted(chain, 3, STRANGER)
    judge = judge_of(chain)
    assert judge.check(chain.make().header, chain.head) == "mismatching_validators"
    chain.members.append(STRANGER)
    chain.add()
    assert judge.check(chain.make().header, chain.head) is None
    assert judge_of(chain).check(chain.make().header, chain.head) is None  # by a cold cache


def test_an_epoch_block_ends_votes():
    chain = BftChain(genesis_json("ibft2", settings={"epochlength": 3}))
    voted(chain, 3, STRANGER)  # the third one lies in the epoch block
    assert judge_of(chain).check(chain.make().header, chain.head) is None


def test_a_member_that_left_may_not_seal():
    chain = BftChain(genesis_json("ibft2"))
    gone = MEMBERS[0]
    for builder in MEMBERS[1:]:
        chain.add(builder=builder, vote=(gone.address, False))
    everybody, chain.members = chain.members, MEMBERS[1:]
    judge = judge_of(chain)
    full = chain.make(committers=everybody).header
    assert judge.check(full, chain.head) == "invalid_committed_seal"
    assert judge.check(chain.make(builder=gone).header, chain.head) == "unauthorized_proposer"


def test_fees_go_to_the_builder_and_the_higher_block_is_followed():
    chain = BftChain(genesis_json("ibft2"))
    header = chain.make(builder=MEMBERS[2]).header
    judge = judge_of(chain)
    assert judge.fee_recipient(header) == MEMBERS[2].address
    assert judge.prefers(chain.head, header)
    assert not judge.prefers(header, replace(header, timestamp=9))


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"members": []}, "lists no validator"),
        ({"transitions": {"ibft2": [{"block": 3}]}}, r"transitions\.ibft2"),
    ],
)
def test_what_the_judge_cannot_follow_is_refused(more, what):
    chain_genesis = BftChain(genesis_json("ibft2", **more)).genesis
    with pytest.raises(ConfigError, match=what):
        Ibft2Judge(chain_genesis, Ledger(chain_genesis, verifier=VERIFIER), VERIFIER)


def test_a_genesis_in_another_layout_is_refused():
    of = Genesis.from_json(genesis_json("ibft2"))
    wrong = replace(of, extra_data=bytes(40))
    with pytest.raises(ConfigError, match="genesis: "):
        Ibft2Judge(wrong, Ledger(wrong, verifier=VERIFIER), VERIFIER)
