"""Chain files: where one block ends and the next begins, and what is no chain file."""

import gzip
import io

import pytest

from node.base import rlp
from node.base.block import Block
from node.base.errors import CodecError
from node.base.limits import CHAIN_ITEM_BYTES_MAX
from node.evm.chain_file import ChainFileError, encode_chain, split_items
from tests.evm.chains import ALICE, extend, ledger, legacy

SHORT = rlp.encode([b"a"])
LONG = rlp.encode([b"x" * 300])
EMPTY = b"\xc0"


class Trickle:
    """A source that gives one byte at a time, as a pipe may."""

    def __init__(self, data):
        self._file = io.BytesIO(data)

    def read(self, size):
        return self._file.read(min(size, 1))


def split(data):
    return list(split_items(io.BytesIO(data)))


def fault(data):
    with pytest.raises(ChainFileError) as caught:
        split(data)
    return caught.value


def test_every_item_has_its_place_and_its_bytes():
    items = split(SHORT + LONG + EMPTY)
    assert items == [(0, 0, SHORT), (1, len(SHORT), LONG), (2, len(SHORT + LONG), EMPTY)]


def test_nothing_holds_no_item():
    assert split(b"") == []


def test_a_source_may_give_less_than_it_is_asked_for():
    assert [item.raw for item in split_items(Trickle(SHORT + LONG))] == [SHORT, LONG]


def test_items_come_before_a_later_fault_is_found():
    items = split_items(io.BytesIO(SHORT + b"\x00"))
    assert next(items).raw == SHORT
    with pytest.raises(ChainFileError):
        next(items)


@pytest.mark.parametrize("kept", range(1, len(LONG)))
def test_a_file_that_ends_inside_an_item_names_item_and_byte(kept):
    found = fault(SHORT + LONG[:kept])
    assert (found.item, found.offset) == (1, len(SHORT))
    assert "truncated" in found.what


@pytest.mark.parametrize("first", [0x00, 0x61, 0x80, 0xBF, ord("{")])
def test_what_is_no_list_is_no_block(first):
    assert "no RLP list" in fault(SHORT + bytes([first])).what


def test_a_length_above_the_limit_is_refused_before_anything_is_read():
    size = CHAIN_ITEM_BYTES_MAX.to_bytes(4)
    found = fault(b"\xfb" + size)
    assert f"at most {CHAIN_ITEM_BYTES_MAX}" in found.what


def test_the_longest_item_is_read():
    body = bytes(CHAIN_ITEM_BYTES_MAX - 4)
    raw = b"\xfa" + len(body).to_bytes(3) + body
    assert len(split(raw)[0].raw) == CHAIN_ITEM_BYTES_MAX


def test_a_length_that_is_not_minimal_is_left_to_the_block():
    raw = b"\xf8\x01\x05"
    assert split(raw)[0].raw == raw
    with pytest.raises(CodecError):
        Block.decode(raw)


@pytest.mark.parametrize(
    "data",
    [b"no gzip at all", gzip.compress(SHORT * 99)[:-9], gzip.compress(SHORT)[:-1] + b"\xff"],
    ids=["no gzip", "cut off", "wrong length"],
)
def test_a_source_that_cannot_be_unpacked_is_a_fault_of_the_file(data):
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as source, pytest.raises(ChainFileError) as caught:
        list(split_items(source))
    assert "cannot be read" in caught.value.what


def test_a_damaged_stream_inside_gzip_is_a_fault_of_the_file():
    data = bytearray(gzip.compress(bytes(range(256)) * 9))
    data[20] ^= 0xFF
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as source, pytest.raises(ChainFileError):
        list(split_items(source))


def test_a_chain_is_written_from_block_0_to_its_head():
    book = ledger()
    blocks = [book.block(book.genesis_hash), extend(book, [legacy(ALICE, 0)]), extend(book)]
    items = list(encode_chain(book))
    assert [Block.decode(raw) for raw in items] == blocks
    assert [item.raw for item in split(b"".join(items))] == items


def test_branches_are_not_written():
    book = ledger()
    extend(book, timestamp=7)
    extend(book, parent=book.genesis_hash)
    assert len(list(encode_chain(book))) == 2
