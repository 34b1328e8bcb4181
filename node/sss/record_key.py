"""The record key K from shares, of which some may be lies: the commitment decides.

Schemes with a key of their own (1 and 4).  Clauses: secret-sharing.md sections 6, 9 and 13.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

from node.base.limits import SUBSETS_TRIED_COUNT_MAX
from node.sss.commitments import Manifest
from node.sss.derivation import commitment_of
from node.sss.errors import (
    DuplicateShareError,
    FragmentMismatchError,
    MixedEpochsError,
    MixedRecordsError,
    ShareFormatError,
    ShareMissingError,
    WrongEssentialShareError,
    WrongKeyError,
)
from node.sss.gf256 import add
from node.sss.shamir import combine
from node.sss.shares import Container, DealHeader, Kind, Octets, check_against, decode_container


@dataclass(frozen=True, slots=True, repr=False)
class FoundKey:
    """K of a deal, which indices gave a wrong share, and how many sets it took."""

    key: bytes
    liars: tuple[int, ...]
    sets_tried: int

    def __repr__(self) -> str:
        return f"FoundKey(liars={self.liars}, sets_tried={self.sets_tried})"


@dataclass(frozen=True, slots=True, repr=False)
class OpenedRecord:
    """The record, and the indices whose shares do not fit the others."""

    record: bytes
    liars: tuple[int, ...]

    def __repr__(self) -> str:
        return f"OpenedRecord({len(self.record)} bytes, liars={self.liars})"


def find_key(header: DealHeader, points: Mapping[int, bytes]) -> FoundKey:
    """Find K from points of its polynomial, of which some may be lies.

    ``points``    index to ``y_x xor e``, 32 bytes; the k lowest are tried first, then k-sets in
                  lexicographic order, at most SUBSETS_TRIED_COUNT_MAX.
    raises        ShareMissingError: fewer than k points.
                  WrongKeyError: no set that was tried makes the committed key.
    source        secret-sharing.md sections 9 and 13.  The commitment decides, never a majority.
    """
    present = tuple(sorted(points))
    if len(present) < header.needed:
        raise ShareMissingError(len(present), header.needed, present)
    sets = islice(combinations(present, header.needed), SUBSETS_TRIED_COUNT_MAX)
    for tried, chosen in enumerate(sets, start=1):
        basis = {x: points[x] for x in chosen}
        key = combine(basis)
        if commitment_of(key) == header.commitment:
            others = (x for x in present if x not in basis)
            liars = tuple(x for x in others if combine(basis, at=x) != points[x])
            return FoundKey(key, liars, tried)
    raise WrongKeyError


def recover_key(manifest: Manifest, shares: Iterable[Octets]) -> FoundKey:
    """Give K from the essential container and custodians' containers of one epoch.

    raises        WrongEssentialShareError: no index 0, or not the one of the manifest.
                  ShareMissingError: fewer than t-1 custodians, before any arithmetic.
                  DuplicateShareError, MixedRecordsError, MixedEpochsError, ShareFormatError,
                  FragmentMismatchError: a custodian's container is not the manifest's.
                  WrongKeyError: the commitment differs; names the liars if more than t-1 came.
    """
    header = manifest.header
    given = [decode_container(share) for share in shares]
    _check_mixture(manifest, given)
    essential = next((share for share in given if share.kind is Kind.ESSENTIAL), None)
    if essential is None:
        raise WrongEssentialShareError("no index 0")
    custodians = {share.index: share for share in given if share.kind is Kind.CUSTODIAN}
    present = tuple(sorted(custodians))
    if len(present) < header.needed:
        raise ShareMissingError(len(present), header.needed, present)
    if essential.digest() != manifest.digests[0]:
        raise WrongEssentialShareError("its digest is not the manifest's")
    for index in present:
        if custodians[index].digest() != manifest.digests[index]:
            raise FragmentMismatchError(index)
    # e is the constant polynomial: adding it to every point moves the value at 0 from k' to K
    points = {index: add(custodians[index].payload, essential.payload) for index in present}
    found = find_key(header, points)
    if found.sets_tried > 1:
        raise WrongKeyError(found.liars)
    return found


def _check_mixture(manifest: Manifest, given: Sequence[Container]) -> None:
    """Check that containers are shares of one deal and one epoch, one for each index."""
    header = manifest.header
    deal_id = header.deal_id()
    seen: set[int] = set()
    for share in given:
        if share.deal_id != deal_id:
            raise MixedRecordsError(deal_id, share.deal_id)
        check_against(share, header)
        if share.kind not in (Kind.ESSENTIAL, Kind.CUSTODIAN):
            raise ShareFormatError("kind", share.index)
        if share.index in seen:
            raise DuplicateShareError(share.index)
        seen.add(share.index)
    epochs = {share.epoch for share in given} | {manifest.epoch}
    if len(epochs) != 1:
        raise MixedEpochsError(tuple(sorted(epochs)))
