"""Finding logs: by address and topics, in a range of the chain or in one block.

The index of the chain names the blocks of a range; then the filters of headers and receipts are
asked, and only where they allow for a match are the logs themselves compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from node.base.errors import UnknownBlockError
from node.base.keccak import keccak256
from node.base.limits import LOG_FILTER_VALUES_COUNT_MAX, LOG_RESULTS_COUNT_MAX
from node.base.types import Address, Hash32
from node.evm.blooms import bloom_bits
from node.evm.errors import LogLimitError, QueryError, QueryLimitError
from node.evm.ledger import Ledger
from node.evm.receipts import Log

TOPICS_COUNT_MAX: Final = 4
"""LOG4 is the longest."""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which logs are asked for (EIP-1474, eth_getLogs).

    raises        QueryLimitError: more than four topics, or too many values at one place.
    """

    addresses: tuple[Address, ...] = ()
    """One of these; empty: any."""
    topics: tuple[tuple[Hash32, ...] | None, ...] = ()
    """At each place one of these; None or empty: anything, but a topic must stand there."""

    def __post_init__(self) -> None:
        if len(self.topics) > TOPICS_COUNT_MAX:
            raise QueryLimitError("log filter", TOPICS_COUNT_MAX, "topics")
        for values in (self.addresses, *self.topics):
            if values is not None and len(values) > LOG_FILTER_VALUES_COUNT_MAX:
                raise QueryLimitError("log filter", LOG_FILTER_VALUES_COUNT_MAX, "values")

    def matches(self, log: Log) -> bool:
        """Say whether a log is asked for."""
        if self.addresses and log.address not in self.addresses:
            return False
        if len(self.topics) > len(log.topics):
            return False
        wanted = zip(self.topics, log.topics, strict=False)
        return all(not values or topic in values for values, topic in wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLog:
    """A log and where it stands."""

    log: Log
    block_hash: Hash32
    number: int
    timestamp: int
    transaction_hash: Hash32
    transaction_position: int
    position: int
    """Counts all logs of the block, also those that do not match."""


def get_logs(
    ledger: Ledger,
    wanted: LogFilter,
    *,
    first: int,
    last: int,
    results_max: int = LOG_RESULTS_COUNT_MAX,
) -> list[FoundLog]:
    """Give the matching logs of blocks ``first`` .. ``last`` of the chain, in their order.

    raises        QueryError: reversed range, or one beyond the head; LogLimitError: more than
                  ``results_max`` match, with the range that would have fitted.
    """
    head = ledger.head.number
    if not 0 <= first <= last <= head:
        raise QueryError(
            f"invalid block range {first} to {last}: "
            f"wants first <= last, and both in 0 to {head}, the head"
        )
    bloom = _Bloom(wanted)
    found: list[FoundLog] = []
    first_topics = (wanted.topics[0] if wanted.topics else None) or ()
    # the index knows only the first topic of a log; blooms and logs decide
    for number in ledger.blocks_with_logs(wanted.addresses, first_topics, first, last):
        block_hash = ledger.hash_by_number(number)
        assert block_hash is not None, "all numbers up to the head are on the chain"
        for log in _in_block(ledger, wanted, bloom, block_hash):
            if len(found) == results_max:
                raise LogLimitError(results_max, first, number - 1 if number > first else None)
            found.append(log)
    return found


def get_block_logs(
    ledger: Ledger,
    wanted: LogFilter,
    block_hash: Hash32,
    *,
    results_max: int = LOG_RESULTS_COUNT_MAX,
) -> list[FoundLog]:
    """Give the matching logs of one block of any branch, in their order.

    raises        UnknownBlockError; LogLimitError: more than ``results_max`` match.
    """
    found: list[FoundLog] = []
    for log in _in_block(ledger, wanted, _Bloom(wanted), block_hash):
        if len(found) == results_max:
            raise LogLimitError(results_max, log.number, None)
        found.append(log)
    return found


class _Bloom:
    """What the filter of a block or receipt must hold; hashed once per question."""

    def __init__(self, wanted: LogFilter) -> None:
        self._places = [
            [bloom_bits(value) for value in values]
            for values in (wanted.addresses, *wanted.topics)
            if values
        ]

    def allows(self, bloom: bytes) -> bool:
        """Say whether a match is possible; False is certain."""
        number = int.from_bytes(bloom)
        return all(any(number & bits == bits for bits in place) for place in self._places)


def _in_block(
    ledger: Ledger, wanted: LogFilter, bloom: _Bloom, block_hash: Hash32
) -> Iterator[FoundLog]:
    block = ledger.block(block_hash)
    if block is None:
        raise UnknownBlockError(f"0x{block_hash.hex()}")
    header = block.header
    if not bloom.allows(header.logs_bloom):
        return
    before = 0
    for index, receipt in enumerate(ledger.receipts(block_hash)):
        if bloom.allows(receipt.bloom):
            for position, log in enumerate(receipt.logs, before):
                if wanted.matches(log):
                    yield FoundLog(
                        log=log,
                        block_hash=block_hash,
                        number=header.number,
                        timestamp=header.timestamp,
                        transaction_hash=keccak256(block.transactions[index]),
                        transaction_position=index,
                        position=position,
                    )
        before += len(receipt.logs)
