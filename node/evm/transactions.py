"""Transactions: strict decoding, sender recovery, signing of types legacy, 1 and 2.

Own code instead of py-evm's: half the time, every failure is an error of ours, and no transaction
that other clients refuse gets through (ledger.md section 3).  Types 3 (blobs, EIP-4844) and 4
(delegations, EIP-7702) are read on foreign chains only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from node.base import rlp
from node.base.errors import CodecError
from node.base.keccak import keccak256
from node.base.keys import SECP256K1_N
from node.base.limits import AUTHORIZATIONS_COUNT_MAX, TRANSACTION_BYTES_MAX
from node.base.ports import Signer, Verifier
from node.base.types import Address, Hash32
from node.evm.errors import SignatureError, TxDecodeError, TxTypeError

LEGACY: Final = 0
ACCESS_LIST: Final = 1
DYNAMIC_FEE: Final = 2
BLOB: Final = 3
SET_CODE: Final = 4
NEWEST_TYPE: Final = SET_CODE
"""What a foreign chain may hold; ours end at ``DYNAMIC_FEE``."""
_AUTHORIZATION_PREFIX: Final = b"\x05"

AccessList: TypeAlias = tuple[tuple[Address, tuple[int, ...]], ...]
"""Pairs of an account and its slots (EIP-2930)."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """An account's wish that calls to it run another account's code (EIP-7702)."""

    chain_id: int
    """0: on every chain."""
    address: Address
    """Whose code; the zero address takes a delegation back."""
    nonce: int
    authority: Address | None
    """Who signed; None: the signature cannot stand, and nothing comes of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A decoded transaction and its sender.  Equal bytes are equal transactions."""

    raw: bytes
    """As its sender signed it: an RLP list (legacy), or type byte and payload (EIP-2718)."""
    hash: Hash32
    sender: Address
    type: int
    chain_id: int | None
    """None: legacy without replay protection, valid on every chain."""
    nonce: int
    gas: int
    to: Address | None
    """None: the data is the initcode of a new contract."""
    value: int
    data: bytes
    max_fee: int
    """Wei per gas; the gas price of types legacy and 1."""
    max_tip: int
    """Wei per gas; the gas price of types legacy and 1."""
    access_list: AccessList
    max_blob_fee: int = 0
    """Wei per blob gas."""
    blob_hashes: tuple[Hash32, ...] = ()
    authorizations: tuple[Authorization, ...] = ()

    @property
    def is_create(self) -> bool:
        """Say whether the transaction makes a contract."""
        return self.to is None


@dataclass(frozen=True, slots=True)
class _Shape:
    """Where the fields of one type stand."""

    name: str
    items: int
    nonce: int
    """Index of the nonce; tip and fee follow, or the one gas price."""
    gas: int
    access_list: int | None


_SHAPES: Final = {
    LEGACY: _Shape("legacy", 9, 0, 2, None),
    ACCESS_LIST: _Shape("type 1", 11, 1, 3, 7),
    DYNAMIC_FEE: _Shape("type 2", 12, 1, 4, 8),
    BLOB: _Shape("type 3", 14, 1, 4, 8),
    SET_CODE: _Shape("type 4", 13, 1, 4, 8),
}


def decode_transaction(
    raw: bytes, verifier: Verifier, *, highest_type: int = DYNAMIC_FEE, low_s: bool = True
) -> Transaction:
    """Read a transaction and recover its sender.

    ``highest_type``  newest type that the rules know.
    ``low_s``         whether s must not be above half the group order, as from Homestead on.
    raises        TxDecodeError: no canonical RLP of a known shape, or too long; TxTypeError: a
                  newer or unknown type; SignatureError: no sender follows from r, s, v.
    source        EIP-155, EIP-2718, EIP-2930, EIP-1559, EIP-4844, EIP-7702; low s: EIP-2.
    """
    if not raw or len(raw) > TRANSACTION_BYTES_MAX:
        raise TxDecodeError(f"{len(raw)} bytes, wants 1 to {TRANSACTION_BYTES_MAX}")
    kind = LEGACY if raw[0] >= 0xC0 else raw[0]
    if kind > highest_type or (kind == LEGACY and raw[0] < 0xC0):
        raise TxTypeError(raw[0], highest_type)
    shape = _SHAPES[kind]
    try:
        items = rlp.decode(raw if kind == LEGACY else raw[1:])
        if isinstance(items, bytes) or len(items) != shape.items:
            got = "no list" if isinstance(items, bytes) else f"{len(items)} items"
            raise TxDecodeError(f"{got}, {shape.name} wants {shape.items} items")
        return _from_items(raw, kind, items, verifier, low_s=low_s)
    except CodecError as error:
        raise TxDecodeError(error.what) from error


def _from_items(
    raw: bytes, kind: int, items: list[rlp.Decoded], verifier: Verifier, *, low_s: bool
) -> Transaction:
    shape = _SHAPES[kind]
    at = shape.gas
    first_fee = rlp.decode_int(items[shape.nonce + 1])
    data = items[at + 3]
    if not isinstance(data, bytes):
        raise TxDecodeError("data is a list")
    chain_id, digest, signature = _signed(kind, items, low_s=low_s)
    access_list = () if shape.access_list is None else _access_list(items[shape.access_list])
    nonce = rlp.decode_int(items[shape.nonce], bytes_max=8)
    gas = rlp.decode_int(items[at], bytes_max=8)
    to = _to(items[at + 1])
    value = rlp.decode_int(items[at + 2])
    max_fee = rlp.decode_int(items[shape.nonce + 2]) if kind >= DYNAMIC_FEE else first_fee
    sender = verifier.recover(digest, signature)
    if sender is None:
        raise SignatureError("r and s lead to no public key")
    return Transaction(
        raw=raw,
        hash=keccak256(raw),
        sender=sender,
        type=kind,
        chain_id=chain_id,
        nonce=nonce,
        gas=gas,
        to=to,
        value=value,
        data=data,
        max_fee=max_fee,
        max_tip=first_fee,
        access_list=access_list,
        max_blob_fee=rlp.decode_int(items[9]) if kind == BLOB else 0,
        blob_hashes=_blob_hashes(items[10]) if kind == BLOB else (),
        authorizations=_authorizations(items[9], verifier) if kind == SET_CODE else (),
    )


def _signed(
    kind: int, items: list[rlp.Decoded], *, low_s: bool
) -> tuple[int | None, Hash32, bytes]:
    """Give the chain id, the digest that was signed, and the signature r, s, v."""
    chain_id: int | None
    if kind == LEGACY:
        v = rlp.decode_int(items[6])
        if v in (27, 28):
            chain_id, parity, signed = None, v - 27, items[:6]
        elif v >= 35:
            chain_id, parity = divmod(v - 35, 2)
            signed = [*items[:6], rlp.encode_int(chain_id), b"", b""]
        else:
            raise SignatureError(f"v is {v}, wants 27, 28 or at least 35")
        digest = keccak256(rlp.encode(signed))
    else:
        chain_id = rlp.decode_int(items[0])
        parity = rlp.decode_int(items[-3])
        if parity > 1:
            raise SignatureError(f"y parity is {parity}, wants 0 or 1")
        digest = keccak256(bytes((kind,)) + rlp.encode(items[:-3]))
    r, s = rlp.decode_int(items[-2]), rlp.decode_int(items[-1])
    if not 0 < r < SECP256K1_N:
        raise SignatureError("r is zero or not below the group order")
    if not low_s and SECP256K1_N // 2 < s < SECP256K1_N:
        s, parity = SECP256K1_N - s, 1 - parity  # its twin, which names the same signer
    if not 0 < s <= SECP256K1_N // 2:
        raise SignatureError("s is zero or above half the group order")
    return chain_id, digest, r.to_bytes(32) + s.to_bytes(32) + bytes((parity,))


def _blob_hashes(item: rlp.Decoded) -> tuple[Hash32, ...]:
    if isinstance(item, bytes):
        raise TxDecodeError("the blob hashes are no list")
    hashes: list[Hash32] = []
    for entry in item:
        if not isinstance(entry, bytes) or len(entry) != 32:
            raise TxDecodeError("a blob hash has not 32 bytes")
        hashes.append(Hash32(entry))
    return tuple(hashes)


def _authorizations(item: rlp.Decoded, verifier: Verifier) -> tuple[Authorization, ...]:
    if isinstance(item, bytes) or len(item) > AUTHORIZATIONS_COUNT_MAX:
        raise TxDecodeError(f"wants a list of at most {AUTHORIZATIONS_COUNT_MAX} authorizations")
    return tuple(_authorization(entry, verifier) for entry in item)


def _authorization(item: rlp.Decoded, verifier: Verifier) -> Authorization:
    if isinstance(item, bytes) or len(item) != 6:
        raise TxDecodeError("an authorization is no list of six items")
    address = _to(item[1])
    if address is None:
        raise TxDecodeError("an authorization names no account")
    chain_id = rlp.decode_int(item[0])
    nonce = rlp.decode_int(item[2], bytes_max=8)
    parity = rlp.decode_int(item[3], bytes_max=1)
    r, s = rlp.decode_int(item[4]), rlp.decode_int(item[5])
    digest = keccak256(_AUTHORIZATION_PREFIX + rlp.encode(item[:3]))
    signature = r.to_bytes(32) + s.to_bytes(32) + bytes((parity,))
    return Authorization(chain_id, address, nonce, verifier.recover(digest, signature))


def _to(item: rlp.Decoded) -> Address | None:
    if not isinstance(item, bytes) or len(item) not in (0, 20):
        raise TxDecodeError("the recipient has neither 0 nor 20 bytes")
    return Address(item) if item else None


def _access_list(item: rlp.Decoded) -> AccessList:
    if isinstance(item, bytes):
        raise TxDecodeError("the access list is no list")
    entries: list[tuple[Address, tuple[int, ...]]] = []
    for entry in item:
        if isinstance(entry, bytes) or len(entry) != 2:
            raise TxDecodeError("an access list entry is no pair")
        address, slots = entry
        if not isinstance(address, bytes) or len(address) != 20 or isinstance(slots, bytes):
            raise TxDecodeError("an access list entry is no account with a list of slots")
        numbers: list[int] = []
        for slot in slots:
            if not isinstance(slot, bytes) or len(slot) != 32:
                raise TxDecodeError("a slot of an access list has not 32 bytes")
            numbers.append(int.from_bytes(slot))
        entries.append((Address(address), tuple(numbers)))
    return tuple(entries)


def sign_legacy(
    signer: Signer,
    *,
    chain_id: int | None,
    nonce: int,
    to: Address | None,
    data: bytes,
    gas: int,
    value: int = 0,
    gas_price: int = 0,
) -> bytes:
    """Give a signed legacy transaction (EIP-155); ``chain_id`` None leaves out its protection."""
    fields = [
        rlp.encode_int(nonce),
        rlp.encode_int(gas_price),
        rlp.encode_int(gas),
        to or b"",
        rlp.encode_int(value),
        data,
    ]
    tail = [] if chain_id is None else [rlp.encode_int(chain_id), b"", b""]
    signature = signer.sign(keccak256(rlp.encode(fields + tail)))
    v = signature[64] + (27 if chain_id is None else 35 + 2 * chain_id)
    return rlp.encode([*fields, rlp.encode_int(v), *_scalars(signature)])


def sign_access_list(
    signer: Signer,
    *,
    chain_id: int,
    nonce: int,
    to: Address | None,
    data: bytes,
    gas: int,
    value: int = 0,
    gas_price: int = 0,
    access_list: AccessList = (),
) -> bytes:
    """Give a signed transaction of type 1 (EIP-2930)."""
    fees = [rlp.encode_int(gas_price)]
    return _sign_typed(
        ACCESS_LIST, signer, (chain_id, nonce), fees, (gas, to, value, data, access_list)
    )


def sign_dynamic_fee(
    signer: Signer,
    *,
    chain_id: int,
    nonce: int,
    to: Address | None,
    data: bytes,
    gas: int,
    value: int = 0,
    max_fee: int = 0,
    max_tip: int = 0,
    access_list: AccessList = (),
) -> bytes:
    """Give a signed transaction of type 2 (EIP-1559)."""
    fees = [rlp.encode_int(max_tip), rlp.encode_int(max_fee)]
    return _sign_typed(
        DYNAMIC_FEE, signer, (chain_id, nonce), fees, (gas, to, value, data, access_list)
    )


def _sign_typed(
    kind: int,
    signer: Signer,
    head: tuple[int, int],
    fees: Sequence[bytes],
    body: tuple[int, Address | None, int, bytes, AccessList],
) -> bytes:
    gas, to, value, data, access_list = body
    entries: list[rlp.Item] = [
        [address, [slot.to_bytes(32) for slot in slots]] for address, slots in access_list
    ]
    fields: list[rlp.Item] = [
        *(rlp.encode_int(number) for number in head),
        *fees,
        rlp.encode_int(gas),
        to or b"",
        rlp.encode_int(value),
        data,
        entries,
    ]
    prefix = bytes((kind,))
    signature = signer.sign(keccak256(prefix + rlp.encode(fields)))
    return prefix + rlp.encode([*fields, rlp.encode_int(signature[64]), *_scalars(signature)])


def _scalars(signature: bytes) -> tuple[bytes, bytes]:
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64])
    return rlp.encode_int(r), rlp.encode_int(s)
