from contextlib import closing

import pytest

from node.base.errors import UnknownBlockError
from node.base.keccak import keccak256
from node.base.limits import LOG_FILTER_VALUES_COUNT_MAX, LOG_RESULTS_COUNT_MAX
from node.base.types import Address, Hash32
from node.evm.errors import LogLimitError, QueryError, QueryLimitError
from node.evm.genesis import GenesisAccount
from node.evm.ledger import Ledger
from node.evm.logs import LogFilter, get_block_logs, get_logs
from node.evm.receipts import Log
from node.storage.sqlite_store import SqliteLedgerStore
from tests.evm.asm import LOGGER, REVERTER, asm
from tests.evm.chains import ALICE, VERIFIER, build, extend, genesis, ledger, legacy, seal
from tests.evm.stores import copy, identity

ONE = Address(b"\x01" * 20)
TWO = Address(b"\x02" * 20)
REVERTING = Address(b"\x03" * 20)
NINE, TEN, ELEVEN = (Hash32(n.to_bytes(32)) for n in (9, 10, 11))
PAIR = asm("PUSH 10 PUSH 9 PUSH 0 PUSH 0 LOG2 PUSH 0 PUSH 0 LOG0")
"""Emits topics 9, 10, then a log without topics."""
ALLOC = {
    ONE: GenesisAccount(nonce=1, code=LOGGER),
    TWO: GenesisAccount(nonce=1, code=PAIR),
    REVERTING: GenesisAccount(nonce=1, code=LOGGER + REVERTER),
}
ANY = LogFilter()


@pytest.fixture(scope="module")
def book():
    """1: ONE.  2: nothing.  3: REVERTING, TWO, ONE."""
    book = ledger(ALLOC)
    extend(book, [legacy(ALICE, 0, ONE)])
    extend(book)
    extend(book, [legacy(ALICE, 1, REVERTING), legacy(ALICE, 2, TWO), legacy(ALICE, 3, ONE)])
    return book


def _places(found):
    return [(log.number, log.position) for log in found]


def _all(book, wanted, **changes):
    """Ask with the index, and block by block without it: the answers must agree."""
    fields = {"first": 0, "last": 3} | changes
    found = get_logs(book, wanted, **fields)
    numbers = range(fields["first"], fields["last"] + 1)
    each = [get_block_logs(book, wanted, book.hash_by_number(number)) for number in numbers]
    assert [log for logs in each for log in logs] == found
    return _places(found)


def test_without_a_filter_all_logs_come_in_order(book):
    assert _all(book, ANY) == [(1, 0), (3, 0), (3, 1), (3, 2)]


def test_a_log_says_where_it_stands(book):
    log = get_logs(book, LogFilter(addresses=(ONE,)), first=3, last=3)[0]
    block = book.block(book.head_hash)
    assert (log.block_hash, log.number) == (book.head_hash, 3)
    assert log.timestamp == block.header.timestamp
    assert log.transaction_hash == keccak256(block.transactions[2])
    assert log.transaction_position == 2
    assert log.log == Log(ONE, (NINE,), (7).to_bytes(32))


def test_logs_of_a_reverted_transaction_are_no_logs(book):
    assert _all(book, LogFilter(addresses=(REVERTING,))) == []


@pytest.mark.parametrize(
    ("addresses", "places"),
    [
        ((ONE,), [(1, 0), (3, 2)]),
        ((TWO,), [(3, 0), (3, 1)]),
        ((ONE, TWO), [(1, 0), (3, 0), (3, 1), (3, 2)]),
        ((Address(b"\x09" * 20),), []),
        ((Address(b"\x09" * 20), ONE), [(1, 0), (3, 2)]),
    ],
)
def test_a_list_of_addresses_means_one_of_them(book, addresses, places):
    assert _all(book, LogFilter(addresses=addresses)) == places


@pytest.mark.parametrize(
    ("topics", "places"),
    [
        ((), [(1, 0), (3, 0), (3, 1), (3, 2)]),
        ((None,), [(1, 0), (3, 0), (3, 2)]),
        (((),), [(1, 0), (3, 0), (3, 2)]),
        (((NINE,),), [(1, 0), (3, 0), (3, 2)]),
        (((TEN,),), []),
        (((TEN, NINE),), [(1, 0), (3, 0), (3, 2)]),
        ((None, (TEN,)), [(3, 0)]),
        ((None, None), [(3, 0)]),
        (((NINE,), (TEN, ELEVEN)), [(3, 0)]),
        (((NINE,), (ELEVEN,)), []),
        ((None, (NINE,)), []),
        (((NINE,), (TEN,), None), []),
        ((None, None, None, None), []),
    ],
)
def test_topics_match_place_by_place(book, topics, places):
    assert _all(book, LogFilter(topics=topics)) == places


def test_address_and_topics_must_both_match(book):
    assert _all(book, LogFilter(addresses=(ONE,), topics=((NINE,),))) == [(1, 0), (3, 2)]
    assert _all(book, LogFilter(addresses=(TWO,), topics=((NINE,),))) == [(3, 0)]


def test_an_address_in_the_bloom_is_not_yet_a_match(book):
    """Block 3 holds TWO's address and topic 9, but ONE's log has no second topic."""
    assert _all(book, LogFilter(addresses=(ONE,), topics=(None, (TEN,)))) == []


@pytest.mark.parametrize(
    ("first", "last", "numbers"),
    [(0, 0, []), (1, 1, [1]), (0, 1, [1]), (2, 2, []), (2, 3, [3, 3, 3]), (3, 3, [3, 3, 3])],
)
def test_both_ends_of_a_range_belong_to_it(book, first, last, numbers):
    assert [number for number, _ in _all(book, ANY, first=first, last=last)] == numbers


@pytest.mark.parametrize(("first", "last"), [(2, 1), (0, 4), (4, 4), (-1, 2)])
def test_a_range_that_cannot_be_is_refused(book, first, last):
    with pytest.raises(QueryError, match=f"invalid block range {first} to {last}.* 0 to 3"):
        get_logs(book, ANY, first=first, last=last)


def test_a_block_is_asked_by_its_hash(book):
    assert _places(get_block_logs(book, ANY, book.hash_by_number(1))) == [(1, 0)]
    wanted = LogFilter(topics=(None, (TEN,)))
    assert _places(get_block_logs(book, wanted, book.head_hash)) == [(3, 0)]


def test_an_unknown_block_is_named(book):
    with pytest.raises(UnknownBlockError, match="abab"):
        get_block_logs(book, ANY, Hash32(b"\xab" * 32))


def test_a_side_branch_is_found_by_hash_only():
    book = ledger(ALLOC)
    genesis = book.head_hash
    extend(book)
    built = build(book, [legacy(ALICE, 0, ONE)], genesis, difficulty=1)
    side = book.adopt(seal(built.block, 2), built.result)
    assert get_logs(book, ANY, first=0, last=1) == []
    assert len(get_block_logs(book, ANY, side)) == 1
    book.set_head(side)
    assert len(get_logs(book, ANY, first=0, last=1)) == 1


def test_as_many_logs_as_allowed_are_given(book):
    assert len(get_logs(book, ANY, first=0, last=3, results_max=4)) == 4


def test_one_log_more_is_refused_with_the_range_that_fits(book):
    with pytest.raises(LogLimitError) as caught:
        get_logs(book, ANY, first=0, last=3, results_max=3)
    assert (caught.value.first, caught.value.last) == (0, 2)
    assert len(get_logs(book, ANY, first=0, last=2, results_max=3)) == 1


def test_a_first_block_that_does_not_fit_alone_leaves_no_range(book):
    with pytest.raises(LogLimitError, match="from block 3 alone does not fit") as caught:
        get_logs(book, ANY, first=3, last=3, results_max=2)
    assert caught.value.last is None


def test_a_block_by_hash_has_the_same_limit(book):
    assert len(get_block_logs(book, ANY, book.head_hash, results_max=3)) == 3
    with pytest.raises(LogLimitError, match="exceeds 2 results"):
        get_block_logs(book, ANY, book.head_hash, results_max=2)


def test_the_limit_is_ten_thousand():
    assert LOG_RESULTS_COUNT_MAX == 10_000


def test_a_filter_has_at_most_four_topics():
    assert LogFilter(topics=(None,) * 4).topics
    with pytest.raises(QueryLimitError, match="log filter exceeds 4 topics"):
        LogFilter(topics=(None,) * 5)


@pytest.mark.parametrize("place", ["addresses", "topics"])
def test_a_place_has_at_most_a_thousand_values(place):
    def wanted(count):
        values = (bytes(32),) * count
        return LogFilter(**{place: values if place == "addresses" else (None, values)})

    assert wanted(LOG_FILTER_VALUES_COUNT_MAX)
    with pytest.raises(QueryLimitError, match="log filter exceeds 1000 values"):
        wanted(LOG_FILTER_VALUES_COUNT_MAX + 1)


def test_blocks_that_the_bloom_rules_out_are_not_read(book, monkeypatch):
    read = []
    receipts = Ledger.receipts

    def spy(self, block_hash):
        read.append(block_hash)
        return receipts(self, block_hash)

    monkeypatch.setattr(Ledger, "receipts", spy)
    get_logs(book, LogFilter(topics=(None, (TEN,))), first=0, last=3)
    assert read == [book.head_hash]


def test_only_blocks_that_the_index_names_are_read(book, monkeypatch):
    read = []
    block = Ledger.block

    def spy(self, block_hash):
        read.append(block_hash)
        return block(self, block_hash)

    monkeypatch.setattr(Ledger, "block", spy)
    wanted = LogFilter(addresses=(TWO,), topics=((NINE, ELEVEN),))
    get_logs(book, wanted, first=0, last=3)
    assert read == [book.head_hash]


def test_the_limit_names_the_range_that_would_have_fitted_with_an_index(book):
    with pytest.raises(LogLimitError) as caught:
        get_logs(book, ANY, first=0, last=3, results_max=3)
    assert (caught.value.first, caught.value.last) == (0, 2)


def test_a_store_on_disk_names_the_same_blocks(book, tmp_path):
    copy(book, tmp_path)
    filters = [
        ANY,
        LogFilter(addresses=(ONE,)),
        LogFilter(addresses=(ONE, TWO), topics=((NINE,), (TEN,))),
        LogFilter(topics=(None, (TEN,))),
        LogFilter(topics=((TEN, NINE),)),
    ]
    with closing(SqliteLedgerStore(tmp_path, identity(book))) as store:
        durable = Ledger(genesis(ALLOC), verifier=VERIFIER, store=store)
        for wanted in filters:
            found = get_logs(durable, wanted, first=0, last=3)
            assert found == get_logs(book, wanted, first=0, last=3)
            assert found
