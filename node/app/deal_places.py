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
        self._of_pmr: dict[int, dict[bytes, None]] = {}
        """Deals that were read, by record."""

    def get(self, deal_id: bytes) -> DealPlace | None:
        """Give the place of a deal, None if it is not held."""
        found = self._read.get(deal_id)
        holding = self._store.holding(deal_id) if found is None else None
        if holding is not None:
            found = self._read[deal_id] = place_of(holding.manifest)
            self._of_pmr.setdefault(found.pmr_id, {})[deal_id] = None
        return found

    def forget(self, deal_id: bytes) -> None:
        """Drop what is remembered of a deal that is held no longer."""
        place = self._read.pop(deal_id, None)
        if place is not None:
            del self._of_pmr[place.pmr_id][deal_id]

    def of_records(self, pmr_ids: tuple[int, ...]) -> tuple[bytes, ...]:
        """Give the deals in custody of some records, in the order of their ids."""
        deals = self._store.deals()
        if len(self._read) < len(deals):
            for deal_id in deals:
                self.get(deal_id)
        found = (one for pmr_id in pmr_ids for one in self._of_pmr.get(pmr_id, ()))
        return tuple(sorted(one for one in found if self._store.holding(one) is not None))


def place_of(manifest: bytes) -> DealPlace:
    """Read a manifest's place.  raises ShareFormatError."""
    listed = Manifest.decode(manifest)
    root = write_bytes(manifest, lambda _cid, _block: None)
    return DealPlace(int.from_bytes(listed.header.pmr_id), root.cid, listed.custodians)
