"""What a flow may ask of a node, and what it gets back.

Flows are generators: they yield an ``Ask`` and are resumed with the answer, or with the error
thrown in.  A simulated node and a real one answer the same requests, so a flow knows neither.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from node.base.types import ZERO_ADDRESS, Address, Cid, Hash32
from node.evm.receipts import Log
from node.ipfs_lite.blocks import BlockClass
from node.privacy.deposits import DepositLetter
from node.privacy.renewals import RenewalLetter

T = TypeVar("T")

SETTLED_BLOCKS: Final = 2


@dataclass(frozen=True, slots=True)
class Submit:
    """Put a signed transaction into the pool.  Answer: its hash (Hash32)."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class AwaitInclusion:
    """Wait until a transaction's block is final, or (``final`` False) settled.

    Settled: SETTLED_BLOCKS stand on top of it.  A block at the head is not enough to build the
    next step on: Clique replaces one now and then by its in-turn twin.  Answer: Inclusion.
    """

    tx_hash: Hash32
    final: bool = True


@dataclass(frozen=True, slots=True)
class Call:
    """Run a read-only call at the head.  Answer: bytes; fails with CallRevertedError."""

    to: Address
    data: bytes
    sender: Address = ZERO_ADDRESS
    value_wei: int = 0


@dataclass(frozen=True, slots=True)
class NextNonce:
    """Answer: the nonce after all of this sender's transactions, those in the pool included."""

    sender: Address


@dataclass(frozen=True, slots=True)
class TakeHead:
    """Answer: HeadFacts of the head, or of the block ``back`` below the final one."""

    final: bool = False
    back: int = 0


@dataclass(frozen=True, slots=True)
class Put:
    """Add bytes as a UnixFS file to this node's store.  Answer: its root (Cid)."""

    data: bytes
    klass: BlockClass
    copies: tuple[Address, ...] = ()
    """Who was chosen to keep a copy, and may have it; of sealed bytes nobody else may."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """Have these files on this node, from ``holders`` or any peer.

    Answer: tuple[bytes, ...], one each.
    """

    cids: tuple[Cid, ...]
    holders: tuple[Address, ...]
    klass: BlockClass = BlockClass.SEALED
    """What the blocks count as here: nobody else gets sealed ones from this node."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Forget a file that others hold now.  Answer: None."""

    cid: Cid


@dataclass(frozen=True, slots=True)
class HandShare:
    """Hand a dealt share to a custodian.  Answer: the digest it keeps (Hash32)."""

    custodian: Address
    deal_id: Hash32
    manifest: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True)
class LeaveDeposit:
    """Leave a grant share with a custodian.  Answer: the digest it keeps (Hash32)."""

    custodian: Address
    letter: DepositLetter


@dataclass(frozen=True, slots=True)
class AskRelease:
    """Send a release request to a custodian.  Answer: Release."""

    custodian: Address
    request: bytes


@dataclass(frozen=True, slots=True)
class SendRenewal:
    """Move a custodian's share of a deal to its next epoch.  Answer: its letter's digest (Hash32).

    The answer says that the custodian has stepped.
    """

    custodian: Address
    letter: RenewalLetter


@dataclass(frozen=True, slots=True)
class EntrustShare:
    """Leave a share of a wallet's master with a hospital.  Answer: the digest it keeps (Hash32).

    ``sealed``    a container of kind 5, sealed to the hospital's key.
    """

    custodian: Address
    patient: Address
    sealed: bytes


@dataclass(frozen=True, slots=True)
class ReclaimShare:
    """Ask a hospital for the share of the old master after a recovery that is final.

    ``patient``   the lost account.

    Answer: the share, sealed to the X25519 key that the registry has for the new account (bytes).
    """

    custodian: Address
    patient: Address


@dataclass(frozen=True, slots=True)
class AwaitFinalTime:
    """Wait until the final block's time is at least this.  Answer: HeadFacts of that block."""

    timestamp_s: int


@dataclass(frozen=True, slots=True)
class VoteOnKey:
    """Have this node's engine vote in headers on a key: in, out, or no more (None).  Answer: None.

    An engine that knows no such votes does nothing.
    """

    subject: Address
    authorize: bool | None


Request: TypeAlias = (
    Submit
    | AwaitInclusion
    | Call
    | NextNonce
    | TakeHead
    | Put
    | Fetch
    | Drop
    | HandShare
    | LeaveDeposit
    | AskRelease
    | SendRenewal
    | EntrustShare
    | ReclaimShare
    | AwaitFinalTime
    | VoteOnKey
)


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Where a final transaction stands and what it did."""

    tx_hash: Hash32
    block_hash: Hash32
    number: int
    timestamp: int
    succeeded: bool
    gas_used: int
    logs: tuple[Log, ...]


@dataclass(frozen=True, slots=True)
class HeadFacts:
    """A block as a flow sees it."""

    hash: Hash32
    number: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class Release:
    """A custodian's answer: a signed receipt (297 bytes) and the sealed share, empty if refused."""

    receipt: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to one node, named by its validator address."""

    node: Address
    request: Request


Flow: TypeAlias = Generator[Ask, object, T]
"""A flow that ends with a T."""
