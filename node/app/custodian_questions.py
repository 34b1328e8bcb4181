"""Questions of this node's clients to custodians, and how long each may take."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from node.app.custody_desk import CustodyDesk
from node.app.turn import Turn
from node.base.errors import WardnetError
from node.base.limits import OPEN_REQUESTS_COUNT_MAX
from node.base.types import Address, Hash32
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
    Released,
    Renew,
    Renewed,
)
from node.p2p.messages import Release as ReleaseAsked
from node.workflows.errors import (
    CustodianRefusedError,
    CustodianSilentError,
    TooManyRequestsError,
)
from node.workflows.requests import (
    AskRelease,
    EntrustShare,
    HandShare,
    LeaveDeposit,
    ReclaimShare,
    Release,
    SendRenewal,
)

QUESTION_PERIODS: Final = 4
"""How long a custodian may take, in block periods."""
HANDOVER_PERIODS: Final = 64
"""The same for a share that is handed over: its fragment may be an image on its way."""
ABSENT_PERIODS: Final = 1
"""How long one may take that was not connected when it was asked, and is not yet."""
TIMER: Final = ("clients", "questions")
_REFUSAL: Final = bytes(32)
"""Instead of a digest: the custodian will not take it, now or later."""

ToCustodian: TypeAlias = (
    HandShare | LeaveDeposit | AskRelease | SendRenewal | EntrustShare | ReclaimShare
)
_Answer: TypeAlias = Hash32 | bytes | Release | WardnetError


@dataclass(frozen=True, slots=True)
class _Asked:
    call: int
    request: ToCustodian
    since_us: int
    is_absent: bool
    """Whether the custodian was not connected when somebody looked last."""

    def until_us(self, period_us: int) -> int:
        """Give when the time of the question is over."""
        if self.is_absent:
            return self.since_us + ABSENT_PERIODS * period_us
        periods = HANDOVER_PERIODS if isinstance(self.request, HandShare) else QUESTION_PERIODS
        return self.since_us + periods * period_us


class CustodianQuestions:
    """Asks custodians, the own one among them; every question ends.

    A custodian that refuses stays silent in most cases: strangers learn nothing from it.
    """

    def __init__(
        self,
        custody: CustodyDesk,
        *,
        address: Address,
        period_us: int,
        is_connected: Callable[[Address], bool],
    ) -> None:
        self._custody = custody
        self._address = address
        self._period_us = period_us
        self._is_connected = is_connected
        self._asked: dict[tuple[Address, int], _Asked] = {}
        """By custodian and request id."""
        self._next_rid = 0

    def ask(self, turn: Turn, call: int, request: ToCustodian) -> None:
        """Ask; a connection may be on its way, and the driver drops what has none.

        raises        TooManyRequestsError.  UnsendableError: no frame can carry it.
        """
        is_own = request.custodian == self._address
        if len(self._asked) >= OPEN_REQUESTS_COUNT_MAX:
            raise TooManyRequestsError(OPEN_REQUESTS_COUNT_MAX)
        self._next_rid += 1
        message = _message(request, self._next_rid)
        if not is_own:
            turn.send(request.custodian, message)
        is_absent = not is_own and not self._is_connected(request.custodian)
        asked = _Asked(call, request, turn.now, is_absent)
        self._asked[request.custodian, self._next_rid] = asked
        self._arm(turn)
        if is_own:
            self._custody.received(turn, self._address, message)

    def replied(self, turn: Turn, peer: Address, message: Message) -> None:
        """Take a peer's answer; one that fits no open question is noted."""
        asked = self._asked.get((peer, message.rid))
        answer = None if asked is None else _answer(asked.request, message)
        if asked is None or answer is None:
            turn.note("p2p.answer_unasked", peer=peer, type=type(message).__name__)
            return
        del self._asked[peer, message.rid]
        if isinstance(answer, WardnetError):
            turn.fail(asked.call, answer)
        else:
            turn.answer(asked.call, answer)

    def timer_fired(self, turn: Turn) -> None:
        """End the questions whose time is over."""
        for key, asked in list(self._asked.items()):
            if asked.until_us(self._period_us) > turn.now:
                continue
            custodian = asked.request.custodian
            if asked.is_absent and self._is_connected(custodian):
                self._asked[key] = replace(asked, is_absent=False)
                continue
            del self._asked[key]
            why = "it is not connected" if asked.is_absent else "its time is over"
            what = f"{type(asked.request).__name__}: {why}"
            turn.fail(asked.call, CustodianSilentError(custodian, what))
        self._arm(turn)

    def _arm(self, turn: Turn) -> None:
        if self._asked:
            at_us = min(asked.until_us(self._period_us) for asked in self._asked.values())
            turn.set_timer(TIMER, at_us)


def _answer(request: ToCustodian, message: Message) -> _Answer | None:
    """Give what a message answers to a request, None if it is the answer to another question."""
    match request, message:
        case HandShare(deal_id=deal_id), CustodyKept(deal=deal, digest=digest) if deal == deal_id:
            return digest
        case LeaveDeposit(letter=letter), DepositKept(digest=digest):
            what = f"a deposit of epoch {letter.epoch} comes too late"
            return _kept(request, digest, letter.digests[letter.index - 1], what)
        case SendRenewal(letter=letter), Renewed(deal=deal, digest=digest) if (
            deal == letter.deal_id
        ):
            what = f"a renewal of epoch {letter.epoch} comes too late"
            return _kept(request, digest, letter.digests[letter.index - 1], what)
        case AskRelease(), Released(receipt=receipt, sealed=sealed):
            return Release(receipt, sealed)
        case EntrustShare(patient=patient), Entrusted(patient=of, digest=digest) if of == patient:
            return _kept(request, digest, digest, "it takes no share of this wallet's master")
        case ReclaimShare(patient=patient), Reclaimed(patient=of, sealed=sealed) if of == patient:
            what = "it holds no share of this master, or sees no recovery that is final"
            return sealed or CustodianRefusedError(request.custodian, what)
        case _:
            return None


def _kept(request: ToCustodian, digest: Hash32, want: bytes, refused: str) -> _Answer | None:
    if digest == _REFUSAL:
        return CustodianRefusedError(request.custodian, refused)
    return digest if digest == want else None


def _message(request: ToCustodian, rid: int) -> Message:
    match request:
        case HandShare(_, deal_id, manifest, sealed):
            return Custody(deal=deal_id, manifest=manifest, sealed=sealed, rid=rid)
        case LeaveDeposit(_, letter):
            return Deposit(
                grant=Hash32(letter.grant_id),
                deal=Hash32(letter.deal_id),
                epoch=letter.epoch,
                signature=letter.signature,
                index=letter.index,
                digests=tuple(map(Hash32, letter.digests)),
                sealed=letter.sealed,
                rid=rid,
            )
        case AskRelease(_, asked):
            return ReleaseAsked(request=asked, rid=rid)
        case SendRenewal(_, letter):
            return Renew(
                deal=Hash32(letter.deal_id),
                epoch=letter.epoch,
                index=letter.index,
                digests=tuple(map(Hash32, letter.digests)),
                sealed=letter.sealed,
                signature=letter.signature,
                rid=rid,
            )
        case EntrustShare(_, patient, sealed):
            return Entrust(patient=patient, sealed=sealed, rid=rid)
        case ReclaimShare(_, patient):
            return Reclaim(patient=patient, rid=rid)
