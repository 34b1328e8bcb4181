"""Where the deals in custody belong, read from their manifests."""

from dataclasses import dataclass

from node.base.types import Address, Cid
from node.ipfs_lite.unixfs_write import write_bytes
from node.privacy.custody_store import CustodyStore
from node.sss.commitments import Manifest


@dataclass(frozen=True, slots=True)
class DealPlace:
    """Where a deal says it belongs: its record, and the manifest that the ledger must name."""

    pmr_id: int
    manifest_cid: Cid
    custodians: tuple[Address, ...]
    """Those of the manifest, of index 1 .. N."""


class DealPlaces:
    """The places of all deals in custody: a restart loses none."""

    def __init__(self, store: CustodyStore) -> None:
        self._store = store
        self._read: dict[bytes, DealPlace] = {}

    def get(self, deal_id: bytes) -> DealPlace | None:
        """Give the place of a deal, None if it is not held."""
        found = self._read.get(deal_id)
        holding = self._store.holding(deal_id) if found is None else None
        if holding is not None:
            found = self._read[deal_id] = place_of(holding.manifest)
        return found

    def forget(self, deal_id: bytes) -> None:
        """Drop what is remembered of a deal that is held no longer."""
        self._read.pop(deal_id, None)

    def of_records(self, pmr_ids: tuple[int, ...]) -> tuple[bytes, ...]:
        """Give the deals in custody of some records, in the order of their ids."""
        wanted = frozenset(pmr_ids)
        places = ((deal_id, self.get(deal_id)) for deal_id in self._store.deals())
        return tuple(one for one, place in places if place is not None and place.pmr_id in wanted)


def place_of(manifest: bytes) -> DealPlace:
    """Read a manifest's place.  raises ShareFormatError."""
    listed = Manifest.decode(manifest)
    root = write_bytes(manifest, lambda _cid, _block: None)
    return DealPlace(int.from_bytes(listed.header.pmr_id), root.cid, listed.custodians)
