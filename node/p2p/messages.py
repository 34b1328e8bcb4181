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


@dataclass(frozen=True, slots=True)
class Renew(Message):
    """The patient moves a deal to its next epoch: fresh steps instead of all unspent ones."""

    deal: Hash32
    epoch: int
    """The epoch that the steps start from."""
    index: int
    digests: tuple[Hash32, ...]
    """SHA-256 of the steps of index 1 .. N, as the patient signed their root."""
    sealed: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Renewed(Message):
    """The custodian has stepped; ``digest`` is the one of its letter."""

    deal: Hash32
    digest: Hash32


@dataclass(frozen=True, slots=True)
class RepairAsk(Message):
    """A custodian who lacks its share of an index asks t-1 others for their parts of it."""

    deal: Hash32
    index: int
    epoch: int
    helpers: bytes
    """The indices who take part, one byte each, ascending."""


@dataclass(frozen=True, slots=True)
class RepairMask(Message):
    """One helper's mask for another one, sealed; nobody else can take it off."""

    deal: Hash32
    index: int
    epoch: int
    helpers: bytes
    source: int
    """Index of the sender."""
    sealed: bytes


@dataclass(frozen=True, slots=True)
class RepairPart(Message):
    """One helper's masked part of the share, sealed to who lacks it; empty: refused."""

    deal: Hash32
    index: int
    epoch: int
    helpers: bytes
    source: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Entrust(Message):
    """A patient leaves a share of the wallet's master with a hospital."""

    patient: Address
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Entrusted(Message):
    """The hospital has stored it; ``digest`` is the container's."""

    patient: Address
    digest: Hash32


@dataclass(frozen=True, slots=True)
class Reclaim(Message):
    """Whom the registry has recovered a patient to asks for the share of the old master."""

    patient: Address
    """The lost account."""


@dataclass(frozen=True, slots=True)
class Reclaimed(Message):
    """The share, sealed to the X25519 key of the recovery; empty: refused."""

    patient: Address
    sealed: bytes
