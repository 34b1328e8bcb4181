"""A message with all that follows from its bytes alone: authors, digests, the block inside.

Opening is pure, so engines of one process open equal bytes once (``memo.Memo``); what depends on
a validator set or a chain is judged elsewhere.
"""

from dataclasses import dataclass, replace
from typing import Final

from node.base.block import Block
from node.base.errors import CodecError
from node.base.keccak import keccak256
from node.base.ports import Verifier
from node.base.types import Address, Hash32
from node.consensus_poa.memo import Memo, Table
from node.consensus_poa.qbft.header import QbftExtra, commit_digest, with_extra
from node.consensus_poa.qbft.messages import (
    COMMIT,
    PREPARE,
    PROPOSAL,
    ROUND_CHANGE,
    Commit,
    Message,
    Prepare,
    Proposal,
    RoundChange,
    SignedRoundChange,
    decode,
    signing_digest,
)

MEMO_KIND: Final = "qbft.message"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A block of a message, in canonical form."""

    block: Block
    hash: Hash32
    """The block's hash on the chain."""
    key: Hash32
    """Hash of all its bytes: equal headers may come with different bodies."""
    digest: Hash32
    """The digest of the round it was proposed (RoundChange: prepared) in."""
    extra: QbftExtra
    """extraData as it came, round and seals included."""

    def travelling(self, round_: int) -> Block:
        """Give the block as a message of ``round_`` carries it: that round, no seals."""
        extra = replace(self.extra, round=round_, seals=())
        return Block(with_extra(self.block.header, extra), self.block.transactions)


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A message of a known author."""

    raw: bytes
    code: int
    height: int
    round: int
    author: Address
    value: bytes
    """What the author says in this slot: the digest; of a RoundChange the prepared one, or empty.
    Two values of one author in one slot are equivocation."""
    message: Message
    candidate: Candidate | None = None
    """None: no block, or one whose extraData is not QBFT's."""
    preparers: tuple[Address | None, ...] = ()
    """Authors of the prepares inside, in order."""
    changers: tuple[Address | None, ...] = ()
    """Authors of the round changes inside, in order."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes that are no message, or a message that nobody can have signed."""

    reason: str
    is_breach: bool
    """The peer that sent it must have seen that it is wrong."""


def open_message(raw: bytes, memo: Memo, verifier: Verifier) -> Opened | Unreadable:
    """Open a message, from the memo if its bytes were opened before."""
    return opener(memo, verifier)[raw]


def opener(memo: Memo, verifier: Verifier) -> Table[bytes, Opened | Unreadable]:
    """Give the table that opens messages."""
    return memo.table(MEMO_KIND, lambda raw: _open(raw, verifier))


def _open(raw: bytes, verifier: Verifier) -> Opened | Unreadable:
    try:
        message = decode(raw)
    except CodecError as error:
        return Unreadable(str(error), is_breach=True)
    match message:
        case Prepare():
            author = author_of(PREPARE, message, verifier)
            opened = _vote(raw, PREPARE, message, author)
        case Commit():
            author = author_of(COMMIT, message, verifier)
            if author is not None and verifier.recover(message.digest, message.seal) != author:
                return Unreadable("the seal is not the author's", is_breach=True)
            opened = _vote(raw, COMMIT, message, author)
        case Proposal():
            opened = _open_proposal(raw, message, verifier)
        case RoundChange():
            opened = _open_round_change(raw, message, verifier)
    return opened or Unreadable("the signature cannot stand", is_breach=True)


def author_of(
    code: int, signed: Prepare | Commit | Proposal | SignedRoundChange, verifier: Verifier
) -> Address | None:
    """Give who signed, or None for a signature that cannot stand."""
    return verifier.recover(signing_digest(code, signed.payload()), signed.signature)


def _vote(raw: bytes, code: int, vote: Prepare | Commit, author: Address | None) -> Opened | None:
    if author is None:
        return None
    return Opened(raw, code, vote.height, vote.round, author, vote.digest, vote)


def _open_proposal(raw: bytes, proposal: Proposal, verifier: Verifier) -> Opened | None:
    author = author_of(PROPOSAL, proposal, verifier)
    if author is None:
        return None
    candidate = candidate_of(proposal.block, proposal.round)
    return Opened(
        raw,
        PROPOSAL,
        proposal.height,
        proposal.round,
        author,
        keccak256(proposal.block.encode()) if candidate is None else candidate.key,
        proposal,
        candidate,
        tuple(author_of(PREPARE, prepare, verifier) for prepare in proposal.prepares),
        tuple(author_of(ROUND_CHANGE, change, verifier) for change in proposal.round_changes),
    )


def _open_round_change(raw: bytes, change: RoundChange, verifier: Verifier) -> Opened | None:
    signed = change.signed
    author = author_of(ROUND_CHANGE, signed, verifier)
    if author is None:
        return None
    candidate = None
    if change.block is not None and signed.prepared is not None:
        candidate = candidate_of(change.block, signed.prepared[0])
    return Opened(
        raw,
        ROUND_CHANGE,
        signed.height,
        signed.round,
        author,
        prepared_value(signed),
        change,
        candidate,
        tuple(author_of(PREPARE, prepare, verifier) for prepare in change.prepares),
    )


def prepared_value(signed: SignedRoundChange) -> bytes:
    """Give what a RoundChange says in its slot: round and digest, or empty."""
    if signed.prepared is None:
        return b""
    return signed.prepared[0].to_bytes(4) + signed.prepared[1]


def candidate_of(block: Block, round_: int) -> Candidate | None:
    """Give the canonical form of a block with its digest in ``round_``; None: not QBFT's."""
    try:
        extra = QbftExtra.decode(block.header.extra_data)
    except CodecError:
        return None
    header = with_extra(block.header, replace(extra, round=0, seals=()))
    canonical = Block(header, block.transactions)
    digest = commit_digest(header, extra, round_)
    return Candidate(canonical, header.hash(), keccak256(canonical.encode()), digest, extra)
