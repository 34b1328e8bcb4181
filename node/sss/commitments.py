"""The manifest of a deal: what everybody may know about every holder's share.

It is a public block of the content store; its id goes on chain.  Whoever is shown a container
checks its digest against the manifest (secret-sharing.md section 5).
"""

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from node.base.types import Address, Cid
from node.sss.bn128 import POINT_BYTES, is_public_point
from node.sss.errors import ShareFormatError
from node.sss.quadrics import lines_of, quadratic_plan_fault
from node.sss.shares import AEAD_SCHEMES, HEADER_BYTES, DealHeader, Octets, Scheme, octets

NO_CID: Final = Cid(bytes(36))
"""A fragment that lies in no store."""
CID_BYTES: Final = 36
_ENTRY_BYTES: Final = 32 + CID_BYTES
_MAGIC: Final = b"WSM1"
_LABEL: Final = b"wardnet/sss/manifest/v1\x00"
_FRONT_BYTES: Final = 12
_MULTIHASH_SHA256: Final = b"\x12\x20"


@dataclass(frozen=True, slots=True)
class FragmentEntry:
    """Where a custodian's fragment lies and what its container's digest is."""

    digest: bytes
    cid: Cid


@dataclass(frozen=True, slots=True)
class Manifest:
    """M of a deal in one epoch."""

    epoch: int
    header: DealHeader
    digests: tuple[bytes, ...]
    """Of the containers of index 0 .. N."""
    custodians: tuple[Address, ...]
    """Who holds index 1 .. N: ``custodians[x - 1]``."""
    fragments: tuple[FragmentEntry, ...] = ()
    """Schemes 1 and 4: where the ciphertext lies."""
    vectors: tuple[bytes, ...] = ()
    """Scheme 3: the public vectors of index 1 .. N, k bytes each."""
    points: tuple[bytes, ...] = ()
    """Scheme 4: C_0 .. C_{k-1} and E, 64 bytes each."""

    def encode(self) -> bytes:
        """Give the manifest's bytes."""
        return b"".join(
            (
                _MAGIC,
                b"\x01\x00\x00\x00",
                self.epoch.to_bytes(4),
                self.header.encode(),
                *self.digests,
                *self.custodians,
                *(entry.digest + entry.cid for entry in self.fragments),
                *self.vectors,
                *self.points,
            )
        )

    def manifest_id(self) -> bytes:
        """Give the name of the manifest: a labelled SHA-256 of its bytes."""
        return sha256(_LABEL + self.encode()).digest()

    def address_of(self, index: int) -> Address:
        """Give the custodian of index 1 .. N."""
        return self.custodians[index - 1]

    @classmethod
    def decode(cls, data: Octets, *, schemes: Collection[Scheme] = (Scheme.SSMS,)) -> Self:
        """Read a manifest strictly.

        ``schemes``   those that the caller can use; only the shares of scheme 1 can be lent, so
                      the network takes no other.
        raises        ShareFormatError: ``length``, ``magic``, ``format``, ``reserved``, ``cid``,
                      ``vectors``, ``point``, what the deal header breaks, or ``scheme`` for one
                      that is not among ``schemes``.
        """
        raw = octets(data, "a manifest")
        if len(raw) < _FRONT_BYTES + HEADER_BYTES:
            raise ShareFormatError("length")
        if raw[:4] != _MAGIC:
            raise ShareFormatError("magic")
        if raw[4] != 1:
            raise ShareFormatError("format")
        if raw[5:8] != bytes(3):
            raise ShareFormatError("reserved")
        header = DealHeader.decode(raw[_FRONT_BYTES : _FRONT_BYTES + HEADER_BYTES])
        if header.scheme not in schemes:
            raise ShareFormatError("scheme")
        count = header.custodians
        digests_at = _FRONT_BYTES + HEADER_BYTES
        addresses_at = digests_at + 32 * (count + 1)
        tail_at = addresses_at + 20 * count
        if len(raw) != tail_at + _tail_bytes(header):
            raise ShareFormatError("length")
        has_fragments = header.scheme in AEAD_SCHEMES
        points_at = tail_at + (_ENTRY_BYTES * count if has_fragments else 0)
        entries, rest = _cut(raw[tail_at:points_at], _ENTRY_BYTES), raw[points_at:]
        manifest = cls(
            epoch=int.from_bytes(raw[8:12]),
            header=header,
            digests=_cut(raw[digests_at:addresses_at], 32),
            custodians=tuple(map(Address, _cut(raw[addresses_at:tail_at], 20))),
            fragments=tuple(map(_entry, entries)),
            vectors=() if has_fragments else _cut(rest, header.needed),
            points=_cut(rest, POINT_BYTES) if has_fragments else (),
        )
        if header.scheme is Scheme.NLSS_Q:
            _check_quadratic(manifest)
        if not all(map(is_public_point, manifest.points)):
            raise ShareFormatError("point")
        return manifest


def _tail_bytes(header: DealHeader) -> int:
    """Give the bytes after the addresses."""
    match header.scheme:
        case Scheme.SSMS:
            return _ENTRY_BYTES * header.custodians
        case Scheme.XOR:
            return 0
        case Scheme.NLSS_Q:
            return header.needed * header.custodians
        case Scheme.SSMS_FELDMAN:
            points = header.needed + 1
            return _ENTRY_BYTES * header.custodians + POINT_BYTES * points


def _check_quadratic(manifest: Manifest) -> None:
    """Check that every k-subset can open: a singular one would divide by zero."""
    header = manifest.header
    if quadratic_plan_fault(needed=header.needed, count=header.custodians) is not None:
        raise ShareFormatError("threshold")
    if lines_of(manifest.vectors) is None:
        raise ShareFormatError("vectors")


def is_manifest_cid(cid: bytes) -> bool:
    """Say whether a CID can stand in a manifest: CIDv1 with SHA-256, or 36 zero bytes."""
    return cid == NO_CID or (
        len(cid) == CID_BYTES and cid[0] == 1 and cid[2:4] == _MULTIHASH_SHA256
    )


def _cut(raw: bytes, size: int) -> tuple[bytes, ...]:
    return tuple(raw[start : start + size] for start in range(0, len(raw), size))


def _entry(raw: bytes) -> FragmentEntry:
    if not is_manifest_cid(raw[32:]):
        raise ShareFormatError("cid")
    return FragmentEntry(raw[:32], Cid(raw[32:]))
