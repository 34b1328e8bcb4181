"""What can go wrong between a hospital's record and what leaves the hospital.

No class here ever carries a value of a record: tags, places and rules only.
"""

from dataclasses import dataclass

from node.base.errors import OperatorError, PeerError, RefusedError
from node.base.types import Address


@dataclass(eq=False)
class NotDicomError(PeerError):
    """Bytes that are no DICOM file which this node can take as an object."""

    what: str

    def __str__(self) -> str:
        return f"no DICOM file: {self.what}"


@dataclass(eq=False)
class TruncatedDicomError(PeerError):
    """A DICOM file that ends before its own elements say, or has an unreadable rest.

    ``where`` names an element of the dictionary and the byte offset, never a value.
    """

    where: str
    what: str

    def __str__(self) -> str:
        return f"truncated DICOM file: {self.where}: {self.what}"


@dataclass(eq=False)
class MalformedDicomError(PeerError):
    """A complete DICOM file that breaks a rule of the encoding."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"malformed DICOM file: {self.where}: {self.what}"


@dataclass(eq=False)
class DicomLimitError(PeerError):
    """A DICOM file exceeds a limit of ``node.base.limits``."""

    limit: str
    at_most: int

    def __str__(self) -> str:
        return f"DICOM file exceeds {self.limit} = {self.at_most}"


@dataclass(eq=False)
class UnsupportedObjectError(RefusedError):
    """A kind of object that the profile would leave empty or invalid; the original is untouched."""

    sop_class: str
    """The rule that matched: a UID of the standard, or one ending in ``.*``."""
    what: str

    def __str__(self) -> str:
        return f"{self.sop_class} ({self.what}) is not de-identified here"


@dataclass(eq=False)
class AlreadyDeidentifiedError(RefusedError):
    """A file that wardnet wrote itself: mapping its identifiers twice would break every link."""

    where: str

    def __str__(self) -> str:
        return f"wardnet has de-identified this file before: {self.where}"


@dataclass(eq=False)
class QuarantineRequiredError(RefusedError):
    """The picture may show the patient's name: somebody has to look before it leaves."""

    reason: str

    def __str__(self) -> str:
        return f"quarantine required: {self.reason}"


@dataclass(eq=False)
class MissingSiteKeyError(OperatorError):
    """A pseudonym needs the site key: 32 bytes."""

    length: int

    def __str__(self) -> str:
        return f"the site key has {self.length} bytes, wants 32"


@dataclass(eq=False)
class UnknownStudyError(OperatorError):
    """A study name that no source knows; ``nearest`` is what was perhaps meant."""

    name: str
    nearest: str

    def __str__(self) -> str:
        hint = f"; did you mean {self.nearest}?" if self.nearest else ""
        return f"unknown study {self.name!r}, wants pydicom:NAME{hint}"


@dataclass(eq=False)
class StudyNotHereError(OperatorError):
    """A study that pydicom would have to download, which wardnet never does."""

    name: str

    def __str__(self) -> str:
        return (
            f"study {self.name!r} is not part of the installed pydicom and nothing is downloaded; "
            "the package pydicom-data brings it"
        )


@dataclass(eq=False)
class RecordError(PeerError):
    """A record has the wrong shape; ``key`` is the path to it, such as ``diagnosis[0].code``."""

    key: str
    what: str

    def __str__(self) -> str:
        return f"record: {self.key}: {self.what}"


@dataclass(eq=False)
class MerkleError(OperatorError):
    """A tree without leaves, or a leaf that it does not have."""

    what: str

    def __str__(self) -> str:
        return f"merkle tree: {self.what}"


@dataclass(eq=False)
class ReadingSignatureError(PeerError):
    """A reading is not signed by the device whose batch it stands in."""

    device: Address
    sequence: int

    def __str__(self) -> str:
        return f"reading {self.sequence} is not signed by device 0x{self.device.hex()}"


@dataclass(eq=False)
class ExportTooSmallError(RefusedError):
    """Too few participants for groups that hide anybody."""

    rows: int
    needed: int

    def __str__(self) -> str:
        return f"{self.rows} participants with a coded diagnosis, an export needs {self.needed}"


@dataclass(eq=False)
class ExportSuppressedError(RefusedError):
    """All participants together are one group, and even that one shows too much."""

    rows: int
    k: int
    diversity: int

    def __str__(self) -> str:
        return (
            f"{self.rows} participants cannot be grouped with k = {self.k} and "
            f"{self.diversity} different diagnoses in each group"
        )
