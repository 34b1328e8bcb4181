"""What goes wrong in the content store; the branch says who must act.

CIDs stand here as text, so that a message can be read and compared with other tools.
"""

from dataclasses import dataclass

from node.base.errors import (
    CorruptStoreError,
    OperatorError,
    PeerError,
    RefusedError,
    StorageError,
    UnavailableError,
)


@dataclass(eq=False)
class BadCidError(PeerError):
    """Bytes or text are no content identifier."""

    what: str

    def __str__(self) -> str:
        return f"no CID: {self.what}"


@dataclass(eq=False)
class HashNotAllowedError(PeerError):
    """A CID uses another hash than sha2-256 with 32 bytes (or identity, in a link)."""

    code: int
    digest_bytes: int

    def __str__(self) -> str:
        return (
            f"hash 0x{self.code:02x} with {self.digest_bytes} bytes is not allowed, "
            "wants sha2-256 (0x12) with 32 bytes"
        )


@dataclass(eq=False)
class BadNodeError(PeerError):
    """Bytes are no dag-pb node."""

    what: str

    def __str__(self) -> str:
        return f"no dag-pb node: {self.what}"


@dataclass(eq=False)
class BadUnixFsError(PeerError):
    """A block is a good dag-pb node and breaks a rule of UnixFS."""

    cid: str
    what: str

    def __str__(self) -> str:
        return f"UnixFS node {self.cid}: {self.what}"


@dataclass(eq=False)
class BlockMismatchError(PeerError):
    """Bytes offered under a CID have another hash."""

    cid: str

    def __str__(self) -> str:
        return f"the bytes offered as {self.cid} have another hash"


@dataclass(eq=False)
class BlockTooLargeError(PeerError):
    """A block is longer than the store and the wire take."""

    cid: str
    size_bytes: int
    bytes_max: int

    def __str__(self) -> str:
        return f"block {self.cid} has {self.size_bytes} bytes, at most {self.bytes_max}"


@dataclass(eq=False)
class BadWantListError(PeerError):
    """A want message that no peer may send."""

    what: str

    def __str__(self) -> str:
        return f"no want list: {self.what}"


@dataclass(eq=False)
class ReadBudgetError(RefusedError):
    """A file gives more bytes, or has more nodes, than its reader allows."""

    cid: str
    what: str

    def __str__(self) -> str:
        return f"{self.cid} is refused: {self.what}"


@dataclass(eq=False)
class NotFoundError(UnavailableError):
    """A block that is not here; a refused one looks the same to a peer."""

    cid: str

    def __str__(self) -> str:
        return f"block {self.cid} not found"


@dataclass(eq=False)
class CorruptBlockError(StorageError):
    """Stored bytes no longer have the hash of their CID; they were given to nobody."""

    cid: str

    def __str__(self) -> str:
        return f"block {self.cid} is corrupt in this store: its bytes have another hash"


@dataclass(eq=False)
class StoreFullError(StorageError):
    """A block does not fit any more."""

    cid: str
    size_bytes: int
    free_bytes: int

    def __str__(self) -> str:
        return f"block {self.cid} of {self.size_bytes} bytes: only {self.free_bytes} bytes free"


@dataclass(eq=False)
class PlacementInputError(OperatorError):
    """The question itself is wrong: a doubled share, an unusable operator, no replicas."""

    what: str

    def __str__(self) -> str:
        return self.what


@dataclass(eq=False)
class PlacementInfeasibleError(RefusedError):
    """The shares cannot be placed under the cap; nothing was placed."""

    needed: int
    """Copies to place: shares times replicas."""
    possible: int
    """Copies that the operators could take at most."""
    operators: int
    cap: int
    """Shares that one operator may hold."""
    remedy: str
    """What would make it possible, in words."""

    def __str__(self) -> str:
        return (
            f"{self.needed} copies of shares to place, {self.operators} operators "
            f"with at most {self.cap} each take {self.possible}: needs {self.remedy}"
        )


@dataclass(eq=False)
class BadCborError(PeerError):
    """Bytes are no dag-cbor, or use a part of it that is not read here."""

    what: str

    def __str__(self) -> str:
        return f"no dag-cbor: {self.what}"


@dataclass(eq=False)
class BadCarError(PeerError):
    """A CAR file is refused; what came before is kept only until its guard ends."""

    what: str
    last_good: str | None
    """The CID of the last block that held, None before the first."""

    def __str__(self) -> str:
        after = f"after {self.last_good}" if self.last_good else "before its first block"
        return f"no CAR file: {self.what} ({after})"


@dataclass(eq=False)
class HamtTooDeepError(RefusedError):
    """Names of a directory share all 64 bits of their hash: no shard can part them."""

    name: str

    def __str__(self) -> str:
        return f"{self.name!r} cannot be told from another name by its hash: rename it"


@dataclass(eq=False)
class BadPathError(RefusedError):
    """A path leads nowhere, whatever blocks were here."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path!r}: {self.what}"


@dataclass(eq=False)
class UnsafeNameError(RefusedError):
    """An entry of a directory has a name or a target that must not be written to a disk."""

    name: str
    what: str

    def __str__(self) -> str:
        return f"entry {self.name!r} is not written to disk: {self.what}"


@dataclass(eq=False)
class TombstonedError(RefusedError):
    """A block was erased by order: it is neither taken nor fetched again."""

    cid: str

    def __str__(self) -> str:
        return f"block {self.cid} was erased by order and is not taken again"


@dataclass(eq=False)
class PinnedError(RefusedError):
    """A block that something holds cannot be removed."""

    cid: str
    reason: str
    """What holds it, in words: ``pinned recursively``, ``below the pin bafy...``."""

    def __str__(self) -> str:
        return f"block {self.cid} is not removed: it is {self.reason}"


@dataclass(eq=False)
class PinConflictError(RefusedError):
    """A pin cannot be made or taken off as it was asked."""

    cid: str
    what: str

    def __str__(self) -> str:
        return f"{self.cid}: {self.what}"


@dataclass(eq=False)
class IncompleteError(UnavailableError):
    """A graph has blocks that are not here, so nothing was pinned."""

    root: str
    missing: tuple[str, ...]
    """Some of the missing blocks, in the order in which they were missed."""

    def __str__(self) -> str:
        return f"{self.root} is not whole here, missing {', '.join(self.missing)}"


@dataclass(eq=False)
class RetentionError(RefusedError):
    """An erasure comes before a duty to keep has ended."""

    root: str
    until_s: int

    def __str__(self) -> str:
        return f"{self.root} must be kept until {self.until_s} s after the epoch"


@dataclass(eq=False)
class ErasureUnfinishedError(StorageError):
    """Blocks are deleted, and the log of the index still has their bytes: nothing is signed."""

    order_id: str

    def __str__(self) -> str:
        return (
            f"erasure {self.order_id} is not finished: a reader of the index keeps its log open, "
            "and deleted bytes may be in it; end the readers and repeat the order"
        )


@dataclass(eq=False)
class ReadOnlyError(StorageError):
    """The disk failed a write: the store takes no more until it is opened anew."""

    why: str

    def __str__(self) -> str:
        return f"the store is read-only until it is opened again: {self.why}"


@dataclass(eq=False)
class StoreKeyError(StorageError):
    """The key of an encrypted store is missing or is another one."""

    what: str

    def __str__(self) -> str:
        return f"store key: {self.what}"


@dataclass(eq=False)
class DamagedIndexError(CorruptStoreError):
    """The index of a block store cannot be read; the store lies in ``directory``."""

    directory: str

    @property
    def hint(self) -> str:
        """What to do: blocks without an index have no pins, and nobody knows who may read them."""
        return (
            f"restore {self.directory} from a backup, or move it away, make a new store "
            "(wardnet store init) and fetch what was pinned from other nodes"
        )


@dataclass(eq=False)
class NotEnoughReplicasError(UnavailableError):
    """Fewer nodes can keep an object than its pin asks for."""

    cid: str
    needed: int
    reachable: int

    def __str__(self) -> str:
        return f"{self.cid} needs {self.needed} copies, {self.reachable} nodes can be reached"


@dataclass(eq=False)
class HttpRefusedError(PeerError):
    """A request over HTTP cannot be answered, whatever blocks are here."""

    status: int
    what: str
    """Goes to the client."""

    def __str__(self) -> str:
        return f"{self.status}: {self.what}"
