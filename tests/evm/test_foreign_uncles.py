"""Uncles: who they may be, and what they are paid."""

from dataclasses import replace

import pytest

from node.base import rlp
from node.base.errors import InvalidBlockError
from node.base.keccak import keccak256
from node.base.types import ZERO_HASH, Address
from node.evm.errors import UnknownParentError
from node.evm.forks import Fork
from tests.evm.foreign_chain import MINER, book_of

ETHER = 10**18
ONE = Address(b"\x01" * 20)


def _broken(book, block):
    with pytest.raises(InvalidBlockError) as caught:
        book.check(block)
    return caught.value


def _with(block, **changes):
    return replace(block, header=replace(block.header, **changes))


def _family():
    """Give a chain of three blocks and an uncle that block 4 may name."""
    book = book_of(Fork.BYZANTIUM)
    book.add(book.make())
    uncle = book.make(extra_data=b"slow", coinbase=ONE).header
    book.add(book.make())
    book.add(book.make())
    return book, uncle


def test_an_uncle_and_its_nephew_are_paid():
    book, uncle = _family()
    before = book.state().balance(MINER)
    book.add(book.make(uncles=(uncle,)))
    assert book.state().balance(ONE) == 3 * ETHER * (8 + 2 - 4) // 8
    assert book.state().balance(MINER) - before == 3 * ETHER + 3 * ETHER // 32


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda book, uncle: (uncle, uncle), "uncles"),
        (lambda book, uncle: (uncle, replace(uncle, extra_data=b"2"), uncle), "uncles count"),
        (lambda book, uncle: (book.line[2].header,), "uncles"),
        (lambda book, uncle: (replace(uncle, parent_hash=ZERO_HASH),), "uncles"),
        (lambda book, uncle: (replace(book.make().header, extra_data=b"2"),), "uncles"),
        (lambda book, uncle: (replace(uncle, difficulty=0),), "uncles"),
        (lambda book, uncle: (replace(uncle, number=3),), "number"),
        (lambda book, uncle: (replace(uncle, timestamp=0),), "timestamp"),
        (lambda book, uncle: (replace(uncle, gas_limit=2**60),), "gas limit drift"),
        (lambda book, uncle: (replace(uncle, extra_data=bytes(33)),), "extra data size"),
        (lambda book, uncle: (replace(uncle, base_fee=7),), "header fields"),
    ],
)
def test_an_uncle_that_is_none_is_refused(change, rule):
    book, uncle = _family()
    assert _broken(book, _naming(book, change(book, uncle))).rule == rule


def _naming(book, uncles):
    block = replace(book.make(), uncles=uncles)
    return _with(block, ommers_hash=keccak256(rlp.encode([uncle.items() for uncle in uncles])))


def test_an_uncle_is_paid_once():
    book, uncle = _family()
    book.add(book.make(uncles=(uncle,)))
    assert _broken(book, _naming(book, (uncle,))).rule == "uncles"


def test_an_uncle_lies_at_most_six_generations_back():
    book, uncle = _family()
    for _ in range(4):
        book.add(book.make())
    assert book.head.number == 7
    book.check(book.make(uncles=(uncle,)))
    book.add(book.make())
    assert _broken(book, _naming(book, (uncle,))).rule == "uncles"


@pytest.mark.parametrize("engine", ["clique", "merged"])
def test_only_proof_of_work_has_uncles(engine):
    fork = Fork.PARIS if engine == "merged" else Fork.BYZANTIUM
    config = {"clique": {"period": 5}} if engine == "clique" else None
    book = book_of(fork, config=config)
    uncle = book.make().header
    want = "uncles hash" if engine == "merged" else "uncles"
    assert _broken(book, _naming(book, (uncle,))).rule == want


def test_uncles_of_a_chain_with_a_hole_wait_for_it():
    book, uncle = _family()
    block = book.make(uncles=(uncle,))
    del book.blocks[book.line[2].header.hash()]
    parent = book.head
    with pytest.raises(UnknownParentError):
        book.rules.check(block, parent, book.state(), [parent.hash()], fee_recipient=MINER)


def test_hash_of_uncles_is_that_of_the_list():
    book, uncle = _family()
    block = book.make(uncles=(uncle,))
    assert block.header.ommers_hash == keccak256(rlp.encode([uncle.items()]))
