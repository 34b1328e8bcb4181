"""What can go wrong between Python values and contract bytes."""

from dataclasses import dataclass

from node.base.errors import CodecError, ConfigError, OperatorError


@dataclass(eq=False)
class CallArgumentError(OperatorError):
    """A value does not fit the contract argument it is meant for."""

    function: str
    what: str

    def __str__(self) -> str:
        return f"{self.function}: {self.what}"


@dataclass(eq=False)
class AbiDataError(CodecError):
    """Bytes that a contract returned or logged do not have the declared shape."""


@dataclass(eq=False)
class CidFormError(OperatorError):
    """A content identifier has a form that the ledger does not store."""

    cid: bytes
    what: str

    def __str__(self) -> str:
        return f"cid 0x{self.cid.hex()}: {self.what}"


@dataclass(eq=False)
class PmrIdError(OperatorError):
    """A PMR-ID, or one of its parts, cannot be."""

    what: str

    def __str__(self) -> str:
        return self.what


@dataclass(eq=False)
class ArtifactError(ConfigError):
    """A compiled contract is missing, or is not what its sources say."""


@dataclass(eq=False)
class DeploymentError(ConfigError):
    """The contracts cannot be built on this state with these settings."""
