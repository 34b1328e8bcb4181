"""Blocks that a node must not take: each is named in a note, and nothing of it is stored."""

from dataclasses import replace

import pytest

from node.app.turn import Turn
from node.base.block import Block
from node.consensus_poa.evidence import INVALID_PROPOSAL
from node.evm.chain_errors import PrunedStateError
from node.evm.ledger import Ledger
from node.evm.trie import list_root
from node.p2p.messages import Bodies, Body, GetBodies, GetHeaders, Headers
from node.p2p.wire import decode
from node.workflows.requests import Submit
from tests.app.forging import child, extend, hash_of, on, take, whole
from tests.app.ward import HOSPITALS, SECOND, STRANGER, fingerprint, lone, transaction

ONE, TWO, THREE = HOSPITALS[:3]
OTHER = b"\x0b" * 32


def with_body(core, raws):
    """Make a block whose header names a body that nobody could execute."""
    raws = tuple(raws)
    return replace_body(child(core, TWO, transactions_root=list_root(raws)), raws)


def replace_body(block, raws):
    return Block(block.header, tuple(raws))


FAULTS = {
    "another state root": (lambda core: child(core, TWO, state_root=OTHER), "state root"),
    "another receipts root": (lambda core: child(core, TWO, receipts_root=OTHER), "receipts root"),
    "another bloom": (lambda core: child(core, TWO, logs_bloom=b"\x01" * 256), "logs bloom"),
    "too much gas used": (lambda core: child(core, TWO, gas_used=21_000), "gas used"),
    "a transaction of another chain": (
        lambda core: with_body(core, [transaction(chain_id=1)]),
        "transaction 0: invalid sender: invalid chain id for signer: have 1 want 7331",
    ),
    "a second transaction with a gap": (
        lambda core: with_body(core, [transaction(), transaction(nonce=2)]),
        "transaction 1: nonce too high",
    ),
    "bytes that are no transaction": (
        lambda core: with_body(core, [b"\x02\xc0"]),
        "transaction 0: transaction does not decode",
    ),
    "an unknown type of transaction": (
        lambda core: with_body(core, [b"\x7f\xc0"]),
        "transaction 0: transaction type not supported: 0x7f",
    ),
}


@pytest.fixture
def ward():
    """Give a core with one block and one transaction in its pool, and a peer that is a test."""
    ward = lone(validators=3)
    extend(ward, (THREE,))
    ward.ask(0, Submit(transaction(ONE)))
    ward.notes.clear()
    return ward


@pytest.mark.parametrize("fault", FAULTS)
def test_a_block_that_does_not_execute_as_it_claims_is_named(ward, fault):
    make, why = FAULTS[fault]
    block = make(ward.cores[0])
    take(ward, block)
    (told,) = ward.noted(0, "chain.block_rejected")
    assert told["hash"] == hash_of(block)
    assert why in told["why"]


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_of_a_block_that_does_not_execute_as_it_claims_is_stored(ward, fault):
    before = fingerprint(ward.cores[0])
    take(ward, FAULTS[fault][0](ward.cores[0]))
    assert fingerprint(ward.cores[0]) == before


@pytest.mark.parametrize("fault", FAULTS)
def test_a_false_claim_is_evidence_against_its_sealer(ward, fault):
    block = FAULTS[fault][0](ward.cores[0])
    take(ward, block)
    assert ward.noted(0, "consensus.evidence") == [
        {"offender": TWO.address, "kind": INVALID_PROPOSAL, "proof": block.encode()}
    ]


def test_a_wrong_state_root_is_told_with_both_roots(ward):
    take(ward, child(ward.cores[0], TWO, state_root=OTHER))
    (told,) = ward.noted(0, "chain.block_rejected")
    right = ward.cores[0].ledger.head.state_root
    assert f"wants 0x{right.hex()}, got 0x{OTHER.hex()}" in told["why"]


def unsealed(block):
    header = block.header
    return Block(replace(header, extra_data=header.extra_data[:32] + bytes(65)), ())


def in_wrong_turn(core):
    right = child(core, TWO).header.difficulty
    return child(core, TWO, difficulty=3 - right)


SEALS = {
    "of a stranger": (lambda core: child(core, TWO, sealer=STRANGER), "unauthorized_signer"),
    "of zeros": (
        lambda core: unsealed(child(core, TWO)),
        "invalid_seal",
    ),
    "of one who sealed just now": (lambda core: child(core, THREE), "recently_signed"),
    "in the wrong turn": (in_wrong_turn, "wrong_difficulty"),
}


@pytest.mark.parametrize("seal", SEALS)
def test_a_block_with_a_bad_seal_is_named(ward, seal):
    make, rule = SEALS[seal]
    block = make(ward.cores[0])
    take(ward, block)
    assert ward.noted(0, "consensus.Clique.BlockRefused") == [
        {"hash": hash_of(block), "error": rule}
    ]


@pytest.mark.parametrize("seal", SEALS)
def test_a_block_with_a_bad_seal_is_neither_executed_nor_stored(ward, seal):
    before = fingerprint(ward.cores[0])
    outcome = take(ward, SEALS[seal][0](ward.cores[0]))
    assert fingerprint(ward.cores[0]) == before
    assert outcome.work.gas == 0


def test_a_good_block_is_taken_after_a_bad_one(ward):
    take(ward, child(ward.cores[0], TWO, state_root=OTHER))
    block = child(ward.cores[0], TWO)
    take(ward, block)
    assert ward.cores[0].ledger.head_hash == hash_of(block)


def test_a_bad_block_is_executed_only_once(ward):
    block = child(ward.cores[0], TWO, raws=[transaction()], state_root=OTHER)
    take(ward, block)
    take(ward, block, source=THREE)
    assert len(ward.noted(0, "chain.block_rejected")) == 1


def test_a_block_on_a_bad_block_is_refused(ward):
    bad = child(ward.cores[0], TWO, state_root=OTHER)
    take(ward, bad)
    grandchild = on(ward.cores[0], bad, ONE)
    take(ward, grandchild)
    assert ward.noted(0, "consensus.Clique.BlockRefused") == [
        {"hash": hash_of(grandchild), "error": "unknown_ancestor"}
    ]


def test_a_block_more_than_thirty_seconds_ahead_is_refused(ward):
    ahead = child(ward.cores[0], TWO, timestamp=ward.now // SECOND + 31)
    ward.say(TWO, 0, whole(ahead))
    assert ward.noted(0, "consensus.Clique.BlockRefused") == [
        {"hash": hash_of(ahead), "error": "future_block"}
    ]


def test_a_block_thirty_seconds_ahead_waits_for_its_time(ward):
    ahead = child(ward.cores[0], TWO, timestamp=ward.now // SECOND + 30)
    ward.say(TWO, 0, whole(ahead))
    early = ward.height
    ward.sleep(30)
    assert (early, ward.height) == (1, 2)


def forged_body(ward):
    """Send a sound header with a body that it does not name; give the true block."""
    block = child(ward.cores[0], TWO, raws=[transaction()])
    take(ward, replace_body(block, [transaction(nonce=1)]))
    return block


def test_a_foreign_body_is_named_and_nothing_is_stored(ward):
    before = fingerprint(ward.cores[0])
    block = forged_body(ward)
    assert "transactions root" in ward.noted(0, "chain.block_rejected")[0]["why"]
    assert ward.noted(0, "consensus.Clique.BlockRefused")[0]["hash"] == hash_of(block)
    assert fingerprint(ward.cores[0]) == before


def test_a_foreign_body_does_not_make_the_node_deaf_to_the_true_one(ward):
    block = forged_body(ward)
    take(ward, block, source=THREE)
    assert ward.cores[0].ledger.head_hash == hash_of(block)


def test_a_foreign_body_is_no_evidence_against_the_sealer(ward):
    forged_body(ward)
    assert ward.noted(0, "consensus.evidence") == []


def test_after_a_foreign_body_the_true_one_is_fetched(ward):
    block = forged_body(ward)
    keys = {one.address: one for one in HOSPITALS}
    for answer in (
        lambda asked: Headers((block.header.encode(),), rid=asked.rid),
        lambda asked: Bodies((Body(hash_of(block), block.transactions),), rid=asked.rid),
    ):
        _, peer, payload = ward.sent[-1]
        asked = decode(payload)
        assert isinstance(asked, GetHeaders | GetBodies)
        ward.say(keys[peer], 0, answer(asked))
    assert ward.cores[0].ledger.head_hash == hash_of(block)


def test_a_block_without_a_parent_in_the_ledger_is_not_executed(ward):
    orphan = on(ward.cores[0], child(ward.cores[0], TWO), ONE)
    outcome = take(ward, orphan)
    assert outcome.work.gas == 0
    assert ward.cores[0].ledger.header(hash_of(orphan)) is None


def test_a_header_of_another_fork_is_refused(ward):
    fields = {"withdrawals_root": OTHER, "parent_beacon_root": OTHER}
    take(ward, child(ward.cores[0], TWO, **fields, blob_gas_used=0, excess_blob_gas=0))
    errors = [one["error"] for one in ward.noted(0, "consensus.Clique.BlockRefused")]
    assert errors == ["unsupported_fork"]


def test_a_block_on_a_state_that_was_dropped_is_named_and_not_held_against_it(ward, monkeypatch):
    def dropped(_ledger, _block, *, fee_recipient):
        del fee_recipient
        raise PrunedStateError(1, 5, 9)

    block = child(ward.cores[0], TWO)
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "check", dropped)
        take(ward, block)
    assert ward.noted(0, "chain.block_unjudged")[0]["hash"] == hash_of(block)
    assert ward.noted(0, "consensus.evidence") == []
    ward.cores[0].chain.block_received(Turn(ward.now), block, None, THREE.address)
    assert ward.cores[0].ledger.head_hash == hash_of(block)
