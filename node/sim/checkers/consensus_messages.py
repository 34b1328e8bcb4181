"""What a consensus message says, read from its bytes by the checkers (consensus.md 3.2 and 6)."""

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from node.base import rlp
from node.base.errors import CodecError
from node.base.keccak import keccak256
from node.base.ports import Verifier
from node.base.types import Address, Hash32
from node.sim.checkers.consensus_headers import (
    BlockHeader,
    header_of,
    ibft_hash,
    qbft_digest,
    qbft_extra,
)

Kind: TypeAlias = Literal["proposal", "prepare", "commit", "round change"]
_QBFT_CODES: Final[dict[int, Kind]] = {
    0x12: "proposal",
    0x13: "prepare",
    0x14: "commit",
    0x15: "round change",
}
_IBFT_KINDS: Final[tuple[Kind, ...]] = ("proposal", "prepare", "commit", "round change")
_MESSAGES_KEPT: Final = 8_192
_NO_VALUE: Final = Hash32(bytes(32))


@dataclass(frozen=True, slots=True)
class Message:
    """One signed vote of one validator."""

    kind: Kind
    height: int
    round: int
    value: Hash32
    """What it names: a digest; zeros of a round change that claims nothing as prepared."""
    author: Address
    raw: bytes
    """The whole message, or of one inside another its signed part."""
    block: BlockHeader | None = None
    """Of a proposal, and of a round change that carries a block."""
    chain_hash: Hash32 | None = None
    """The hash that ``block`` has on the chain, whatever the round."""
    prepared_round: int | None = None
    """Of a round change."""
    seal: bytes = b""
    """Of a commit."""
    changes: tuple["Message", ...] = ()
    """Of a proposal: the round changes that justify it."""
    prepares: tuple["Message", ...] = ()
    """Of a proposal or round change: the prepares that justify it."""


class MessageReader:
    """Decodes equal bytes once, and recovers who signed."""

    def __init__(self, verifier: Verifier) -> None:
        self.verifier = verifier
        self._read: dict[tuple[str, bytes], Message | None] = {}

    def read(self, engine: str, payload: bytes) -> Message | None:
        """Read a message; None if it is none of this engine's, or nobody signed it."""
        key = (engine, payload)
        if key in self._read:
            return self._read[key]
        if len(self._read) >= _MESSAGES_KEPT:
            self._read.pop(next(iter(self._read)))
        try:
            message = self._qbft(payload) if engine == "qbft" else self._ibft(payload)
        except CodecError:
            message = None
        self._read[key] = message
        return message

    # -- QBFT

    def _qbft(self, payload: bytes) -> Message:
        if payload[:1] and payload[0] in _QBFT_CODES:
            # a frame may name the code; without one the shape tells
            return self._qbft_of(payload[0], rlp.decode(payload[1:]), payload)
        items = rlp.decode(payload)
        return self._qbft_of(_qbft_code(items), items, payload)

    def _qbft_of(self, code: int, decoded: rlp.Decoded, raw: bytes) -> Message:
        kind = _QBFT_CODES[code]
        if kind in ("prepare", "commit"):
            return self._qbft_signed(code, decoded, raw)
        items = _list(decoded)
        if len(items) not in ((2,) if kind == "proposal" else (3, 4)):
            raise CodecError("qbft", f"a {kind} of {len(items)} items")
        head = self._qbft_signed(code, items[0], raw)
        if kind == "proposal":
            changes, prepares = _exactly(items[1], 2)
            assert head.block is not None
            return replace(
                head,
                chain_hash=qbft_digest(head.block, 0),
                changes=tuple(self._qbft_signed(0x15, one) for one in _list(changes)),
                prepares=tuple(self._qbft_signed(0x13, one) for one in _list(prepares)),
            )
        block = None if items[1] in ([], b"") else header_of(_first(items[1]))
        return replace(
            head,
            block=block,
            chain_hash=None if block is None else qbft_digest(block, 0),
            prepares=tuple(self._qbft_signed(0x13, one) for one in _list(items[-1])),
        )

    def _qbft_signed(self, code: int, decoded: rlp.Decoded, raw: bytes | None = None) -> Message:
        payload, signature = _exactly(decoded, 2)
        fields = _list(payload)
        signed = rlp.encode([bytes((code,)), payload])
        author = self._author(keccak256(signed), signature)
        raw = rlp.encode([payload, signature]) if raw is None else raw
        kind = _QBFT_CODES[code]
        wants = {"proposal": (3, 4), "prepare": (3,), "commit": (4,), "round change": (3,)}[kind]
        if len(fields) not in wants:
            raise CodecError("qbft", f"a {kind} of {len(fields)} items")
        height, round_ = _number(fields[0]), _number(fields[1])
        if kind == "proposal":
            block = header_of(_first(fields[2]))
            digest = qbft_digest(block, round_)
            return Message(kind, height, round_, digest, author, raw, block=block)
        if kind == "round change":
            claim = _list(fields[2])
            if not claim:
                return Message(kind, height, round_, _NO_VALUE, author, raw)
            prepared, value = _exactly(claim, 2)
            return Message(
                kind, height, round_, _hash(value), author, raw, prepared_round=_number(prepared)
            )
        seal = fields[3] if kind == "commit" else b""
        if not isinstance(seal, bytes):
            raise CodecError("qbft", "a list where a seal belongs")
        return Message(kind, height, round_, _hash(fields[2]), author, raw, seal=seal)

    # -- IBFT 1

    def _ibft(self, payload: bytes) -> Message:
        code, body, address, signature, seal = _exactly(rlp.decode(payload), 5)
        if not isinstance(body, bytes) or not isinstance(seal, bytes):
            raise CodecError("ibft1", "a list where bytes belong")
        signed = rlp.encode([_bytes(code), body, _bytes(address), b"", seal])
        author = self._author(keccak256(signed), signature)
        number = rlp.decode_int(code, bytes_max=1)
        if author != address or number >= len(_IBFT_KINDS):
            raise CodecError("ibft1", "not signed by the address it names, or of no known code")
        kind = _IBFT_KINDS[number]
        view, subject = _exactly(rlp.decode(body), 2)
        round_, height = (_number(one) for one in _exactly(view, 2))
        if kind == "proposal":
            block = header_of(_first(subject))
            value = ibft_hash(block)
            return Message(
                kind, height, round_, value, author, payload, block=block, chain_hash=value
            )
        # a round change names no value: the view is all it says, whatever stands in its digest
        value = _NO_VALUE if kind == "round change" else _hash(subject)
        return Message(kind, height, round_, value, author, payload, seal=seal)

    def _author(self, digest: Hash32, signature: rlp.Decoded) -> Address:
        if isinstance(signature, bytes):
            author = self.verifier.recover(digest, signature)
            if author is not None:
                return author
        raise CodecError("message", "its signature recovers to nobody")


def _qbft_code(decoded: rlp.Decoded) -> int:
    """Tell by the shape: [payload, sig], [[payload, sig], lists] or [[payload, sig], block, ..]."""
    items = _list(decoded)
    if len(items) == 2 and isinstance(items[1], bytes):
        return 0x13 if len(_list(items[0])) == 3 else 0x14
    return 0x12 if len(items) == 2 else 0x15


def proposal_round(message: Message) -> int:
    """Give the round that the extraData of a QBFT proposal names."""
    assert message.block is not None
    return qbft_extra(message.block.extra).round


def _list(item: rlp.Decoded) -> list[rlp.Decoded]:
    if isinstance(item, bytes):
        raise CodecError("message", "bytes where a list belongs")
    return item


def _first(item: rlp.Decoded) -> rlp.Decoded:
    items = _list(item)
    if not items:
        raise CodecError("message", "an empty list where a block belongs")
    return items[0]


def _exactly(item: rlp.Decoded, count: int) -> list[rlp.Decoded]:
    items = _list(item)
    if len(items) != count:
        raise CodecError("message", f"{len(items)} items, wants {count}")
    return items


def _number(item: rlp.Decoded) -> int:
    return rlp.decode_int(item, bytes_max=8)


def _bytes(item: rlp.Decoded) -> bytes:
    if not isinstance(item, bytes):
        raise CodecError("message", "a list where bytes belong")
    return item


def _hash(item: rlp.Decoded) -> Hash32:
    if not isinstance(item, bytes) or len(item) != 32:
        raise CodecError("message", "a digest that is not 32 bytes")
    return Hash32(item)
