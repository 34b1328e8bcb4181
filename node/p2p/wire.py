"""Messages to frames and back: one table of types, fields and limits (network.md, section 3).

Types that this node does not speak are unknown to it: below 0x60 a breach, from there on ignored.
Typed decode on top of bounded msgpack: anything that is not exactly what the table says raises
FrameError, and nothing else does.
"""

from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Final

import msgpack

from node.base.errors import FrameError
from node.base.limits import (
    BLOCK_BYTES_MAX,
    BLOCK_TRANSACTIONS_MAX,
    CID_BYTES_MAX,
    CONSENSUS_BYTES_MAX,
    FRAME_BYTES_MAX,
    GIVE_BLOCKS_COUNT_MAX,
    GIVE_BYTES_MAX,
    HEADER_BYTES_MAX,
    MANIFEST_BYTES_MAX,
    TRANSACTION_BYTES_MAX,
    WANT_ENTRIES_COUNT_MAX,
)
from node.p2p import messages as m
from node.p2p.bounded import unpack_bounded
from node.p2p.errors import UnsendableError
from node.p2p.fields import Check, binary, boolean, either, exactly, many, record, sint, text, uint
from node.p2p.frames import HEAD_BYTES, RESERVED_TYPE, check_head
from node.p2p.messages import Message, SendClass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    kind: int
    make: type[Message]
    send_class: SendClass
    bytes_max: int
    """Longest payload."""
    arrays_max: int
    """Arrays in one payload, the outermost included."""
    checks: tuple[Check, ...]
    has_id: bool = False
    """Requests and answers carry a request id; everywhere else it is 0."""
    text_bytes_max: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The fields in the order of the wire."""
        return tuple(entry.name for entry in fields(self.make) if entry.name != "rid")


_KIB: Final = 1_024
_4K: Final = 4 * _KIB
_U8, _U16, _U32, _U64 = uint(8), uint(16), uint(32), uint(64)
_H32: Final = exactly(32)
_CID: Final = binary(CID_BYTES_MAX)
_HEADER: Final = binary(HEADER_BYTES_MAX)
_TX: Final = binary(TRANSACTION_BYTES_MAX)
_TXS: Final = many(_TX, BLOCK_TRANSACTIONS_MAX)
_SCORE: Final = binary(32)
_BLOCK_NAME: Final = record(m.BlockName, number=_U64, hash=_H32)
_TX_NAME: Final = record(m.TxName, size=_U32, hash=_H32)
_BODY: Final = record(m.Body, hash=_H32, transactions=_TXS)
_WANT: Final = record(m.XWantEntry, cid=_CID, priority=sint(32), flags=_U8)
_BLOCK: Final = record(m.XBlock, prefix=binary(16), data=binary(BLOCK_BYTES_MAX))
_HELLO: Final = (
    many(_U8, 8),
    text(64),
    _U64,
    _H32,
    exactly(4),
    _U64,
    exactly(20),
    text(64),
    _U64,
    _U64,
    _H32,
    _U32,
    _H32,
)
_ADDRESS: Final = exactly(20)
_DEPOSIT: Final = (_H32, _H32, _U32, exactly(65), _U8, many(_H32, 254), binary(1_024))
_RENEW: Final = (_H32, _U32, _U8, many(_H32, 254), binary(48 * _KIB), exactly(65))
_REPAIR: Final = (_H32, _U8, _U32, binary(254))

_CONTROL, _REQUEST, _GOSSIP, _BULK = (
    SendClass.CONTROL,
    SendClass.REQUEST,
    SendClass.GOSSIP,
    SendClass.BULK,
)
_ROWS: Final = (
    Row(0x00, m.Hello, _CONTROL, _4K, 2, _HELLO, text_bytes_max=256),
    Row(0x02, m.Disconnect, _CONTROL, _4K, 1, (_U8, text(128)), text_bytes_max=256),
    Row(0x03, m.Ping, _CONTROL, _4K, 1, (_U64,), has_id=True),
    Row(0x04, m.Pong, _CONTROL, _4K, 1, (_U64, _U64), has_id=True),
    Row(0x05, m.Status, _CONTROL, _4K, 1, (_U64, _U64, _H32, _U64, _SCORE, _U16)),
    Row(0x10, m.NewBlock, _GOSSIP, FRAME_BYTES_MAX, 2, (_HEADER, _TXS, _SCORE)),
    Row(0x11, m.NewBlockHashes, _GOSSIP, 16 * _KIB, 258, (many(_BLOCK_NAME, 256),)),
    Row(0x12, m.Transactions, _GOSSIP, 256 * _KIB, 2, (many(_TX, 256),)),
    Row(0x13, m.NewTxHashes, _GOSSIP, 32 * _KIB, 514, (many(_TX_NAME, 512),)),
    Row(
        0x20,
        m.GetHeaders,
        _REQUEST,
        _4K,
        1,
        (either(_U64, _H32), uint(16, most=512), _U16, boolean),
        has_id=True,
    ),
    Row(0x21, m.Headers, _REQUEST, 4 * _KIB**2, 2, (many(_HEADER, 512),), has_id=True),
    Row(0x22, m.GetBodies, _REQUEST, 8 * _KIB, 2, (many(_H32, 128),), has_id=True),
    Row(0x23, m.Bodies, _REQUEST, FRAME_BYTES_MAX, 258, (many(_BODY, 128),), has_id=True),
    Row(0x26, m.GetTxs, _REQUEST, 16 * _KIB, 2, (many(_H32, 256),), has_id=True),
    Row(0x27, m.Txs, _REQUEST, 4 * _KIB**2, 2, (many(_TX, 256),), has_id=True),
    Row(
        0x30,
        m.Consensus,
        SendClass.CONSENSUS,
        CONSENSUS_BYTES_MAX + 64,
        1,
        (_U8, binary(CONSENSUS_BYTES_MAX)),
    ),
    Row(
        0x40,
        m.XWant,
        _BULK,
        256 * _KIB,
        1_026,
        (boolean, many(_WANT, WANT_ENTRIES_COUNT_MAX)),
    ),
    Row(
        0x41,
        m.XGive,
        _BULK,
        GIVE_BYTES_MAX,
        516,
        (
            many(_BLOCK, GIVE_BLOCKS_COUNT_MAX),
            many(_CID, WANT_ENTRIES_COUNT_MAX),
            many(_CID, WANT_ENTRIES_COUNT_MAX),
            _U32,
        ),
    ),
    Row(0x42, m.XCopy, _GOSSIP, 256, 1, (_CID, uint(8, most=2))),
    Row(0x50, m.Release, _REQUEST, _4K, 1, (exactly(241),), has_id=True),
    Row(0x51, m.Released, _REQUEST, _4K, 1, (binary(297), binary(80)), has_id=True),
    Row(0x52, m.Deposit, _REQUEST, 16 * _KIB, 2, _DEPOSIT, has_id=True),
    Row(0x53, m.DepositKept, _REQUEST, _4K, 1, (_H32,), has_id=True),
    Row(
        0x54,
        m.Custody,
        _REQUEST,
        64 * _KIB,
        8,
        (_H32, binary(MANIFEST_BYTES_MAX), binary(1_024)),
        has_id=True,
    ),
    Row(0x55, m.CustodyKept, _REQUEST, 64 * _KIB, 8, (_H32, _H32), has_id=True),
    Row(0x56, m.Renew, _REQUEST, 64 * _KIB, 2, _RENEW, has_id=True),
    Row(0x57, m.Renewed, _REQUEST, _4K, 1, (_H32, _H32), has_id=True),
    Row(0x58, m.RepairAsk, _REQUEST, _4K, 1, _REPAIR),
    Row(0x59, m.RepairMask, _REQUEST, _4K, 1, (*_REPAIR, _U8, binary(256))),
    Row(0x5A, m.RepairPart, _REQUEST, _4K, 1, (*_REPAIR, _U8, binary(256))),
    Row(0x5B, m.Entrust, _REQUEST, _4K, 1, (_ADDRESS, binary(1_024)), has_id=True),
    Row(0x5C, m.Entrusted, _REQUEST, _4K, 1, (_ADDRESS, _H32), has_id=True),
    Row(0x5D, m.Reclaim, _REQUEST, _4K, 1, (_ADDRESS,), has_id=True),
    Row(0x5E, m.Reclaimed, _REQUEST, _4K, 1, (_ADDRESS, binary(1_024)), has_id=True),
)
_BY_KIND: Final = {row.kind: row for row in _ROWS}
_BY_CLASS: Final = {row.make: row for row in _ROWS}
_GETTERS: Final = {row.make: attrgetter("rid", *row.names) for row in _ROWS}
_NAMES: Final = {row.kind: row.names for row in _ROWS}


def row_of(message: Message) -> Row:
    """Give the line of the table for a message."""
    return _BY_CLASS[type(message)]


def name_of_type(kind: int) -> str:
    """Give the name of a type for people; its number in hex where the table has none."""
    row = _BY_KIND.get(kind)
    return f"0x{kind:02x}" if row is None else row.make.__name__


def cap_of(kind: int) -> int:
    """Give the longest payload of a type.

    raises        FrameError: an unknown type below RESERVED_TYPE.
    """
    if kind >= RESERVED_TYPE:
        return FRAME_BYTES_MAX
    row = _BY_KIND.get(kind)
    if row is None:
        raise FrameError(f"unknown type 0x{kind:02x}")
    return row.bytes_max


def encode(message: Message) -> bytes:
    """Give the payload of a message, checked by the rules of ``decode``.

    raises        UnsendableError: our own value breaks the table: no receiver would take it.
    """
    row = _BY_CLASS[type(message)]
    rid, *values = _GETTERS[type(message)](message)
    try:
        _check_id(row, rid)
        _check_fields(row, tuple(values))
        payload: bytes = msgpack.packb((row.kind, rid, *values), use_bin_type=True)
    except (FrameError, UnicodeEncodeError) as error:
        raise UnsendableError(row.make.__name__, str(error)) from error
    if len(payload) > row.bytes_max:
        too_long = f"{len(payload)} bytes, at most {row.bytes_max}"
        raise UnsendableError(row.make.__name__, too_long)
    return payload


def decode(payload: bytes) -> Message | None:
    """Read the payload of one frame; None for a type that is reserved for later.

    raises        FrameError: anything that section 2 or the table does not allow.
    """
    if len(payload) < 2:
        raise FrameError(f"a frame of {len(payload)} bytes, wants at least 2")
    kind = check_head(payload[:2], len(payload), cap_of)
    if kind >= RESERVED_TYPE:
        return None
    row = _BY_KIND[kind]
    value = unpack_bounded(
        payload,
        arrays_max=row.arrays_max,
        text_bytes_max=row.text_bytes_max,
        binary_bytes_max=row.bytes_max,
    )
    assert isinstance(value, tuple), "the first byte was judged to be an array"
    if len(value) != 2 + len(row.checks):
        raise FrameError(f"{row.make.__name__} of {len(value)} items, wants {2 + len(row.checks)}")
    rid = value[1]
    _check_id(row, rid)
    return row.make(*_check_fields(row, value[2:]), rid=rid)


def decode_frame(data: bytes) -> Message | None:
    """Read one whole frame with its length; errors as ``decode``."""
    length = int.from_bytes(data[:HEAD_BYTES])
    if len(data) < HEAD_BYTES or length != len(data) - HEAD_BYTES:
        raise FrameError(f"{len(data)} bytes are no frame of the length that they claim")
    return decode(data[HEAD_BYTES:])


def _check_id(row: Row, rid: object) -> None:
    try:
        _U32(rid)
    except FrameError as error:
        raise FrameError(f"{row.make.__name__}.rid{error.what}") from None
    if rid != 0 and not row.has_id:
        raise FrameError(f"{row.make.__name__}.rid: wants 0, got {rid}")


def _check_fields(row: Row, values: tuple[object, ...]) -> list[object]:
    checked: list[object] = []
    try:
        for check, value in zip(row.checks, values, strict=True):
            checked.append(check(value))
    except FrameError as error:
        name = _NAMES[row.kind][len(checked)]
        raise FrameError(f"{row.make.__name__}.{name}{error.what}") from None
    return checked
