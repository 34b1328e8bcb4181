"""A node as custodian: takes shares and deposits, and answers requests for release."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from node.app.chain_desk import ChainDesk
from node.app.deal_places import DealPlaces
from node.app.final_book import FinalBook
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
    Message,
    Release,
    Released,
)
from node.privacy.custody import Custodian
from node.privacy.deposits import DepositLetter
from node.privacy.handover import open_share
from node.privacy.release_errors import CustodyError
from node.sss.commitments import Manifest
from node.sss.shares import Kind, decode_container

DEPOSIT_WAIT_PERIODS: Final = 4
"""How long a deposit waits for its grant to become final here, in block periods."""
_NOT_FINAL_YET: Final = frozenset({"grant", "record"})

Reply: TypeAlias = Callable[[Turn, Address, Message], None]


@dataclass(frozen=True, slots=True)
class _Arrived:
    """A deposit, and how long it may wait."""

    peer: Address
    message: Deposit
    until_us: int


class CustodyDesk:
    """Wires one custodian to the wire, the block store and the final state of the chain.

    A message that cannot stand is noted and stays without an answer: its sender runs out of time.
    """

    def __init__(
        self,
        custodian: Custodian,
        *,
        sealing_private: bytes,
        store: StoreDesk,
        chain: ChainDesk,
        contracts: ContractSuite,
        period_us: int,
        reply: Reply,
    ) -> None:
        self.custodian = custodian
        self._sealing_private = sealing_private
        self._store = store
        self._chain = chain
        self._contracts = contracts
        self._period_us = period_us
        self._reply = reply
        self._book = FinalBook(chain, contracts)
        self._places = DealPlaces(custodian.store)
        self._early: list[_Arrived] = []
        self._ingests: dict[Address, int] = {}
        """Fragments that are on their way, by who handed them over."""
        chain.on_head.append(self.head_moved)

    def received(self, turn: Turn, peer: Address, message: Message) -> None:
        """Take a message of the custody protocol."""
        match message:
            case Custody():
                self._guarded(turn, peer, message, lambda: self._take_share(turn, peer, message))
            case Deposit():
                until_us = turn.now + DEPOSIT_WAIT_PERIODS * self._period_us
                self._judge(turn, _Arrived(peer, message, until_us))
            case Release():
                self._guarded(turn, peer, message, lambda: self._release(turn, peer, message))
            case _:
                raise AssertionError(f"{type(message).__name__} is no message of custody")

    def head_moved(self, turn: Turn) -> None:
        """Follow the final block: what it ended is destroyed, what waited for it is judged."""
        self._book.advance(turn)
        for ended in self.custodian.settle(self.view()):
            turn.note(
                "custody.grant_ended", grant=ended.grant_id, deal=ended.deal_id, why=ended.why.name
            )
        early, self._early = self._early, []
        for one in early:
            self._judge(turn, one)

    def _judge(self, turn: Turn, one: _Arrived) -> None:
        self._guarded(turn, one.peer, one.message, lambda: self._take_deposit(turn, one))

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
        """Open the final state."""
        return FinalView(
            self._chain,
            self._book,
            self._contracts,
            own=self.custodian.address,
            period_us=self._period_us,
            places=self._places,
        )

    def _take_share(self, turn: Turn, peer: Address, message: Custody) -> None:
        """Keep share, manifest and fragment; acknowledge when all three are here."""
        share = open_share(self._sealing_private, message.deal, message.sealed)
        manifest = Manifest.decode(message.manifest)
        container = decode_container(share, manifest.header)
        if container.deal_id != message.deal:
            # anybody can seal a share under any name, and the name leads to the record below
            was = f"deal {container.deal_id.hex()} is handed over as {message.deal.hex()}"
            raise CustodyError("deal", was)
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

    def _take_deposit(self, turn: Turn, one: _Arrived) -> None:
        """Keep a deposit; one whose grant or record is not final here yet waits for it.

        Final states of two nodes differ by a block or two, and the patient's was ahead.
        """
        turn.signatures += 1
        message = one.message
        letter = DepositLetter(
            grant_id=message.grant,
            deal_id=message.deal,
            epoch=message.epoch,
            index=message.index,
            digests=message.digests,
            sealed=message.sealed,
            signature=message.signature,
        )
        try:
            self.custodian.take_deposit(letter, self.view())
        except CustodyError as error:
            of_peer = sum(other.peer == one.peer for other in self._early)
            may_wait = turn.now < one.until_us and of_peer < EARLY_DEPOSITS_COUNT_MAX
            if error.code not in _NOT_FINAL_YET or not may_wait:
                raise
            self._early.append(one)
            return
        digest = message.digests[message.index - 1]
        self._reply(turn, one.peer, DepositKept(digest=digest, rid=message.rid))

    def _release(self, turn: Turn, peer: Address, message: Release) -> None:
        turn.signatures += 2
        answer = self.custodian.handle(message.request, self.view(), turn.now)
        if answer is None:
            self._reply(turn, peer, Released(receipt=b"", sealed=b"", rid=message.rid))
            return
        receipt = answer.receipt.encode()
        turn.note("custody.receipt_signed", receipt=receipt, status=answer.receipt.status.name)
        self._reply(turn, peer, Released(receipt=receipt, sealed=answer.sealed, rid=message.rid))
