from dataclasses import replace

import pytest

from node.base.errors import CodecError
from node.base.header_form import WHOLE
from node.p2p import blocks
from node.p2p.blocks import BlockMemo, CertifiedBlock, block_of, checked_transactions
from tests.p2p.chains import Chain


def test_header_bytes_and_transactions_make_the_block():
    block = Chain(1).blocks[1]
    made = block_of(block.header.encode(), block.transactions, WHOLE)
    assert made == CertifiedBlock(block, None)


class Parted:
    """Keeps the vanity only; what followed it is the certificate."""

    def split(self, header):
        kept = replace(header, extra_data=header.extra_data[:32])
        return kept, header.extra_data[32:]

    def join(self, header, certificate):
        return replace(header, extra_data=header.extra_data + (certificate or b""))


def test_a_header_that_travels_with_its_certificate_is_parted():
    block = Chain(1).blocks[1]
    header = replace(block.header, extra_data=bytes(32))
    sent = Parted().join(header, b"seals")
    made = block_of(sent.encode(), block.transactions, Parted())
    assert made == CertifiedBlock(replace(block, header=header), b"seals")


def test_a_header_that_is_not_canonical_is_refused():
    header = Chain(0).blocks[0].header.encode()
    with pytest.raises(CodecError):
        block_of(header + b"\0", (), WHOLE)


def test_an_empty_transaction_is_refused():
    with pytest.raises(CodecError, match="empty transaction"):
        checked_transactions((b"\x01", b""))


def test_no_transactions_are_fine():
    assert checked_transactions(()) == ()


def test_equal_bytes_give_the_same_block_and_few_are_remembered(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCKS_READ_COUNT_MAX", 2)
    memo = BlockMemo()
    raws = [block.header.encode() for block in Chain(3).blocks]
    read = [memo.block_of(raw, (), WHOLE) for raw in raws[:3]]
    assert memo.block_of(bytes(raws[2]), (), WHOLE) is read[2]
    assert memo.block_of(raws[0], (), WHOLE) == read[0]
    assert memo.block_of(raws[0], (), WHOLE) is not read[0]


def test_what_cannot_be_read_is_refused_each_time():
    memo = BlockMemo()
    for _ in range(2):
        with pytest.raises(CodecError):
            memo.block_of(b"\xc0", (), WHOLE)
