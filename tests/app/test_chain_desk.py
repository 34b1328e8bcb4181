"""The chain of a node: sealing, taking in, following; the pool and the final block beside it."""

import pytest

from node.app.engines import BREACH_RULES
from node.app.events import HeadMoved, Noted
from node.app.turn import Turn
from node.base.limits import POOL_AGE_US_MAX
from node.consensus_poa.effects import trace
from node.evm.errors import ChainIdError
from node.evm.transactions import sign_legacy
from node.storage.engine_log import MemoryEngineLog
from node.workflows.requests import Submit
from tests.app.forging import child, extend, hash_of, take
from tests.app.ward import HOSPITALS, SECOND, SENDER, Ward, founded, lone, transaction

ONE, TWO, THREE = HOSPITALS[:3]


def test_a_node_seals_in_its_turn_and_the_others_take_its_block():
    ward = Ward(founded(4), 4)
    ward.grow(1)
    heads = {core.ledger.head_hash for core in ward.cores}
    assert ward.height == 1
    assert len(heads) == 1


def test_nodes_that_seal_by_turns_stay_on_one_chain():
    ward = Ward(founded(3), 3)
    ward.grow(6)
    sealers = {n for n, name, _ in ward.notes if name == "chain.block_sealed"}
    assert ward.is_one_chain()
    assert sealers == {0, 1, 2}


def test_all_nodes_have_the_state_of_the_head():
    ward = Ward(founded(4), 4)
    ward.ask(2, Submit(transaction()))
    ward.grow(2)
    nonces = [core.ledger.state().get_nonce(SENDER.address) for core in ward.cores]
    assert nonces == [1] * 4


def test_a_move_of_the_head_names_the_final_block():
    ward = lone(signers=1)
    extend(ward, (ONE, TWO, ONE))
    assert [(move.header.number, move.final_number) for _, move in ward.moves] == [
        (1, 0),
        (2, 0),
        (3, 1),
    ]


@pytest.mark.parametrize(("signers", "depth"), [(1, 2), (2, 4), (3, 4), (4, 6)])
def test_a_block_is_final_two_signer_limits_below_the_head(signers, depth):
    ward = lone(signers=signers)
    extend(ward, (ONE, TWO) * 4)
    assert ward.cores[0].chain.final.number == 8 - depth


def test_genesis_is_final_before_the_chain_is_that_long():
    ward = lone(signers=4)
    extend(ward, (ONE, TWO))
    assert ward.cores[0].chain.final.number == 0


def test_a_block_that_comes_twice_is_stored_once():
    ward = lone()
    block = child(ward.cores[0], TWO)
    take(ward, block)
    take(ward, block)
    assert len(ward.noted(0, "chain.block_stored")) == 1
    assert ward.cores[0].ledger.head_hash == hash_of(block)


def test_a_block_that_two_peers_send_is_executed_once():
    ward = lone(validators=3)
    block = child(ward.cores[0], TWO, raws=[transaction()])
    first = take(ward, block, source=TWO)
    second = take(ward, block, source=THREE)
    assert first.work.gas > 0
    assert second.work.gas == 0


def test_work_counts_the_seal_and_each_transaction_of_a_block():
    ward = lone()
    block = child(ward.cores[0], TWO, raws=[transaction(), transaction(nonce=1)])
    outcome = take(ward, block)
    assert outcome.work.signatures == 3
    assert outcome.work.gas == block.header.gas_used == 42_000


def test_a_side_branch_is_stored_and_the_head_stays():
    ward = lone(validators=3)
    main = extend(ward, (ONE, TWO))
    genesis = ward.cores[0].ledger.genesis_hash
    side = extend(ward, (THREE,), parent=genesis)
    assert ward.cores[0].ledger.head_hash == hash_of(main[-1])
    assert ward.cores[0].ledger.header(hash_of(side[0])) is not None


def reorganised(raw):
    """Move core 0 from a branch with a transaction to a heavier one without it."""
    ward = lone(validators=3)
    genesis = ward.cores[0].ledger.genesis_hash
    old = extend(ward, (TWO,), raws=[raw])
    ward.moves.clear()
    new = extend(ward, (THREE, ONE, TWO), parent=genesis)
    return ward, old, new


def test_a_heavier_branch_becomes_the_chain():
    ward, _, new = reorganised(transaction())
    assert ward.cores[0].ledger.head_hash == hash_of(new[-1])


def test_the_depth_of_a_reorganisation_is_told_once():
    ward, _, _ = reorganised(transaction())
    assert [move.reorg_depth for _, move in ward.moves if move.reorg_depth] == [1]


def test_a_transaction_of_a_left_block_waits_in_the_pool_again():
    raw = transaction()
    ward, _, _ = reorganised(raw)
    assert [one.raw for one in ward.cores[0].chain.pool.candidates()] == [raw]


def test_a_transaction_leaves_the_pool_with_the_block_that_holds_it():
    ward = lone()
    raw = transaction()
    ward.ask(0, Submit(raw))
    extend(ward, (TWO,), raws=[raw])
    assert len(ward.cores[0].chain.pool) == 0


def test_a_transaction_of_another_chain_does_not_enter_the_pool():
    ward = lone()
    call = ward.ask(0, Submit(transaction(chain_id=1)))
    with pytest.raises(ChainIdError, match="have 1 want 7331"):
        ward.answer(call)
    assert len(ward.cores[0].chain.pool) == 0


def test_a_transaction_that_waits_already_is_the_same_one():
    ward = lone()
    first = ward.answer(ward.ask(0, Submit(transaction())))
    assert ward.answer(ward.ask(0, Submit(transaction()))) == first
    assert len(ward.cores[0].chain.pool) == 1


@pytest.mark.parametrize(("short_us", "left"), [(1, 1), (0, 0)])
def test_a_transaction_leaves_the_pool_with_the_first_block_after_three_hours(short_us, left):
    ward = lone()
    ward.ask(0, Submit(transaction(nonce=1)))
    block = child(ward.cores[0], TWO, timestamp=(ward.now + POOL_AGE_US_MAX) // SECOND - 1)
    ward.now += POOL_AGE_US_MAX - short_us
    take(ward, block)
    assert len(ward.cores[0].chain.pool) == left
    assert len(ward.noted(0, "pool.tx_expired")) == 1 - left


def unaffordable(ward):
    """Put a transaction into the pool that no block can hold: its sender has nothing to send.

    The pool refuses one like that, so it goes in while the pool believes in the money.
    """
    pool = ward.cores[0].chain.pool
    raw = sign_legacy(
        SENDER,
        chain_id=7_331,
        nonce=0,
        to=b"\x99" * 20,
        data=b"",
        gas=50_000,
        value=1,
    )
    believed, pool._state = pool._state, _Rich(pool._state)
    pool.add(raw, ward.now)
    pool._state = believed
    return raw


class _Rich:
    def __init__(self, state):
        self._state = state

    def get_balance(self, _account):
        return 10**18

    def __getattr__(self, name):
        return getattr(self._state, name)


def test_a_transaction_that_a_builder_finds_invalid_is_noted_and_leaves_the_pool():
    ward = Ward(founded(1), 1)
    unaffordable(ward)
    ward.grow(1)
    assert "insufficient funds" in ward.noted(0, "pool.tx_skipped")[0]["why"]
    assert len(ward.cores[0].chain.pool) == 0


def test_what_stands_behind_an_invalid_transaction_stays_in_the_pool():
    ward = Ward(founded(1), 1)
    unaffordable(ward)
    ward.ask(0, Submit(transaction(nonce=1)))
    ward.grow(2)
    assert len(ward.cores[0].chain.pool) == 1
    assert len(ward.noted(0, "pool.tx_skipped")) == 2


def test_a_paused_node_seals_no_block():
    ward = Ward(founded(1), 1)
    ward.grow(1)
    ward.pause()
    ward.sleep(5)
    assert ward.height == 1


def test_a_paused_node_takes_in_the_blocks_of_others():
    ward = lone()
    block = child(ward.cores[0], TWO)
    take(ward, block)
    assert ward.cores[0].ledger.head_hash == hash_of(block)


def test_a_paused_node_passes_no_block_on():
    ward = lone(validators=3, running=2)
    take(ward, child(ward.cores[0], THREE), source=THREE)
    assert list(ward.frames) == []


def test_without_a_period_a_node_seals_only_what_waits():
    ward = Ward(founded(1, period=0), 1, period=0)
    ward.sleep(5)
    before = ward.height
    ward.ask(0, Submit(transaction()))
    ward.sleep(5)
    assert (before, ward.height) == (0, 1)


def test_without_a_period_what_did_not_fit_goes_into_the_next_block():
    gas_limit = 200_000
    ward = Ward(founded(1, period=0, gas_limit=gas_limit), 1, period=0)
    for nonce in range(3):
        ward.ask(0, Submit(transaction(nonce=nonce, gas=gas_limit // 2)))
    ward.sleep(5)
    assert (ward.height, len(ward.cores[0].chain.pool)) == (3, 0)


def test_the_head_is_told_after_it_was_stored():
    ward = lone()
    outcome = take(ward, child(ward.cores[0], TWO))
    kinds = [type(effect) for effect in outcome.effects]
    names = [getattr(effect, "name", "") for effect in outcome.effects]
    assert names.index("chain.block_stored") < kinds.index(HeadMoved)


def test_a_log_that_cannot_be_read_makes_the_node_an_observer_that_says_so():
    """consensus.md section 11: without its guards it could seal a second block."""
    log = MemoryEngineLog()
    log.append(b"no entry")
    ward = Ward(founded(1), 1, log=log)
    assert [one["reason"] for one in ward.noted(0, "consensus.Clique.WalRefused")]
    ward.sleep(5)
    assert ward.cores[0].ledger.head.number == 0
    assert log.entries() == (b"no entry",)


@pytest.mark.parametrize("rule", sorted(BREACH_RULES))
def test_a_peer_that_sends_what_is_no_message_is_named(rule, monkeypatch):
    ward = lone()
    core = ward.cores[0]
    breach = trace(rule, peer=TWO.address, why="no message")
    monkeypatch.setattr(core.chain._engine, "handle", lambda _event, _now: (breach,))
    turn = Turn(ward.now)
    core.chain.message_received(turn, b"\xc0", TWO.address)
    assert Noted("p2p.peer_breached", dict(breach.data)) in turn.effects
