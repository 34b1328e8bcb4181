"""What clients on this node ask for: transactions, reads, files, and words with custodians."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from node.app.chain_desk import ChainDesk
from node.app.custody_desk import CustodyDesk
from node.app.store_desk import Fetched, StoreDesk
from node.app.turn import Turn
from node.base.errors import WardnetError
from node.base.header import Header
from node.base.limits import OPEN_REQUESTS_COUNT_MAX
from node.base.types import Address, Hash32
from node.p2p.messages import Custody, CustodyKept, Deposit, DepositKept, Message, Released
from node.p2p.messages import Release as ReleaseAsked
from node.workflows.errors import TooManyRequestsError
from node.workflows.requests import (
    SETTLED_BLOCKS,
    AskRelease,
    AwaitInclusion,
    Call,
    Drop,
    Fetch,
    HandShare,
    HeadFacts,
    Inclusion,
    LeaveDeposit,
    NextNonce,
    Put,
    Release,
    Request,
    Submit,
    TakeHead,
    VoteOnKey,
)

_ToCustodian: TypeAlias = HandShare | LeaveDeposit | AskRelease


@dataclass(frozen=True, slots=True)
class _Waiting:
    call: int
    final: bool


@dataclass(frozen=True, slots=True)
class _Asked:
    call: int
    request: _ToCustodian


class ClientDesk:
    """Answers requests, at once or when the answer is there."""

    def __init__(
        self, chain: ChainDesk, store: StoreDesk, custody: CustodyDesk, *, address: Address
    ) -> None:
        self._chain = chain
        self._store = store
        self._custody = custody
        self._address = address
        self._waiting: dict[Hash32, list[_Waiting]] = {}
        self._asked: dict[tuple[Address, int], _Asked] = {}
        """Questions to custodians by custodian and request id, until they are answered.

        A custodian that refuses stays silent, and its question stays here: who asks runs out of
        time, and a late answer still finds its call.
        """
        self._next_rid = 0
        self.on_transaction: list[Callable[[Turn, bytes], None]] = []
        """Called with each transaction that a client put into the pool."""
        chain.on_head.append(self.head_moved)

    def asked(self, turn: Turn, call: int, request: Request) -> None:
        """Take a request; a refusal of the network ends it with that error."""
        try:
            self._take(turn, call, request)
        except WardnetError as error:
            turn.fail(call, error)

    def head_moved(self, turn: Turn) -> None:
        """Answer those who waited for what stands in the chain, or is final, now."""
        for tx_hash in list(self._waiting):
            left = [one for one in self._waiting[tx_hash] if not self._arrived(turn, tx_hash, one)]
            if left:
                self._waiting[tx_hash] = left
            else:
                del self._waiting[tx_hash]

    def replied(self, turn: Turn, peer: Address, message: Message) -> None:
        """Take a peer's answer to a request of ours; one that fits no open question is noted."""
        asked = self._asked.get((peer, message.rid))
        answer = None if asked is None else _answer(asked.request, message)
        if asked is None or answer is None:
            turn.note("p2p.answer_unasked", peer=peer, type=type(message).__name__)
            return
        del self._asked[peer, message.rid]
        turn.answer(asked.call, answer)

    def _take(self, turn: Turn, call: int, request: Request) -> None:
        chain = self._chain
        match request:
            case Submit(raw):
                transaction = chain.transaction_received(turn, raw, is_local=True)
                turn.answer(call, transaction.hash)
                for listener in self.on_transaction:
                    listener(turn, raw)
            case AwaitInclusion(tx_hash, final):
                waiting = _Waiting(call, final)
                if not self._arrived(turn, tx_hash, waiting):
                    self._hold(tx_hash, waiting)
            case Call(to, data, sender):
                turn.answer(call, chain.ledger.call(to, data, sender=sender))
            case NextNonce(sender):
                turn.answer(call, chain.pool.next_nonce(sender))
            case TakeHead(final, back):
                turn.answer(call, self._facts(back) if final else _facts(chain.ledger.head))
            case Put(data, klass, copies):
                turn.answer(call, self._store.add(turn, data, klass, copies))
            case Fetch(cids, holders, klass):
                self._store.fetch(turn, cids, holders, _answer_fetch(call), klass)
            case Drop(cid):
                self._store.drop(cid)
                turn.answer(call, None)
            case VoteOnKey(subject, authorize):
                chain.vote(turn, subject, authorize=authorize)
                turn.answer(call, None)
            case HandShare() | LeaveDeposit() | AskRelease():
                self._ask_custodian(turn, call, request)

    def _facts(self, back: int) -> HeadFacts:
        number = max(0, self._chain.final.number - back)
        header = self._chain.ledger.header_by_number(number)
        assert header is not None, "the chain has every number below its final block"
        return _facts(header)

    def _hold(self, tx_hash: Hash32, waiting: _Waiting) -> None:
        if sum(map(len, self._waiting.values())) >= OPEN_REQUESTS_COUNT_MAX:
            raise TooManyRequestsError(OPEN_REQUESTS_COUNT_MAX)
        self._waiting.setdefault(tx_hash, []).append(waiting)

    def _ask_custodian(self, turn: Turn, call: int, request: _ToCustodian) -> None:
        if len(self._asked) >= OPEN_REQUESTS_COUNT_MAX:
            # the oldest question was never answered: its client has given up long ago
            del self._asked[next(iter(self._asked))]
        self._next_rid += 1
        message = _message(request, self._next_rid)
        is_own = request.custodian == self._address
        if not is_own:
            turn.send(request.custodian, message)  # raises for what no frame can carry
        self._asked[request.custodian, self._next_rid] = _Asked(call, request)
        if is_own:
            self._custody.received(turn, self._address, message)

    def _arrived(self, turn: Turn, tx_hash: Hash32, waiting: _Waiting) -> bool:
        ledger = self._chain.ledger
        place = ledger.transaction_place(tx_hash)
        if place is None:
            return False
        final = self._chain.final.number
        settled = max(final, ledger.head.number - SETTLED_BLOCKS)
        if place.number > (final if waiting.final else settled):
            return False
        receipts = ledger.receipts(place.block_hash)
        receipt = receipts[place.position]
        before = receipts[place.position - 1].cumulative_gas_used if place.position else 0
        header = ledger.header(place.block_hash)
        assert header is not None, "a transaction's block is stored"
        turn.answer(
            waiting.call,
            Inclusion(
                tx_hash=tx_hash,
                block_hash=place.block_hash,
                number=place.number,
                timestamp=header.timestamp,
                succeeded=receipt.status == 1,
                gas_used=receipt.cumulative_gas_used - before,
                logs=receipt.logs,
            ),
        )
        return True


def _answer(request: _ToCustodian, message: Message) -> Hash32 | Release | None:
    """Give what a message answers to a request, None if it is the answer to another question."""
    match request, message:
        case HandShare(deal_id=deal_id), CustodyKept(deal=deal, digest=digest) if deal == deal_id:
            return digest
        case LeaveDeposit(letter=letter), DepositKept(digest=digest):
            return digest if digest == letter.digests[letter.index - 1] else None
        case AskRelease(), Released(receipt=receipt, sealed=sealed):
            return Release(receipt, sealed)
        case _:
            return None


def _message(request: _ToCustodian, rid: int) -> Message:
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


def _answer_fetch(call: int) -> Callable[[Turn, Fetched], None]:
    def answer(turn: Turn, files: Fetched) -> None:
        if isinstance(files, WardnetError):
            turn.fail(call, files)
        else:
            turn.answer(call, files)

    return answer


def _facts(header: Header) -> HeadFacts:
    return HeadFacts(header.hash(), header.number, header.timestamp)
