"""Messages of IBFT 1: rlp([code, rlp(body), address, signature, committedSeal]).

Bodies: [view, block] of a preprepare, [view, digest] of the others; view = [round, height].  The
signature is over the hash of the message with an empty signature.  A round change carries no
certificate of what was prepared: that is the flaw (GoQuorum 4758c16f; consensus.md section 6).
"""

from dataclasses import dataclass
from typing import Final

from node.base import rlp
from node.base.block import Block
from node.base.errors import CodecError
from node.base.keccak import keccak256
from node.base.limits import FRAME_BYTES_MAX
from node.base.ports import Signer, Verifier
from node.base.types import ZERO_HASH, Address, Hash32
from node.consensus_poa.effects import ReportEvidence
from node.consensus_poa.extra_data import ADDRESS_BYTES, SEAL_BYTES
from node.consensus_poa.ibft1.header import IstanbulExtra, commit_digest

PREPREPARE: Final = 0
PREPARE: Final = 1
COMMIT: Final = 2
ROUND_CHANGE: Final = 3
EQUIVOCATION: Final = "equivocation"


@dataclass(frozen=True, slots=True)
class Message:
    """A decoded message."""

    code: int
    round: int
    height: int
    digest: Hash32
    """The canonical block hash; zero in a round change."""
    author: Address
    seal: bytes
    """The committed seal of a commit, else empty."""
    block: Block | None
    """The block of a preprepare."""


def sign_message(
    signer: Signer, code: int, view: tuple[int, int], digest: Hash32, block: Block | None = None
) -> bytes:
    """Give the bytes of an own message; a view is (round, height), ``block`` a preprepare's."""
    numbers = [rlp.encode_int(number) for number in view]
    body = rlp.encode([numbers, rlp.decode(block.encode()) if block else digest])
    seal = signer.sign(commit_digest(digest)) if code == COMMIT else b""
    parts = [rlp.encode_int(code), body, signer.address]
    return rlp.encode([*parts, signer.sign(_signed_hash(parts, seal)), seal])


def decode_message(raw: bytes) -> tuple[Message, bytes, Hash32]:
    """Read a message; give it with its signature and the hash that was signed.

    raises        CodecError: not canonical, wrong items or sizes, too long; a block that is not
                  canonical or not of the height; a round change with a digest.
    """
    if len(raw) > FRAME_BYTES_MAX:
        raise _error(f"{len(raw)} bytes, at most {FRAME_BYTES_MAX}")
    items = rlp.decode(raw)
    if isinstance(items, bytes) or len(items) != 5:
        raise _error("wants a list of code, body, address, signature, committedSeal")
    code = rlp.decode_int(items[0], bytes_max=1)
    if code > ROUND_CHANGE:
        raise _error(f"code {code}, wants 0 to 3")
    body = _fixed(items[1], None, "body")
    author = Address(_fixed(items[2], ADDRESS_BYTES, "address"))
    signature = _fixed(items[3], SEAL_BYTES, "signature")
    seal = _fixed(items[4], SEAL_BYTES if code == COMMIT else 0, "committedSeal")
    signed = _signed_hash([rlp.encode_int(code), body, author], seal)
    round_, height, what = _read_body(body)
    if code == PREPREPARE:
        block = _read_block(what, height)
        digest = block.header.hash()
        return Message(code, round_, height, digest, author, seal, block), signature, signed
    digest = Hash32(_fixed(what, 32, "digest"))
    if code == ROUND_CHANGE and digest != ZERO_HASH:
        raise _error("a round change with a digest, wants 32 zero bytes")
    return Message(code, round_, height, digest, author, seal, None), signature, signed


def read_message(raw: bytes, verifier: Verifier) -> Message | str:
    """Give an authentic message, or the name of what is wrong with it.  Total.

    ``undecodable``, ``bad_signature`` (or another's address), ``bad_committed_seal``.
    """
    try:
        message, signature, signed = decode_message(raw)
    except CodecError:
        return "undecodable"
    if verifier.recover(signed, signature) != message.author:
        return "bad_signature"
    if message.code == COMMIT:
        committer = verifier.recover(commit_digest(message.digest), message.seal)
        if committer != message.author:
            return "bad_committed_seal"
    return message


def equivocation(author: Address, first: bytes, second: bytes) -> ReportEvidence:
    """Give evidence of two messages for one slot; the proof is rlp([first, second])."""
    return ReportEvidence(author, EQUIVOCATION, rlp.encode([first, second]))


def equivocator(proof: bytes, verifier: Verifier) -> Address | None:
    """Give who signed both messages of a proof, or None if it proves nothing."""
    try:
        items = rlp.decode(proof)
        if isinstance(items, bytes) or len(items) != 2:
            return None
        raws = [_fixed(item, None, "message") for item in items]
    except CodecError:
        return None
    first, second = (read_message(raw, verifier) for raw in raws)
    if isinstance(first, str) or isinstance(second, str) or first.digest == second.digest:
        return None
    slots = [(m.author, m.code, m.height, m.round) for m in (first, second)]
    return first.author if slots[0] == slots[1] else None


def _signed_hash(parts: list[bytes], seal: bytes) -> Hash32:
    return keccak256(rlp.encode([*parts, b"", seal]))


def _read_body(body: bytes) -> tuple[int, int, rlp.Decoded]:
    items = rlp.decode(body)
    if isinstance(items, bytes) or len(items) != 2:
        raise _error("a body wants view and subject")
    view = items[0]
    if isinstance(view, bytes) or len(view) != 2:
        raise _error("a view wants round and height")
    return rlp.decode_int(view[0], bytes_max=8), rlp.decode_int(view[1], bytes_max=8), items[1]


def _read_block(item: rlp.Decoded, height: int) -> Block:
    block = Block.decode(rlp.encode(item))
    if block.header.number != height:
        raise _error(f"block {block.header.number} in a view of height {height}")
    if IstanbulExtra.decode(block.header.extra_data).committed_seals:
        raise _error("a proposal with committed seals, wants none")
    return block


def _fixed(item: rlp.Decoded, size: int | None, name: str) -> bytes:
    if not isinstance(item, bytes) or (size is not None and len(item) != size):
        raise _error(f"{name} wants {'bytes' if size is None else f'{size} bytes'}")
    return item


def _error(what: str) -> CodecError:
    return CodecError("ibft1 message", what)
