"""Our blocks against the executable specification: equal gas, logs, receipts root, state root."""

import random

import pytest

from node.base.errors import PeerError
from node.base.types import Address
from node.evm.blocks import ExecutionResult, conclude
from node.evm.executor_pyevm import PyevmExecutor
from node.evm.forks import CANCUN, LONDON
from tests.evm.awkward import world
from tests.evm.chains import CHAIN_ID, KEYS, SIGNER, build, context, ledger, seal
from tests.evm.eels import SpecChain, Verdict
from tests.evm.free_author import OLD, FreeAuthor, alloc_of_old
from tests.evm.invalid import ALLOC, BASE_FEE, GAS_LIMIT, invalid, valid
from tests.evm.programs import Author

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings("ignore:SELFDESTRUCT opcode present:DeprecationWarning"),
]
BOTH = pytest.mark.parametrize("profile", [LONDON, CANCUN], ids=lambda profile: profile.name)


def same(result: ExecutionResult, verdict: Verdict) -> bool:
    """Compare transaction by transaction first: a root says only that something differs."""
    for at, (ours, theirs) in enumerate(zip(result.receipts, verdict.receipts, strict=False)):
        assert (ours.status, ours.cumulative_gas_used, ours.logs) == theirs, at
    assert len(result.receipts) == len(verdict.receipts)
    assert result.gas_used == verdict.gas_used
    assert result.receipts_root == verdict.receipts_root
    assert result.logs_bloom == verdict.bloom
    assert result.state_root == verdict.state_root
    return True


def chain(profile, author, write, **changes):
    """Build random blocks and have each judged; give how many transactions succeeded."""
    alloc = alloc_of_old() | author.standing(10)
    book = ledger(alloc, profile=profile, gas_limit=2**30, **changes)
    spec = SpecChain(alloc, CHAIN_ID, profile)
    assert book.head.state_root == spec.run(book.context(), []).state_root
    good = 0
    for at in range(4):
        fee_recipient = Address(bytes([0x50 + at]) * 20) if at % 2 else KEYS[at].address
        raws = [write() for _ in range(25)]
        built = build(book, raws, fee_recipient=fee_recipient)
        block = seal(built.block)
        block_hash = book.adopt(block, built.result)
        book.set_head(block_hash)
        verdict = spec.run(book.context(block_hash, fee_recipient=fee_recipient), raws)
        assert (built.skipped, verdict.rejected) == ((), {})
        assert same(built.result, verdict)
        assert block.header.transactions_root == verdict.transactions_root
        good += sum(receipt.status for receipt in built.result.receipts)
    return good


@BOTH
@pytest.mark.parametrize("seed", [1, 2])
def test_100_random_transactions_with_fees_are_as_specified(profile, seed):
    author = Author(random.Random(seed), KEYS, CHAIN_ID, cancun=profile is CANCUN, known=[OLD])
    good = chain(profile, author, author.transaction, base_fee=7)
    assert 20 < good < 95


@BOTH
@pytest.mark.parametrize("seed", [3, 4])
def test_100_random_transactions_without_fees_are_as_specified(profile, seed):
    author = FreeAuthor(random.Random(seed), KEYS, CHAIN_ID, cancun=profile is CANCUN, known=[OLD])
    author.blockhash = True
    assert 20 < chain(profile, author, author.free) < 95


@BOTH
def test_awkward_transactions_are_as_specified(profile):
    # The tool takes no empty account into a state after London.
    made = world(profile, has_empty=profile is LONDON)
    book = ledger(made.alloc, profile=profile, gas_limit=2**40)
    raws = [raw for _, raw in made.cases]
    built = build(book, raws)
    block_hash = book.adopt(seal(built.block), built.result)
    spec = SpecChain(made.alloc, CHAIN_ID, profile)
    verdict = spec.run(book.context(block_hash, fee_recipient=SIGNER), raws)
    assert (built.skipped, verdict.rejected) == ((), {})
    assert same(built.result, verdict)
    assert len(verdict.receipts) > 200


@BOTH
def test_what_is_invalid_here_is_invalid_there(profile):
    bad, good = invalid(profile), valid(profile)
    raws = [*bad.values(), *good.values()]
    book = ledger(ALLOC, profile=profile, base_fee=BASE_FEE, gas_limit=GAS_LIMIT)
    made = context(book, profile=profile, base_fee=BASE_FEE, ancestor_hashes=(book.head_hash,))
    run = PyevmExecutor().open(made, book.state())
    included, refused = [], set()
    for name, raw in (bad | good).items():
        try:
            transaction = book.decode(raw)
            run.apply(transaction)
        except PeerError:
            refused.add(name)
        else:
            included.append(transaction)
    verdict = SpecChain(ALLOC, CHAIN_ID, profile).run(made, raws)
    names = [*bad, *good]
    assert refused == set(bad)
    assert {names[at] for at in verdict.rejected} == set(bad), verdict.rejected
    # Among others a transaction keeps its number there, and so its key in the tries.
    verdict = SpecChain(ALLOC, CHAIN_ID, profile).run(made, list(good.values()))
    assert same(conclude(run, included, book._states, book.state()), verdict)
