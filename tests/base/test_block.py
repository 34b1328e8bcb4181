"""Blocks: bytes there and back, and what a peer may not send."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base import rlp
from node.base.block import Block, Withdrawal
from node.base.errors import CodecError
from node.base.limits import (
    BLOCK_TRANSACTIONS_MAX,
    BLOCK_UNCLES_MAX,
    BLOCK_WITHDRAWALS_MAX,
    FRAME_BYTES_MAX,
    TRANSACTION_BYTES_MAX,
)
from node.base.types import Hash32
from tests.base.headers import frontier_header

HEADER = replace(frontier_header(), base_fee=7)
CANCUN = replace(
    HEADER,
    withdrawals_root=Hash32(bytes(32)),
    blob_gas_used=0,
    excess_blob_gas=0,
    parent_beacon_root=Hash32(bytes(32)),
)
LEGACY = rlp.encode([b"\x01", b"\x02"])
TYPED = b"\x02" + LEGACY


def encoded(*parts: rlp.Item) -> bytes:
    """Give the RLP of a header and the parts behind it."""
    return rlp.encode([HEADER.items(), *parts])


@pytest.mark.parametrize("transactions", [(), (LEGACY,), (TYPED,), (LEGACY, TYPED, LEGACY)])
@pytest.mark.parametrize("header", [HEADER, CANCUN])
def test_block_decodes_to_itself(header: object, transactions: tuple[bytes, ...]) -> None:
    block = Block(header, transactions)
    assert Block.decode(block.encode()) == block


@given(st.lists(st.binary(min_size=1, max_size=40).map(lambda tail: b"\x02" + tail), max_size=5))
def test_typed_envelopes_keep_their_bytes(transactions: list[bytes]) -> None:
    block = Block(HEADER, tuple(transactions))
    assert Block.decode(block.encode()).transactions == tuple(transactions)


def test_legacy_transaction_is_a_list_in_the_block() -> None:
    assert rlp.decode(Block(HEADER, (LEGACY,)).encode())[1] == [[b"\x01", b"\x02"]]


def test_cancun_block_ends_with_an_empty_list_of_withdrawals() -> None:
    assert rlp.decode(Block(CANCUN, ()).encode())[2:] == [[], []]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x80", "wants a list"),
        (rlp.encode([HEADER.items(), []]), "wants a list"),
        (encoded([], [], [], []), "wants a list"),
        (encoded([], [], []), "4 items, wants 3"),
        (rlp.encode([CANCUN.items(), [], []]), "3 items, wants 4"),
        (encoded([], [HEADER.items()]), "must be empty"),
        (rlp.encode([CANCUN.items(), [], [], [b"\x01"]]), "must be empty"),
        (encoded([], b""), "must be empty"),
        (encoded(b"", []), "at most"),
        (encoded([b""], []), "transaction of 0 bytes"),
        (encoded([b"\x80\x01"], []), "unknown transaction type 0x80"),
        (encoded([LEGACY], []), "unknown transaction type 0xc2"),
    ],
)
def test_bytes_that_are_no_block_are_refused(data: bytes, what: str) -> None:
    with pytest.raises(CodecError, match=what):
        Block.decode(data)


def test_transaction_may_fill_its_limit_and_no_more() -> None:
    full = b"\x02" + bytes(TRANSACTION_BYTES_MAX - 1)
    assert Block.decode(encoded([full], [])).transactions == (full,)
    with pytest.raises(CodecError, match=f"a transaction of {TRANSACTION_BYTES_MAX + 1} bytes"):
        Block.decode(encoded([full + b"\0"], []))


def test_block_may_hold_as_many_transactions_as_the_limit_and_no_more() -> None:
    tiny = b"\x02"
    block = Block.decode(encoded([tiny] * BLOCK_TRANSACTIONS_MAX, []))
    assert len(block.transactions) == BLOCK_TRANSACTIONS_MAX
    with pytest.raises(CodecError, match=f"at most {BLOCK_TRANSACTIONS_MAX}"):
        Block.decode(encoded([tiny] * (BLOCK_TRANSACTIONS_MAX + 1), []))


def test_block_larger_than_a_frame_is_refused_before_it_is_read() -> None:
    with pytest.raises(CodecError, match=f"{FRAME_BYTES_MAX + 1} bytes"):
        Block.decode(bytes(FRAME_BYTES_MAX + 1))


SHANGHAI = replace(HEADER, withdrawals_root=Hash32(bytes(32)))
PAID = Withdrawal(2**64 - 1, 0, b"\x0a" * 20, 7)
UNCLES = (HEADER, frontier_header())


@pytest.mark.parametrize(
    "block",
    [
        Block(HEADER, (LEGACY,), UNCLES),
        Block(SHANGHAI, (TYPED,), (), (PAID, replace(PAID, index=0))),
        Block(replace(CANCUN, requests_hash=Hash32(bytes(32))), ()),
        Block(CANCUN, (), (SHANGHAI,), (PAID,)),
    ],
)
def test_foreign_block_decodes_to_itself_and_is_refused_on_our_own_chains(block: Block) -> None:
    raw = block.encode()
    assert Block.decode(raw, foreign=True) == block
    assert Block.decode(raw, foreign=True).encode() == raw
    with pytest.raises(CodecError, match=r"must be empty|21 items|17 items"):
        Block.decode(raw)


@pytest.mark.parametrize("header", [HEADER, CANCUN])
def test_own_block_reads_the_same_as_a_foreign_one(header: object) -> None:
    raw = Block(header, (LEGACY, TYPED)).encode()
    assert Block.decode(raw, foreign=True) == Block.decode(raw)


GOOD = PAID.items()


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (encoded([], [b""]), "no list"),
        (encoded([], b""), "uncles"),
        (encoded([], [HEADER.items()] * (BLOCK_UNCLES_MAX + 1)), f"most {BLOCK_UNCLES_MAX} uncles"),
        (rlp.encode([SHANGHAI.items(), [], [], b""]), "withdrawals"),
        (rlp.encode([SHANGHAI.items(), [], []]), "3 items, wants 4"),
        (rlp.encode([SHANGHAI.items(), [], [], [b"\x01"]]), "a withdrawal is no list"),
        (rlp.encode([SHANGHAI.items(), [], [], [GOOD[:3]]]), "a withdrawal is no list"),
        (rlp.encode([SHANGHAI.items(), [], [], [[*GOOD[:2], bytes(19), b""]]]), "20 bytes"),
        (rlp.encode([SHANGHAI.items(), [], [], [[*GOOD[:3], b"\0"]]]), "leading zeros"),
        (rlp.encode([SHANGHAI.items(), [], [], [[*GOOD[:3], bytes([1] * 9)]]]), "at most 8"),
        (
            rlp.encode([SHANGHAI.items(), [], [], [GOOD] * (BLOCK_WITHDRAWALS_MAX + 1)]),
            f"most {BLOCK_WITHDRAWALS_MAX} withdrawals",
        ),
    ],
)
def test_bytes_that_are_no_foreign_block_are_refused(data: bytes, what: str) -> None:
    with pytest.raises(CodecError, match=what):
        Block.decode(data, foreign=True)
