"""What clients on this node ask for: transactions, reads and files; custodians are asked beside."""

from collections.abc import Callable
from dataclasses import dataclass

from node.app.chain_desk import ChainDesk
from node.app.custodian_questions import CustodianQuestions
from node.app.store_desk import Fetched, StoreDesk
from node.app.turn import Turn
from node.base.errors import WardnetError
from node.base.header import Header
from node.base.limits import OPEN_REQUESTS_COUNT_MAX
from node.base.types import Address, Hash32
from node.evm.errors import NonceError
from node.workflows.errors import TooManyRequestsError
from node.workflows.requests import (
    SETTLED_BLOCKS,
    AwaitFinalTime,
    AwaitInclusion,
    Call,
    Drop,
    Fetch,
    HeadFacts,
    Inclusion,
    NextNonce,
    Put,
    Request,
    Submit,
    TakeHead,
    VoteOnKey,
)


@dataclass(frozen=True, slots=True)
class _Waiting:
    call: int
    final: bool


class ClientDesk:
    """Answers requests, at once or when the answer is there."""

    def __init__(
        self,
        chain: ChainDesk,
        store: StoreDesk,
        questions: CustodianQuestions,
        *,
        is_taken: Callable[[Address, int], bool],
    ) -> None:
        """``is_taken`` says whether the node itself waits for a transaction under a nonce."""
        self._chain = chain
        self._store = store
        self._questions = questions
        self._is_taken = is_taken
        self._waiting: dict[Hash32, list[_Waiting]] = {}
        self._times: dict[int, int] = {}
        """Calls that wait for a time of the final block, in seconds."""
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
        if self._times:
            facts = self._facts(0)
            for call in [call for call, at in self._times.items() if at <= facts.timestamp]:
                del self._times[call]
                turn.answer(call, facts)

    def _take(self, turn: Turn, call: int, request: Request) -> None:
        chain = self._chain
        match request:
            case Submit(raw):
                self._submit(turn, call, raw)
            case AwaitInclusion(tx_hash, final):
                waiting = _Waiting(call, final)
                if not self._arrived(turn, tx_hash, waiting):
                    self._hold(tx_hash, waiting)
            case Call(to, data, sender, value_wei):
                answer = chain.ledger.call(to, data, sender=sender, value=value_wei)
                turn.answer(call, answer)
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
            case AwaitFinalTime(timestamp_s):
                self._await_time(turn, call, timestamp_s)
            case _:
                self._questions.ask(turn, call, request)

    def _submit(self, turn: Turn, call: int, raw: bytes) -> None:
        chain = self._chain
        sent = chain.ledger.decode(raw)
        if sent.hash in chain.pool:
            turn.answer(call, sent.hash)  # two flows want the very same: it happens once for both
            return
        free = chain.pool.next_nonce(sent.sender)
        if sent.nonce < free or self._is_taken(sent.sender, sent.nonce):
            # where nothing costs anything the pool would let it replace the node's own, or that
            # of another flow with the same key, which would then wait for ever
            raise NonceError(sent.sender, free, sent.nonce)
        transaction = chain.transaction_received(turn, raw, is_local=True)
        turn.answer(call, transaction.hash)
        for listener in self.on_transaction:
            listener(turn, raw)

    def _facts(self, back: int) -> HeadFacts:
        number = max(0, self._chain.final.number - back)
        header = self._chain.ledger.header_by_number(number)
        assert header is not None, "the chain has every number below its final block"
        return _facts(header)

    def _await_time(self, turn: Turn, call: int, timestamp_s: int) -> None:
        facts = self._facts(0)
        if timestamp_s <= facts.timestamp:
            turn.answer(call, facts)
        elif len(self._times) >= OPEN_REQUESTS_COUNT_MAX:
            raise TooManyRequestsError(OPEN_REQUESTS_COUNT_MAX)
        else:
            self._times[call] = timestamp_s

    def _hold(self, tx_hash: Hash32, waiting: _Waiting) -> None:
        if sum(map(len, self._waiting.values())) >= OPEN_REQUESTS_COUNT_MAX:
            raise TooManyRequestsError(OPEN_REQUESTS_COUNT_MAX)
        self._waiting.setdefault(tx_hash, []).append(waiting)

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


def _answer_fetch(call: int) -> Callable[[Turn, Fetched], None]:
    def answer(turn: Turn, files: Fetched) -> None:
        if isinstance(files, WardnetError):
            turn.fail(call, files)
        else:
            turn.answer(call, files)

    return answer


def _facts(header: Header) -> HeadFacts:
    return HeadFacts(header.hash(), header.number, header.timestamp)
