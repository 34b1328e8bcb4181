"""What clients ask of their node, and what its answers are."""

import pytest

from node.base.errors import CallRevertedError
from node.base.types import ZERO_ADDRESS, Address
from node.contracts.reverts import decode_error
from node.evm.errors import NonceError, SenderNotRegisteredError, TxDecodeError
from node.evm.transactions import sign_legacy
from node.workflows.requests import (
    SETTLED_BLOCKS,
    AwaitFinalTime,
    AwaitInclusion,
    Call,
    NextNonce,
    Submit,
    TakeHead,
)
from tests.app.forging import extend
from tests.app.ward import (
    CHAIN_ID,
    EPOCH_S,
    HOSPITALS,
    SENDER,
    STRANGER,
    Ward,
    founded,
    key_of,
    lone,
    transaction,
)

ONE, TWO, THREE = HOSPITALS[:3]


def refused_call(ward):
    """Give a call that the registry refuses to everybody who is no member."""
    government = ward.founding.contracts.government
    return Call(government.address, government.vote(1), STRANGER.address)


# -- transactions


def test_a_submitted_transaction_is_answered_with_its_hash():
    ward = lone()
    raw = transaction()
    tx_hash = ward.answer(ward.ask(0, Submit(raw)))
    assert ward.cores[0].chain.pool.get(tx_hash).raw == raw


def test_bytes_that_are_no_transaction_are_refused():
    ward = lone()
    with pytest.raises(TxDecodeError):
        ward.answer(ward.ask(0, Submit(b"\xc0")))


def test_a_refused_transaction_is_sent_to_nobody():
    ward = lone()
    ward.ask(0, Submit(transaction(chain_id=1)))
    assert ward.sent == []


def test_a_used_nonce_is_refused_with_the_one_that_is_due():
    ward = lone()
    extend(ward, (TWO,), raws=[transaction()])
    with pytest.raises(NonceError) as refused:
        ward.answer(ward.ask(0, Submit(transaction(data=b"again"))))
    assert (refused.value.want, refused.value.got) == (1, 0)


def test_a_second_transaction_of_a_nonce_that_waits_is_refused_and_replaces_nothing():
    ward = lone()
    first = ward.answer(ward.ask(0, Submit(transaction())))
    with pytest.raises(NonceError) as refused:
        ward.answer(ward.ask(0, Submit(transaction(data=b"again"))))
    assert (refused.value.want, refused.value.got) == (1, 0)
    assert first in ward.cores[0].chain.pool


def test_the_very_same_transaction_is_one_for_both_who_submit_it():
    ward = lone()
    first, again = (ward.answer(ward.ask(0, Submit(transaction()))) for _ in range(2))
    assert first == again
    assert len(ward.cores[0].chain.pool) == 1


def test_the_next_nonce_counts_what_waits_in_the_pool():
    ward = lone()
    before = ward.answer(ward.ask(0, NextNonce(SENDER.address)))
    ward.ask(0, Submit(transaction()))
    assert (before, ward.answer(ward.ask(0, NextNonce(SENDER.address)))) == (0, 1)


# -- waiting for inclusion


def waiting(*, final, more=()):
    """Give a ward in which block 1 holds a transaction, and a call that waits for it.

    ``more``      signers of the blocks above it.
    """
    ward = lone(signers=2)
    raw = transaction()
    tx_hash = ward.answer(ward.ask(0, Submit(raw)))
    call = ward.ask(0, AwaitInclusion(tx_hash, final=final))
    extend(ward, (ONE,), raws=[raw])
    extend(ward, more, parent=ward.cores[0].ledger.head_hash)
    return ward, call, tx_hash


def settled(*raws):
    """Give a ward whose block 1 holds these transactions and is settled, and their hashes."""
    ward = lone(signers=2)
    extend(ward, (ONE,), raws=raws)
    extend(ward, (TWO, ONE)[:SETTLED_BLOCKS], parent=ward.cores[0].ledger.head_hash)
    return ward, [ward.cores[0].ledger.decode(raw).hash for raw in raws]


def included(ward, tx_hash):
    return ward.answer(ward.ask(0, AwaitInclusion(tx_hash, final=False)))


@pytest.mark.parametrize("above", range(SETTLED_BLOCKS + 1))
def test_who_does_not_wait_for_finality_is_told_when_the_block_is_settled(above):
    ward, call, _ = waiting(final=False, more=(TWO, ONE, TWO)[:above])
    assert ward.is_open(call) is (above < SETTLED_BLOCKS)


@pytest.mark.parametrize(("above", "told"), [(0, False), (3, False), (4, True)])
def test_who_waits_for_finality_is_told_when_the_block_is_final(above, told):
    ward, call, _ = waiting(final=True, more=(TWO, ONE, TWO, ONE)[:above])
    assert ward.is_open(call) is not told
    assert (ward.cores[0].chain.final.number == 1) is told


def test_an_included_transaction_is_told_with_its_block():
    ward, call, tx_hash = waiting(final=True, more=(TWO, ONE, TWO, ONE))
    told = ward.answer(call)
    block_hash = ward.cores[0].ledger.hash_by_number(1)
    assert (told.tx_hash, told.number, told.block_hash, told.timestamp) == (
        tx_hash,
        1,
        block_hash,
        EPOCH_S + 1,
    )


def test_a_transaction_that_is_settled_already_is_told_at_once():
    ward, (tx_hash,) = settled(transaction())
    assert included(ward, tx_hash).number == 1


def test_all_who_wait_for_one_transaction_are_told():
    ward, first, tx_hash = waiting(final=True)
    second = ward.ask(0, AwaitInclusion(tx_hash, final=True))
    extend(ward, (TWO, ONE, TWO, ONE), parent=ward.cores[0].ledger.head_hash)
    assert ward.answer(first).number == ward.answer(second).number == 1


def test_nobody_is_told_twice():
    """The driver of these tests asserts that no call is answered twice."""
    ward, call, _ = waiting(final=False, more=(TWO, ONE, TWO, ONE))
    assert ward.answer(call).number == 1
    assert ward.cores[0].clients._waiting == {}


def test_a_transaction_that_a_reorganisation_took_out_is_not_final():
    ward = lone(validators=3, signers=1)
    raw = transaction()
    call = ward.ask(0, AwaitInclusion(ward.answer(ward.ask(0, Submit(raw))), final=True))
    genesis = ward.cores[0].ledger.genesis_hash
    extend(ward, (TWO,), raws=[raw])
    extend(ward, (THREE, ONE, TWO, THREE), parent=genesis)
    assert ward.cores[0].chain.final.number == 2
    assert ward.is_open(call)


def test_an_inclusion_tells_the_gas_of_this_transaction_alone():
    ward, names = settled(transaction(data=b"\x01" * 10), transaction(nonce=1))
    assert [included(ward, name).gas_used for name in names] == [21_000 + 10 * 16, 21_000]


def test_an_inclusion_says_when_the_call_failed():
    government = founded(2).contracts.government
    raw = sign_legacy(
        SENDER,
        chain_id=CHAIN_ID,
        nonce=0,
        to=government.address,
        data=government.vote(1),
        gas=100_000,
    )
    ward, (tx_hash,) = settled(raw)
    told = included(ward, tx_hash)
    assert (told.succeeded, told.logs) == (False, ())


# -- reading


def test_a_call_is_answered_with_what_the_contract_returns():
    ward = lone()
    question = ward.founding.contracts.government.get_validators()
    answer = ward.answer(ward.ask(0, Call(question.to, question.data)))
    assert set(question.decode(answer)) == {ONE.address, TWO.address}


def test_a_call_that_a_contract_refuses_fails_with_its_return_data():
    ward = lone()
    with pytest.raises(CallRevertedError) as refused:
        ward.answer(ward.ask(0, refused_call(ward)))
    assert decode_error(refused.value.data).name == "NotAuthorityMember"


def test_a_refused_call_changes_nothing():
    ward = lone()
    before = ward.cores[0].ledger.head.state_root
    ward.ask(0, refused_call(ward))
    assert ward.cores[0].ledger.state().get_nonce(STRANGER.address) == 0
    assert ward.cores[0].ledger.head.state_root == before


def test_a_call_to_nobody_gives_nothing():
    ward = lone()
    assert ward.answer(ward.ask(0, Call(Address(b"\x99" * 20), b"data", ZERO_ADDRESS))) == b""


def test_the_head_is_told_by_hash_number_and_time():
    ward = lone()
    (block,) = extend(ward, (TWO,))
    told = ward.answer(ward.ask(0, TakeHead()))
    assert (told.hash, told.number, told.timestamp) == (block.header.hash(), 1, EPOCH_S + 1)


@pytest.mark.parametrize(("back", "number"), [(0, 2), (1, 1), (2, 0), (3, 0)])
def test_a_block_below_the_final_one_is_told_and_none_below_genesis(back, number):
    ward = lone(signers=1)
    extend(ward, (ONE, TWO, ONE, TWO))
    assert ward.answer(ward.ask(0, TakeHead(final=True, back=back))).number == number


# -- waiting for a time


@pytest.mark.parametrize(("above", "told"), [(3, False), (4, True), (5, True)])
def test_who_waits_for_a_time_is_told_when_a_final_block_has_it(above, told):
    ward = lone(signers=2)
    call = ward.ask(0, AwaitFinalTime(EPOCH_S + 1))
    extend(ward, ((ONE, TWO) * 3)[: above + 1])
    assert ward.is_open(call) is not told
    assert (ward.cores[0].chain.final.timestamp >= EPOCH_S + 1) is told


def test_a_time_that_is_final_already_is_told_at_once():
    ward = lone(signers=1)
    assert ward.answer(ward.ask(0, AwaitFinalTime(EPOCH_S))).number == 0


def test_who_waits_for_a_time_is_told_once():
    ward = lone(signers=1)
    call = ward.ask(0, AwaitFinalTime(EPOCH_S + 1))
    extend(ward, (ONE, TWO, ONE, TWO, ONE))
    assert ward.answer(call).timestamp == EPOCH_S + 1
    assert ward.cores[0].clients._times == {}


# -- transactions of strangers, and own ones


def test_a_key_that_no_registry_knows_is_refused():
    ward = lone()
    call = ward.ask(0, Submit(transaction(key_of("a newcomer"))))
    with pytest.raises(SenderNotRegisteredError):
        ward.answer(call)


def test_what_a_client_submits_is_kept_as_an_own_transaction_here_only():
    ward = Ward(founded(2), 2)
    ward.ask(0, Submit(transaction()))
    ward.settle()
    assert [core.chain.pool.local_txs for core in ward.cores] == [(transaction(),), ()]
    assert [len(core.chain.pool) for core in ward.cores] == [1, 1]
