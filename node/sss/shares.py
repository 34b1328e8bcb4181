"""The bytes of a deal header and of a share container, and decoders that take nothing else.

Layouts, order of checks and error codes: secret-sharing.md section 5.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from hashlib import sha256
from math import comb
from typing import Final, Self

from node.base.limits import HOLDERS_COUNT_MAX, RECORD_BYTES_MAX
from node.base.types import Address
from node.sss.errors import ShareFormatError
from node.sss.reed_solomon import fragment_length
from node.sss.scalars import is_scalar

Octets = bytes | bytearray | memoryview
"""What the public functions take as data; str and lists of ints are refused with TypeError."""

HEADER_BYTES: Final = 136
CONTAINER_HEAD_BYTES: Final = 88
CONTAINER_FRAME_BYTES: Final = 120
"""A container without its payload."""
ZERO_SALT: Final = bytes(32)
TAG_BYTES: Final = 16
FLAG_SIMULATED: Final = 1
_DEAL_LABEL: Final = b"wardnet/sss/deal/v1\x00"
SHARE_LABEL: Final = b"wardnet/sss/share/v1\x00"
"""What the digest of a container begins with."""
_DEAL_MAGIC: Final = b"WSD1"
_SHARE_MAGIC: Final = b"WSS1"


class Scheme(IntEnum):
    """The numbers of the sharing schemes."""

    SSMS = 1
    XOR = 2
    NLSS_Q = 3
    SSMS_FELDMAN = 4


AEAD_SCHEMES: Final = (Scheme.SSMS, Scheme.SSMS_FELDMAN)


class Kind(IntEnum):
    """What a container carries; kind 0 has index 0, the others 1 .. n-1."""

    ESSENTIAL = 0
    CUSTODIAN = 1
    FRAGMENT = 2
    GRANT = 3
    DELTA = 4
    RECOVERY = 5


def octets(data: Octets, what: str) -> bytes:
    """Give bytes-like data as bytes.

    raises        TypeError: str, a list of ints, or anything else.
    """
    if not isinstance(data, bytes | bytearray | memoryview):  # pyright: ignore[reportUnnecessaryIsInstance] - callers outside the type checker
        raise TypeError(f"{what} is bytes-like, not {type(data).__name__}")
    return bytes(data)


@dataclass(frozen=True, slots=True)
class DealHeader:
    """D: what a deal is.  Its bytes are the associated data of the record's cipher."""

    scheme: Scheme
    t: int
    n: int
    flags: int
    generation: int
    chain_id: int
    pmr_id: bytes
    record_version: int
    plaintext_length: int
    nonce: bytes
    dealer: Address
    commitment: bytes

    @property
    def needed(self) -> int:
        """The k = t-1 custodians that are needed besides the patient."""
        return self.t - 1

    @property
    def custodians(self) -> int:
        """The N = n-1 custodians in all; their indices are 1 .. N."""
        return self.n - 1

    @property
    def is_simulated(self) -> bool:
        """Whether the secrets come from the seed of a simulation."""
        return bool(self.flags & FLAG_SIMULATED)

    @property
    def ciphertext_length(self) -> int:
        """Bytes of the record's ciphertext with its tag (schemes 1 and 4)."""
        return self.plaintext_length + TAG_BYTES

    def payload_length(self, kind: Kind) -> int:
        """Give the bytes that a container of ``kind`` carries in this deal.

        raises        ShareFormatError: ``kind``, the deal has no such container.
        """
        message = 32 + self.plaintext_length
        match self.scheme, kind:
            case Scheme.SSMS | Scheme.SSMS_FELDMAN, Kind.FRAGMENT:
                return fragment_length(self.ciphertext_length, needed=self.needed)
            case (
                Scheme.SSMS | Scheme.SSMS_FELDMAN,
                Kind.ESSENTIAL | Kind.CUSTODIAN | Kind.GRANT | Kind.DELTA,
            ):
                return 32
            case Scheme.XOR, Kind.ESSENTIAL | Kind.CUSTODIAN:
                return message
            case Scheme.NLSS_Q, Kind.ESSENTIAL:
                return message
            case Scheme.NLSS_Q, Kind.CUSTODIAN:
                return message + comb(self.custodians, self.needed) * -(-message // 8)
            case _:
                raise ShareFormatError("kind")

    def encode(self) -> bytes:
        """Give the 136 bytes."""
        return b"".join(
            (
                _DEAL_MAGIC,
                bytes((1, self.scheme, self.t, self.n, self.flags, _aead(self.scheme), 0, 0)),
                self.generation.to_bytes(4),
                self.chain_id.to_bytes(8),
                self.pmr_id,
                self.record_version.to_bytes(4),
                bytes(4),
                self.plaintext_length.to_bytes(8),
                self.nonce,
                self.dealer,
                self.commitment,
            )
        )

    def deal_id(self) -> bytes:
        """Give the name of the deal: a labelled SHA-256 of D."""
        return sha256(_DEAL_LABEL + self.encode()).digest()

    @classmethod
    def decode(cls, data: Octets) -> Self:
        """Read D strictly.

        raises        ShareFormatError: ``length``, ``magic``, ``format``, ``scheme``,
                      ``threshold``, ``reserved``.
        """
        raw = octets(data, "a deal header")
        if len(raw) != HEADER_BYTES:
            raise ShareFormatError("length")
        scheme = _check_front(raw, _DEAL_MAGIC)
        t, n, flags = raw[6], raw[7], raw[8]
        _check_threshold(t, n, None)
        has_aead = scheme in AEAD_SCHEMES
        reserved_is_zero = raw[10:12] == bytes(2) and raw[60:64] == bytes(4)
        if flags & ~FLAG_SIMULATED or raw[9] != _aead(scheme) or not reserved_is_zero:
            raise ShareFormatError("reserved")
        if not has_aead and raw[72:84] != bytes(12):
            raise ShareFormatError("reserved")
        length = int.from_bytes(raw[64:72])
        if not 1 <= length <= RECORD_BYTES_MAX:
            raise ShareFormatError("length")
        return cls(
            scheme=scheme,
            t=t,
            n=n,
            flags=flags,
            generation=int.from_bytes(raw[12:16]),
            chain_id=int.from_bytes(raw[16:24]),
            pmr_id=raw[24:56],
            record_version=int.from_bytes(raw[56:60]),
            plaintext_length=length,
            nonce=raw[72:84],
            dealer=Address(raw[84:104]),
            commitment=raw[104:136],
        )


@dataclass(frozen=True, slots=True, repr=False)
class Container:
    """One share of one holder.  ``repr`` shows neither payload nor salt."""

    scheme: Scheme
    kind: Kind
    index: int
    t: int
    n: int
    epoch: int
    deal_id: bytes
    salt: bytes
    payload: bytes

    def head(self) -> bytes:
        """Give the 88 bytes before the payload."""
        return b"".join(
            (
                _SHARE_MAGIC,
                bytes((1, self.scheme, self.kind, self.index, self.t, self.n, 0, 0)),
                self.epoch.to_bytes(4),
                self.deal_id,
                self.salt,
                len(self.payload).to_bytes(8),
            )
        )

    def digest(self) -> bytes:
        """Give the labelled SHA-256 of head and payload: what the manifest lists."""
        return share_digest(self.head(), self.payload)

    def encode(self) -> bytes:
        """Give the container's bytes: head, payload, digest."""
        return b"".join((self.head(), self.payload, self.digest()))

    def __repr__(self) -> str:
        return (
            f"Container({self.scheme.name}, {self.kind.name}, index={self.index}, t={self.t}, "
            f"n={self.n}, epoch={self.epoch}, deal={self.deal_id.hex()[:8]})"
        )


def container_of(
    header: DealHeader, kind: Kind, index: int, salt: bytes, payload: bytes, *, epoch: int = 0
) -> Container:
    """Give a container of a deal."""
    return Container(
        header.scheme, kind, index, header.t, header.n, epoch, header.deal_id(), salt, payload
    )


def share_digest(*parts: Octets) -> bytes:
    """Give the digest of a container's head and payload.  The salt inside keeps it unguessable."""
    return share_digest_of(parts)


def share_digest_of(pieces: Iterable[Octets]) -> bytes:
    """Give the same of pieces that need not be in memory together."""
    hasher = sha256(SHARE_LABEL)
    for piece in pieces:
        hasher.update(piece)
    return hasher.digest()


def decode_container(data: Octets, header: DealHeader | None = None) -> Container:
    """Read a container strictly, and hold it against its deal where ``header`` is given.

    raises        ShareFormatError: the code of the first broken rule, in the order of section 5.
    """
    raw = octets(data, "a share container")
    container = replace(decode_head(raw[:CONTAINER_HEAD_BYTES], len(raw)), payload=raw[88:-32])
    if share_digest(memoryview(raw)[:-32]) != raw[-32:]:
        raise ShareFormatError("digest", container.index)
    if header is not None:
        check_against(container, header)
    return container


def decode_head(raw: bytes, total: int) -> Container:
    """Read the first CONTAINER_HEAD_BYTES of a container of ``total`` bytes strictly.

    returns       the container without its payload; its digest is the caller's to check.
    raises        ShareFormatError: as ``decode_container``, up to the second ``length``.
    """
    if total < CONTAINER_FRAME_BYTES:
        raise ShareFormatError("length")
    scheme = _check_front(raw, _SHARE_MAGIC)
    index, t, n = raw[7], raw[8], raw[9]
    if raw[6] > Kind.RECOVERY:
        raise ShareFormatError("kind", index)
    kind = Kind(raw[6])
    _check_threshold(t, n, index)
    if raw[10:12] != bytes(2):
        raise ShareFormatError("reserved", index)
    if kind is Kind.RECOVERY and scheme is not Scheme.SSMS:
        raise ShareFormatError("scheme", index)
    if (index != 0) if kind is Kind.ESSENTIAL else not 1 <= index < n:
        raise ShareFormatError("index", index)
    epoch = int.from_bytes(raw[12:16])
    salt = raw[48:80]
    if kind is Kind.FRAGMENT and (salt != ZERO_SALT or epoch != 0):
        raise ShareFormatError("reserved", index)
    # an integer of any size: the claim may be 2^64-1 and nothing is allocated for it
    if total != CONTAINER_FRAME_BYTES + int.from_bytes(raw[80:88]):
        raise ShareFormatError("length", index)
    return Container(scheme, kind, index, t, n, epoch, raw[16:48], salt, b"")


def check_against(container: Container, header: DealHeader, *, length: int | None = None) -> None:
    """Check that a container belongs to a deal.

    ``length``    of the payload, where the container is without it.
    raises        ShareFormatError: ``kind``, ``deal``, ``length``, or ``scalar`` for a share of
                  scheme 4 that is not below r.
    """
    index = container.index
    if container.kind is Kind.RECOVERY:
        raise ShareFormatError("kind", index)
    if container.deal_id != header.deal_id():
        raise ShareFormatError("deal", index)
    plan = (header.scheme, header.t, header.n)
    if (container.scheme, container.t, container.n) != plan:
        raise ShareFormatError("deal", index)
    found = len(container.payload) if length is None else length
    if found != header.payload_length(container.kind):
        raise ShareFormatError("length", index)
    has_scalar = header.scheme is Scheme.SSMS_FELDMAN and container.kind is not Kind.FRAGMENT
    if has_scalar and length is None and not is_scalar(container.payload):
        raise ShareFormatError("scalar", index)


def _aead(scheme: Scheme) -> int:
    return int(scheme in AEAD_SCHEMES)


def _check_front(raw: bytes, magic: bytes) -> Scheme:
    """Check magic, format and scheme, which stand first in headers and containers alike."""
    if raw[:4] != magic:
        raise ShareFormatError("magic")
    if raw[4] != 1:
        raise ShareFormatError("format")
    if not 1 <= raw[5] <= 4:
        raise ShareFormatError("scheme")
    return Scheme(raw[5])


def _check_threshold(t: int, n: int, index: int | None) -> None:
    if not 2 <= t <= n <= HOLDERS_COUNT_MAX:
        raise ShareFormatError("threshold", index)
