from dataclasses import replace

import pytest

from node.base import rlp
from node.base.keccak import keccak256
from node.base.keys import PrivateKey, recover
from node.base.types import Hash32
from node.ipfs_lite.blocks import Erased, Kept
from node.ipfs_lite.receipts import receipt_bytes, sign_receipt
from node.ipfs_lite.tombstones import double_hash

HEAD = Hash32(b"h" * 32)
ONE, TWO = b"\x12\x20" + b"1" * 32, b"\x12\x20" + b"2" * 32
DONE = Erased(b"o" * 32, (ONE,), (double_hash(ONE),), (Kept(TWO, "pinned directly"),))


def test_what_is_signed_can_be_read_and_names_no_block():
    signed = receipt_bytes(7, DONE, HEAD)
    kept = [[double_hash(TWO), b"pinned directly"]]
    wanted = [b"wardnet/erase/1", b"\7", DONE.order_id, [double_hash(ONE)], kept, HEAD]
    assert rlp.decode(signed) == wanted
    assert ONE[2:] not in signed
    assert TWO[2:] not in signed


def test_a_later_attempt_signs_the_same():
    assert receipt_bytes(7, replace(DONE, erased=()), HEAD) == receipt_bytes(7, DONE, HEAD)


@pytest.mark.parametrize(
    "other",
    [
        receipt_bytes(8, DONE, HEAD),
        receipt_bytes(7, DONE, Hash32(bytes(32))),
        receipt_bytes(7, replace(DONE, order_id=bytes(32)), HEAD),
        receipt_bytes(7, replace(DONE, tombstones=()), HEAD),
        receipt_bytes(7, replace(DONE, kept=()), HEAD),
    ],
)
def test_every_part_is_signed(other):
    assert receipt_bytes(7, DONE, HEAD) != other


def test_the_signature_is_the_validators():
    key = PrivateKey.from_bytes(b"\1" * 32)
    receipt = sign_receipt(key, 7, DONE, HEAD)
    digest = keccak256(receipt_bytes(7, DONE, HEAD))
    assert recover(digest, receipt.signature) == receipt.validator == key.address
