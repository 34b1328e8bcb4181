"""What an adversary signs with its own key: the bytes of each engine that behaviours need.

Written from the message layouts (consensus.md sections 3.2, 4.1, 5 and 6) and not with the
engines' codecs: an adversary that could only say what the honest code can write would be tame.
"""

from dataclasses import replace
from enum import Enum, auto
from typing import Final, Protocol

from node.base import rlp
from node.base.block import Block
from node.base.errors import CodecError
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.keys import PrivateKey
from node.base.types import Hash32

VANITY_BYTES: Final = 32
SEAL_BYTES: Final = 65
_EXTRA_DATA: Final = 12
"""Place of extraData among the items of a header."""


class Speech(Enum):
    """What a consensus message is for."""

    PROPOSAL = auto()
    VOTE = auto()
    OTHER = auto()


class Rivals:
    """Pairs of values of which adversaries tell one half the first and the other the second.

    All adversaries of a run share it: they are one.
    """

    def __init__(self) -> None:
        self._other: dict[bytes, bytes] = {}

    def pair(self, first: bytes, second: bytes) -> None:
        """Note two digests of one slot."""
        self._other[first] = second
        self._other[second] = first

    def of(self, digest: bytes) -> bytes:
        """Give the other one; of a digest without rival one that nobody proposed."""
        return self._other.get(digest) or keccak256(digest)


class Forge(Protocol):
    """One engine's bytes, signed by one key."""

    @property
    def proposes_blocks(self) -> bool:
        """Whether blocks, and not messages, are what proposes here."""
        ...

    def speech(self, message: bytes) -> Speech:
        """Say what a message is for; bytes that are none are OTHER."""
        ...

    def second_proposal(self, message: bytes) -> bytes:
        """Give an own proposal of another block for the slot of a proposal."""
        ...

    def second_vote(self, message: bytes) -> bytes:
        """Give an own vote for the rival of what a vote is for."""
        ...

    def next_round(self, message: bytes) -> bytes:
        """Give an own request for the round behind that of a vote."""
        ...

    def spoiled(self, message: bytes) -> bytes | None:
        """Give an own commit whose seal is of something else; None: no commit."""
        ...

    def second_block(self, block: Block, mark: int = 1) -> Block:
        """Give a block that differs in its vanity, sealed by the own key; ``mark`` tells them."""
        ...

    def certificate(self, block: Block) -> bytes | None:
        """Give what goes beside a block that nobody else signed."""
        ...

    def spoiled_block(self, block: Block) -> Block | None:
        """Give the block with a seal over something else; None: its seal is no part of it."""
        ...


class SealForge:
    """Clique and AuRa: the seal ends extraData, and there are no messages."""

    def __init__(self, key: PrivateKey) -> None:
        self._key = key

    @property
    def proposes_blocks(self) -> bool:
        """Say so: there is nothing else."""
        return True

    def speech(self, message: bytes) -> Speech:
        """Know no messages."""
        del message
        return Speech.OTHER

    def second_proposal(self, message: bytes) -> bytes:
        """Never be asked: no message is a proposal."""
        return message

    def second_vote(self, message: bytes) -> bytes:
        """Never be asked: no message is a vote."""
        return message

    def next_round(self, message: bytes) -> bytes:
        """Never be asked: no message is a vote."""
        return message

    def spoiled(self, message: bytes) -> None:
        """Know no commits."""
        del message

    def second_block(self, block: Block, mark: int = 1) -> Block:
        """Seal again with another vanity."""
        extra = marked(block.header.extra_data, mark)
        header = replace(block.header, extra_data=extra)
        return Block(self._sealed(header, b""), block.transactions)

    def certificate(self, block: Block) -> None:
        """Have nothing beside a block."""
        del block

    def spoiled_block(self, block: Block) -> Block:
        """Sign the hash of the seal hash."""
        return Block(self._sealed(block.header, b"spoiled"), block.transactions)

    def _sealed(self, header: Header, spoil: bytes) -> Header:
        items: list[rlp.Item] = [*header.items()]
        items[_EXTRA_DATA] = header.extra_data[:-SEAL_BYTES]
        digest = keccak256(rlp.encode(items))
        seal = self._key.sign(keccak256(digest + spoil) if spoil else digest)
        return replace(header, extra_data=header.extra_data[:-SEAL_BYTES] + seal)


def marked(extra_data: bytes, mark: int) -> bytes:
    """Give extraData with another vanity: no rule looks at it, and the hash changes."""
    vanity = bytes(a ^ b for a, b in zip(extra_data[:4], mark.to_bytes(4), strict=True))
    return vanity + extra_data[4:]


def items_of(data: rlp.Decoded, count: int | None = None) -> list[rlp.Decoded]:
    """Read a list, decoded or not; of ``count`` items, unless None.

    raises        CodecError
    """
    found = rlp.decode(data) if isinstance(data, bytes) else data
    if isinstance(found, bytes) or (count is not None and len(found) != count):
        raise CodecError("forge", "wants a list of other length")
    return found


def bytes_of(item: rlp.Decoded) -> bytes:
    """Read a string.

    raises        CodecError
    """
    if not isinstance(item, bytes):
        raise CodecError("forge", "wants a string")
    return item


def hash_of(item: rlp.Decoded) -> Hash32:
    """Give keccak256 of the encoding of an item."""
    return keccak256(rlp.encode(item))
