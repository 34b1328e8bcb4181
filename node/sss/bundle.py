"""The file of one holder: manifest, share container and, in schemes 1 and 4, a fragment.

Layout: secret-sharing.md section 5, "File of one holder".
"""

from dataclasses import dataclass
from typing import Final, Self

from node.sss.commitments import Manifest
from node.sss.deals import Deal
from node.sss.errors import MixedRecordsError, ShareFormatError
from node.sss.shares import (
    AEAD_SCHEMES,
    Container,
    Kind,
    Octets,
    Scheme,
    decode_container,
    octets,
)

FILE_SCHEMES: Final = tuple(Scheme)
"""The schemes whose files can be opened."""
_MAGIC: Final = b"WSB1"
_FRONT_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Bundle:
    """What one holder keeps; only a custodian of schemes 1 and 4 has a ``fragment``."""

    manifest: Manifest
    share: Container
    fragment: bytes | None

    def encode(self) -> bytes:
        """Give the file's bytes."""
        parts = [self.manifest.encode(), self.share.encode()]
        if self.fragment is not None:
            parts.append(self.fragment)
        body = b"".join(len(part).to_bytes(8) + part for part in parts)
        return _MAGIC + b"\x01\x00\x00\x00" + len(parts).to_bytes(4) + body

    @classmethod
    def decode(cls, data: Octets) -> Self:
        """Read a file strictly; digests are compared when the record is opened.

        raises        ShareFormatError: ``length``, ``magic``, ``format``, ``reserved``, ``kind``,
                      or what a part breaks.  MixedRecordsError: parts of different deals.
        """
        raw = octets(data, "a share file")
        if len(raw) < _FRONT_BYTES:
            raise ShareFormatError("length")
        if raw[:4] != _MAGIC:
            raise ShareFormatError("magic")
        if raw[4] != 1:
            raise ShareFormatError("format")
        if raw[5:8] != bytes(3):
            raise ShareFormatError("reserved")
        count = int.from_bytes(raw[8:12])
        if count not in (2, 3):
            raise ShareFormatError("length")
        parts = _parts(raw, count)
        manifest = Manifest.decode(parts[0], schemes=FILE_SCHEMES)
        share = _part(parts[1], manifest)
        has_fragment = count == 3
        if share.kind is not (Kind.CUSTODIAN if share.index else Kind.ESSENTIAL):
            raise ShareFormatError("kind", share.index)
        if has_fragment != (share.index != 0 and manifest.header.scheme in AEAD_SCHEMES):
            raise ShareFormatError("kind", share.index)
        if not has_fragment:
            return cls(manifest, share, None)
        fragment = _part(parts[2], manifest)
        if fragment.kind is not Kind.FRAGMENT:
            raise ShareFormatError("kind", fragment.index)
        if fragment.index != share.index:
            raise ShareFormatError("index", fragment.index)
        return cls(manifest, share, parts[2])


def bundles_of(deal: Deal, manifest: Manifest) -> tuple[Bundle, ...]:
    """Give the files of all holders of a deal, index 0 .. N."""
    fragments = deal.fragments or (None,) * deal.header.custodians
    return (
        Bundle(manifest, deal.essential, None),
        *(
            Bundle(manifest, share, fragment)
            for share, fragment in zip(deal.custodians, fragments, strict=True)
        ),
    )


def _parts(raw: bytes, count: int) -> tuple[bytes, ...]:
    parts: list[bytes] = []
    at = _FRONT_BYTES
    for _ in range(count):
        end = at + 8 + int.from_bytes(raw[at : at + 8])
        if len(raw) < at + 8 or len(raw) < end:
            raise ShareFormatError("length")
        parts.append(raw[at + 8 : end])
        at = end
    if at != len(raw):
        raise ShareFormatError("length")
    return tuple(parts)


def _part(raw: bytes, manifest: Manifest) -> Container:
    deal_id = manifest.header.deal_id()
    container = decode_container(raw)
    if container.deal_id != deal_id:
        raise MixedRecordsError(deal_id, container.deal_id)
    return container
