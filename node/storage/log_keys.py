"""What a log is found by: its address and first topic, read from the receipts of a block."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from node.base import rlp
from node.base.errors import CodecError
from node.base.types import Address, Hash32

LogKey: TypeAlias = tuple[Address, Hash32 | None]
"""Address and first topic; None: the log has no topics."""


def log_keys(receipts: Iterable[bytes]) -> tuple[LogKey, ...]:
    """Give the keys of all logs of a block, in their order.

    ``receipts``  EIP-2718 envelopes.  Only as much of them is judged as is needed to find the logs.
    raises        CodecError: bytes that are no receipt.
    """
    return tuple(_key(log) for raw in receipts for log in _logs(raw))


def _logs(raw: bytes) -> list[rlp.Decoded]:
    items = rlp.decode(raw if raw[:1] >= b"\xc0" else raw[1:])
    logs = items[3] if not isinstance(items, bytes) and len(items) == 4 else b""
    if isinstance(logs, bytes):
        raise CodecError("receipt", "wants a list of status, gas, bloom, logs")
    return logs


def _key(log: rlp.Decoded) -> LogKey:
    if isinstance(log, bytes) or len(log) != 3 or isinstance(log[1], bytes):
        raise CodecError("receipt", "a log is no list of address, topics, data")
    address, topics = log[0], log[1]
    topic = topics[0] if topics else None
    if not isinstance(address, bytes) or isinstance(topic, list):
        raise CodecError("receipt", "a list where an address or a topic belongs")
    return Address(address), None if topic is None else Hash32(topic)


def is_wanted(key: LogKey, addresses: Sequence[Address], topics: Sequence[Hash32]) -> bool:
    """Say whether a log has one of the addresses and one of the first topics; empty: any."""
    return (not addresses or key[0] in addresses) and (not topics or key[1] in topics)
