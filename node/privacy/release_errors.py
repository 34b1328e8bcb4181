"""What can go wrong between patient, custodian and grantee."""

from dataclasses import dataclass
from typing import ClassVar

from node.base.errors import OperatorError, PeerError, RefusedError, StorageError


@dataclass(eq=False)
class SealedBoxError(PeerError):
    """A sealed message does not open: another key, another purpose, or changed bytes."""

    why: str

    def __str__(self) -> str:
        return f"the sealed message does not open: {self.why}"


@dataclass(eq=False)
class SealingKeyError(PeerError):
    """A public key is no X25519 key that can be sealed to."""

    why: str

    def __str__(self) -> str:
        return f"no usable X25519 public key: {self.why}"


@dataclass(eq=False)
class ConsentFieldError(OperatorError):
    """A field of a consent, deposit or revocation says what cannot be."""

    field: str
    want: str
    got: str

    def __str__(self) -> str:
        return f"{self.field}: wants {self.want}, got {self.got}"


@dataclass(eq=False)
class ReleaseFormatError(PeerError):
    """Bytes are no request, receipt or answer; ``code`` is the rule that they break."""

    what: str
    code: str

    def __str__(self) -> str:
        return f"malformed {self.what}: {self.code}"


@dataclass(eq=False)
class CustodyError(PeerError):
    """A custodian does not take a deal or a deposit; ``code`` is the rule that it breaks."""

    code: str
    why: str

    def __str__(self) -> str:
        return f"not taken into custody ({self.code}): {self.why}"


@dataclass(eq=False)
class BadReceiptError(PeerError):
    """A custodian's receipt is not for this request, or not signed by the custodian."""

    index: int
    why: str

    def __str__(self) -> str:
        return f"the receipt of index {self.index} does not stand: {self.why}"


@dataclass(eq=False)
class BadCertificateError(PeerError):
    """An erasure certificate is not signed by the custodian who is said to have erased."""

    index: int
    why: str

    def __str__(self) -> str:
        return f"the erasure certificate of index {self.index} does not stand: {self.why}"


@dataclass(eq=False)
class UnknownDealError(OperatorError):
    """A wallet holds no essential share of a deal."""

    deal_id: bytes

    def __str__(self) -> str:
        return f"the wallet holds no share of deal {self.deal_id.hex()}"


@dataclass(eq=False)
class GrantNotActiveError(RefusedError):
    """Custodians refused; ``status`` is what the one of the lowest index said."""

    code: ClassVar[str] = "refused"
    status: str
    refusals: tuple[tuple[int, str], ...]

    def __str__(self) -> str:
        named = ", ".join(f"{index}: {status}" for index, status in self.refusals)
        return f"custodians refuse ({named})"


@dataclass(eq=False)
class RefreshMissingError(OperatorError):
    """A custodian has no step into the next epoch of a deal: the wallet left too few."""

    deal_id: bytes
    epoch: int

    def __str__(self) -> str:
        return f"no step into epoch {self.epoch} of deal {self.deal_id.hex()}"


@dataclass(eq=False)
class CustodyKeyError(StorageError):
    """The key of a custody store is malformed or is another one."""

    what: str

    def __str__(self) -> str:
        return f"custody key: {self.what}"
