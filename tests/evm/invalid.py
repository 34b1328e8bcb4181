"""Transactions that no block may hold, each beside the border that it crosses (ledger.md 3)."""

from collections.abc import Callable
from typing import Any

import rlp

from node.base.keys import SECP256K1_N
from node.base.types import Address
from node.evm.forks import Profile
from node.evm.genesis import GenesisAccount
from node.evm.transactions import sign_access_list, sign_dynamic_fee, sign_legacy
from tests.evm.asm import COUNTER
from tests.evm.chains import ALICE, BOB, CAROL, CHAIN_ID, KEYS

RICH = 10**18
BASE_FEE = 7
GAS_LIMIT = 30_000_000
HAS_CODE, AT_THE_END, POOR = KEYS[3:6]
ALLOC = {
    ALICE.address: GenesisAccount(balance=RICH, nonce=5),
    HAS_CODE.address: GenesisAccount(balance=RICH, code=COUNTER),
    AT_THE_END.address: GenesisAccount(balance=RICH, nonce=2**64 - 1),
    POOR.address: GenesisAccount(balance=21_000 * 9 + 5),
}


def _legacy(key: Any = ALICE, **changes: Any) -> bytes:
    plain = {"nonce": 5 if key is ALICE else 0, "to": BOB.address, "data": b"", "gas": 21_000}
    return sign_legacy(key, **{"chain_id": CHAIN_ID, "gas_price": 9} | plain | changes)


def _typed(sign: Callable[..., bytes], **changes: Any) -> bytes:
    plain = {"nonce": 5, "to": BOB.address, "data": b"", "gas": 100_000, "chain_id": CHAIN_ID}
    fees = {"gas_price": 9} if sign is sign_access_list else {"max_fee": 9, "max_tip": 1}
    return sign(ALICE, **plain | fees | changes)


def _with(raw: bytes, changes: dict[int, bytes | int]) -> bytes:
    """Give a transaction with other fields under the old signature."""
    head, body = (b"", raw) if raw[0] >= 0xC0 else (raw[:1], raw[1:])
    items = rlp.decode(body)
    for at, value in changes.items():
        items[at] = value if isinstance(value, bytes) else _number(value)
    encoded: bytes = rlp.encode(items)
    return head + encoded


def _number(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8)


def _mirrored(raw: bytes) -> bytes:
    """Give the other signature of the same key: s above half of the order (EIP-2)."""
    items = rlp.decode(raw)
    v = int.from_bytes(items[6])
    s = SECP256K1_N - int.from_bytes(items[8])
    return _with(raw, {6: v + 1 if v % 2 else v - 1, 8: s})


def invalid(profile: Profile) -> dict[str, bytes]:
    """Give the invalid ones by name; each is ALICE's next but for what its name says.

    Typed ones of another chain are not among them: the specification's tool lets them through,
    go-ethereum does not, and we follow that (``test_rules``).
    """
    legacy, one, two = _legacy(), _typed(sign_access_list), _typed(sign_dynamic_fee)
    word = bytes(32)
    found = {
        "another chain's": _legacy(chain_id=1),
        "nonce too low": _legacy(nonce=4),
        "nonce too high": _legacy(nonce=6),
        "the last nonce": _legacy(AT_THE_END, nonce=2**64 - 1),
        "sender with code": _legacy(HAS_CODE),
        "a gas short": _legacy(gas=20_999),
        "a gas short for data": _legacy(gas=21_019, data=b"\0\x01"),
        "a gas short for a creation": _legacy(gas=52_999, to=None),
        "a gas short for an access list": _typed(
            sign_access_list, gas=25_299, access_list=((BOB.address, (1,)),)
        ),
        "the price below the base fee": _legacy(gas_price=BASE_FEE - 1),
        "the fee below the base fee": _typed(sign_dynamic_fee, max_fee=BASE_FEE - 1),
        "the tip above the fee": _typed(sign_dynamic_fee, max_tip=10),
        "a wei short": _legacy(POOR, value=6),
        "a wei short for the highest fee": _typed(sign_dynamic_fee, max_fee=RICH // 100_000 + 1),
        "more gas than the block has": _legacy(gas=GAS_LIMIT + 1),
        "a high s": _mirrored(legacy),
        "no r": _with(legacy, {7: 0}),
        "no s": _with(legacy, {8: 0}),
        "an r of the order": _with(legacy, {7: SECP256K1_N}),
        "v of 29": _with(legacy, {6: 29}),
        "y parity of 2": _with(two, {9: 2}),
        "no s of type 1": _with(one, {10: 0}),
        "a nonce with a zero before it": _with(legacy, {0: b"\0\x05"}),
        "a recipient of 19 bytes": _with(legacy, {3: bytes(19)}),
        "a field too few": rlp.encode(rlp.decode(legacy)[:-1]),
        "a field too many": rlp.encode([*rlp.decode(legacy), b""]),
        "a value of 33 bytes": _with(legacy, {4: b"\x01" + word}),
        "the data of another": _with(legacy, {5: b"\x01"}),
        "type 5": b"\x05" + two[1:],
    }
    if profile.has_cancun_header:
        found |= {
            "a gas short for a word of initcode": _legacy(gas=53_000 + 4 + 1, to=None, data=b"\0"),
            "initcode too long": _legacy(gas=9_000_000, to=None, data=bytes(49_153)),
        }
    return found


def valid(profile: Profile) -> dict[str, bytes]:
    """Give what stands just inside the borders, in an order in which all fit one block."""
    words = 2 if profile.has_cancun_header else 0
    return {
        "a price of the base fee": _legacy(gas_price=BASE_FEE),
        "the gas of a creation": _legacy(nonce=6, gas=53_004 + words, to=None, data=b"\0"),
        "the gas of an access list": _typed(
            sign_access_list, nonce=7, gas=25_300, access_list=((BOB.address, (1,)),)
        ),
        "a tip of the fee": _typed(sign_dynamic_fee, nonce=8, max_tip=9),
        "no chain id": _legacy(nonce=9, chain_id=None),
        "the last wei": _legacy(POOR, value=5, to=CAROL.address),
        "the longest initcode": _legacy(nonce=10, gas=600_000, to=None, data=bytes(49_152)),
        "the last but one nonce": _legacy(nonce=11, to=Address(b"\x01" * 20), gas=40_000),
    }
