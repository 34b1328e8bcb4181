"""A custodian helps to repair another one's share: masks with the other helpers, then its part.

Each helper judges by its own final block whether the peer is to hold the share; nobody's word for
it counts.  The masks of a plan are always the same, so that being asked twice gives one part
twice, over a restart too; a peer's nonsense is noted and changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from node.app.final_view import FinalView
from node.app.turn import Turn
from node.base.limits import REPAIR_SESSIONS_COUNT_MAX
from node.base.ports import Entropy
from node.base.types import Address, Hash32
from node.p2p.messages import RepairAsk, RepairMask, RepairPart
from node.privacy.custody import Custodian
from node.privacy.release_errors import CustodyError
from node.privacy.release_facts import is_open
from node.privacy.repair_letters import drawn_masks, open_mask, seal_mask, seal_part
from node.sss.commitments import Manifest
from node.sss.repair import RepairPlan, contribution
from node.sss.shares import Container, decode_container

REFUSED: Final = b""
_Key = tuple[Hash32, int, int, bytes]
"""Deal, index to repair, epoch, helpers."""


@dataclass(slots=True)
class _Session:
    """One plan, as far as this helper has come with it."""

    masks: dict[int, bytes] = field(default_factory=dict[int, bytes])
    """Received, by partner."""
    newcomer: Address | None = None
    """Who has asked for the part."""


@dataclass(frozen=True, slots=True)
class _Case:
    """A message about a repair, as the own final block has it."""

    plan: RepairPlan
    share: Container
    holders: tuple[Address, ...]
    """Of index 1 .. N."""

    def holder(self, index: int) -> Address:
        return self.holders[index - 1]


class RepairHelp:
    """The helper's side of masked repair."""

    def __init__(
        self,
        custodian: Custodian,
        *,
        sealing_private: bytes,
        entropy: Entropy,
        view: Callable[[], FinalView],
    ) -> None:
        self._custodian = custodian
        self._sealing_private = sealing_private
        self._entropy = entropy
        self._view = view
        self._sessions: dict[_Key, _Session] = {}

    def asked(self, turn: Turn, peer: Address, message: RepairAsk) -> None:
        """Give the own part, as soon as all masks are here.

        raises        WardnetError: the message cannot stand; its sender hears nothing.
        """
        case = self._case(message)
        if self._seat(message.deal, message.index) != peer:
            raise CustodyError("holder", f"index {message.index} is not 0x{peer.hex()}'s to repair")
        if case.holders.count(peer) > 1:
            # nobody comes to two shares of one deal: t-1 hospitals open it, not fewer
            raise CustodyError("holder", f"0x{peer.hex()} holds another index of this deal")
        if case.share.epoch != message.epoch:
            self._answer(turn, peer, message, case, REFUSED)
            return
        session = self._session(message)
        session.newcomer = peer
        self._send_masks(turn, message, case)
        self._give(turn, message, case, session)

    def masked(self, turn: Turn, peer: Address, message: RepairMask) -> None:
        """Take another helper's mask, perhaps before anybody has asked; raises as ``asked``."""
        case = self._case(message)
        own, source = case.share.index, message.source
        if source not in case.plan.partners(own) or source > own:
            raise CustodyError("index", f"index {source} draws no mask for index {own}")
        if case.holder(source) != peer:
            raise CustodyError("holder", f"index {source} is not 0x{peer.hex()}'s")
        if self._seat(message.deal, message.index) is None:
            raise CustodyError("holder", f"nobody is to repair index {message.index}")
        mask = open_mask(case.plan, source, own, message.sealed, key=self._sealing_private)
        session = self._session(message)
        session.masks[source] = mask
        if session.newcomer is not None and case.share.epoch == message.epoch:
            self._give(turn, message, case, session)

    def _case(self, message: RepairAsk | RepairMask) -> _Case:
        """Hold a message against custody and the own final block."""
        holding = self._custodian.store.holding(message.deal)
        view = self._view()
        record = view.record(message.deal)
        if holding is None or record is None or not is_open(record):
            raise CustodyError("deal", f"deal {message.deal.hex()} is of no open record here")
        header, share = Manifest.decode(holding.manifest).header, decode_container(holding.share)
        plan = RepairPlan(header, message.epoch, message.index, tuple(message.helpers))
        if share.index not in plan.helpers:
            raise CustodyError("index", f"index {share.index} takes no part")
        return _Case(plan, share, view.holders_of(message.deal))

    def _seat(self, deal_id: Hash32, index: int) -> Address | None:
        return self._view().seat_of(deal_id, index)

    def _session(self, message: RepairAsk | RepairMask) -> _Session:
        key = message.deal, message.index, message.epoch, message.helpers
        if key not in self._sessions and len(self._sessions) >= REPAIR_SESSIONS_COUNT_MAX:
            del self._sessions[next(iter(self._sessions))]  # the oldest; it can be asked again
        return self._sessions.setdefault(key, _Session())

    def _drawn(self, case: _Case) -> dict[int, bytes]:
        return drawn_masks(case.plan, case.share.index, private_key=self._sealing_private)

    def _send_masks(self, turn: Turn, message: RepairAsk, case: _Case) -> None:
        """Send all higher partners their masks, whenever somebody asks: frames may get lost."""
        own = case.share.index
        for partner, mask in self._drawn(case).items():
            key = self._key_of(case.holder(partner))
            sealed = seal_mask(case.plan, own, partner, mask, key=key, entropy=self._entropy)
            out = RepairMask(
                message.deal, message.index, message.epoch, message.helpers, own, sealed
            )
            turn.send(case.holder(partner), out)

    def _give(
        self, turn: Turn, message: RepairAsk | RepairMask, case: _Case, session: _Session
    ) -> None:
        own, newcomer = case.share.index, session.newcomer
        assert newcomer is not None
        masks = session.masks | self._drawn(case)
        if tuple(sorted(masks)) != case.plan.partners(own):
            return
        part = contribution(case.plan, case.share, masks)
        key = self._key_of(newcomer)
        sealed = seal_part(case.plan, own, part, key=key, entropy=self._entropy)
        turn.note("custody.repair_helped", deal=message.deal, index=message.index)
        self._answer(turn, newcomer, message, case, sealed)

    def _answer(
        self,
        turn: Turn,
        newcomer: Address,
        message: RepairAsk | RepairMask,
        case: _Case,
        sealed: bytes,
    ) -> None:
        """Send the part, or with the own epoch that there is none in the one that was asked."""
        share = case.share
        out = RepairPart(
            message.deal, message.index, share.epoch, message.helpers, share.index, sealed
        )
        turn.send(newcomer, out)

    def _key_of(self, account: Address) -> bytes:
        key = self._view().custody_key(account)
        if key is None:
            raise CustodyError("holder", f"0x{account.hex()} is no Verified hospital")
        return key
