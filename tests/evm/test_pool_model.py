"""The pool does what a slow reference does, over random operations (network.md section 17)."""

import os
import subprocess
import sys
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base.keys import PrivateKey
from node.base.limits import POOL_AGE_US_MAX
from node.evm import pool as pool_module
from node.evm.errors import PoolRefusedError, TransactionError
from node.evm.roles import Role
from tests.evm.chains import decoded, legacy
from tests.evm.pool_chain import Chain, Register, pool_on
from tests.evm.pool_model import EXECUTABLE, WAITING, Model

KEYS = [PrivateKey.from_bytes(bytes([n]) * 32) for n in range(70, 81)]
ROLES = (*Role, Role.DOCTOR, Role.PATIENT, Role.HOSPITAL)
GAS = (21_500, 400_000, 1_000_000, 1_000_001, 4_000_000, 5_000_001, 10_000_001, 15_000_000)
HOUR_US = 3_600 * 10**6


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(pool_module, "POOL_EXECUTABLE_COUNT_MAX", EXECUTABLE)
    monkeypatch.setattr(pool_module, "POOL_WAITING_COUNT_MAX", WAITING)


class Pair:
    """A pool and its model on one chain, driven by one source of numbers."""

    def __init__(self, random):
        self.random = random
        self.chain = Chain()
        roles = {
            key.address: None if role is Role.APPLICANT else role
            for key, role in zip(KEYS, ROLES, strict=True)
        }
        self.register = Register(roles)
        self.pool = pool_on(self.chain, self.register)
        self.model = Model(self.chain, self.register)
        self.now_us = 0
        self.raws = []
        self.outcomes = set()

    def step(self):
        kind = self.random.choices(
            (
                self.add,
                self.repeat,
                self.mine,
                self.reorganise,
                self.change_role,
                self.wait,
                self.remove,
            ),
            (70, 4, 12, 4, 4, 1, 2),
        )[0]
        kind()
        self.compare()

    def compare(self):
        pool, model = self.pool, self.model
        assert sorted(each.hash for each in pool.transactions()) == model.hashes()
        assert [each.hash for each in pool.candidates()] == model.candidates()
        key = self.random.choice(KEYS)
        assert pool.next_nonce(key.address) == model.missing(key.address)
        assert len(pool) <= EXECUTABLE + WAITING

    def offer(self, raw):
        try:
            self.pool.add(raw, self.now_us)
        except (TransactionError, PoolRefusedError) as error:
            refused = type(error).__name__
        else:
            refused = None
        self.outcomes.add(refused)
        assert refused == self.model.add(decoded(raw), self.now_us)

    def add(self):
        random = self.random
        key = random.choice(KEYS)
        ahead = random.choices((0, 1, 2, 64, 65), (70, 10, 8, 2, 1))[0]
        nonce = self.pool.next_nonce(key.address) + ahead
        if random.random() < 0.25:
            nonce = max(0, nonce - random.randrange(4))
        raw = legacy(
            key,
            nonce,
            data=random.choice((b"", b"apply")) + random.randbytes(2),
            gas=random.choices(GAS, (10, 6, 3, 1, 2, 1, 1, 1))[0],
            gas_price=random.choices((0, 100, 109, 110, 121), (20, 1, 1, 1, 1))[0],
        )
        self.raws.append(raw)
        self.offer(raw)

    def repeat(self):
        if self.raws:
            self.offer(self.random.choice(self.raws[-200:]))

    def mine(self):
        """Add a block of the first candidates, now and then one with an unknown transaction."""
        offered = list(self.pool.candidates())
        taken = offered[: self.random.randrange(1 + len(offered))]
        if self.random.random() < 0.2:
            key = self.random.choice(KEYS)
            sent = {each.sender for each in taken}
            if key.address not in sent:
                nonce = self.chain.state().get_nonce(key.address)
                taken.append(decoded(legacy(key, nonce, data=self.random.randbytes(3))))
        self.chain.grow(*taken, blocks=self.random.choice((1, 1, 1, 2, 5)))
        self.follow(())

    def reorganise(self):
        depth = self.random.randrange(min(len(self.chain), 3) + 1)
        dropped = self.chain.leave(depth) if depth else []
        if self.random.random() < 0.7:
            self.chain.grow(blocks=self.random.choice((1, 2)))
        self.follow(dropped)

    def follow(self, dropped, changed=()):
        self.pool.head_changed(dropped, self.now_us, role_changed=changed)
        self.model.head_changed(list(map(decoded, dropped)), self.now_us, changed)

    def change_role(self):
        key = self.random.choice(KEYS)
        self.register.roles[key.address] = self.random.choice((*list(Role)[:-1], None))
        self.chain.grow()
        self.follow((), {key.address})

    def wait(self):
        self.now_us += self.random.choice((HOUR_US, POOL_AGE_US_MAX))
        self.pool.expire(self.now_us)
        self.model.expire(self.now_us)

    def remove(self):
        offered = list(self.pool.candidates())
        if offered:
            gone = self.random.choice(offered).hash
            self.pool.remove(gone)
            self.model.remove(gone)


@given(seed=st.integers(0, 2**32), steps=st.integers(1, 60))
def test_a_pool_does_what_the_slow_reference_does(seed, steps):
    pair = Pair(Random(seed))
    for _ in range(steps):
        pair.step()


@pytest.mark.slow
def test_ten_thousand_random_operations_end_as_those_of_the_slow_reference():
    pair = Pair(Random(20_210_126))
    for _ in range(10_000):
        pair.step()
    assert pair.outcomes == {
        None,
        "AccountLimitError",
        "AlreadyKnownError",
        "GasBudgetError",
        "NonceError",
        "PoolFullError",
        "ReplacementUnderpricedError",
        "SenderNotRegisteredError",
    }


_PROGRAM = """
from random import Random
from node.evm import pool
from tests.evm.test_pool_model import EXECUTABLE, WAITING, Pair
pool.POOL_EXECUTABLE_COUNT_MAX, pool.POOL_WAITING_COUNT_MAX = EXECUTABLE, WAITING
pair = Pair(Random(5))
for _ in range(300):
    pair.step()
print([each.hash.hex() for each in pair.pool.candidates()], pair.pool.local_txs)
"""


def _printed(hash_seed):
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        check=True,
        text=True,
    )
    return done.stdout


@pytest.mark.slow  # two interpreters
def test_the_order_of_building_does_not_depend_on_the_hash_seed():
    assert _printed("1") == _printed("2") != "[] ()\n"
