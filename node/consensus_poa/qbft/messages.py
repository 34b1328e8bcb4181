"""The messages of QBFT, byte for byte as Besu has them (consensus.md section 3.2).

| code | payload | complete message |
|---|---|---|
| 0x12 Proposal | [h, r, block] or [h, r, block, access list] | [[payload, sig], [[...], [...]]] |
| 0x13 Prepare | [h, r, digest] | [payload, sig] |
| 0x14 Commit | [h, r, digest, seal] | [payload, sig] |
| 0x15 RoundChange | [h, r, []] or [h, r, [pr, hash]] | [signed, block or [], [...]] |

The code is signed, not sent: the shape of a message says what it is.  A RoundChange may have an
access list before its last item; the short forms, without one, are written, both are read.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

from node.base import rlp
from node.base.block import Block
from node.base.errors import CodecError
from node.base.keccak import keccak256
from node.base.keys import SIGNATURE_BYTES
from node.base.limits import FRAME_BYTES_MAX, VALIDATORS_COUNT_MAX
from node.base.types import Hash32

PROPOSAL: Final = 0x12
PREPARE: Final = 0x13
COMMIT: Final = 0x14
ROUND_CHANGE: Final = 0x15

_HEIGHT_BYTES: Final = 8
_ROUND_BYTES: Final = 4
_CODEC: Final = "qbft message"
_EMPTY_LIST: Final = b"\xc0"


def signing_digest(code: int, payload: bytes) -> Hash32:
    """Give what an author signs: keccak(rlp([code, payload]))."""
    return keccak256(rlp.wrap(rlp.encode(rlp.encode_int(code)) + payload))


def _integer(value: int) -> bytes:
    return rlp.encode(rlp.encode_int(value))


def _signed(payload: bytes, signature: bytes) -> bytes:
    return rlp.wrap(payload + rlp.encode(signature))


@dataclass(frozen=True, slots=True)
class Prepare:
    """The author found the proposal of this digest valid."""

    height: int
    round: int
    digest: Hash32
    signature: bytes = b""

    def payload(self) -> bytes:
        """Give what is signed, as RLP."""
        return rlp.wrap(_integer(self.height) + _integer(self.round) + rlp.encode(self.digest))

    def encode(self) -> bytes:
        """Give the bytes on the wire."""
        return _signed(self.payload(), self.signature)


@dataclass(frozen=True, slots=True)
class Commit:
    """The author saw a quorum of prepares; ``seal`` goes into the header."""

    height: int
    round: int
    digest: Hash32
    seal: bytes
    signature: bytes = b""

    def payload(self) -> bytes:
        """Give what is signed, as RLP."""
        place = _integer(self.height) + _integer(self.round)
        return rlp.wrap(place + rlp.encode(self.digest) + rlp.encode(self.seal))

    def encode(self) -> bytes:
        """Give the bytes on the wire."""
        return _signed(self.payload(), self.signature)


@dataclass(frozen=True, slots=True)
class SignedRoundChange:
    """The signed part of a RoundChange, as a proposal carries it too."""

    height: int
    round: int
    prepared: tuple[int, Hash32] | None
    """Round and digest of the author's certificate."""
    signature: bytes = b""

    def payload(self) -> bytes:
        """Give what is signed, as RLP."""
        prepared = _EMPTY_LIST
        if self.prepared is not None:
            prepared = rlp.wrap(_integer(self.prepared[0]) + rlp.encode(self.prepared[1]))
        return rlp.wrap(_integer(self.height) + _integer(self.round) + prepared)

    def encode(self) -> bytes:
        """Give the bytes inside a message."""
        return _signed(self.payload(), self.signature)


@dataclass(frozen=True, slots=True)
class RoundChange:
    """The author left all rounds below this one, and shows what it had prepared."""

    signed: SignedRoundChange
    block: Block | None
    prepares: tuple[Prepare, ...]
    access_list: "rlp.Decoded | None" = None
    """None: the short form."""

    def encode(self) -> bytes:
        """Give the bytes on the wire."""
        return rlp.wrap(
            self.signed.encode()
            + (_EMPTY_LIST if self.block is None else self.block.encode())
            + (b"" if self.access_list is None else rlp.encode(self.access_list))
            + rlp.wrap(b"".join(prepare.encode() for prepare in self.prepares))
        )


@dataclass(frozen=True, slots=True)
class Proposal:
    """The leader of a round proposes a block, and shows why it may be this one."""

    height: int
    round: int
    block: Block
    """Its extraData names the round of the proposal and has no seals."""
    round_changes: tuple[SignedRoundChange, ...] = ()
    prepares: tuple[Prepare, ...] = ()
    signature: bytes = b""
    access_list: "rlp.Decoded | None" = None
    """None: the short form."""

    def payload(self) -> bytes:
        """Give what is signed, as RLP."""
        access = b"" if self.access_list is None else rlp.encode(self.access_list)
        place = _integer(self.height) + _integer(self.round)
        return rlp.wrap(place + self.block.encode() + access)

    def encode(self) -> bytes:
        """Give the bytes on the wire."""
        changes = rlp.wrap(b"".join(change.encode() for change in self.round_changes))
        prepares = rlp.wrap(b"".join(prepare.encode() for prepare in self.prepares))
        return rlp.wrap(_signed(self.payload(), self.signature) + rlp.wrap(changes + prepares))


Message: TypeAlias = Proposal | Prepare | Commit | RoundChange


def decode(raw: bytes) -> Message:
    """Read a message; encoding it again gives the same bytes.

    raises        CodecError: not canonical, too long, or not of the shape of any message.
    """
    if len(raw) > FRAME_BYTES_MAX:
        raise CodecError(_CODEC, f"{len(raw)} bytes, at most {FRAME_BYTES_MAX}")
    items = _items(rlp.decode(raw), 2, 4)
    if len(items) > 2:
        return _round_change(items)
    if not isinstance(items[1], bytes):
        return _proposal(items)
    return _vote(items)


def _items(item: rlp.Decoded, least: int, most: int) -> list[rlp.Decoded]:
    if isinstance(item, bytes) or not least <= len(item) <= most:
        got = "a string" if isinstance(item, bytes) else f"{len(item)} items"
        raise CodecError(_CODEC, f"{got} where {least} to {most} items belong")
    return item


def _fixed(item: rlp.Decoded, size: int, name: str) -> bytes:
    if not isinstance(item, bytes) or len(item) != size:
        got = f"{len(item)} bytes" if isinstance(item, bytes) else "a list"
        raise CodecError(_CODEC, f"{name} is {got}, wants {size} bytes")
    return item


def _place(payload: list[rlp.Decoded]) -> tuple[int, int]:
    height = rlp.decode_int(payload[0], bytes_max=_HEIGHT_BYTES)
    return height, rlp.decode_int(payload[1], bytes_max=_ROUND_BYTES)


def _signature(item: rlp.Decoded) -> bytes:
    return _fixed(item, SIGNATURE_BYTES, "signature")


def _vote(items: list[rlp.Decoded]) -> Prepare | Commit:
    payload, signature = _items(items[0], 3, 4), _signature(items[1])
    height, round_ = _place(payload)
    digest = Hash32(_fixed(payload[2], 32, "digest"))
    if len(payload) == 3:
        return Prepare(height, round_, digest, signature)
    return Commit(height, round_, digest, _fixed(payload[3], SIGNATURE_BYTES, "seal"), signature)


def _prepare(item: rlp.Decoded) -> Prepare:
    found = _vote(_items(item, 2, 2))
    if isinstance(found, Commit):
        raise CodecError(_CODEC, "a commit where a prepare belongs")
    return found


def _signed_round_change(item: rlp.Decoded) -> SignedRoundChange:
    payload, signature = _items(item, 2, 2)
    parts = _items(payload, 3, 3)
    height, round_ = _place(parts)
    metadata = _items(parts[2], 0, 2)
    if len(metadata) == 1:
        raise CodecError(_CODEC, "a prepared round without a digest")
    prepared = None
    if metadata:
        digest = Hash32(_fixed(metadata[1], 32, "prepared digest"))
        prepared = rlp.decode_int(metadata[0], bytes_max=_ROUND_BYTES), digest
    return SignedRoundChange(height, round_, prepared, _signature(signature))


def _prepares(item: rlp.Decoded) -> tuple[Prepare, ...]:
    return tuple(_prepare(part) for part in _items(item, 0, VALIDATORS_COUNT_MAX))


def _block(item: rlp.Decoded) -> Block:
    return Block.decode(rlp.encode(item))


def _round_change(items: list[rlp.Decoded]) -> RoundChange:
    signed = _signed_round_change(items[0])
    block = None if items[1] == [] else _block(items[1])
    access = items[2] if len(items) == 4 else None
    return RoundChange(signed, block, _prepares(items[-1]), access)


def _proposal(items: list[rlp.Decoded]) -> Proposal:
    signed, proof = _items(items[0], 2, 2), _items(items[1], 2, 2)
    payload = _items(signed[0], 3, 4)
    height, round_ = _place(payload)
    changes = _items(proof[0], 0, VALIDATORS_COUNT_MAX)
    return Proposal(
        height,
        round_,
        _block(payload[2]),
        tuple(_signed_round_change(change) for change in changes),
        _prepares(proof[1]),
        _signature(signed[1]),
        payload[3] if len(payload) == 4 else None,
    )
