"""What F orders a custodian to do: end what was lent, give up old generations, erase records.

Each deal is for itself: one that cannot be dealt with now is noted and tried again with the next
final block, and stops no other.
"""

from hashlib import sha256
from typing import Final

from node.app.custody_clerk import CustodyClerk
from node.app.deal_places import DealPlace, DealPlaces
from node.app.final_book import Changes, FinalBook
from node.app.final_view import FinalView
from node.app.store_desk import StoreDesk
from node.app.turn import Turn
from node.base.errors import WardnetError
from node.base.types import Cid
from node.privacy.custody import Custodian
from node.privacy.custody_epochs import GrantEnded, StepFailed, StepMissing, Stepped
from node.privacy.release_errors import CustodyError
from node.sss.commitments import Manifest

_ORDER_LABEL: Final = b"wardnet/erase-order/v1\x00"


class CustodyOrders:
    """Carries out at one custodian what its final block orders."""

    def __init__(
        self,
        custodian: Custodian,
        *,
        places: DealPlaces,
        book: FinalBook,
        store: StoreDesk,
        clerk: CustodyClerk,
    ) -> None:
        self._custodian = custodian
        self._places = places
        self._book = book
        self._store = store
        self._clerk = clerk
        self._due: dict[bytes, None] | None = None
        """Deals that F may have ordered away; None: all of them, as after a start."""

    def follow(self, turn: Turn, view: FinalView, changes: Changes | None) -> None:
        """Follow the final block."""
        self._end_grants(turn, view)
        if changes is not None and changes.is_anew:
            self._due = None
        if self._due is None:
            self._due = dict.fromkeys(self._custodian.store.deals())
        elif changes is not None and changes.pmr_ids:
            self._due |= dict.fromkeys(self._places.of_records(changes.pmr_ids))
        for deal_id in tuple(self._due):
            try:
                self._judge(turn, view, deal_id)
            except WardnetError as error:
                turn.note("custody.order_failed", deal=deal_id, why=str(error))
            else:
                del self._due[deal_id]

    def _end_grants(self, turn: Turn, view: FinalView) -> None:
        for event in self._custodian.follow(view):
            match event:
                case GrantEnded(grant_id, deal_id, why):
                    turn.note("custody.grant_ended", grant=grant_id, deal=deal_id, why=why.name)
                case Stepped(deal_id, index, moved):
                    turn.note("custody.stepped", deal=deal_id, index=index, epoch=moved.epoch)
                    self._clerk.epoch_moved(deal_id)
                case StepMissing(deal_id, epoch):
                    turn.note("custody.step_missing", deal=deal_id, epoch=epoch)
                case StepFailed(deal_id, why):
                    turn.note("custody.step_failed", deal=deal_id, why=why)

    def _judge(self, turn: Turn, view: FinalView, deal_id: bytes) -> None:
        place, record = self._places.get(deal_id), view.record(deal_id)
        if place is None or record is None:
            return  # no record names the deal yet
        if record.is_erased:
            self._erase(turn, view, deal_id, place)
        elif not record.is_current:
            destroyed = self._destroy(view, deal_id, ())
            turn.note("custody.generation_dropped", deal=deal_id, objects=destroyed)

    def _erase(self, turn: Turn, view: FinalView, deal_id: bytes, place: DealPlace) -> None:
        """Destroy all of a deal, read custody and block store again, and sign that it is gone."""
        index = self._custodian.index_of(deal_id)
        assert index is not None, "a deal with a place is held"
        destroyed = self._destroy(view, deal_id, (place.manifest_cid,))
        certificate = self._custodian.certify_erasure(
            deal_id, index=index, head=view.head, objects_destroyed=destroyed
        )
        self._custodian.store.put_certificate(deal_id, certificate.encode())
        self._clerk.certified(certificate)
        turn.note("custody.erased", deal=deal_id, certificate=certificate.encode())

    def _destroy(self, view: FinalView, deal_id: bytes, beside: tuple[Cid, ...]) -> int:
        """Destroy shares, steps and fragment of a deal, and files beside; count the objects.

        The blocks go first: what a crash leaves is a deal in custody, which is judged again.

        raises        CustodyError: ``left``.  StorageError.
        """
        store = self._custodian.store
        holding, index = store.holding(deal_id), self._custodian.index_of(deal_id)
        assert holding is not None
        assert index is not None
        fragments = Manifest.decode(holding.manifest).fragments
        own = (fragments[index - 1].cid,) if fragments else ()
        blocks = sum(self._erase_file(view, cid) for cid in (*own, *beside))
        objects = self._custodian.erase(deal_id)
        self._places.forget(deal_id)
        if not store.is_clear_of(deal_id):
            raise CustodyError("left", f"something of deal {deal_id.hex()} is still in custody")
        return blocks + objects

    def _erase_file(self, view: FinalView, cid: Cid) -> int:
        order_id = sha256(_ORDER_LABEL + cid).digest()
        done = self._store.erase(order_id, cid, view.head.timestamp_s)
        if done.kept or self._store.store.has(cid):
            raise CustodyError("left", f"blocks of file 0x{cid.hex()} are still in the block store")
        return len(done.erased)
