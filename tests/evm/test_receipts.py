import pytest
import rlp as pyrlp
from eth.rlp.logs import Log as StockLog
from eth.rlp.receipts import Receipt as StockReceipt
from eth.vm.forks.london.receipts import LondonTypedReceipt
from hypothesis import given
from hypothesis import strategies as st

from node.base.errors import CodecError
from node.base.types import Address, Hash32
from node.evm.receipts import (
    Log,
    Receipt,
    contract_address,
    created_address,
    gas_used_by,
)
from tests.evm.chains import ALICE, BOB, decoded, legacy

words = st.binary(min_size=32, max_size=32).map(Hash32)
logs = st.builds(
    Log,
    st.binary(min_size=20, max_size=20).map(Address),
    st.lists(words, max_size=4).map(tuple),
    st.binary(max_size=70),
)
receipts = st.builds(
    Receipt.of,
    st.sampled_from([0, 1, 2]),
    st.sampled_from([0, 1]),
    st.integers(0, 2**63),
    st.lists(logs, max_size=4).map(tuple),
)


@given(receipts)
def test_a_receipt_comes_back(receipt):
    assert Receipt.decode(receipt.encode()) == receipt


@given(receipts)
def test_a_receipt_is_encoded_as_py_evm_does(receipt):
    stock = StockReceipt(
        state_root=b"\x01" if receipt.status else b"",
        gas_used=receipt.cumulative_gas_used,
        logs=[
            StockLog(log.address, [int.from_bytes(topic) for topic in log.topics], log.data)
            for log in receipt.logs
        ],
    )
    want = LondonTypedReceipt(receipt.type, stock).encode() if receipt.type else pyrlp.encode(stock)
    assert receipt.encode() == want


GOOD = [b"\x01", b"\x05", bytes(256), [[bytes(20), [bytes(32)], b"d"]]]


def _with(index, value):
    return [value if at == index else item for at, item in enumerate(GOOD)]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x05" + pyrlp.encode(GOOD),
        pyrlp.encode(GOOD) + b"\0",
        pyrlp.encode(GOOD[:3]),
        pyrlp.encode(_with(0, b"\x02")),
        pyrlp.encode(_with(0, b"\x00")),
        pyrlp.encode(_with(1, bytes(9))),
        pyrlp.encode(_with(2, bytes(255))),
        pyrlp.encode(_with(3, b"logs")),
        pyrlp.encode(_with(3, [b"log"])),
        pyrlp.encode(_with(3, [[bytes(19), [], b""]])),
        pyrlp.encode(_with(3, [[bytes(20), b"", b""]])),
        pyrlp.encode(_with(3, [[bytes(20), [bytes(31)], b""]])),
        pyrlp.encode(_with(3, [[bytes(20), [], []]])),
    ],
)
def test_what_is_no_receipt_is_a_codec_error(raw):
    with pytest.raises(CodecError):
        Receipt.decode(raw)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_receipt_or_a_codec_error(raw):
    try:
        receipt = Receipt.decode(raw)
    except CodecError:
        return
    assert receipt.encode() == raw


def test_gas_of_one_transaction_is_the_step_between_two_receipts():
    block = [Receipt.of(0, 1, total, ()) for total in (100, 130, 200)]
    assert [gas_used_by(block, index) for index in range(3)] == [100, 30, 70]


def test_contract_addresses_follow_from_sender_and_nonce():
    """The example of the Yellow Paper's age: sender 6ac7..61d0, nonces 0 and 1."""
    sender = Address(bytes.fromhex("6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0"))
    assert contract_address(sender, 0).hex() == "cd234a471b72ba2f1ccf0a70fcaba648a5eecd8d"
    assert contract_address(sender, 1).hex() == "343c43a37d37dff08ae8c4a11544c718abb4fcf8"


def test_only_a_transaction_without_recipient_creates():
    raw = legacy(ALICE, 3, None)
    assert created_address(decoded(raw)) == contract_address(ALICE.address, 3)
    assert created_address(decoded(legacy(ALICE, 3, BOB.address))) is None


@pytest.mark.parametrize("kind", [3, 4])
def test_a_receipt_of_a_foreign_type_comes_back(kind):
    receipt = Receipt.of(kind, 1, 5, ())
    assert receipt.encode()[0] == kind
    assert Receipt.decode(receipt.encode()) == receipt


@given(words, st.integers(0, 2**63), st.lists(logs, max_size=2).map(tuple))
def test_a_receipt_with_a_root_is_encoded_as_py_evm_does_and_comes_back(root, gas, entries):
    receipt = Receipt.of(0, None, gas, entries, root)
    stock = StockReceipt(
        state_root=root,
        gas_used=gas,
        logs=[
            StockLog(log.address, [int.from_bytes(topic) for topic in log.topics], log.data)
            for log in entries
        ],
    )
    assert receipt.encode() == pyrlp.encode(stock)
    assert Receipt.decode(receipt.encode()) == receipt


@pytest.mark.parametrize(
    "raw", [pyrlp.encode(_with(0, bytes(31))), b"\x01" + pyrlp.encode(_with(0, b"\x05" * 32))]
)
def test_only_an_old_receipt_has_a_root(raw):
    with pytest.raises(CodecError):
        Receipt.decode(raw)
