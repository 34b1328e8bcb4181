"""Everything repair hears and everything it asks for (content-store.md, section 14)."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, TypeAlias

from node.base.types import Address, Cid
from node.ipfs_lite.assignments import Assignment
from node.ipfs_lite.events import ScheduleTimer, TimerExpired

# Values


class Member(NamedTuple):
    """A node of the network that keeps blocks."""

    address: Address
    operator: bytes


class ShareKind(Enum):
    """What is lost with a share, and who can bring it back."""

    KEY = "key"
    """A Shamir share.  Whoever interpolates it learns the key: it comes back as a copy of a
    replica, or by the owner's new deal."""
    FRAGMENT = "fragment"
    """A piece of ciphertext: anybody who fetches enough others can compute it."""


class CopyStage(Enum):
    """What a node tells the others about a copy that it makes."""

    STARTED = "started"
    DONE = "done"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True)
class Held:
    """An object and the nodes that should have it."""

    cid: Cid
    size_bytes: int
    """Of the whole graph below ``cid``."""
    holders: tuple[Address, ...]


# Events


@dataclass(frozen=True, slots=True)
class MembersChanged:
    """The nodes of the network; a new one counts as live, one that left does not."""

    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class SpaceChanged:
    """The own store takes so many bytes more."""

    free_bytes: int


@dataclass(frozen=True, slots=True)
class ObjectTracked:
    """An object that is no share, or a change of what was said about it."""

    object: Held
    rf_min: int
    rf_max: int


@dataclass(frozen=True, slots=True)
class SharesTracked:
    """The shares of one kind of one record, or a change of what was said about them.

    ``needed``    shares that open the record (or rebuild the ciphertext) when the patient brings
                  the essential one, which is never counted here: t-1 with it, t without.
    ``cap``       distinct shares of this set that one operator may hold.
    ``replicas``  copies of each share.
    """

    root: Cid
    kind: ShareKind
    shares: tuple[Held, ...]
    needed: int
    cap: int
    replicas: int = 1


@dataclass(frozen=True, slots=True)
class Untracked:
    """Nobody has to keep this any more: an object, and the shares of both kinds below it."""

    cid: Cid


@dataclass(frozen=True, slots=True)
class CopyProven:
    """A node answered a HAVE challenge: it lives, and has this."""

    peer: Address
    cid: Cid


@dataclass(frozen=True, slots=True)
class NothingToProve:
    """A connected node that should have nothing cannot be challenged: it lives by being there."""

    peer: Address


@dataclass(frozen=True, slots=True)
class CopyMissed:
    """A node that should have this said that it has not, or its bytes were wrong."""

    peer: Address
    cid: Cid


@dataclass(frozen=True, slots=True)
class CopyHeard:
    """A node told what became of a copy that it makes."""

    peer: Address
    cid: Cid
    stage: CopyStage


@dataclass(frozen=True, slots=True)
class CopyFinished:
    """A copy (or a computed fragment) that this machine asked for is durable in the own store."""

    cid: Cid


@dataclass(frozen=True, slots=True)
class CopyFailed:
    """A copy that this machine asked for did not come."""

    cid: Cid


# Effects


@dataclass(frozen=True, slots=True)
class StartCopy:
    """Fetch an object from ``holders``, keep it, and answer CopyFinished or CopyFailed."""

    cid: Cid
    size_bytes: int
    holders: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class RebuildFragment:
    """Compute a lost piece of ciphertext from ``sources``; answer as to StartCopy.

    Whatever comes out must have the CID ``cid``.  Never asked for a share of a key.
    """

    root: Cid
    cid: Cid
    size_bytes: int
    sources: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class CancelCopy:
    """Stop a copy: another node does the same and goes first.  No answer is wanted."""

    cid: Cid


@dataclass(frozen=True, slots=True)
class TellCopy:
    """Tell every other node what becomes of a copy that this node makes."""

    cid: Cid
    stage: CopyStage


@dataclass(frozen=True, slots=True)
class PlacementChanged:
    """A share has a further holder: the record's placement needs this row."""

    root: Cid
    row: Assignment


@dataclass(frozen=True, slots=True)
class ShareSetAtRisk:
    """One more loss and the record cannot be opened, or none is left to lose."""

    root: Cid
    kind: ShareKind
    live: int
    needed: int


@dataclass(frozen=True, slots=True)
class RequestRedeal:
    """Ask the owner for a new deal (a new epoch); sent by one node of the set."""

    root: Cid


RepairEvent: TypeAlias = (
    MembersChanged
    | SpaceChanged
    | ObjectTracked
    | SharesTracked
    | Untracked
    | CopyProven
    | NothingToProve
    | CopyMissed
    | CopyHeard
    | CopyFinished
    | CopyFailed
    | TimerExpired
)
RepairEffect: TypeAlias = (
    StartCopy
    | RebuildFragment
    | CancelCopy
    | TellCopy
    | PlacementChanged
    | ShareSetAtRisk
    | RequestRedeal
    | ScheduleTimer
)
