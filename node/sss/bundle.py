"""The file of one holder: manifest, share container and, in schemes 1 and 4, a fragment.

Layout: secret-sharing.md section 5, "File of one holder".
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Self

from node.sss.commitments import Manifest
from node.sss.deals import Deal
from node.sss.holder_file import MAGIC, read_holder_file
from node.sss.shares import Container, Octets, decode_container, octets


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
        return MAGIC + b"\x01\x00\x00\x00" + len(parts).to_bytes(4) + body

    @classmethod
    def decode(cls, data: Octets) -> Self:
        """Read a file strictly; digests are compared when the record is opened.

        raises        what ``read_holder_file`` raises; ShareFormatError: ``digest``.
        """
        raw = octets(data, "a share file")
        found = read_holder_file(BytesIO(raw))
        if found.fragment is None:
            return cls(found.manifest, found.share, None)
        fragment = raw[found.fragment.at :]
        decode_container(fragment)
        return cls(found.manifest, found.share, fragment)


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
