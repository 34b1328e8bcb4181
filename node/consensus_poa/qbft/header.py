"""What QBFT writes into extraData, what its seals sign, and which header the ledger keeps.

extraData = rlp([vanity 32, [validators], vote, round, [seals]]) (consensus.md section 3.1).  The
header that is kept has round 0 and no seals, so that its plain hash is the block's; round and
seals stand beside it as a certificate, rlp([round, [seals]]).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from node.base import rlp
from node.base.errors import CodecError
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.keys import SIGNATURE_BYTES
from node.base.types import Address, Hash32
from node.consensus_poa.extra_data import ADDRESS_BYTES, VANITY_BYTES

MIX_HASH: Final = Hash32(
    bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
)
"""Marks a BFT block of Besu, genesis included; PREVRANDAO sees it."""
NONCE: Final = bytes(8)
DIFFICULTY: Final = 1
_VOTE_ADD: Final = b"\xff"
_VOTE_DROP: Final = b""
_ROUND_BYTES: Final = 4
_EXTRA_DATA: Final = 12
"""Place of extraData among the RLP items of a header."""


class Vote(NamedTuple):
    """A vote on who is a validator, in the block of the one who votes."""

    recipient: Address
    is_add: bool


@dataclass(frozen=True, slots=True)
class QbftExtra:
    """The content of extraData."""

    vanity: bytes = bytes(VANITY_BYTES)
    validators: tuple[Address, ...] = ()
    """Empty where a contract names them."""
    vote: Vote | None = None
    round: int = 0
    seals: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        """Give the bytes of extraData."""
        vote: list[bytes] = []
        if self.vote is not None:
            vote = [self.vote.recipient, _VOTE_ADD if self.vote.is_add else _VOTE_DROP]
        return rlp.encode(
            [self.vanity, self.validators, vote, rlp.encode_int(self.round), self.seals]
        )

    @classmethod
    def decode(cls, data: bytes) -> "QbftExtra":
        """Read extraData.

        raises        CodecError: not canonical, wrong item count, or an item of wrong size.
        """
        items = rlp.decode(data)
        if isinstance(items, bytes) or len(items) != 5:
            raise CodecError(
                "qbft extraData", "wants a list of vanity, validators, vote, round, seals"
            )
        vanity, validators, vote, round_, seals = items
        return cls(
            _fixed(vanity, VANITY_BYTES, "vanity"),
            tuple(Address(_fixed(item, ADDRESS_BYTES, "validator")) for item in _list(validators)),
            _vote(vote),
            rlp.decode_int(round_, bytes_max=_ROUND_BYTES),
            tuple(_fixed(item, SIGNATURE_BYTES, "seal") for item in _list(seals)),
        )


def _list(item: rlp.Decoded) -> list[rlp.Decoded]:
    if isinstance(item, bytes):
        raise CodecError("qbft extraData", "a string where a list belongs")
    return item


def _fixed(item: rlp.Decoded, size: int, name: str) -> bytes:
    if not isinstance(item, bytes) or len(item) != size:
        got = f"{len(item)} bytes" if isinstance(item, bytes) else "a list"
        raise CodecError("qbft extraData", f"{name} is {got}, wants {size} bytes")
    return item


def _vote(item: rlp.Decoded) -> Vote | None:
    parts = _list(item)
    if not parts:
        return None
    if len(parts) != 2 or parts[1] not in (_VOTE_ADD, _VOTE_DROP):
        raise CodecError("qbft extraData", "a vote is recipient and 0xff or the empty string")
    return Vote(Address(_fixed(parts[0], ADDRESS_BYTES, "recipient")), parts[1] == _VOTE_ADD)


def genesis_extra(validators: Sequence[Address] = ()) -> bytes:
    """Give the extraData of a genesis; no validators: a contract names them."""
    return QbftExtra(validators=tuple(sorted(validators))).encode()


def with_extra(header: Header, extra: QbftExtra) -> Header:
    """Give the header with this extraData."""
    return replace(header, extra_data=extra.encode())


def commit_digest(header: Header, extra: QbftExtra, round_: int) -> Hash32:
    """Give what Prepare and Commit name and a commit seal signs: the hash without seals.

    ``extra`` is the decoded extraData of ``header``, whatever round and seals stand in it.
    """
    items = header.items()
    items[_EXTRA_DATA] = replace(extra, round=round_, seals=()).encode()
    return keccak256(rlp.encode(items))


def encode_certificate(round_: int, seals: Sequence[bytes]) -> bytes:
    """Give what stands beside a canonical header."""
    return rlp.encode([rlp.encode_int(round_), tuple(seals)])


def decode_certificate(data: bytes) -> tuple[int, tuple[bytes, ...]]:
    """Read round and seals.

    raises        CodecError: not canonical, or not of this shape.
    """
    items = rlp.decode(data)
    if isinstance(items, bytes) or len(items) != 2:
        raise CodecError("qbft certificate", "wants a list of round and seals")
    seals = tuple(_fixed(item, SIGNATURE_BYTES, "seal") for item in _list(items[1]))
    return rlp.decode_int(items[0], bytes_max=_ROUND_BYTES), seals


class QbftForm:
    """Parts and joins headers of QBFT: the ``HeaderForm`` of this engine."""

    def split(self, header: Header) -> tuple[Header, bytes | None]:
        """Part a header as it travels into the canonical one and its certificate.

        Genesis, and a header without round and seals, is canonical already.
        raises        CodecError: extraData is not QBFT's.
        """
        extra = QbftExtra.decode(header.extra_data)
        if header.number == 0 or (extra.round == 0 and not extra.seals):
            return header, None
        canonical = with_extra(header, replace(extra, round=0, seals=()))
        return canonical, encode_certificate(extra.round, extra.seals)

    def join(self, header: Header, certificate: bytes | None) -> Header:
        """Give the header as it travels; None and genesis come back as they are.

        raises        CodecError: extraData or certificate cannot be read.
        """
        if certificate is None or header.number == 0:
            return header
        round_, seals = decode_certificate(certificate)
        extra = QbftExtra.decode(header.extra_data)
        return with_extra(header, replace(extra, round=round_, seals=seals))
