from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.header import Header
from node.base.limits import ANSWER_BYTES_MAX
from node.base.types import ZERO_HASH, Hash32
from node.p2p.messages import GetBodies, GetHeaders, GetTxs
from node.p2p.serve import answer_bodies, answer_headers, answer_transactions
from tests.p2p.chains import Chain, make_block

CHAIN = Chain(10)


def _numbers(origin, count, skip=0, reverse=False, chain=CHAIN):
    answer = answer_headers(GetHeaders(origin, count, skip, reverse, rid=9), chain)
    assert answer.rid == 9
    return [Header.decode(raw).number for raw in answer.headers]


def test_headers_run_upwards_from_a_number():
    assert _numbers(3, 4) == [3, 4, 5, 6]


def test_headers_run_downwards_from_a_hash():
    assert _numbers(CHAIN.hash_at(5), 3, reverse=True) == [5, 4, 3]


def test_skip_leaves_headers_out():
    assert _numbers(1, 3, skip=2) == [1, 4, 7]
    assert _numbers(9, 3, skip=2, reverse=True) == [9, 6, 3]


def test_headers_end_at_the_head():
    assert _numbers(9, 10) == [9, 10]


def test_headers_end_at_genesis():
    assert _numbers(1, 10, reverse=True) == [1, 0]


def test_no_headers_are_wanted_and_none_come():
    assert _numbers(1, 0) == []


def test_an_unknown_origin_gives_nothing():
    assert _numbers(11, 1) == []
    assert _numbers(ZERO_HASH, 1) == []
    assert _numbers(2**64 - 1, 512, skip=65_535) == []


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 5), st.booleans())
def test_headers_are_the_slice_of_the_chain(origin, count, skip, reverse):
    step = (skip + 1) * (-1 if reverse else 1)
    wanted = [origin + step * index for index in range(count)]
    known = [number for number in wanted if 0 <= number <= 10]
    assert _numbers(origin, count, skip, reverse) == (known if origin <= 10 else [])


def test_a_side_chain_gives_its_ancestors_only():
    chain = Chain(4)
    side = make_block(3, chain.hash_at(2), branch=1)
    chain.by_hash[side.header.hash()] = side
    name = side.header.hash()
    assert _numbers(name, 5, reverse=True, chain=chain) == [3, 2, 1, 0]
    assert _numbers(name, 5, chain=chain) == [3]
    assert _numbers(name, 5, skip=1, reverse=True, chain=chain) == [3]


def test_bodies_come_in_the_order_of_the_question_without_unknown_ones():
    names = (CHAIN.hash_at(4), ZERO_HASH, CHAIN.hash_at(2), CHAIN.hash_at(3))
    answer = answer_bodies(GetBodies(names, rid=9), CHAIN)
    assert answer.rid == 9
    assert [body.hash for body in answer.bodies] == [names[0], names[2], names[3]]
    assert [body.transactions for body in answer.bodies] == [
        CHAIN.blocks[number].transactions for number in (4, 2, 3)
    ]


def test_transactions_come_from_the_pool():
    pool = {Hash32(b"a" * 32): b"\x01", Hash32(b"c" * 32): b"\x03"}
    names = tuple(Hash32(letter * 32) for letter in (b"c", b"b", b"a"))
    answer = answer_transactions(GetTxs(names, rid=9), pool.get)
    assert (answer.rid, answer.transactions) == (9, (b"\x03", b"\x01"))


def test_the_item_that_crosses_the_soft_limit_is_the_last():
    raw = bytes(100_000)
    names = tuple(Hash32(bytes((number,)) * 32) for number in range(100))
    answer = answer_transactions(GetTxs(names), lambda _name: raw)
    assert len(answer.transactions) == ANSWER_BYTES_MAX // len(raw) + 1


def test_bodies_are_bounded_by_their_transactions():
    chain = Chain(0)
    for number in range(1, 40):
        chain.append(make_block(number, chain.head, (bytes((1,)) + bytes(100_000),)))
    names = tuple(chain.hash_at(number) for number in range(1, 40))
    answer = answer_bodies(GetBodies(names), chain)
    assert len(answer.bodies) == ANSWER_BYTES_MAX // 100_001 + 1
