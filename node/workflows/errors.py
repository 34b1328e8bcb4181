"""How a flow ends when it does not end well."""

from dataclasses import dataclass
from typing import Final, Self

from node.base.errors import RefusedError, UnavailableError
from node.base.types import Address, Cid
from node.contracts.reverts import decode_error

NO_REASON: Final = "RevertedWithoutReason"
"""Name of a revert that returns nothing: no such function, no gas left."""


@dataclass(eq=False)
class ContractRevertError(RefusedError):
    """A contract refused a call; ``name`` is its custom error."""

    name: str
    values: tuple[object, ...]

    def __str__(self) -> str:
        values = ", ".join(_show(value) for value in self.values)
        return f"{self.name}({values})"

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """Read the return data of a reverted call."""
        reason = decode_error(data)
        return cls(reason.name or NO_REASON, reason.args)


@dataclass(eq=False)
class CommitmentError(RefusedError):
    """A record that was opened is not the one the ledger commits to."""

    record: str

    def __str__(self) -> str:
        return f"{self.record} does not hash to the commitment on the ledger"


@dataclass(eq=False)
class ModalityError(RefusedError):
    """A study is of another modality than the one that was ordered."""

    ordered: str
    got: str

    def __str__(self) -> str:
        return f"the order is for {self.ordered}, the study is {self.got or 'of no modality'}"


@dataclass(eq=False)
class ReadingsDifferError(RefusedError):
    """Readings that were opened are not those that the ledger has a root of."""

    device: Address
    first_sequence: int

    def __str__(self) -> str:
        return (
            f"readings from {self.first_sequence} of device 0x{self.device.hex()} are not those "
            "that were filed"
        )


@dataclass(eq=False)
class NothingUnusualError(RefusedError):
    """No reading of a batch deviates from the patient's own baseline, or all were told of."""

    device: str
    count: int

    def __str__(self) -> str:
        return f"{self.device}: none of {self.count} readings deviates that was not told of"


@dataclass(eq=False)
class NoGrantError(RefusedError):
    """A reader was never told of a grant for a record."""

    doctor: str
    pmr_id: int

    def __str__(self) -> str:
        return f"{self.doctor} holds no grant for PMR {self.pmr_id}"


@dataclass(eq=False)
class ClaimUnreadError(RefusedError):
    """An insurer decides no claim for entries that its grant does not open."""

    claim_id: int
    entries: tuple[int, ...]

    def __str__(self) -> str:
        named = ", ".join(map(str, self.entries))
        return f"claim {self.claim_id} is for entries that the grant does not open: {named}"


@dataclass(eq=False)
class ClaimDiffersError(RefusedError):
    """The sealed details of a claim are not what the ledger says of it."""

    claim_id: int
    how: str

    def __str__(self) -> str:
        return f"the record of claim {self.claim_id} {self.how}"


@dataclass(eq=False)
class TooManyRequestsError(UnavailableError):
    """A node has as many open requests of its own clients as it keeps."""

    limit: int

    def __str__(self) -> str:
        return f"{self.limit} requests wait for an answer already"


@dataclass(eq=False)
class CustodianSilentError(UnavailableError):
    """A custodian cannot be asked now, or gave no answer in its time."""

    custodian: Address
    what: str

    def __str__(self) -> str:
        return f"custodian 0x{self.custodian.hex()} does not answer: {self.what}"


@dataclass(eq=False)
class CustodianRefusedError(RefusedError):
    """A custodian says no, and says so: it is past the epoch, or a recovery is not final."""

    custodian: Address
    what: str

    def __str__(self) -> str:
        return f"custodian 0x{self.custodian.hex()} refuses: {self.what}"


@dataclass(eq=False)
class FetchFailedError(UnavailableError):
    """Blocks of a record are not to be had now; nobody can tell refusal from absence."""

    missing: tuple[Cid, ...]
    asked: tuple[Address, ...]
    why: str

    def __str__(self) -> str:
        first = f"0x{self.missing[0].hex()}" if self.missing else "none"
        return (
            f"{len(self.missing)} blocks missing (first {first}), "
            f"{len(self.asked)} peers asked: {self.why}"
        )


@dataclass(eq=False)
class FragmentsMissingError(UnavailableError):
    """Too few fragments of a record are to be had; ``faults`` are (index, cause) of the others."""

    have: int
    need: int
    faults: tuple[tuple[int, str], ...]

    def __str__(self) -> str:
        named = "; ".join(f"index {index}: {why}" for index, why in self.faults)
        return f"{self.have} of {self.need} needed fragments are to be had ({named})"


def _show(value: object) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
