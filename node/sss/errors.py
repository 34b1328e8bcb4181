"""What can go wrong with shares, and who must act (secret-sharing.md section 13).

Every one of them is raised before any plaintext exists.
"""

from dataclasses import dataclass
from typing import ClassVar

from node.base.errors import OperatorError, PeerError, UnavailableError


def holders_text(t: int, n: int) -> str:
    """Name a plan both ways: a (3,5) deal is 2 of 4 custodians besides the patient."""
    return f"{t - 1} of {n - 1} custodians (t={t}, n={n})"


@dataclass(eq=False)
class SharingPlanError(OperatorError):
    """No deal can have these ``t`` and ``n``; ``rule`` is what they break."""

    t: int
    n: int
    rule: str

    def __str__(self) -> str:
        return f"t={self.t}, n={self.n}: {self.rule}"


@dataclass(eq=False)
class UnknownSchemeError(OperatorError):
    """No sharing scheme that can be used has this name."""

    name: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        return f"no sharing scheme {self.name!r}: known are {', '.join(self.known)}"


@dataclass(eq=False)
class EmptyRecordError(OperatorError):
    """A record of zero bytes cannot be dealt."""

    def __str__(self) -> str:
        return "the record is empty: a deal needs at least 1 byte"


@dataclass(eq=False)
class RecordTooLongError(OperatorError):
    """A record is longer than one deal can hold."""

    length: int
    limit: int

    def __str__(self) -> str:
        return f"the record has {self.length} bytes, at most {self.limit} fit into one deal"


@dataclass(eq=False)
class SourceChangedError(OperatorError):
    """A file grew or shrank while it was read; ``found`` is how far it was read."""

    length: int
    found: int

    def __str__(self) -> str:
        more = "more" if self.found > self.length else f"only {self.found}"
        return f"the record should have {self.length} bytes and has {more}: it changed while read"


@dataclass(eq=False)
class SeedReuseError(OperatorError):
    """A seed of the sharing stream came a second time: the source of entropy is broken."""

    def __str__(self) -> str:
        return "this seed has served before: a seed serves one deal"


@dataclass(eq=False)
class SeedExhaustedError(OperatorError):
    """A seed has given all the bytes it may give."""

    limit: int

    def __str__(self) -> str:
        return f"one seed gives at most {self.limit} bytes"


@dataclass(eq=False)
class SimulatedSecretError(OperatorError):
    """Secrets of a simulation and secrets of a real network met."""

    what: str

    def __str__(self) -> str:
        return self.what


@dataclass(eq=False)
class StaleEpochError(OperatorError):
    """A refresh step is not the one after the share's epoch."""

    epoch: int
    step: int

    def __str__(self) -> str:
        return f"a share of epoch {self.epoch} takes step {self.epoch + 1}, not {self.step}"


@dataclass(eq=False)
class WrongEssentialShareError(OperatorError):
    """The patient's share is not there, or is not the one of this deal and epoch."""

    code: ClassVar[str] = "essential"
    why: str

    def __str__(self) -> str:
        return f"the essential share is wrong: {self.why}"


@dataclass(eq=False)
class EssentialTextError(OperatorError):
    """A share cannot be a line of text; ``why`` says what it is."""

    why: str

    def __str__(self) -> str:
        return f"no essential share for a QR code: {self.why}"


@dataclass(eq=False)
class ShareFormatError(PeerError):
    """Bytes are no share, deal header or manifest; ``code`` is the rule of section 5.

    ``index`` is what the bytes claim to be the holder's index, None where they are too broken.
    """

    code: str
    index: int | None = None

    def __str__(self) -> str:
        where = "" if self.index is None else f" (index {self.index})"
        return f"malformed share data: {self.code}{where}"


@dataclass(eq=False)
class DuplicateShareError(PeerError):
    """Two shares of one index were given, equal or not."""

    x: int

    def __str__(self) -> str:
        return f"two shares have the index {self.x}"


@dataclass(eq=False)
class MixedRecordsError(PeerError):
    """Shares or manifests of different deals were given together."""

    want: bytes
    got: bytes

    def __str__(self) -> str:
        return f"shares of different deals: wants {self.want.hex()}, got {self.got.hex()}"


@dataclass(eq=False)
class MixedEpochsError(PeerError):
    """Shares of different epochs were given together."""

    code: ClassVar[str] = "epoch"
    epochs: tuple[int, ...]

    def __str__(self) -> str:
        return f"shares of different epochs: {', '.join(map(str, self.epochs))}"


@dataclass(eq=False)
class WrongKeyError(PeerError):
    """No set of the given shares makes the key that the deal commits to.

    ``liars`` are the indices whose shares are proved wrong; empty when that cannot be told.
    """

    code: ClassVar[str] = "key"
    liars: tuple[int, ...] = ()

    def __str__(self) -> str:
        named = f"; wrong shares: {', '.join(map(str, self.liars))}" if self.liars else ""
        return f"the shares do not make the committed key{named}"


@dataclass(eq=False)
class WrongSecretError(PeerError):
    """No set of the given shares makes the message that the deal commits to (schemes 2 and 3).

    ``liars`` are the indices whose shares are proved wrong; empty when that cannot be told.
    """

    code: ClassVar[str] = "secret"
    liars: tuple[int, ...] = ()

    def __str__(self) -> str:
        named = f"; wrong shares: {', '.join(map(str, self.liars))}" if self.liars else ""
        return f"the shares do not make the committed secret{named}"


@dataclass(eq=False)
class TamperedRecordError(PeerError):
    """The key is right and the ciphertext is not: the fragments are at fault."""

    code: ClassVar[str] = "tampered"
    indices: tuple[int, ...]

    def __str__(self) -> str:
        return f"the fragments {', '.join(map(str, self.indices))} make no authentic record"


@dataclass(eq=False)
class FragmentMismatchError(PeerError):
    """A container is not the one that the manifest lists for its index: fetch another."""

    code: ClassVar[str] = "mismatch"
    index: int

    def __str__(self) -> str:
        return f"the container of index {self.index} differs from the manifest"


@dataclass(eq=False)
class InconsistentSharesError(PeerError):
    """More shares than needed came, and no commitment says which of them are wrong."""

    code: ClassVar[str] = "inconsistent"
    present: tuple[int, ...]

    def __str__(self) -> str:
        named = ", ".join(map(str, self.present))
        return f"the shares {named} do not lie on one polynomial: at least one is wrong"


@dataclass(eq=False)
class RepairPlanError(PeerError):
    """No share can be repaired this way; ``rule`` is what the plan or a part of it breaks."""

    code: ClassVar[str] = "repair"
    target: int
    helpers: tuple[int, ...]
    rule: str

    def __str__(self) -> str:
        named = ", ".join(map(str, self.helpers)) or "nobody"
        return f"repair of index {self.target} by {named}: {self.rule}"


@dataclass(eq=False)
class ShareMissingError(UnavailableError):
    """Too few shares or fragments were given; ``present`` are the indices that were."""

    code: ClassVar[str] = "too-few"
    have: int
    need: int
    present: tuple[int, ...]

    def __str__(self) -> str:
        named = ", ".join(map(str, self.present)) or "none"
        return f"{self.have} of {self.need} needed custodian indices are present: {named}"
