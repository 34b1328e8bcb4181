"""Posts what a custodian owes the ledger: its receipts, the epochs of its shares, its certificates.

What is owed follows from the custody store and the final blocks, so nothing is kept here that a
restart could lose.  What stands above F is on its way; what a reorganisation took out is owed
again (secret-sharing.md section 9: receipts at most 10 blocks later).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from node.app.chain_desk import ChainDesk
from node.app.final_book import FinalBook
from node.app.turn import Turn
from node.base.errors import CallRevertedError, StorageError, WardnetError
from node.base.keys import PrivateKey
from node.base.types import Address, Hash32
from node.contracts.custody_ledger import (
    NOTES_COUNT_MAX,
    CustodyLedger,
    EpochNote,
    ErasureNote,
    ReceiptNote,
)
from node.evm.transactions import sign_legacy
from node.privacy.custody_store import CustodyStore
from node.privacy.erasure import ErasureCertificate
from node.sss.errors import ShareFormatError
from node.sss.shares import Container, decode_container

POST_AFTER_BLOCKS: Final = 4
"""How long receipts are gathered: with the blocks until inclusion less than the promised 10."""
RETRY_BLOCKS: Final = 8
"""How long nothing is tried after the ledger or the pool has refused."""
_BASE_GAS: Final = 100_000
_NOTE_GAS: Final = 8_000
"""Above what a receipt or a certificate takes: 4,750 and 3,750 each in a full batch."""
_EPOCH_GAS: Final = 35_000
"""The same of an epoch, whose first note writes a new word of state: 27,300."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """What one transaction tells; of one kind, the others are empty or 0."""

    data: bytes
    notes: int
    receipts_to: int = 0
    """The sequence number behind its last receipt."""
    epochs: tuple[tuple[bytes, int], ...] = ()
    """Deal and epoch of each note."""
    erasures: tuple[bytes, ...] = ()
    """Deals."""


@dataclass(frozen=True, slots=True)
class _Posted:
    tx_hash: Hash32
    nonce: int
    batch: _Batch


class CustodyClerk:
    """One custodian's clerk: at most one of its transactions waits in the pool at a time."""

    def __init__(
        self,
        signer: PrivateKey,
        *,
        chain: ChainDesk,
        ledger: CustodyLedger,
        store: CustodyStore,
        book: FinalBook,
        submitted: Callable[[Turn, bytes], None],
    ) -> None:
        """``submitted`` spreads a transaction that the own pool has taken."""
        self._signer = signer
        self._me = signer.address
        self._chain = chain
        self._ledger = ledger
        self._store = store
        self._book = book
        self._submitted = submitted
        self._posted: list[_Posted] = []
        """Not final yet."""
        self._moved: dict[bytes, None] | None = None
        """Deals whose epoch may not be on the ledger; None: nobody looked since the start."""
        self._certified: dict[bytes, ErasureCertificate] = {}
        self._unposted_since: int | None = None
        self._rests_until = 0
        """The block before which nothing is tried."""

    def epoch_moved(self, deal_id: bytes) -> None:
        """A share has stepped, or was repaired in another epoch."""
        if self._moved is not None:
            self._moved[deal_id] = None

    def look_again(self) -> None:
        """The final chain is another one: what stood on the old one may be owed again."""
        self._moved = None

    def certified(self, certificate: ErasureCertificate) -> None:
        """A certificate was signed and is in the custody store."""
        self._certified[certificate.deal_id] = certificate

    def is_open(self, sender: Address, nonce: int) -> bool:
        """Say whether a transaction of the clerk waits in the pool under this nonce.

        Where transactions cost nothing a second one of the same nonce would silently replace it.
        """
        return sender == self._me and any(
            one.nonce == nonce and one.tx_hash in self._chain.pool for one in self._posted
        )

    def head_moved(self, turn: Turn) -> None:
        """Look at what became of the posted, and post what is owed next."""
        try:
            self._begin()
            self._follow(turn)
            number = self._chain.ledger.head.number
            is_open = any(one.tx_hash in self._chain.pool for one in self._posted)
            if is_open or number < self._rests_until:
                return
            batch = self._epochs() or self._erasures() or self._receipts(number)
            if batch is not None:
                self._post(turn, batch, number)
        except StorageError as error:
            turn.note("custody.posting_failed", why=str(error))

    def _begin(self) -> None:
        """After a start: look at all that is in the store, once."""
        if self._moved is not None:
            return
        self._certified = {
            one.deal_id: one for one in map(ErasureCertificate.decode, self._store.certificates())
        }
        self._moved = dict.fromkeys(self._store.deals())

    def _follow(self, turn: Turn) -> None:
        ledger, final = self._chain.ledger, self._chain.final.number
        left: list[_Posted] = []
        for one in self._posted:
            place = ledger.transaction_place(one.tx_hash)
            if place is None and one.tx_hash not in self._chain.pool:
                turn.note("custody.posting_lost", tx=one.tx_hash)
                self._unposted_since = 0  # its receipts have waited already
            elif place is None or place.number > final:
                left.append(one)
        self._posted = left

    def _post(self, turn: Turn, batch: _Batch, number: int) -> None:
        chain = self._chain
        to = self._ledger.address
        try:
            chain.ledger.call(to, batch.data, sender=self._me)
            nonce = chain.pool.next_nonce(self._me)
            raw = sign_legacy(
                self._signer,
                chain_id=chain.ledger.chain_id,
                nonce=nonce,
                to=to,
                data=batch.data,
                gas=_BASE_GAS + batch.notes * (_EPOCH_GAS if batch.epochs else _NOTE_GAS),
            )
            transaction = chain.transaction_received(turn, raw, is_local=True)
        except CallRevertedError:
            self._rests_until = number + 1  # the head knows what F does not know yet, or no licence
            return
        except WardnetError as error:
            self._rests_until = number + RETRY_BLOCKS
            turn.note("custody.posting_refused", why=f"{type(error).__name__}: {error}")
            return
        self._posted.append(_Posted(transaction.hash, nonce, batch))
        if batch.receipts_to:
            self._unposted_since = None
        turn.note("custody.posted", tx=transaction.hash, notes=batch.notes)
        self._submitted(turn, raw)

    # ---- what is owed

    def _receipts(self, number: int) -> _Batch | None:
        last = self._store.last_receipt()
        first = max(
            (one.batch.receipts_to for one in self._posted), default=0
        ) or self._book.receipts_of(self._me)
        owed = 0 if last is None else last.sequence + 1 - first
        if owed <= 0:
            return None
        if self._unposted_since is None:
            self._unposted_since = number
        if owed < NOTES_COUNT_MAX and number < self._unposted_since + POST_AFTER_BLOCKS:
            return None
        receipts = self._store.receipts(first, NOTES_COUNT_MAX)
        notes = [
            ReceiptNote(one.grant_id, one.deal_id, one.receipt_id(), one.status) for one in receipts
        ]
        data = self._ledger.record_receipts(first, notes)
        return _Batch(data, len(notes), receipts_to=first + len(notes))

    def _epochs(self) -> _Batch | None:
        assert self._moved is not None
        on_the_way = {deal: epoch for one in self._posted for deal, epoch in one.batch.epochs}
        notes: list[EpochNote] = []
        for deal_id in tuple(self._moved):
            share = self._share(deal_id)
            if share is None or share.epoch <= self._book.epoch_of(deal_id, self._me):
                if deal_id not in on_the_way:
                    del self._moved[deal_id]
            elif share.epoch > on_the_way.get(deal_id, 0) and len(notes) < NOTES_COUNT_MAX:
                notes.append(EpochNote(deal_id, share.index, share.epoch, share.digest()))
        if not notes:
            return None
        epochs = tuple((one.deal_id, one.epoch) for one in notes)
        return _Batch(self._ledger.record_epochs(notes), len(notes), epochs=epochs)

    def _share(self, deal_id: bytes) -> Container | None:
        holding = self._store.holding(deal_id)
        try:
            return None if holding is None else decode_container(holding.share)
        except ShareFormatError:
            return None  # it has rotted, and has no epoch that anybody could use

    def _erasures(self) -> _Batch | None:
        on_the_way = {deal for one in self._posted for deal in one.batch.erasures}
        owed = [
            one
            for one in self._certified.values()
            if one.deal_id not in on_the_way
            and not self._book.is_destruction_recorded(one.deal_id, self._me)
        ][:NOTES_COUNT_MAX]
        if not owed:
            return None
        notes = [ErasureNote(one.deal_id, one.index, one.certificate_id()) for one in owed]
        erasures = tuple(one.deal_id for one in owed)
        return _Batch(self._ledger.record_erasures(notes), len(notes), erasures=erasures)
