"""Masked repair in one node: the newcomer's side, the helper's side, and the wire between them."""

from node.app.custody_clerk import CustodyClerk
from node.app.custody_desk import CustodyDesk
from node.app.custody_repair import CustodyRepair
from node.app.repair_help import RepairHelp
from node.app.store_desk import StoreDesk
from node.app.turn import Turn
from node.base.errors import WardnetError
from node.base.ports import Entropy
from node.base.types import Address
from node.p2p.messages import Message, RepairAsk, RepairMask, RepairPart


class CustodyMending:
    """Dispatches the messages of repair; one that cannot stand is noted and changes nothing."""

    def __init__(
        self,
        custody: CustodyDesk,
        *,
        sealing_private: bytes,
        entropy: Entropy,
        store: StoreDesk,
        clerk: CustodyClerk,
        period_us: int,
    ) -> None:
        self._help = RepairHelp(
            custody.custodian,
            sealing_private=sealing_private,
            entropy=entropy,
            view=custody.view,
        )
        self.repair = CustodyRepair(
            custody.custodian,
            sealing_private=sealing_private,
            entropy=entropy,
            book=custody.book,
            places=custody.places,
            store=store,
            clerk=clerk,
            period_us=period_us,
        )
        custody.on_changes.append(self.repair.changed)
        custody.is_expected = self.repair.awaits
        self.repair.on_repaired.append(custody.judge_again)

    def received(self, turn: Turn, peer: Address, message: Message) -> None:
        """Take a message of masked repair."""
        try:
            match message:
                case RepairAsk():
                    self._help.asked(turn, peer, message)
                case RepairMask():
                    self._help.masked(turn, peer, message)
                case RepairPart():
                    self.repair.given(turn, peer, message)
                case _:
                    raise AssertionError(f"{type(message).__name__} is no message of repair")
        except WardnetError as error:
            turn.note(
                "custody.message_refused",
                peer=peer,
                type=type(message).__name__,
                why=f"{type(error).__name__}: {error}",
            )

    def timer_fired(self, turn: Turn) -> None:
        """A repair may have to be tried again."""
        self.repair.timer_fired(turn)
