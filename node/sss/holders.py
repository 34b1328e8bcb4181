"""The shares that holders bring to an opening: of one deal and one epoch, as the manifest lists.

Clauses: secret-sharing.md section 13.  Everything is checked before any arithmetic.
"""

from collections.abc import Iterable, Sequence

from node.sss.commitments import Manifest
from node.sss.errors import (
    DuplicateShareError,
    FragmentMismatchError,
    MixedEpochsError,
    MixedRecordsError,
    ShareFormatError,
    ShareMissingError,
    WrongEssentialShareError,
)
from node.sss.shares import Container, Kind, Octets, check_against, decode_container


def checked_holders(manifest: Manifest, shares: Iterable[Octets]) -> tuple[bytes, dict[int, bytes]]:
    """Give the payload of the essential share, and those of the custodians in order of index.

    ``shares``    containers of kind 0 and 1, in any order.
    raises        WrongEssentialShareError: no index 0, or not the one of the manifest.
                  ShareMissingError: fewer than t-1 custodians.
                  DuplicateShareError, MixedRecordsError, MixedEpochsError, ShareFormatError.
                  FragmentMismatchError: a custodian's container is not the manifest's.
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
    return essential.payload, {index: custodians[index].payload for index in present}


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
