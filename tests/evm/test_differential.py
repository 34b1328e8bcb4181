"""py-evm against revm: equal status, gas and logs of each transaction, receipts root, state root.

Random blocks from seeds, and the named cases of ``awkward``.  With ``-s`` the tests print what the
transactions really did; each kind must occur so often that its agreement means something.
"""

import random
from collections import Counter

import pytest

from node.base.types import Address
from node.evm.forks import CANCUN, LONDON
from node.evm.genesis import GenesisAccount
from tests.evm.asm import asm
from tests.evm.awkward import EMPTY, world
from tests.evm.census import census
from tests.evm.chains import CHAIN_ID, KEYS, SIGNER
from tests.evm.free_author import OLD, FreeAuthor, alloc_of_old
from tests.evm.twins import Twins, fast, routes

pytestmark = pytest.mark.filterwarnings("ignore:SELFDESTRUCT opcode present:DeprecationWarning")
BOTH = pytest.mark.parametrize("profile", [LONDON, CANCUN], ids=lambda profile: profile.name)
BLOCKHASH_ONLY = frozenset((fast.BLOCKHASH,))
"""Lets creations run in revm too; only for authors whose initcode never asks for BLOCKHASH."""
LAST = Address(b"\xe1" * 20)
"""A maker of contracts whose nonce cannot rise."""
ASKS = Address(b"\xe2" * 20)
"""Stores the hash of the parent, on chains with BLOCKHASH."""
OFTEN = {
    "type 0": 500, "type 1": 200, "type 2": 200, "access list": 50, "fee": 50, "deployment": 200,
    "success": 500, "failure": 200, "log": 200, "SSTORE": 1_000, "SLOAD": 500,
    "CALL": 500, "DELEGATECALL": 100, "STATICCALL": 100, "CALLCODE": 100,
    "CREATE": 100, "CREATE2": 100, "nested creation": 100, "SELFDESTRUCT": 20,
    "nested revert": 20, "nested fault": 200, "RETURNDATACOPY": 100, "BLOCKHASH": 10,
    **{f"precompile {number}": 20 for number in (1, 2, 3, 4, 5, 6, 7, 9)}, "precompile 8": 3,
}  # fmt: skip
OFTEN_IN_CANCUN = {"TLOAD": 100, "TSTORE": 100, "MCOPY": 100, "precompile 10": 20}

__all__ = ["routes"]


def _run(profile, seed, routes, blocks=3, size=12, *, doubtful=fast.DOUBTFUL, blockhash=False):
    """Run random blocks on both; count what happened.  ``Twins.block`` compares them."""
    rng = random.Random(seed)
    makes = asm("CODESIZE PUSH 0 PUSH 0 CODECOPY PUSH 0 PUSH 0 PUSH 0 CREATE PUSH 0 SSTORE")
    alloc = alloc_of_old() | {EMPTY: GenesisAccount()}
    alloc[LAST] = GenesisAccount(nonce=2**64 - 1, code=makes)
    author = FreeAuthor(rng, KEYS, CHAIN_ID, profile is CANCUN, known=[OLD, EMPTY, LAST, ASKS])
    author.blockhash = blockhash
    if blockhash:
        asks = asm("PUSH 1 NUMBER SUB BLOCKHASH PUSH 0 SSTORE")
        alloc[ASKS] = GenesisAccount(nonce=1, code=asks)
    twins = Twins(alloc | author.standing(10), profile, gas_limit=2**30, doubtful=doubtful)
    routes.in_revm.clear()
    counts = Counter()
    for at in range(blocks):
        raws = [author.free() for _ in range(size)]
        fees = [Address(bytes([0x50 + at]) * 20), KEYS[0].address, rng.choice(author.known)]
        fee_recipient = rng.choice([fees[0], *fees])
        result = twins.block(raws, fee_recipient=fee_recipient)
        assert len(result.receipts) == size, seed
        author.known.append(fee_recipient)
        visits = census(twins.slow, twins.slow.head_hash, fee_recipient)
        for transaction, visit in zip(result.transactions, visits, strict=True):
            asked = visit["BLOCKHASH"] and transaction.hash in routes.in_revm
            assert not asked, "revm makes block hashes up"
            counts += visit
    return counts


@BOTH
@pytest.mark.parametrize("seed", range(2))
def test_random_transactions_agree(profile, seed, routes):
    counts = _run(profile, seed, routes)
    assert counts["success"] + counts["failure"] == 36
    assert routes.revm > 0


@BOTH
@pytest.mark.parametrize("seed", [100])
def test_random_creations_in_revm_agree(profile, seed, routes):
    counts = _run(profile, seed, routes, doubtful=BLOCKHASH_ONLY)
    assert counts["CREATE"] + counts["CREATE2"] > 0
    assert routes.revm > routes.pyevm


@BOTH
def test_random_transactions_on_a_chain_with_blockhash_agree(profile, routes):
    counts = _run(profile, 200, routes, blockhash=True)
    assert counts["BLOCKHASH"] > 0
    assert routes.revm > 0
    assert routes.pyevm > 0


def test_random_transactions_succeed_and_fail(routes):
    counts = _run(LONDON, 0, routes) + _run(LONDON, 1, routes)
    assert counts["success"] > 20
    assert counts["failure"] > 5


@pytest.mark.slow
@BOTH
def test_2500_random_transactions_agree(profile, routes):
    """72 chains of 36: 24 as chains are, 24 with creations in revm, 24 with BLOCKHASH."""
    counts = Counter()
    for seed in range(1_000, 1_024):
        counts += _run(profile, seed, routes)
        counts += _run(profile, 1_000 + seed, routes, doubtful=BLOCKHASH_ONLY)
        counts += _run(profile, 2_000 + seed, routes, blockhash=True)
    found = ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
    print(f"\n{profile.name}: revm {routes.revm}, py-evm {routes.pyevm}; {found}")  # noqa: T201 - -s
    assert counts["success"] + counts["failure"] == 3 * 24 * 3 * 12 > 2_000
    often = OFTEN | (OFTEN_IN_CANCUN if profile is CANCUN else {})
    assert {kind: counts[kind] for kind, least in often.items() if counts[kind] < least} == {}
    assert routes.revm > 800


@pytest.mark.slow
@BOTH
def test_awkward_transactions_agree_as_chains_run_them(profile, routes):
    cases = world(profile).cases
    result = Twins(world(profile).alloc, profile, gas_limit=2**40).block([raw for _, raw in cases])
    assert len(result.receipts) == len(cases) > 200
    assert routes.pyevm > routes.revm > 50


@BOTH
def test_awkward_transactions_agree_in_revm_alone(profile, routes):
    made = world(profile, has_hashes=False)
    twins = Twins(made.alloc, profile, gas_limit=2**40, doubtful=BLOCKHASH_ONLY)
    result = twins.block([raw for _, raw in made.cases])
    assert 100 < sum(receipt.status for receipt in result.receipts) < len(made.cases) - 40
    assert (routes.revm, routes.pyevm) == (len(made.cases), 0)
    assert twins.fast.state().account(SIGNER) is not None
