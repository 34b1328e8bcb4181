"""What an adversary signs under QBFT (consensus.md sections 3.1 and 3.2)."""

from dataclasses import replace
from typing import Final

from node.base import rlp
from node.base.block import Block
from node.base.errors import CodecError
from node.base.keccak import keccak256
from node.base.keys import PrivateKey
from node.base.types import Hash32
from node.sim.faults.forge import Rivals, Speech, bytes_of, hash_of, items_of, marked

_PROPOSAL: Final = 0x12
_PREPARE: Final = 0x13
_COMMIT: Final = 0x14
_ROUND_CHANGE: Final = 0x15
_EXTRA_DATA: Final = 12
_COMMIT_ITEMS: Final = 4


class QbftForge:
    """Messages are [payload, signature]; the code is signed and not sent."""

    def __init__(self, key: PrivateKey, rivals: Rivals) -> None:
        self._key = key
        self._rivals = rivals

    @property
    def proposes_blocks(self) -> bool:
        """Say no: proposals are messages."""
        return False

    def speech(self, message: bytes) -> Speech:
        """Tell by the shape: [list, list] proposes, [list, bytes] votes."""
        try:
            items = items_of(message)
        except CodecError:
            return Speech.OTHER
        if len(items) != 2:
            return Speech.OTHER
        return Speech.VOTE if isinstance(items[1], bytes) else Speech.PROPOSAL

    def second_proposal(self, message: bytes) -> bytes:
        """Keep height, round and justification; change the vanity."""
        signed, proof = items_of(message, 2)
        payload = items_of(items_of(signed, 2)[0])
        block = list(items_of(payload[2]))
        header = list(items_of(block[0]))
        before = hash_of(header)
        header[_EXTRA_DATA] = _marked_extra(bytes_of(header[_EXTRA_DATA]), 1)
        self._rivals.pair(before, hash_of(header))
        block[0] = header
        return rlp.encode([self._signed(_PROPOSAL, [*payload[:2], block, *payload[3:]]), proof])

    def second_vote(self, message: bytes) -> bytes:
        """Vote for the rival; a commit seals it too."""
        payload = items_of(items_of(message, 2)[0])
        digest = Hash32(self._rivals.of(bytes_of(payload[2])))
        if len(payload) == _COMMIT_ITEMS:
            seal = self._key.sign(digest)
            return rlp.encode(self._signed(_COMMIT, [*payload[:2], digest, seal]))
        return rlp.encode(self._signed(_PREPARE, [*payload[:2], digest]))

    def next_round(self, message: bytes) -> bytes:
        """Ask for the next round, with nothing prepared."""
        height, round_ = items_of(items_of(message, 2)[0])[:2]
        after = rlp.encode_int(rlp.decode_int(round_) + 1)
        return rlp.encode([self._signed(_ROUND_CHANGE, [height, after, []]), [], []])

    def spoiled(self, message: bytes) -> bytes | None:
        """Seal the hash of the digest in a commit."""
        payload = items_of(items_of(message, 2)[0])
        if len(payload) != _COMMIT_ITEMS:
            return None
        seal = self._key.sign(keccak256(bytes_of(payload[2])))
        return rlp.encode(self._signed(_COMMIT, [*payload[:3], seal]))

    def second_block(self, block: Block, mark: int = 1) -> Block:
        """Change the vanity; nothing in the header is signed."""
        extra = _marked_extra(block.header.extra_data, mark)
        return Block(replace(block.header, extra_data=extra), block.transactions)

    def certificate(self, block: Block) -> bytes:
        """Give the own commit seal alone: round 0, one seal."""
        return rlp.encode([b"", [self._key.sign(block.header.hash())]])

    def spoiled_block(self, block: Block) -> None:
        """Have no seal in a block."""
        del block

    def _signed(self, code: int, payload: list[rlp.Decoded]) -> list[rlp.Decoded]:
        parts: list[rlp.Item] = [rlp.encode_int(code), payload]
        return [payload, self._key.sign(keccak256(rlp.encode(parts)))]


def _marked_extra(extra_data: bytes, mark: int) -> bytes:
    vanity, *others = items_of(extra_data)
    return rlp.encode([marked(bytes_of(vanity), mark), *others])
