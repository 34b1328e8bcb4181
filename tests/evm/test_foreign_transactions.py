"""Transactions of types 3 and 4, which only foreign chains have."""

import random
from dataclasses import replace

import pytest
from eth.vm.forks.prague.transactions import PragueTransactionBuilder
from hypothesis import given
from hypothesis import strategies as st

from node.base import rlp
from node.base.types import ZERO_ADDRESS, Address
from node.evm.errors import TransactionError, TxDecodeError, TxTypeError
from node.evm.forks import GAS_PER_BLOB, LONDON, Fork, Profile
from node.evm.rules import blob_gas, floor_gas, intrinsic_gas, settled_gas
from node.evm.transactions import NEWEST_TYPE, Authorization, decode_transaction
from tests.evm.chains import ALICE, BOB, VERIFIER, decoded, legacy
from tests.evm.foreign_chain import authorization, blob_fields, set_code_fields, signed

PRAGUE = Profile("prague", Fork.PRAGUE, is_foreign=True)
TO = Address(b"\x0a" * 20)


def _read(raw):
    return decode_transaction(raw, VERIFIER, highest_type=NEWEST_TYPE)


@given(
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**256 - 1),
    st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=4),
)
def test_a_blob_transaction_is_what_py_evm_reads(nonce, fee, hashes):
    raw = signed(3, ALICE, blob_fields(nonce=nonce, blob_fee=fee, hashes=hashes, tip=4))
    ours, stock = _read(raw), PragueTransactionBuilder().decode(raw)
    assert (ours.sender, ours.hash) == (ALICE.address, stock.hash)
    assert (ours.nonce, ours.max_blob_fee) == (stock.nonce, stock.max_fee_per_blob_gas)
    assert ours.blob_hashes == tuple(stock.blob_versioned_hashes)
    assert (ours.max_fee, ours.max_tip, ours.to) == (10**10, 4, stock.to)
    assert blob_gas(ours) == len(hashes) * GAS_PER_BLOB


def test_a_set_code_transaction_names_who_delegates():
    wishes = [authorization(BOB, TO, nonce=7), authorization(ALICE, ZERO_ADDRESS, chain_id=0)]
    raw = signed(4, ALICE, set_code_fields(authorizations=wishes))
    ours, stock = _read(raw), PragueTransactionBuilder().decode(raw)
    assert (ours.sender, ours.hash) == (stock.sender, stock.hash)
    assert ours.authorizations == (
        Authorization(1337, TO, 7, BOB.address),
        Authorization(0, ZERO_ADDRESS, 0, ALICE.address),
    )


@pytest.mark.parametrize(
    "tail",
    [
        [b"", b"", b""],
        [b"\x02", b"\x01", b"\x01"],
        [b"\xff", b"\x01", b"\x01"],
        [b"", b"\xff" * 32, b"\x01"],
    ],
)
def test_a_signature_that_cannot_stand_names_nobody(tail):
    wish = [*authorization(BOB, TO)[:3], *tail]
    (got,) = _read(signed(4, ALICE, set_code_fields(authorizations=[wish]))).authorizations
    assert got.authority is None


GOOD = authorization(BOB, TO)


@pytest.mark.parametrize(
    "wish",
    [
        b"",
        GOOD[:5],
        [*GOOD, b""],
        [GOOD[0], TO[:19], *GOOD[2:]],
        [GOOD[0], b"", *GOOD[2:]],
        [bytes([1]) * 33, *GOOD[1:]],
        [*GOOD[:2], bytes([1]) * 9, *GOOD[3:]],
        [*GOOD[:3], b"\x01\x00", *GOOD[4:]],
        [*GOOD[:4], b"\0", GOOD[5]],
        [*GOOD[:5], b"\x01" * 33],
    ],
)
def test_an_authorization_of_another_shape_does_not_decode(wish):
    with pytest.raises(TxDecodeError):
        _read(signed(4, ALICE, set_code_fields(authorizations=[wish])))


@pytest.mark.parametrize(
    ("kind", "highest"), [(1, 0), (2, 1), (3, 2), (4, 3), (5, 4), (0x7F, 4), (0, 4)]
)
def test_a_type_newer_than_the_rules_is_refused_by_name(kind, highest):
    with pytest.raises(TxTypeError, match=f"0x{kind:02x}") as caught:
        decode_transaction(bytes((kind, 0xC0)), VERIFIER, highest_type=highest)
    last = "legacy" if highest == 0 else f"0x{highest:02x}"
    assert str(caught.value).endswith(last)


def test_changed_bytes_are_another_transaction_or_an_error_of_ours():
    rng = random.Random(5)
    raws = [
        signed(3, ALICE, blob_fields()),
        signed(4, ALICE, set_code_fields(authorizations=[GOOD])),
    ]
    for _ in range(400):
        data = bytearray(rng.choice(raws))
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        try:
            got = _read(bytes(data))
        except TransactionError:
            continue
        assert got.raw == data


# -- gas that depends on the fork --


def test_authorizations_cost_gas_before_anything_runs():
    raw = signed(4, ALICE, set_code_fields(authorizations=[GOOD, GOOD]))
    assert intrinsic_gas(_read(raw), PRAGUE) == 21_000 + 2 * 25_000


def test_data_has_a_floor_from_prague_on():
    transaction = decoded(legacy(ALICE, 0, data=b"\0\0\x01"))
    assert floor_gas(transaction, LONDON) == 0
    assert floor_gas(transaction, PRAGUE) == 21_000 + 10 * 6
    assert intrinsic_gas(transaction, PRAGUE) == 21_060


@pytest.mark.parametrize(
    ("fork", "used", "refunded"),
    [(Fork.BERLIN, 50_000, 50_000), (Fork.LONDON, 80_000, 20_000), (Fork.PRAGUE, 80_000, 20_000)],
)
def test_refunds_are_capped_by_the_fork(fork, used, refunded):
    profile = replace(PRAGUE, fork=fork)
    transaction = decoded(legacy(ALICE, 0))
    assert settled_gas(transaction, profile, spent=100_000, refund=90_000) == (used, refunded)


def test_the_floor_stands_under_the_refund():
    transaction = decoded(legacy(ALICE, 0, data=b"\x01" * 1_000))
    assert settled_gas(transaction, PRAGUE, spent=65_000, refund=12_000) == (61_000, 12_000)


def test_fields_of_a_blob_transaction_are_fourteen():
    items = rlp.decode(signed(3, ALICE, blob_fields())[1:])
    for count in (13, 15):
        raw = b"\x03" + rlp.encode([*items, b""][:count])
        with pytest.raises(TxDecodeError, match=f"{count} items, type 3 wants 14"):
            _read(raw)
