"""The consent filter: who may have a block, by the finalised state of the own node.

Default deny.  A block is open to a peer when a root that *claims* the block has a rule for the
peer's operator, or when its writer called it public.  Links prove nothing: whoever knows a CID can
link to it (content-store.md, section 12).  Every judgement asks the store the same two questions,
whatever it holds, so that a refusal cannot be told from an absence by what it costs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import Final, Protocol

from node.base.types import MICROS_PER_SECOND, Address, Cid, Hash32
from node.ipfs_lite.blocks import AccessRule, BlockClass
from node.ipfs_lite.errors import NotFoundError
from node.ipfs_lite.tombstones import double_hash

HEAD_AGE_US_MAX: Final = 60 * MICROS_PER_SECOND
"""Without a new finalised head for longer, no grant counts: it may have been revoked since."""
REPLICA: Final = "replica"
OWNER: Final = "owner"
GRANT: Final = "grant"
_RAW_HEAD: Final = b"\x01\x55"
_SHA256_HEAD: Final = b"\x12\x20"
_INGEST_DOMAIN: Final = b"wardnet/ingest/1"


class Reason(Enum):
    """Why a decision fell; it never leaves the node."""

    PUBLIC = "public"
    REPLICA = "replica"
    OWNER = "owner"
    GRANT = "grant"
    NO_RULE = "no rule"
    NOT_YET = "not yet"
    ENDED = "ended"
    OLD_HEAD = "old head"
    """A grant would be active, and the finalised head has rested for too long."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the filter says."""

    is_allowed: bool
    reason: Reason


@dataclass(frozen=True, slots=True)
class FinalHead:
    """The finalised head, and when this node first saw it."""

    number: int
    hash: Hash32
    timestamp_s: int
    """The clock of every grant."""
    seen_us: int
    """Local time."""
    age_us_max: int = HEAD_AGE_US_MAX
    """For so long grants count by it: a chain with long periods has no newer one sooner."""


@dataclass(frozen=True, slots=True)
class AccessRecord:
    """One line of the local access log; the block stands in it by its double hash only."""

    peer: Address
    h2: bytes
    decision: Decision
    head: FinalHead
    at_us: int


class AccessIndex(Protocol):
    """The two questions of a judgement; every ``BlockStore`` answers them."""

    def rules_for(self, multihash: bytes, subject: bytes) -> tuple[AccessRule, ...]:
        """Give the rules of a subject over all roots that claim a block."""
        ...

    def class_of(self, cid: Cid) -> BlockClass:
        """Give the class of a block.  raises NotFoundError."""
        ...


def ingest_root(file: Cid, owner: Address) -> Cid:
    """Name the root under which a file that came from its owner's node is claimed.

    The file's own CID would not do: whoever has read it somewhere could hand over the same name
    and be taken for its owner without having the bytes, or hand over bytes that everybody has and
    come to own a root that claims more than them.
    """
    return Cid(_RAW_HEAD + _SHA256_HEAD + sha256(_INGEST_DOMAIN + owner + file).digest())


class ConsentFilter:
    """Judges by one store's claims and rules.

    ``log``   is told every judgement; None: there is no log.
    """

    def __init__(
        self, index: AccessIndex, log: Callable[[AccessRecord], None] | None = None
    ) -> None:
        self._index = index
        self._log = log

    def allowed(self, peer: Address, multihash: bytes, head: FinalHead, now: int) -> Decision:
        """Say whether a peer may have a block at ``now`` microseconds of the local clock."""
        rules = self._index.rules_for(multihash, peer)
        try:
            is_public = self._index.class_of(Cid(_RAW_HEAD + multihash)) is BlockClass.PUBLIC
        except NotFoundError:
            is_public = False
        decision = judge(rules, head, is_public=is_public, now=now)
        if self._log is not None:
            self._log(AccessRecord(peer, double_hash(multihash), decision, head, now))
        return decision


def is_recent(head: FinalHead, now: int) -> bool:
    """Say whether grants count by this head; a clock that was set back makes no head younger."""
    return abs(now - head.seen_us) <= head.age_us_max


def judge(rules: tuple[AccessRule, ...], head: FinalHead, *, is_public: bool, now: int) -> Decision:
    """Apply the rules of one peer over one block; the most lasting reason is the one given."""
    if is_public:
        return Decision(is_allowed=True, reason=Reason.PUBLIC)
    found = {_verdict(rule, head, now) for rule in rules}
    for reason in _LASTING:
        if reason in found:
            return Decision(is_allowed=True, reason=reason)
    for reason in _REFUSING:
        if reason in found:
            return Decision(is_allowed=False, reason=reason)
    return Decision(is_allowed=False, reason=Reason.NO_RULE)


_GIVING: Final = {REPLICA: Reason.REPLICA, OWNER: Reason.OWNER, GRANT: Reason.GRANT}
_LASTING: Final = (Reason.REPLICA, Reason.OWNER, Reason.GRANT)
_REFUSING: Final = (Reason.OLD_HEAD, Reason.NOT_YET, Reason.ENDED)


def _verdict(rule: AccessRule, head: FinalHead, now: int) -> Reason:
    if head.timestamp_s < rule.not_before_s:
        return Reason.NOT_YET
    if head.timestamp_s >= rule.not_after_s:
        return Reason.ENDED
    if rule.source == GRANT and not is_recent(head, now):
        return Reason.OLD_HEAD
    return _GIVING.get(rule.source, Reason.NO_RULE)
