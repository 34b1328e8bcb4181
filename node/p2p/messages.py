"""The messages of ward/1 as values; ``wire`` turns them into frames (network.md, section 3).

Headers, transactions and shares travel as byte strings and are hashed as received.  The order of
the fields is the order on the wire; a message may not grow fields inside ward/1.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from node.base.types import Address, Cid, Hash32


class SendClass(IntEnum):
    """Queue and priority of a frame: the lower goes first (section 8)."""

    CONTROL = 0
    CONSENSUS = 1
    REQUEST = 2
    GOSSIP = 3
    BULK = 4


class Reason(IntEnum):
    """Why a connection ends; the numbers of RLPx."""

    REQUESTED = 0x00
    BREACH = 0x02
    USELESS = 0x03
    TOO_MANY_PEERS = 0x04
    ALREADY_CONNECTED = 0x05
    INCOMPATIBLE = 0x06
    QUITTING = 0x08
    UNEXPECTED_IDENTITY = 0x09
    SELF = 0x0A
    PING_TIMEOUT = 0x0B
    NOT_ADMITTED = 0x10


@dataclass(frozen=True, slots=True)
class Message:
    """What all messages have: ``rid`` pairs an answer with its request, 0 where neither."""

    rid: int = field(default=0, kw_only=True)


@dataclass(frozen=True, slots=True)
class Hello(Message):
    """The first frame of both sides."""

    versions: tuple[int, ...]
    software: str
    network_id: int
    genesis: Hash32
    fork_hash: bytes
    fork_next: int
    address: Address
    listen: str
    earliest: int
    head: int
    head_hash: Hash32
    caps: int
    nonce: bytes


@dataclass(frozen=True, slots=True)
class Disconnect(Message):
    """The last frame; ``reason`` is a ``Reason``."""

    reason: int
    detail: str


@dataclass(frozen=True, slots=True)
class Ping(Message):
    """``sent`` is the sender's wall clock in microseconds."""

    sent: int


@dataclass(frozen=True, slots=True)
class Pong(Message):
    """``sent`` is the Ping's, ``clock`` the answerer's, in microseconds."""

    sent: int
    clock: int


@dataclass(frozen=True, slots=True)
class Status(Message):
    """Where the sender's chain stands; a claim, never proof."""

    earliest: int
    head: int
    head_hash: Hash32
    finalised: int
    score: bytes
    validators_connected: int


@dataclass(frozen=True, slots=True)
class NewBlock(Message):
    """A whole block, unasked."""

    header: bytes
    transactions: tuple[bytes, ...]
    score: bytes


class BlockName(NamedTuple):
    """A block by number and hash."""

    number: int
    hash: Hash32


@dataclass(frozen=True, slots=True)
class NewBlockHashes(Message):
    """Blocks that the sender has."""

    blocks: tuple[BlockName, ...]


@dataclass(frozen=True, slots=True)
class Transactions(Message):
    """Whole transactions, unasked."""

    transactions: tuple[bytes, ...]


class TxName(NamedTuple):
    """A transaction by length in bytes and hash."""

    size: int
    hash: Hash32


@dataclass(frozen=True, slots=True)
class NewTxHashes(Message):
    """Transactions that the sender has."""

    transactions: tuple[TxName, ...]


@dataclass(frozen=True, slots=True)
class GetHeaders(Message):
    """``count`` headers from ``origin`` (number or hash) on, ``skip`` left out between two."""

    origin: int | Hash32
    count: int
    skip: int
    reverse: bool


@dataclass(frozen=True, slots=True)
class Headers(Message):
    """The answer, possibly shorter; empty: do not have."""

    headers: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class GetBodies(Message):
    """Ask for the transactions of blocks."""

    hashes: tuple[Hash32, ...]


class Body(NamedTuple):
    """The transactions of the block with this hash."""

    hash: Hash32
    transactions: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Bodies(Message):
    """A subset of what was asked, in the order of the question."""

    bodies: tuple[Body, ...]


@dataclass(frozen=True, slots=True)
class GetTxs(Message):
    """Ask for transactions."""

    hashes: tuple[Hash32, ...]


@dataclass(frozen=True, slots=True)
class Txs(Message):
    """A subset of what was asked, in the order of the question."""

    transactions: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Consensus(Message):
    """A message of a consensus engine, as its specification encodes it; opaque here."""

    engine: int
    payload: bytes


class XWantEntry(NamedTuple):
    """One line of a want list; ``flags`` as in content-store.md, section 11."""

    cid: Cid
    priority: int
    flags: int


@dataclass(frozen=True, slots=True)
class XWant(Message):
    """Wants of the block exchange; ``full`` replaces the list."""

    full: bool
    entries: tuple[XWantEntry, ...]


class XBlock(NamedTuple):
    """A block with the prefix from which its CID is recomputed."""

    prefix: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class XGive(Message):
    """Answers of the block exchange."""

    blocks: tuple[XBlock, ...]
    have: tuple[Cid, ...]
    dont: tuple[Cid, ...]
    pending: int


@dataclass(frozen=True, slots=True)
class XCopy(Message):
    """What becomes of a copy that the sender makes (content-store.md, section 14)."""

    cid: Cid
    stage: int
    """0 started, 1 done, 2 given up."""


@dataclass(frozen=True, slots=True)
class Release(Message):
    """A grantee's request to a custodian (secret-sharing.md, section 9)."""

    request: bytes


@dataclass(frozen=True, slots=True)
class Released(Message):
    """Receipt and sealed share; both empty: no answer is owed."""

    receipt: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Deposit(Message):
    """The patient deposits with a custodian what a grant will release.

    The digests of all deposits come along: the patient signed their root, and a custodian who
    sees only its own deposit could not compute it.
    """

    grant: Hash32
    deal: Hash32
    epoch: int
    signature: bytes
    index: int
    digests: tuple[Hash32, ...]
    sealed: bytes


@dataclass(frozen=True, slots=True)
class DepositKept(Message):
    """The custodian has stored a deposit."""

    digest: Hash32


@dataclass(frozen=True, slots=True)
class Custody(Message):
    """Hands a dealt share to its custodian; ``sealed`` is HPKE of the share container."""

    deal: Hash32
    manifest: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True)
class CustodyKept(Message):
    """The custodian has stored its share of a deal."""

    deal: Hash32
    digest: Hash32
