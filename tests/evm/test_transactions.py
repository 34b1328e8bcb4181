import pytest
import rlp as pyrlp
from eth.vm.forks.london.transactions import LondonTransactionBuilder
from eth_account import Account
from hypothesis import example, given
from hypothesis import strategies as st

from node.base.keys import SECP256K1_N, PrivateKey, recover
from node.base.limits import TRANSACTION_BYTES_MAX
from node.base.types import Address
from node.evm.errors import SignatureError, TransactionError, TxDecodeError, TxTypeError
from node.evm.transactions import (
    decode_transaction,
    sign_access_list,
    sign_dynamic_fee,
    sign_legacy,
)
from tests.evm.chains import ALICE, BOB, CHAIN_ID, VERIFIER, decoded

keys = st.integers(1, SECP256K1_N - 1).map(lambda n: PrivateKey.from_bytes(n.to_bytes(32)))
addresses = st.binary(min_size=20, max_size=20).map(Address)
access_lists = st.lists(
    st.tuples(addresses, st.lists(st.integers(0, 2**256 - 1), max_size=3).map(tuple)), max_size=3
).map(tuple)
common = st.fixed_dictionaries(
    {
        "nonce": st.integers(0, 2**64 - 1),
        "to": st.none() | addresses,
        "data": st.binary(max_size=100),
        "gas": st.integers(0, 2**64 - 1),
        "value": st.integers(0, 2**256 - 1),
    }
)
wei = st.integers(0, 2**256 - 1)


def _agrees(raw, key):
    """Check sender and fields against py-evm."""
    ours = decode_transaction(raw, VERIFIER)
    stock = LondonTransactionBuilder().decode(raw)
    assert ours.sender == stock.sender == key.address
    assert ours.hash == stock.hash
    assert (ours.nonce, ours.gas, ours.value, ours.data) == (
        stock.nonce,
        stock.gas,
        stock.value,
        stock.data,
    )
    assert (ours.to or b"") == stock.to
    assert (ours.max_fee, ours.max_tip) == (stock.max_fee_per_gas, stock.max_priority_fee_per_gas)
    assert ours.access_list == tuple(
        (address, tuple(slots)) for address, slots in stock.access_list
    )
    assert ours.chain_id == stock.chain_id
    return ours


@given(keys, common, wei, st.none() | st.integers(1, 2**63))
def test_a_signed_legacy_transaction_is_what_py_evm_reads(key, fields, price, chain_id):
    raw = sign_legacy(key, chain_id=chain_id, gas_price=price, **fields)
    assert _agrees(raw, key).type == 0


@given(keys, common, wei, access_lists)
def test_a_signed_type_1_transaction_is_what_py_evm_reads(key, fields, price, access_list):
    raw = sign_access_list(
        key, chain_id=CHAIN_ID, gas_price=price, access_list=access_list, **fields
    )
    assert _agrees(raw, key).type == 1


@given(keys, common, wei, wei, access_lists)
def test_a_signed_type_2_transaction_is_what_py_evm_reads(key, fields, fee, tip, access_list):
    raw = sign_dynamic_fee(
        key, chain_id=CHAIN_ID, max_fee=fee, max_tip=tip, access_list=access_list, **fields
    )
    assert _agrees(raw, key).type == 2


@pytest.mark.parametrize("kind", ["legacy", "1559"])
def test_eth_account_signs_the_same_bytes(kind):
    secret = bytes([1]) * 32
    fields = {"nonce": 7, "to": "0x" + BOB.address.hex(), "value": 5, "data": b"xyz", "gas": 99_000}
    fields["chainId"] = CHAIN_ID
    fields["to"] = Account.from_key(bytes([2]) * 32).address
    ours = {
        "chain_id": CHAIN_ID,
        "nonce": 7,
        "to": BOB.address,
        "value": 5,
        "data": b"xyz",
        "gas": 99_000,
    }
    if kind == "legacy":
        theirs = Account.sign_transaction(fields | {"gasPrice": 3}, secret)
        assert sign_legacy(ALICE, gas_price=3, **ours) == theirs.raw_transaction
    else:
        fees = {"maxFeePerGas": 9, "maxPriorityFeePerGas": 2, "type": 2}
        theirs = Account.sign_transaction(fields | fees, secret)
        assert sign_dynamic_fee(ALICE, max_fee=9, max_tip=2, **ours) == theirs.raw_transaction


PLAIN = {"chain_id": CHAIN_ID, "nonce": 1, "to": BOB.address, "data": b"d", "gas": 21_100}
LEGACY = sign_legacy(ALICE, **PLAIN)
TYPED = sign_dynamic_fee(ALICE, max_fee=9, max_tip=1, access_list=((BOB.address, (1,)),), **PLAIN)


def _legacy_with(index, value):
    items = pyrlp.decode(LEGACY)
    items[index] = value
    return pyrlp.encode(items)


def _typed_with(index, value):
    items = pyrlp.decode(TYPED[1:])
    items[index] = value
    return b"\x02" + pyrlp.encode(items)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        LEGACY[:-1],
        LEGACY + b"\0",
        TYPED + b"\0",
        b"\x02",
        b"\x01\x80",
        pyrlp.encode(pyrlp.decode(LEGACY)[:8]),
        b"\x01" + TYPED[1:],
        _legacy_with(0, b"\x00\x01"),
        _legacy_with(0, bytes([1] * 9)),
        _legacy_with(1, bytes([1] * 33)),
        _legacy_with(2, bytes([1] * 9)),
        _legacy_with(3, bytes(19)),
        _legacy_with(3, bytes(21)),
        _legacy_with(3, []),
        _legacy_with(4, b"\0"),
        _legacy_with(5, [b"d"]),
        _legacy_with(7, b"\0" + bytes([1] * 31)),
        _typed_with(8, b"list"),
        _typed_with(8, [b"entry"]),
        _typed_with(8, [[bytes(20)]]),
        _typed_with(8, [[bytes(19), []]]),
        _typed_with(8, [[bytes(20), b""]]),
        _typed_with(8, [[bytes(20), [bytes(31)]]]),
        _typed_with(9, b"\0"),
    ],
)
def test_bytes_of_another_shape_do_not_decode(raw):
    with pytest.raises(TxDecodeError):
        decoded(raw)


def test_a_long_form_of_a_short_length_does_not_decode():
    body = LEGACY[2:]
    assert LEGACY[0] == 0xF8
    with pytest.raises(TxDecodeError):
        decoded(b"\xf9\x00" + bytes([len(body)]) + body)


@pytest.mark.parametrize("kind", [0x00, 0x03, 0x04, 0x7F, 0x80, 0xBF])
def test_other_types_are_refused_by_name(kind):
    with pytest.raises(TxTypeError, match=f"0x{kind:02x}"):
        decoded(bytes([kind]) + TYPED[1:])


R, S = (int.from_bytes(part) for part in pyrlp.decode(LEGACY)[7:])


@pytest.mark.parametrize(
    "raw",
    [
        _legacy_with(6, b""),
        _legacy_with(6, b"\x1a"),
        _legacy_with(6, b"\x1d"),
        _legacy_with(6, b"\x22"),
        _legacy_with(7, b""),
        _legacy_with(7, SECP256K1_N.to_bytes(32)),
        _legacy_with(8, b""),
        _legacy_with(8, (SECP256K1_N - S).to_bytes(32)),
        _legacy_with(8, (SECP256K1_N // 2 + 1).to_bytes(32)),
        _typed_with(9, b"\x02"),
        _typed_with(10, b""),
        _typed_with(11, b""),
    ],
)
def test_a_signature_out_of_range_is_refused(raw):
    with pytest.raises(SignatureError, match="invalid sender"):
        decoded(raw)


def test_an_r_that_is_on_no_point_is_refused():
    digest = bytes(32)
    r = next(
        r for r in range(1, 50) if recover(digest, r.to_bytes(32) + S.to_bytes(32) + b"\0") is None
    )
    with pytest.raises(SignatureError, match="no public key"):
        decoded(_legacy_with(7, bytes([r])))


def test_the_longest_transaction_decodes_and_one_byte_more_does_not():
    overhead = len(sign_legacy(ALICE, **PLAIN | {"data": bytes(100_000)})) - 100_000
    longest = sign_legacy(ALICE, **PLAIN | {"data": bytes(TRANSACTION_BYTES_MAX - overhead)})
    assert len(longest) == TRANSACTION_BYTES_MAX
    assert decoded(longest).sender == ALICE.address
    with pytest.raises(TxDecodeError, match=str(TRANSACTION_BYTES_MAX)):
        decoded(longest + b"\0")


def test_a_flipped_bit_is_another_sender_or_an_error_of_ours():
    for raw in (LEGACY, TYPED):
        for bit in range(8 * len(raw)):
            flipped = bytearray(raw)
            flipped[bit // 8] ^= 1 << bit % 8
            try:
                transaction = decoded(bytes(flipped))
            except TransactionError:
                continue
            assert transaction.sender != ALICE.address


@given(st.binary(max_size=200))
@example(b"\xc0")
@example(b"\xf8")
@example(b"\x02\xc0")
def test_any_bytes_are_a_transaction_or_an_error_of_ours(raw):
    try:
        transaction = decoded(raw)
    except TransactionError:
        return
    assert transaction.raw == raw
