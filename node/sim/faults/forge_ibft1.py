"""What an adversary signs under IBFT 1 (consensus.md section 6)."""

from dataclasses import replace
from typing import Final

from node.base import rlp
from node.base.block import Block
from node.base.errors import CodecError
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.keys import PrivateKey
from node.base.types import ZERO_HASH, Hash32
from node.sim.faults.forge import VANITY_BYTES, Rivals, Speech, bytes_of, hash_of, items_of, marked

_PREPREPARE: Final = 0
_PREPARE: Final = 1
_COMMIT: Final = 2
_ROUND_CHANGE: Final = 3
_EXTRA_DATA: Final = 12
_ITEMS: Final = 5
_COMMIT_MARK: Final = b"\x02"


class Ibft1Forge:
    """Messages are [code, body, address, signature, committed seal]; views are [round, height]."""

    def __init__(self, key: PrivateKey, rivals: Rivals) -> None:
        self._key = key
        self._rivals = rivals

    @property
    def proposes_blocks(self) -> bool:
        """Say no: proposals are messages."""
        return False

    def speech(self, message: bytes) -> Speech:
        """Tell by the code."""
        try:
            code = rlp.decode_int(items_of(message, _ITEMS)[0])
        except CodecError:
            return Speech.OTHER
        if code == _PREPREPARE:
            return Speech.PROPOSAL
        return Speech.VOTE if code in (_PREPARE, _COMMIT) else Speech.OTHER

    def second_proposal(self, message: bytes) -> bytes:
        """Keep the view; change the vanity and seal the block again."""
        view, found = _body_of(message)
        block = list(items_of(found))
        header = list(items_of(block[0]))
        before = hash_of(header)
        header[_EXTRA_DATA] = self._resealed(header, 1)
        self._rivals.pair(before, hash_of(header))
        return self._signed(_PREPREPARE, [view, [header, *block[1:]]], b"")

    def second_vote(self, message: bytes) -> bytes:
        """Vote for the rival; a commit seals it too."""
        view, digest = _body_of(message)
        other = self._rivals.of(bytes_of(digest))
        if rlp.decode_int(items_of(message, _ITEMS)[0]) == _COMMIT:
            return self._signed(_COMMIT, [view, other], self._commit_seal(other))
        return self._signed(_PREPARE, [view, other], b"")

    def next_round(self, message: bytes) -> bytes:
        """Ask for the next round."""
        round_, height = items_of(_body_of(message)[0], 2)
        after = rlp.encode_int(rlp.decode_int(round_) + 1)
        return self._signed(_ROUND_CHANGE, [[after, height], ZERO_HASH], b"")

    def spoiled(self, message: bytes) -> bytes | None:
        """Seal the hash of the digest in a commit."""
        if rlp.decode_int(items_of(message, _ITEMS)[0]) != _COMMIT:
            return None
        view, digest = _body_of(message)
        seal = self._commit_seal(keccak256(bytes_of(digest)))
        return self._signed(_COMMIT, [view, digest], seal)

    def second_block(self, block: Block, mark: int = 1) -> Block:
        """Change the vanity and seal as proposer."""
        extra = self._resealed(list(block.header.items()), mark)
        return Block(replace(block.header, extra_data=extra), block.transactions)

    def certificate(self, block: Block) -> bytes:
        """Give the own committed seal alone."""
        return rlp.encode([self._commit_seal(block.header.hash())])

    def spoiled_block(self, block: Block) -> Block:
        """Sign something else as proposer."""
        header = block.header
        vanity, parts = _extra_of(header)
        parts[1] = self._key.sign(keccak256(b"spoiled" + header.hash()))
        extra = vanity + rlp.encode(parts)
        return Block(replace(header, extra_data=extra), block.transactions)

    def _resealed(self, header: list[rlp.Decoded], mark: int) -> bytes:
        """Give extraData with another vanity and the proposer's seal over the whole."""
        extra = bytes_of(header[_EXTRA_DATA])
        vanity = marked(extra[:VANITY_BYTES], mark)
        parts = list(items_of(extra[VANITY_BYTES:], 3))
        parts[1:] = [b"", []]
        bare = list(header)
        bare[_EXTRA_DATA] = vanity + rlp.encode(parts)
        # the seal hash is hashed once more before it is signed, as GoQuorum does
        parts[1] = self._key.sign(keccak256(hash_of(bare)))
        return vanity + rlp.encode(parts)

    def _commit_seal(self, digest: bytes) -> bytes:
        return self._key.sign(keccak256(digest + _COMMIT_MARK))

    def _signed(self, code: int, body: list[rlp.Decoded], seal: bytes) -> bytes:
        parts = [rlp.encode_int(code), rlp.encode(body), self._key.address]
        digest: Hash32 = keccak256(rlp.encode([*parts, b"", seal]))
        return rlp.encode([*parts, self._key.sign(digest), seal])


def _body_of(message: bytes) -> tuple[rlp.Decoded, rlp.Decoded]:
    view, subject = items_of(bytes_of(items_of(message, _ITEMS)[1]), 2)
    return view, subject


def _extra_of(header: Header) -> tuple[bytes, list[rlp.Decoded]]:
    extra = header.extra_data
    return extra[:VANITY_BYTES], list(items_of(extra[VANITY_BYTES:], 3))
