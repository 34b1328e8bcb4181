"""How long a node keeps what its own clients sent."""

import pytest

from node.base.limits import POOL_AGE_US_MAX
from node.evm import local_txs as module
from node.evm.local_txs import LocalTransactions
from tests.evm.chains import ALICE, decoded, legacy

ONE, TWO, THREE = (decoded(legacy(ALICE, nonce)) for nonce in range(3))


def _kept(*transactions):
    local = LocalTransactions()
    for now_us, transaction in enumerate(transactions):
        local.keep(transaction, now_us)
    return local


def test_all_are_given_in_the_order_of_their_arrival():
    assert _kept(TWO, ONE).raws == (TWO.raw, ONE.raw)


def test_what_comes_again_stands_last():
    assert _kept(ONE, TWO, ONE).raws == (TWO.raw, ONE.raw)


def test_the_oldest_makes_room(monkeypatch):
    monkeypatch.setattr(module, "LOCAL_TRANSACTIONS_COUNT_MAX", 2)
    assert _kept(ONE, TWO, THREE).raws == (TWO.raw, THREE.raw)


def test_three_hours_are_enough():
    local = _kept(ONE, TWO)
    local.expire(POOL_AGE_US_MAX)
    assert local.raws == (TWO.raw,)
    local.expire(POOL_AGE_US_MAX + 1)
    assert local.raws == ()


@pytest.mark.parametrize(("head", "is_kept"), [(100, True), (355, True), (356, False)])
def test_256_blocks_above_its_own_a_transaction_is_given_up(head, is_kept):
    local = _kept(ONE)
    local.included(ONE.hash, 100)
    local.head_at(head)
    assert (local.raws == (ONE.raw,)) is is_kept


def test_what_left_the_chain_is_kept_on():
    local = _kept(ONE)
    local.included(ONE.hash, 100)
    local.dropped(ONE.hash)
    local.head_at(1_000)
    assert local.raws == (ONE.raw,)


def test_what_is_not_an_own_one_leaves_no_trace():
    local = _kept(ONE)
    for act in (lambda: local.included(TWO.hash, 1), lambda: local.dropped(TWO.hash)):
        act()
    local.forget(TWO.hash)
    local.head_at(1_000)
    assert local.raws == (ONE.raw,)
