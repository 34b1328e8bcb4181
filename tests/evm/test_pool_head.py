"""How the pool follows the head: what leaves, what returns, whose role is looked at again."""

from itertools import islice

import pytest

from node.base.limits import POOL_AGE_US_MAX
from node.evm.errors import AlreadyKnownError, NonceError
from node.evm.roles import Role
from tests.evm.chains import ALICE, BOB, CAROL, extend, ledger, legacy
from tests.evm.pool_chain import Chain, Register, application, order, placed, pool_on


def _pool(roles=None, others=Role.HOSPITAL):
    chain = Chain()
    return chain, pool_on(chain, Register(roles, others=others))


def _fill(pool, key, *nonces):
    return [pool.add(legacy(key, nonce), 0) for nonce in nonces]


def test_included_transactions_leave_and_stay_known():
    chain, pool = _pool()
    first, _ = _fill(pool, ALICE, 0, 1)
    chain.grow(first)
    pool.head_changed((), 0)
    assert order(pool) == placed((ALICE, 1))
    with pytest.raises(AlreadyKnownError):
        pool.add(first.raw, 0)


def test_a_stale_nonce_leaves_when_another_transaction_took_it():
    chain, pool = _pool()
    _fill(pool, ALICE, 0)
    _, elsewhere = _pool()
    chain.grow(elsewhere.add(legacy(ALICE, 0, data=b"other"), 0))
    pool.head_changed((), 0)
    assert len(pool) == 0


def test_what_waited_for_a_nonce_of_the_new_block_can_run():
    chain, pool = _pool()
    _fill(pool, ALICE, 1, 2)
    _, elsewhere = _pool()
    chain.grow(*_fill(elsewhere, ALICE, 0))
    assert order(pool) == []
    pool.head_changed((), 0)
    assert order(pool) == placed((ALICE, 1), (ALICE, 2))


# -- reorganisations --


def test_dropped_transactions_come_back():
    book = ledger()
    pool = pool_on(book)
    raw = pool.add(legacy(ALICE, 0), 0).raw
    extend(book, [raw])
    pool.head_changed((), 0)
    assert len(pool) == 0
    info = book.set_head(book.genesis_hash)
    pool.head_changed(info.dropped, 0)
    assert [transaction.raw for transaction in pool.candidates()] == [raw]


def test_dropped_transactions_stand_before_those_that_followed_them():
    chain, pool = _pool()
    sent = _fill(pool, ALICE, 0, 1, 2, 3)
    chain.grow(*sent[:2])
    pool.head_changed((), 0)
    pool.head_changed(chain.leave(), 0)
    assert order(pool) == placed(*((ALICE, nonce) for nonce in range(4)))


def test_dropped_transactions_that_fail_a_check_are_gone():
    _, pool = _pool({ALICE.address: Role.PATIENT}, others=None)
    pool.head_changed([b"\xc0", legacy(BOB, 0), legacy(ALICE, 0)], 0)
    assert order(pool) == placed((ALICE, 0))


def test_a_transaction_that_both_branches_hold_stays_included():
    chain, pool = _pool()
    (sent,) = _fill(pool, ALICE, 0)
    chain.grow(sent)
    pool.head_changed((), 0)
    chain.leave()
    chain.grow(sent)
    pool.head_changed((), 0)
    assert len(pool) == 0
    with pytest.raises(AlreadyKnownError):
        pool.add(sent.raw, 0)


# -- roles --


def test_who_lost_its_role_loses_its_transactions():
    chain, pool = _pool({ALICE.address: Role.DOCTOR, BOB.address: Role.DOCTOR}, others=None)
    _fill(pool, ALICE, 0, 1, 3)
    _fill(pool, BOB, 0)
    del pool._roles.roles[ALICE.address]
    chain.grow()
    pool.head_changed((), 0, role_changed={ALICE.address})
    assert [each.sender for each in pool.transactions()] == [BOB.address]


def test_only_changed_roles_are_looked_at_again():
    chain, pool = _pool()
    for key in (ALICE, BOB, CAROL):
        _fill(pool, key, 0)
    pool._roles.asked.clear()
    chain.grow()
    pool.head_changed((), 0, role_changed={BOB.address})
    assert pool._roles.asked == [BOB.address]


def test_no_role_is_looked_at_when_none_changed():
    chain, pool = _pool()
    _fill(pool, ALICE, 0)
    pool._roles.asked.clear()
    chain.grow()
    pool.head_changed((), 0)
    assert pool._roles.asked == []


def test_everybody_is_looked_at_when_anybody_may_have_changed():
    chain, pool = _pool(others=Role.DOCTOR)
    for key in (ALICE, BOB):
        _fill(pool, key, 0)
    pool._roles.roles[BOB.address] = Role.REGULATOR
    chain.grow()
    pool.head_changed((), 0, role_changed=None)
    assert order(pool) == placed((BOB, 0), (ALICE, 0))


def test_a_changed_role_keeps_the_places_of_its_transactions():
    chain, pool = _pool(others=Role.DOCTOR)
    for key in (ALICE, BOB):
        _fill(pool, key, 0)
    pool._roles.roles[ALICE.address] = Role.LAB
    chain.grow()
    pool.head_changed((), 0, role_changed={ALICE.address})
    assert order(pool) == placed((ALICE, 0), (BOB, 0))


def test_a_lesser_role_keeps_what_its_limits_allow():
    chain, pool = _pool()
    for nonce in range(100):
        pool.add(legacy(ALICE, nonce, gas=21_000), 0)
    pool._roles.roles[ALICE.address] = Role.PATIENT
    chain.grow()
    pool.head_changed((), 0, role_changed={ALICE.address})
    assert order(pool) == placed(*((ALICE, nonce) for nonce in range(16)))


def test_an_application_leaves_when_its_sender_may_no_longer_apply():
    chain, pool = _pool(others=None)
    pool.add(application(ALICE), 0)
    pool._roles.is_application = lambda _transaction: False
    chain.grow()
    pool.head_changed((), 0, role_changed={ALICE.address})
    assert len(pool) == 0


# -- own transactions --


def test_own_transactions_are_handed_out_in_the_order_of_their_arrival():
    _, pool = _pool()
    raws = [legacy(ALICE, 0), legacy(BOB, 0), legacy(CAROL, 0)]
    pool.add(raws[0], 0, is_local=True)
    pool.add(raws[1], 0)
    pool.add(raws[2], 0, is_local=True)
    assert pool.local_txs == (raws[0], raws[2])


def test_a_refused_transaction_is_not_kept_as_an_own_one():
    _, pool = _pool()
    with pytest.raises(NonceError):
        pool.add(legacy(ALICE, 65), 0, is_local=True)
    assert pool.local_txs == ()


def test_own_transactions_that_the_pool_lost_are_offered_again_after_a_reorganisation():
    chain, pool = _pool({ALICE.address: Role.DOCTOR, BOB.address: Role.DOCTOR}, others=None)
    own = pool.add(legacy(ALICE, 0), 0, is_local=True)
    del pool._roles.roles[ALICE.address]
    chain.grow(*_fill(pool, BOB, 0))
    pool.head_changed((), 0, role_changed={ALICE.address})
    assert own.hash not in pool
    pool._roles.roles[ALICE.address] = Role.DOCTOR
    pool.head_changed(chain.leave(), 0, role_changed={ALICE.address})
    assert own.hash in pool


def test_a_new_pool_takes_what_another_one_handed_out():
    chain, pool = _pool()
    for nonce in range(3):
        pool.add(legacy(ALICE, nonce), 0, is_local=True)
    again = pool_on(chain)
    for raw in pool.local_txs:
        again.add(raw, 9, is_local=True)
    assert order(again) == order(pool)
    assert again.local_txs == pool.local_txs


def test_a_replaced_transaction_is_no_longer_an_own_one():
    _, pool = _pool()
    pool.add(legacy(ALICE, 0), 0, is_local=True)
    better = pool.add(legacy(ALICE, 0, data=b"2"), 0, is_local=True)
    assert pool.local_txs == (better.raw,)


def test_an_own_transaction_is_given_up_256_blocks_after_its_inclusion():
    chain, pool = _pool()
    own = pool.add(legacy(ALICE, 0), 0, is_local=True)
    chain.grow(own)
    pool.head_changed((), 0)
    chain.grow(blocks=255)
    pool.head_changed((), 0)
    assert pool.local_txs == (own.raw,)
    chain.grow()
    pool.head_changed((), 0)
    assert pool.local_txs == ()


# -- leaving --


def test_removing_takes_what_a_builder_found_invalid():
    _, pool = _pool()
    first, _ = _fill(pool, ALICE, 0, 1)
    pool.remove(first.hash)
    pool.remove(first.hash)
    assert order(pool) == []
    assert len(pool) == 1


def test_transactions_expire_after_three_hours():
    _, pool = _pool()
    old = pool.add(legacy(ALICE, 0), 100, is_local=True)
    pool.add(legacy(BOB, 0), 101)
    assert pool.expire(99 + POOL_AGE_US_MAX) == ()
    assert pool.expire(100 + POOL_AGE_US_MAX) == (old.hash,)
    assert order(pool) == placed((BOB, 0))
    assert pool.local_txs == ()


# -- with a ledger that builds --


@pytest.mark.slow  # a thousand blocks
def test_the_base_fee_stays_zero_over_a_thousand_full_blocks():
    book = ledger(gas_limit=84_000)
    pool = pool_on(book)
    nonces = iter(range(2_001))
    for raw in (legacy(ALICE, nonce, gas=21_000) for nonce in islice(nonces, 64)):
        pool.add(raw, 0)
    for _ in range(1_000):
        block = extend(book, [each.raw for each in islice(pool.candidates(), 4)])
        assert (block.header.gas_used, block.header.base_fee) == (42_000, 0)
        pool.head_changed((), 0)
        for nonce in islice(nonces, 2):
            pool.add(legacy(ALICE, nonce, gas=21_000), 0)
    assert book.head.number == 1_000
