"""Our executor, trie and lists against py-evm as it is: same gas, same roots."""

import random

import pytest

from node.base.types import Address
from node.evm.forks import CANCUN, LONDON
from node.evm.genesis import GenesisAccount
from tests.evm.asm import COUNTER
from tests.evm.chains import CHAIN_ID, KEYS, SIGNER, build, ledger, seal
from tests.evm.programs import Author
from tests.evm.stock import StockChain, stock_hash

pytestmark = pytest.mark.filterwarnings("ignore:SELFDESTRUCT opcode present:DeprecationWarning")
RICH = 10**24
OLD = Address(b"\x0d" * 20)


def _alloc():
    alloc = {key.address: GenesisAccount(balance=RICH) for key in KEYS}
    alloc[OLD] = GenesisAccount(nonce=1, balance=5, code=COUNTER, storage={0: 41, 1: 2**255, 9: 1})
    return alloc


def _run(profile, seed, blocks, size):
    """Build random blocks on both; give what each said about every block."""
    alloc = _alloc()
    book = ledger(alloc, profile=profile, base_fee=7, gas_limit=60_000_000)
    stock = StockChain(alloc, CHAIN_ID, profile)
    assert stock.state_root == book.head.state_root
    author = Author(random.Random(seed), KEYS, CHAIN_ID, cancun=profile is CANCUN, known=[OLD])
    ancestors = [book.head_hash]
    for _ in range(blocks):
        raws = [author.transaction() for _ in range(size)]
        built = build(book, raws)
        assert not built.skipped
        assert len(built.block.transactions) == size
        block = seal(built.block)
        judged = stock.import_block(block.header, block.transactions, SIGNER, ancestors)
        statuses = tuple(receipt.status for receipt in built.result.receipts)
        yield block.header, statuses, judged
        ancestors.insert(0, book.adopt(block, built.result))
        book.set_head(ancestors[0])


@pytest.mark.parametrize("profile", [LONDON, CANCUN], ids=lambda profile: profile.name)
@pytest.mark.parametrize("seed", range(6))
def test_random_blocks_have_the_roots_that_stock_py_evm_finds(profile, seed):
    for header, statuses, judged in _run(profile, seed, blocks=3, size=15):
        assert header.gas_used == judged.gas_used
        assert statuses == judged.statuses
        assert header.transactions_root == judged.transactions_root
        assert header.receipts_root == judged.receipts_root
        assert header.logs_bloom == judged.bloom
        assert header.state_root == judged.state_root


def test_random_blocks_hold_successes_and_failures():
    outcomes = [status for _, statuses, _ in _run(LONDON, 3, 3, 15) for status in statuses]
    assert 5 < sum(outcomes) < len(outcomes) - 5


@pytest.mark.parametrize("profile", [LONDON, CANCUN], ids=lambda profile: profile.name)
def test_our_header_hashes_as_py_evm_hashes_it(profile):
    header, _, _ = next(_run(profile, 1, 1, 2))
    assert header.hash() == stock_hash(header)
    assert len(header.items()) == (16 if profile is LONDON else 20)


@pytest.mark.slow
@pytest.mark.parametrize("profile", [LONDON, CANCUN], ids=lambda profile: profile.name)
def test_a_thousand_random_transactions_have_the_roots_that_stock_py_evm_finds(profile):
    for seed in range(100, 122):
        for header, _, judged in _run(profile, seed, blocks=3, size=16):
            assert header.receipts_root == judged.receipts_root, seed
            assert header.state_root == judged.state_root, seed
