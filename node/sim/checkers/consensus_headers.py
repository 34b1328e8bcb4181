"""What a header says, read from its RLP by the checkers themselves (consensus.md sections 3 to 6).

A second decoder, on purpose: a mistake of an engine's own codec cannot excuse itself here.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from node.base import rlp
from node.base.errors import CodecError
from node.base.keccak import keccak256
from node.base.ports import Verifier
from node.base.types import Address, Hash32

EXTRA: Final = 12
"""Place of extraData among the items of a header."""
VANITY_BYTES: Final = 32
SEAL_BYTES: Final = 65
_FIXED: Final = {0: 32, 2: 20, 13: 32, 14: 8}
"""Place and size of the fields of fixed size that are read here."""
_HEADERS_KEPT: Final = 4_096


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """The fields that consensus looks at, and all items as they stand."""

    hash: Hash32
    parent: Hash32
    coinbase: Address
    difficulty: int
    number: int
    timestamp: int
    extra: bytes
    mix: bytes
    nonce: bytes
    items: tuple[bytes, ...]

    @property
    def name(self) -> str:
        """Name the block as people do."""
        return block_name(self.number, self.hash)


def block_name(number: int, block_hash: bytes) -> str:
    """Give number and first eight digits of a block's hash."""
    return f"block {number} 0x{block_hash.hex()[:8]}"


@lru_cache(maxsize=_HEADERS_KEPT)
def read_header(header: bytes) -> BlockHeader:
    """Read a header; equal bytes are read once.

    raises        CodecError: no list of 15 items or more, or a field of the wrong size.
    """
    return header_of(rlp.decode(header))


def header_of(decoded: rlp.Decoded) -> BlockHeader:
    """Read a header that is decoded already, as it stands in a message; errors as above."""
    if isinstance(decoded, bytes) or len(decoded) < 15:
        raise CodecError("header", "wants a list of at least 15 items")
    items = tuple(item for item in decoded if isinstance(item, bytes))
    if len(items) != len(decoded):
        raise CodecError("header", "a list where a field belongs")
    for place, size in _FIXED.items():
        if len(items[place]) != size:
            raise CodecError("header", f"item {place} has {len(items[place])} bytes, wants {size}")
    return BlockHeader(
        hash=keccak256(rlp.encode(items)),
        parent=Hash32(items[0]),
        coinbase=Address(items[2]),
        difficulty=rlp.decode_int(items[7]),
        number=rlp.decode_int(items[8], bytes_max=8),
        timestamp=rlp.decode_int(items[11], bytes_max=8),
        extra=items[EXTRA],
        mix=items[13],
        nonce=items[14],
        items=items,
    )


def with_extra(header: BlockHeader, extra: bytes) -> Hash32:
    """Hash a header with other extraData."""
    items = header.items
    return keccak256(rlp.encode([*items[:EXTRA], extra, *items[EXTRA + 1 :]]))


def end_sealer(header: BlockHeader, verifier: Verifier) -> Address | None:
    """Recover who sealed a header whose seal stands last in extraData (Clique, AuRa)."""
    if len(header.extra) < VANITY_BYTES + SEAL_BYTES:
        return None
    digest = with_extra(header, header.extra[:-SEAL_BYTES])
    return verifier.recover(digest, header.extra[-SEAL_BYTES:])


# -- QBFT: extraData = rlp([vanity, [validators], vote, round, [seals]])


@dataclass(frozen=True, slots=True)
class QbftExtra:
    """The extraData of a QBFT header."""

    vanity: bytes
    validators: tuple[Address, ...]
    vote: tuple[Address, bool] | None
    """(recipient, whether to add it)."""
    round: int
    seals: tuple[bytes, ...]
    vote_item: rlp.Decoded
    """The vote as it stands, to write it back."""


@lru_cache(maxsize=_HEADERS_KEPT)
def qbft_extra(extra: bytes) -> QbftExtra:
    """Read the extraData of a QBFT header.

    raises        CodecError: another shape.
    """
    items = _list(rlp.decode(extra), 5, "qbft extraData")
    vote = items[2]
    return QbftExtra(
        vanity=_vanity(items[0]),
        validators=_addresses(items[1]),
        vote=_vote(vote),
        round=rlp.decode_int(items[3], bytes_max=4),
        seals=_seals(items[4]),
        vote_item=vote,
    )


def qbft_digest(header: BlockHeader, round_: int) -> Hash32:
    """Give digest(block, round): what the votes of a round name and what its seals sign.

    With round 0 it is the hash of the block on the chain.
    """
    extra = qbft_extra(header.extra)
    return with_extra(
        header,
        rlp.encode(
            [extra.vanity, extra.validators, extra.vote_item, rlp.encode_int(round_), ()],
        ),
    )


@lru_cache(maxsize=_HEADERS_KEPT)
def qbft_certificate(certificate: bytes) -> tuple[int, tuple[bytes, ...]]:
    """Read what is kept beside a QBFT block: its round and the seals.

    raises        CodecError: another shape.
    """
    items = _list(rlp.decode(certificate), 2, "certificate")
    return rlp.decode_int(items[0], bytes_max=4), _seals(items[1])


# -- IBFT 1: extraData = vanity, then rlp([validators, proposerSeal, committedSeals])


@dataclass(frozen=True, slots=True)
class IbftExtra:
    """The extraData of an IBFT 1 header."""

    vanity: bytes
    validators: tuple[Address, ...]
    seal: bytes
    committed: tuple[bytes, ...]


@lru_cache(maxsize=_HEADERS_KEPT)
def ibft_extra(extra: bytes) -> IbftExtra:
    """Read the extraData of an IBFT 1 header.

    raises        CodecError: another shape.
    """
    items = _list(rlp.decode(extra[VANITY_BYTES:]), 3, "ibft1 extraData")
    if not isinstance(items[1], bytes):
        raise CodecError("ibft1 extraData", "a list where the proposer's seal belongs")
    return IbftExtra(
        _vanity(extra[:VANITY_BYTES]), _addresses(items[0]), items[1], _seals(items[2])
    )


def ibft_hash(header: BlockHeader) -> Hash32:
    """Give the hash of the block: without the committed seals, with the proposer's."""
    extra = ibft_extra(header.extra)
    return with_extra(header, extra.vanity + rlp.encode([extra.validators, extra.seal, ()]))


def ibft_proposer(header: BlockHeader, verifier: Verifier) -> Address | None:
    """Recover who proposed the block; it signed the hash of the hash without any seal."""
    extra = ibft_extra(header.extra)
    sealed = with_extra(header, extra.vanity + rlp.encode([extra.validators, b"", ()]))
    return verifier.recover(keccak256(sealed), extra.seal)


def ibft_committed(block_hash: bytes) -> Hash32:
    """Give what a committed seal signs."""
    return keccak256(block_hash + b"\x02")


@lru_cache(maxsize=_HEADERS_KEPT)
def ibft_certificate(certificate: bytes) -> tuple[bytes, ...]:
    """Read what is kept beside an IBFT 1 block: the committed seals.

    raises        CodecError: another shape.
    """
    return _seals(rlp.decode(certificate))


def maker(engine: str, header: BlockHeader, verifier: Verifier) -> Address | None:
    """Give who made a block, and so got its fees; None: its seal recovers to nobody."""
    if engine == "clique":
        return end_sealer(header, verifier)
    if engine == "ibft1":
        return ibft_proposer(header, verifier)
    return header.coinbase


def _list(item: rlp.Decoded, count: int, what: str) -> list[rlp.Decoded]:
    if isinstance(item, bytes) or len(item) != count:
        raise CodecError(what, f"wants a list of {count} items")
    return item


def _vanity(item: rlp.Decoded) -> bytes:
    if not isinstance(item, bytes) or len(item) != VANITY_BYTES:
        raise CodecError("extraData", f"wants a vanity of {VANITY_BYTES} bytes")
    return item


def _addresses(item: rlp.Decoded) -> tuple[Address, ...]:
    if isinstance(item, bytes):
        raise CodecError("extraData", "wants a list of validators")
    found = tuple(Address(one) for one in item if isinstance(one, bytes) and len(one) == 20)
    if len(found) != len(item):
        raise CodecError("extraData", "a validator that is not 20 bytes")
    return found


def _seals(item: rlp.Decoded) -> tuple[bytes, ...]:
    if isinstance(item, bytes):
        raise CodecError("seals", "wants a list")
    found = tuple(one for one in item if isinstance(one, bytes) and len(one) == SEAL_BYTES)
    if len(found) != len(item):
        raise CodecError("seals", f"a seal that is not {SEAL_BYTES} bytes")
    return found


def _vote(item: rlp.Decoded) -> tuple[Address, bool] | None:
    if item == []:
        return None
    recipient, what = _list(item, 2, "vote")
    if not isinstance(recipient, bytes) or len(recipient) != 20 or what not in (b"\xff", b""):
        raise CodecError("vote", "wants a recipient of 20 bytes, and 0xff or an empty string")
    return Address(recipient), what == b"\xff"
