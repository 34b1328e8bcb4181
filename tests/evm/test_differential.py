"""py-evm against revm on random blocks: equal status, gas, logs, receipts root and state root."""

import random

import pytest

from node.base.types import Address
from node.evm.forks import CANCUN, LONDON
from tests.evm.chains import CHAIN_ID, KEYS
from tests.evm.twins import OLD, FreeAuthor, Twins, alloc_of_old, fast, routes

pytestmark = pytest.mark.filterwarnings("ignore:SELFDESTRUCT opcode present:DeprecationWarning")
BOTH = pytest.mark.parametrize("profile", [LONDON, CANCUN], ids=lambda profile: profile.name)
BLOCKHASH_ONLY = frozenset((fast.BLOCKHASH,))
"""Lets creations run in revm too; only for authors whose initcode never asks for BLOCKHASH."""

__all__ = ["routes"]


def _run(profile, seed, blocks=3, size=12, *, doubtful=fast.DOUBTFUL, blockhash=False):
    """Run random blocks on both; give the outcomes.  ``Twins.block`` compares them."""
    twins = Twins(alloc_of_old(), profile, gas_limit=100_000_000, doubtful=doubtful)
    author = FreeAuthor(random.Random(seed), KEYS, CHAIN_ID, profile is CANCUN, known=[OLD])
    author.blockhash = blockhash
    outcomes = []
    for at in range(blocks):
        raws = [author.free() for _ in range(size)]
        result = twins.block(raws, fee_recipient=Address(bytes([0x50 + at]) * 20))
        assert len(result.receipts) == size, seed
        outcomes += [receipt.status for receipt in result.receipts]
    return outcomes


@BOTH
@pytest.mark.parametrize("seed", range(2))
def test_random_transactions_agree(profile, seed, routes):
    _run(profile, seed)
    assert routes.revm > routes.pyevm


@BOTH
@pytest.mark.parametrize("seed", range(100, 102))
def test_random_creations_in_revm_agree(profile, seed, routes):
    _run(profile, seed, doubtful=BLOCKHASH_ONLY)
    assert routes.revm > routes.pyevm


@BOTH
def test_random_transactions_on_a_chain_with_blockhash_agree(profile, routes):
    _run(profile, 200, blockhash=True)
    assert routes.revm > 0
    assert routes.pyevm > 0


def test_random_transactions_succeed_and_fail():
    outcomes = [status for seed in range(2) for status in _run(LONDON, seed)]
    assert 20 < sum(outcomes) < len(outcomes) - 5


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize("start", [1_000, 2_000, 3_000])
def test_many_random_transactions_agree(profile, start, routes):
    """Six times 12 chains of 3 blocks of 12: 2,592 transactions."""
    doubtful = BLOCKHASH_ONLY if start == 2_000 else fast.DOUBTFUL
    for seed in range(start, start + 12):
        _run(profile, seed, doubtful=doubtful, blockhash=start == 3_000)
    assert routes.revm + routes.pyevm == 12 * 3 * 12
    assert routes.revm > 50
