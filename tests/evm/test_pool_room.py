"""A full pool: who makes room for whom (row 9 of the table in network.md section 10)."""

import pytest

from node.base.keys import PrivateKey
from node.evm import pool as pool_module
from node.evm.errors import PoolFullError, SenderNotRegisteredError
from node.evm.roles import Role
from tests.evm.chains import ALICE, BOB, CAROL, KEYS, legacy
from tests.evm.pool_chain import Chain, Register, application, order, placed, pool_on


def _small(monkeypatch, executable=3, waiting=2):
    monkeypatch.setattr(pool_module, "POOL_EXECUTABLE_COUNT_MAX", executable)
    monkeypatch.setattr(pool_module, "POOL_WAITING_COUNT_MAX", waiting)
    roles = {ALICE.address: Role.REGULATOR, BOB.address: Role.DOCTOR, CAROL.address: Role.PATIENT}
    return pool_on(Chain(), Register(roles))


def test_a_full_pool_evicts_the_highest_nonce_of_a_lower_role(monkeypatch):
    pool = _small(monkeypatch)
    for key, nonce in ((BOB, 0), (CAROL, 0), (CAROL, 1)):
        pool.add(legacy(key, nonce), 0)
    pool.add(legacy(ALICE, 0), 0)
    assert set(order(pool)) == {(ALICE.address, 0), (BOB.address, 0), (CAROL.address, 0)}


def test_a_full_pool_evicts_nobody_of_the_same_or_a_higher_role(monkeypatch):
    pool = _small(monkeypatch)
    for nonce in range(3):
        pool.add(legacy(BOB, nonce), 0)
    for key in (BOB, CAROL):
        with pytest.raises(PoolFullError, match="txpool is full"):
            pool.add(legacy(key, 3 if key is BOB else 0), 0)
    assert len(pool) == 3


def test_waiting_transactions_have_room_of_their_own(monkeypatch):
    pool = _small(monkeypatch)
    pool.add(legacy(CAROL, 1), 0)
    pool.add(legacy(CAROL, 2), 0)
    with pytest.raises(PoolFullError):
        pool.add(legacy(CAROL, 3), 0)
    pool.add(legacy(BOB, 5), 0)
    assert pool.get(pool.add(legacy(CAROL, 0), 0).hash) is not None
    assert order(pool) == [(CAROL.address, 0), (CAROL.address, 1)]


def test_of_equal_loads_the_lower_role_is_evicted_then_the_later_sender(monkeypatch):
    pool = _small(monkeypatch, executable=4)
    late = KEYS[3]
    pool._roles.roles[late.address] = Role.PATIENT
    for key in (BOB, CAROL, late):
        pool.add(legacy(key, 0), 0)
    pool.add(legacy(ALICE, 0), 0)
    pool.add(legacy(ALICE, 1), 0)
    assert set(order(pool)) == set(placed((ALICE, 0), (ALICE, 1), (BOB, 0), (CAROL, 0)))
    pool.add(legacy(ALICE, 2), 0)
    assert set(order(pool)) == set(placed((ALICE, 0), (ALICE, 1), (ALICE, 2), (BOB, 0)))


def test_an_eviction_leaves_what_stood_behind_waiting(monkeypatch):
    pool = _small(monkeypatch, executable=2)
    for nonce in (0, 1, 3):
        pool.add(legacy(CAROL, nonce), 0)
    pool.add(legacy(BOB, 0), 0)
    assert order(pool) == placed((CAROL, 0), (BOB, 0))
    assert [each.nonce for each in pool.transactions()] == [0, 3, 0]


def test_a_full_waiting_room_evicts_from_a_lower_role(monkeypatch):
    pool = _small(monkeypatch)
    for nonce in (1, 2):
        pool.add(legacy(CAROL, nonce), 0)
    pool.add(legacy(ALICE, 1), 0)
    assert {(each.sender, each.nonce) for each in pool.transactions()} == set(
        placed((CAROL, 1), (ALICE, 1))
    )


def test_what_a_filled_gap_lets_run_leaves_no_more_room_than_there_is(monkeypatch):
    pool = _small(monkeypatch)
    for nonce in (1, 2, 0):
        pool.add(legacy(CAROL, nonce), 0)
    for nonce in (4, 5):
        pool.add(legacy(CAROL, nonce), 0)
    assert len(pool) == 5
    with pytest.raises(PoolFullError):
        pool.add(legacy(CAROL, 3), 0)
    pool.add(legacy(BOB, 1), 0)
    assert len(pool) == 5


def test_a_crowd_of_strangers_does_not_keep_a_patient_out():
    pool = pool_on(Chain(), Register({ALICE.address: Role.PATIENT}))
    strangers = [PrivateKey.from_bytes(n.to_bytes(32)) for n in range(1_000, 1_200)]
    for key in strangers:
        with pytest.raises(SenderNotRegisteredError):
            pool.add(legacy(key, 0), 0)
        pool.add(application(key), 0)
    pool.add(legacy(ALICE, 0), 0)
    assert placed((ALICE, 0))[0] in order(pool)
