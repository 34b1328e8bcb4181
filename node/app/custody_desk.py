"""A node as custodian: takes shares and deposits, and answers requests for release."""

from collections.abc import Callable
from typing import TypeAlias

from node.app.chain_desk import ChainDesk
from node.app.final_view import DealPlace, FinalBook, FinalView
from node.app.store_desk import Fetched, StoreDesk
from node.app.turn import Turn
from node.base.errors import WardnetError
from node.base.types import Address, Hash32
from node.contracts.suite import ContractSuite
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
from node.sss.shares import decode_container

Reply: TypeAlias = Callable[[Turn, Address, Message], None]


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
        self._places: dict[bytes, DealPlace] = {}
        chain.on_head.append(self.head_moved)

    def received(self, turn: Turn, peer: Address, message: Message) -> None:
        """Take a message of the custody protocol."""
        try:
            match message:
                case Custody():
                    self._take_share(turn, peer, message)
                case Deposit():
                    self._take_deposit(turn, peer, message)
                case Release():
                    self._release(turn, peer, message)
                case _:
                    raise AssertionError(f"{type(message).__name__} is no message of custody")
        except WardnetError as error:
            turn.note(
                "custody.message_refused",
                peer=peer,
                type=type(message).__name__,
                why=f"{type(error).__name__}: {error}",
            )

    def head_moved(self, turn: Turn) -> None:
        """Follow the final block: what it ended is destroyed."""
        self._book.advance(turn)
        for ended in self.custodian.settle(self.view()):
            turn.note(
                "custody.grant_ended", grant=ended.grant_id, deal=ended.deal_id, why=ended.why.name
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
        manifest = self.custodian.hold(message.manifest, share)
        container = decode_container(share)
        cid = self._store.add(turn, message.manifest)
        pmr_id = int.from_bytes(manifest.header.pmr_id)
        self._places[message.deal] = DealPlace(pmr_id, cid)

        def kept(turn: Turn, files: Fetched) -> None:
            if isinstance(files, WardnetError):
                turn.note("custody.fragment_missing", deal=message.deal, why=str(files))
                return
            digest = Hash32(container.digest())
            self._reply(turn, peer, CustodyKept(deal=message.deal, digest=digest, rid=message.rid))

        fragment = manifest.fragments[container.index - 1].cid
        holders = () if peer == self.custodian.address else (peer,)
        self._store.fetch(turn, (fragment,), holders, kept)

    def _take_deposit(self, turn: Turn, peer: Address, message: Deposit) -> None:
        turn.work.signatures += 1
        letter = DepositLetter(
            grant_id=message.grant,
            deal_id=message.deal,
            epoch=message.epoch,
            index=message.index,
            digests=message.digests,
            sealed=message.sealed,
            signature=message.signature,
        )
        self.custodian.take_deposit(letter, self.view())
        digest = message.digests[message.index - 1]
        self._reply(turn, peer, DepositKept(digest=digest, rid=message.rid))

    def _release(self, turn: Turn, peer: Address, message: Release) -> None:
        turn.work.signatures += 2
        answer = self.custodian.handle(message.request, self.view(), turn.now)
        if answer is None:
            self._reply(turn, peer, Released(receipt=b"", sealed=b"", rid=message.rid))
            return
        receipt = answer.receipt.encode()
        turn.note("custody.receipt_signed", receipt=receipt, status=answer.receipt.status.name)
        self._reply(turn, peer, Released(receipt=receipt, sealed=answer.sealed, rid=message.rid))
