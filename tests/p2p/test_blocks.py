import pytest

from node.base.errors import CodecError
from node.p2p.blocks import block_of, checked_transactions
from tests.p2p.chains import Chain


def test_header_bytes_and_transactions_make_the_block():
    block = Chain(1).blocks[1]
    assert block_of(block.header.encode(), block.transactions) == block


def test_a_header_that_is_not_canonical_is_refused():
    header = Chain(0).blocks[0].header.encode()
    with pytest.raises(CodecError):
        block_of(header + b"\0", ())


def test_an_empty_transaction_is_refused():
    with pytest.raises(CodecError, match="empty transaction"):
        checked_transactions((b"\x01", b""))


def test_no_transactions_are_fine():
    assert checked_transactions(()) == ()
