"""A node as custodian: takes shares and deposits, and answers requests for release."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from node.app.chain_desk import ChainDesk
from node.app.custody_clerk import CustodyClerk
from node.app.custody_orders import CustodyOrders
from node.app.deal_places import DealPlaces, place_of
from node.app.final_book import Changes, FinalBook
from node.app.final_view import FinalView
from node.app.store_desk import Fetched, StoreDesk
from node.app.turn import Turn
from node.base.errors import WardnetError
from node.base.limits import (
    EARLY_DEPOSITS_COUNT_MAX,
    OPEN_INGESTS_COUNT_MAX,
    READ_BYTES_MAX,
)
from node.base.types import Address, Hash32
from node.contracts.suite import ContractSuite
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import multihash_of
from node.p2p.messages import (
    Custody,
    CustodyKept,
    Deposit,
    DepositKept,
    Entrust,
    Entrusted,
    Message,
    Reclaim,
    Reclaimed,
    Release,
    Released,
    Renew,
    Renewed,
)
from node.privacy.custody import Custodian
from node.privacy.deposits import DepositLetter
from node.privacy.handover import open_share
from node.privacy.release_errors import CustodyError
from node.privacy.renewals import RenewalLetter
from node.sss.commitments import Manifest
from node.sss.shares import Kind, decode_container

LETTER_WAIT_PERIODS: Final = 4
"""How long a letter waits for its grant, record or epoch to be final here, in block periods."""
_REFUSAL: Final = Hash32(bytes(32))
"""Instead of a digest: too late, and the patient can do something about it."""
_NOT_YET: Final = frozenset({"grant", "record", "early"})

ChangesListener: TypeAlias = Callable[[Turn, Changes], None]
Reply: TypeAlias = Callable[[Turn, Address, Message], None]


@dataclass(frozen=True, slots=True)
class _Arrived:
    """A letter of a patient, and how long it may wait."""

    peer: Address
    message: Deposit | Renew
    until_us: int


class CustodyDesk:
    """Wires one custodian to the wire, the block store and the final state of the chain.

    A message that cannot stand is noted and stays without an answer: its sender runs out of time.
    Only who is late by an epoch is told, for the patient's next letter can be right.
    """

    def __init__(
        self,
        custodian: Custodian,
        *,
        sealing_private: bytes,
        store: StoreDesk,
        chain: ChainDesk,
        contracts: ContractSuite,
        book: FinalBook,
        clerk: CustodyClerk,
        period_us: int,
        reply: Reply,
    ) -> None:
        self.custodian = custodian
        self._sealing_private = sealing_private
        self._store = store
        self._chain = chain
        self._contracts = contracts
        self.book = book
        self._clerk = clerk
        self._period_us = period_us
        self._reply = reply
        self.places = DealPlaces(custodian.store)
        self._orders = CustodyOrders(
            custodian, places=self.places, book=book, store=store, clerk=clerk
        )
        self._view: FinalView | None = None
        self._early: list[_Arrived] = []
        self._ingests: dict[Address, int] = {}
        """Fragments that are on their way, by who handed them over."""
        self.is_expected: Callable[[bytes], bool] = lambda _deal_id: False
        """Says whether a deal that is not held is on its way."""
        self.on_changes: list[ChangesListener] = []
        """Called with what final blocks have changed, after it was carried out here."""
        self.on_left: list[Callable[[bytes], None]] = []
        """Called with a deal that was left for emergencies: who may read it may be others now."""
        chain.on_head.append(self.head_moved)

    def received(self, turn: Turn, peer: Address, message: Message) -> None:
        """Take a message of the custody protocol."""
        match message:
            case Custody():
                self._guarded(turn, peer, message, lambda: self._take_share(turn, peer, message))
            case Deposit() | Renew():
                until_us = turn.now + LETTER_WAIT_PERIODS * self._period_us
                self._take(turn, _Arrived(peer, message, until_us))
            case Release():
                self._guarded(turn, peer, message, lambda: self._release(turn, peer, message))
            case Entrust():
                self._guarded(turn, peer, message, lambda: self._entrust(turn, peer, message))
            case Reclaim():
                self._guarded(turn, peer, message, lambda: self._reclaim(turn, peer, message))
            case _:
                raise AssertionError(f"{type(message).__name__} is no message of custody")

    def head_moved(self, turn: Turn) -> None:
        """Follow the final block: what it orders is done, and what waited for it is judged."""
        try:
            changes = self.book.advance(turn)
            if changes is not None and changes.is_anew:
                self._clerk.look_again()
            self._orders.follow(turn, self.view(), changes)
        except WardnetError as error:
            # the view is stale by then: nothing is released before all up to F is read
            turn.note("custody.final_unread", why=str(error))
            return
        if changes is not None:
            self._tell_patients(turn, changes)
            for listener in self.on_changes:
                listener(turn, changes)
        self._clerk.head_moved(turn)
        self.judge_again(turn)

    def _tell_patients(self, turn: Turn, changes: Changes) -> None:
        """Say that a doctor broke the glass, at the hospital whose desk the patient stands at."""
        for one in changes.emergencies:
            if self.view().home_of(one.patient) == self.custodian.address:
                turn.note(
                    "emergency.patient_told",
                    emergency=one.emergency_id,
                    patient=one.patient,
                    doctor=one.doctor,
                    until_s=one.until,
                )

    def judge_again(self, turn: Turn) -> None:
        """Judge the letters that waited: for the final block, for an epoch, for a repair."""
        early, self._early = self._early, []
        for one in early:
            self._take(turn, one)

    def _take(self, turn: Turn, one: _Arrived) -> None:
        self._guarded(turn, one.peer, one.message, lambda: self._take_letter(turn, one))

    def _guarded(
        self, turn: Turn, peer: Address, message: Message, act: Callable[[], None]
    ) -> None:
        try:
            act()
        except WardnetError as error:
            turn.note(
                "custody.message_refused",
                peer=peer,
                type=type(message).__name__,
                why=f"{type(error).__name__}: {error}",
            )

    def view(self) -> FinalView:
        """Open the final state; what was asked of it stays answered until F moves."""
        if self._view is None or self._view.hash != self._chain.final.hash():
            self._view = FinalView(
                self._chain,
                self.book,
                self._contracts,
                own=self.custodian.address,
                period_us=self._period_us,
                places=self.places,
            )
        return self._view

    def _take_share(self, turn: Turn, peer: Address, message: Custody) -> None:
        """Keep share, manifest and fragment; acknowledge when all three are here."""
        share = open_share(self._sealing_private, message.deal, message.sealed)
        manifest = Manifest.decode(message.manifest)
        container = decode_container(share, manifest.header)
        if container.deal_id != message.deal:
            # anybody can seal a share under any name, and the name leads to the record below
            was = f"deal {container.deal_id.hex()} is handed over as {message.deal.hex()}"
            raise CustodyError("deal", was)
        place = place_of(message.manifest)
        if self.book.is_closed(place.pmr_id, place.manifest_cid):
            # whoever has a copy of what was destroyed here could put it back for good
            raise CustodyError("record", "it is erased, or was shared anew since")
        if self._ingests.get(peer, 0) >= OPEN_INGESTS_COUNT_MAX:
            raise CustodyError("busy", f"{OPEN_INGESTS_COUNT_MAX} fragments have not come yet")
        fragment = manifest.fragments[container.index - 1].cid
        multihash_of(fragment)  # raises for a name of nothing, before anything is kept
        self.custodian.hold(message.manifest, share)
        root = self._store.add(turn, message.manifest, BlockClass.PUBLIC)

        def kept(turn: Turn, files: Fetched) -> None:
            self._ingests[peer] -= 1
            if not self._ingests[peer]:
                del self._ingests[peer]
            try:
                if isinstance(files, WardnetError):
                    raise files
                # the same ingest: what the ledger grants of the record is granted of the fragment
                self._store.claim(fragment, root)
            except WardnetError as error:
                turn.note("custody.fragment_missing", deal=message.deal, why=str(error))
                return
            digest = Hash32(container.digest())
            self._reply(turn, peer, CustodyKept(deal=message.deal, digest=digest, rid=message.rid))

        owner = None if peer == self.custodian.address else peer
        # the container, and what its leaves and nodes need besides
        bytes_max = 4_096 + 2 * manifest.header.payload_length(Kind.FRAGMENT)
        self._ingests[peer] = self._ingests.get(peer, 0) + 1
        self._store.ingest(turn, fragment, owner, min(bytes_max, READ_BYTES_MAX), kept)

    def _take_letter(self, turn: Turn, one: _Arrived) -> None:
        """Take a deposit or a renewal; one that comes too early for this node waits.

        Final states of two nodes differ by a block or two, and the patient's was ahead; so do
        epochs, since they move with it.
        """
        turn.signatures += 1
        message = one.message
        try:
            digest = self._taken(turn, message)
        except CustodyError as error:
            if error.code == "epoch":
                self._acknowledge(turn, one, _REFUSAL)
            of_peer = sum(other.peer == one.peer for other in self._early)
            may_wait = turn.now < one.until_us and of_peer < EARLY_DEPOSITS_COUNT_MAX
            is_early = error.code in _NOT_YET or (
                error.code == "deal" and self.is_expected(message.deal)
            )
            if not is_early or not may_wait:
                raise
            self._early.append(one)
            return
        self._acknowledge(turn, one, digest)

    def _taken(self, turn: Turn, message: Deposit | Renew) -> Hash32:
        """Let the custodian take a letter; give the digest that acknowledges it."""
        view = self.view()
        if isinstance(message, Deposit):
            self.custodian.take_deposit(_deposit(message), view)
            if view.grant(message.grant) is None:
                for listener in self.on_left:
                    listener(message.deal)
            return message.digests[message.index - 1]
        taken = self.custodian.take_renewal(_renewal(message), view)
        turn.note("custody.renewed", deal=taken.deal_id, index=taken.index, epoch=taken.moved.epoch)
        self._clerk.epoch_moved(taken.deal_id)
        return Hash32(taken.digest)

    def _acknowledge(self, turn: Turn, one: _Arrived, digest: Hash32) -> None:
        message = one.message
        if isinstance(message, Deposit):
            self._reply(turn, one.peer, DepositKept(digest=digest, rid=message.rid))
        else:
            self._reply(turn, one.peer, Renewed(deal=message.deal, digest=digest, rid=message.rid))

    def _release(self, turn: Turn, peer: Address, message: Release) -> None:
        turn.signatures += 2
        view = self.view()
        answer = self.custodian.handle(message.request, view, turn.now)
        if answer is None:
            self._reply(turn, peer, Released(receipt=b"", sealed=b"", rid=message.rid))
            return
        receipt = answer.receipt.encode()
        turn.note("custody.receipt_signed", receipt=receipt, status=answer.receipt.status.name)
        self._reply(turn, peer, Released(receipt=receipt, sealed=answer.sealed, rid=message.rid))

    def _entrust(self, turn: Turn, peer: Address, message: Entrust) -> None:
        """Keep a share of a registered patient's master; others could fill the store."""
        if self.book.home_of(message.patient) is None:
            raise CustodyError("patient", f"0x{message.patient.hex()} is no patient")
        try:
            digest = Hash32(self.custodian.entrust(message.patient, message.sealed).digest())
        except CustodyError as error:
            if error.code != "epoch":
                raise
            digest = _REFUSAL
        self._reply(turn, peer, Entrusted(message.patient, digest, rid=message.rid))

    def _reclaim(self, turn: Turn, peer: Address, message: Reclaim) -> None:
        """Hand out the share of a lost wallet's master, to the key that the registry has now.

        Who asks does not matter: nobody else can open the answer.
        """
        key, sealed = self.view().recovered_key(message.patient), b""
        if key is not None and self.custodian.entrusted(message.patient) is not None:
            sealed = self.custodian.reclaim(message.patient, key)
            turn.note("custody.share_reclaimed", patient=message.patient)
        self._reply(turn, peer, Reclaimed(message.patient, sealed, rid=message.rid))


def _deposit(message: Deposit) -> DepositLetter:
    return DepositLetter(
        grant_id=message.grant,
        deal_id=message.deal,
        epoch=message.epoch,
        index=message.index,
        digests=message.digests,
        sealed=message.sealed,
        signature=message.signature,
    )


def _renewal(message: Renew) -> RenewalLetter:
    return RenewalLetter(
        deal_id=message.deal,
        epoch=message.epoch,
        index=message.index,
        digests=message.digests,
        sealed=message.sealed,
        signature=message.signature,
    )
