"""What goes wrong in the content store; the branch says who must act.

CIDs stand here as text, so that a message can be read and compared with other tools.
"""

from dataclasses import dataclass

from node.base.errors import (
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
        return f"{self.cid} is no UnixFS file: {self.what}"


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
