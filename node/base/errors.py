"""The tree of errors that are expected in operation.

The branch says who must act, the fields say what happened, the class makes the sentence.  Every
class is an unfrozen dataclass without value equality: a frozen one breaks when the exception
passes through a context manager, and value equality would make it unhashable.

Subclasses live beside the code that raises them when only one folder knows their fields, and
here when several folders raise or answer them.
"""

from dataclasses import dataclass, fields
from typing import ClassVar, Self


@dataclass(eq=False)
class WardnetError(Exception):
    """Root of every error that is expected in operation."""

    rpc_code: ClassVar[int] = -32603
    exit_code: ClassVar[int] = 3

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        return type(self), tuple(getattr(self, field.name) for field in fields(self))

    def __str__(self) -> str:
        return ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in fields(self))


@dataclass(eq=False)
class OperatorError(WardnetError):
    """The person at the keyboard must act."""

    rpc_code: ClassVar[int] = -32603
    exit_code: ClassVar[int] = 2


@dataclass(eq=False)
class ConfigError(OperatorError):
    """A setting is wrong; ``what`` names it and says what would be right."""

    what: str

    def __str__(self) -> str:
        return self.what


@dataclass(eq=False)
class UsageError(OperatorError):
    """A command was called with words that it does not take."""

    what: str

    def __str__(self) -> str:
        return self.what


@dataclass(eq=False)
class PeerError(WardnetError):
    """A peer, or data from outside, broke a rule: drop, count, never retry."""

    rpc_code: ClassVar[int] = -32000


@dataclass(eq=False)
class FrameError(PeerError):
    """Bytes from a peer are no frame of the wire protocol."""

    what: str

    def __str__(self) -> str:
        return self.what


@dataclass(eq=False)
class CodecError(PeerError):
    """Bytes from outside break the rules of their encoding."""

    codec: str
    what: str

    def __str__(self) -> str:
        return f"{self.codec}: {self.what}"


@dataclass(eq=False)
class InvalidMessageError(PeerError):
    """A well-formed message says something that cannot be."""

    what: str

    def __str__(self) -> str:
        return self.what


@dataclass(eq=False)
class InvalidBlockError(PeerError):
    """A block breaks ``rule``; ``want`` is what the rule asks for, ``got`` what stands there."""

    rule: str
    want: str
    got: str

    def __str__(self) -> str:
        return f"block breaks {self.rule}: wants {self.want}, got {self.got}"


@dataclass(eq=False)
class RefusedError(WardnetError):
    """A rule of the network says no."""

    rpc_code: ClassVar[int] = -32001
    exit_code: ClassVar[int] = 1


@dataclass(eq=False)
class CallRevertedError(RefusedError):
    """A contract reverted; ``data`` is its return data (selector of a custom error first)."""

    rpc_code: ClassVar[int] = 3
    data: bytes

    def __str__(self) -> str:
        return f"execution reverted: 0x{self.data.hex()}"


@dataclass(eq=False)
class UnavailableError(WardnetError):
    """The right request at the wrong moment."""

    rpc_code: ClassVar[int] = -32000


@dataclass(eq=False)
class UnknownBlockError(UnavailableError):
    """A block that this node does not have."""

    block: str

    def __str__(self) -> str:
        return f"block {self.block} is not known here"


@dataclass(eq=False)
class ValidatorSetUnavailableError(UnavailableError):
    """No validator set can be read after ``block``: a validator neither proposes nor votes."""

    block: str
    why: str

    def __str__(self) -> str:
        return f"no validator set after block {self.block}: {self.why}"


@dataclass(eq=False)
class StorageError(WardnetError):
    """The disk, or what lies on it, is at fault."""

    rpc_code: ClassVar[int] = -32603
    exit_code: ClassVar[int] = 3


@dataclass(eq=False)
class CorruptStoreError(StorageError):
    """Stored bytes are not what their key says; ``key`` names the place."""

    store: str
    key: str
    what: str

    def __str__(self) -> str:
        return f"{self.store}: {self.key}: {self.what}"
