from eth_bloom import BloomFilter
from hypothesis import given
from hypothesis import strategies as st

from node.evm.blooms import EMPTY_BLOOM, bloom_of, joined, may_hold

items = st.lists(st.binary(min_size=20, max_size=32), max_size=20)


@given(items)
def test_the_filter_is_that_of_eth_bloom(entries):
    assert bloom_of(entries) == int(BloomFilter.from_iterable(entries)).to_bytes(256)


@given(items)
def test_what_was_put_in_may_be_held(entries):
    assert all(may_hold(bloom_of(entries), entry) for entry in entries)


def test_an_empty_filter_holds_nothing():
    assert bloom_of([]) == EMPTY_BLOOM == bytes(256)
    assert not may_hold(EMPTY_BLOOM, bytes(20))


def test_a_block_joins_the_filters_of_its_receipts():
    one, other = bloom_of([b"a" * 20]), bloom_of([b"b" * 20])
    assert joined([one, other]) == bloom_of([b"a" * 20, b"b" * 20])
    assert joined([]) == EMPTY_BLOOM


def test_an_absent_address_is_mostly_ruled_out():
    bloom = bloom_of([b"a" * 20])
    assert sum(may_hold(bloom, bytes([n]) * 20) for n in range(90)) == 0
