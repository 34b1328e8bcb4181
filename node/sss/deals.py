"""What a deal makes, whatever its scheme, and the header that its terms fix."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from node.base.types import Address, Cid
from node.sss.commitments import NO_CID, FragmentEntry, Manifest, is_manifest_cid
from node.sss.shares import FLAG_SIMULATED, Container, DealHeader, Kind, Scheme, container_of
from node.sss.terms import DealTerms, Profile


@dataclass(frozen=True, slots=True, repr=False)
class Deal:
    """All that a deal makes.  The essential share goes to the patient and nobody else."""

    header: DealHeader
    essential: Container
    custodians: tuple[Container, ...]
    """Index 1 .. N."""
    fragments: tuple[bytes, ...] = ()
    """Schemes 1 and 4: containers of kind 2, encoded, index 1 .. N."""
    vectors: tuple[bytes, ...] = ()
    """Scheme 3: the public vectors of index 1 .. N."""
    points: tuple[bytes, ...] = ()
    """Scheme 4: the public points C_0 .. C_{k-1} and E."""

    def __repr__(self) -> str:
        plan = f"{self.header.scheme.name}, t={self.header.t}, n={self.header.n}"
        return f"Deal({plan}, {self.header.deal_id().hex()[:8]})"

    def with_fragments(self, fragments: Iterable[bytes]) -> Self:
        """Give the same deal with its fragments."""
        return replace(self, fragments=tuple(fragments))

    def manifest(
        self, custodians: Sequence[Address], cids: Sequence[Cid] | None = None
    ) -> Manifest:
        """Give the public manifest of epoch 0; ``cids`` say where the fragments lie.

        raises        ValueError: not one custodian for each index and one CID for each fragment.
        """
        count = self.header.custodians
        fragments = len(self.fragments)
        places = (NO_CID,) * fragments if cids is None else tuple(cids)
        if len(custodians) != count or len(places) != fragments:
            raise ValueError(f"this deal has {count} custodians")
        if not all(map(is_manifest_cid, places)) or any(len(one) != 20 for one in custodians):
            raise ValueError("a custodian is 20 bytes, a CID 01 codec 12 20 and a SHA-256")
        return Manifest(
            epoch=0,
            header=self.header,
            digests=tuple(share.digest() for share in (self.essential, *self.custodians)),
            custodians=tuple(custodians),
            fragments=tuple(
                FragmentEntry(fragment[-32:], cid)
                for fragment, cid in zip(self.fragments, places, strict=True)
            ),
            vectors=self.vectors,
            points=self.points,
        )


def header_of(
    scheme: Scheme,
    terms: DealTerms,
    profile: Profile,
    *,
    length: int,
    commitment: bytes,
    nonce: bytes = bytes(12),
) -> DealHeader:
    """Give D; the nonce of a scheme that encrypts nothing (2 and 3) is zero."""
    return DealHeader(
        scheme=scheme,
        t=terms.t,
        n=terms.n,
        flags=FLAG_SIMULATED if profile is Profile.SIMULATION else 0,
        generation=terms.generation,
        chain_id=terms.chain_id,
        pmr_id=terms.pmr_id,
        record_version=terms.record_version,
        plaintext_length=length,
        nonce=nonce,
        dealer=terms.dealer,
        commitment=commitment,
    )


def deal_of(
    header: DealHeader,
    payloads: Sequence[bytes],
    salts: Sequence[bytes],
    vectors: tuple[bytes, ...] = (),
    points: tuple[bytes, ...] = (),
) -> Deal:
    """Give a deal without fragments from the payloads and salts of index 0 .. N."""
    essential, *custodians = (
        container_of(header, Kind.CUSTODIAN if index else Kind.ESSENTIAL, index, salt, payload)
        for index, (salt, payload) in enumerate(zip(salts, payloads, strict=True))
    )
    return Deal(header, essential, tuple(custodians), vectors=vectors, points=points)
