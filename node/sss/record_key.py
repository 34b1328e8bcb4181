"""The record key K from shares, of which some may be lies: the commitment decides.

Schemes with a key of their own (1 and 4).  Clauses: secret-sharing.md sections 6, 9 and 13.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations, islice

from node.base.limits import SUBSETS_TRIED_COUNT_MAX
from node.sss.commitments import Manifest
from node.sss.derivation import commitment_of
from node.sss.errors import ShareMissingError, WrongKeyError
from node.sss.gf256 import add
from node.sss.holders import checked_holders
from node.sss.shamir import combine
from node.sss.shares import DealHeader, Octets


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

    raises        what ``checked_holders`` raises;
                  WrongKeyError: the commitment differs; names the liars if more than t-1 came.
    """
    essential, custodians = checked_holders(manifest, shares)
    # e is the constant polynomial: adding it to every point moves the value at 0 from k' to K
    points = {index: add(share, essential) for index, share in custodians.items()}
    found = find_key(manifest.header, points)
    if found.sets_tried > 1:
        raise WrongKeyError(found.liars)
    return found
