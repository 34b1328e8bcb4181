import msgpack
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.base.errors import FrameError
from node.base.types import Address, Cid, Hash32
from node.p2p import messages as m
from node.p2p.errors import UnsendableError
from node.p2p.frames import FrameReader, frame
from node.p2p.wire import cap_of, decode, decode_frame, encode, row_of
from tests.p2p.samples import ANY, MESSAGES

H = Hash32(b"h" * 32)
MIB = 2**20
PING = 0x03


def pack(*items):
    return msgpack.packb(items, use_bin_type=True)


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_a_message_reads_back(kind, data):
    message = data.draw(MESSAGES[kind])
    assert decode(encode(message)) == message


@settings(deadline=None, max_examples=50)
@given(ANY)
def test_a_message_passes_the_frame_reader(message):
    (payload,) = FrameReader(cap_of).feed(frame(encode(message)))
    assert decode(payload) == decode_frame(frame(encode(message))) == message


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=200))
def test_random_bytes_raise_only_frame_errors(data):
    try:
        decode(data)
    except FrameError:
        return


@settings(deadline=None, max_examples=50)
@given(st.integers(0x92, 0x9F), st.sampled_from([0, 2, 3, 5, 0x10, 0x20, 0x40, 0x41]), st.binary())
def test_random_bytes_behind_a_sound_head_raise_only_frame_errors(first, kind, data):
    try:
        decode(bytes((first, kind)) + data)
    except FrameError:
        return


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(ANY, st.integers(0, 10**6), st.integers(0, 255), st.integers(0, 3))
def test_mutated_frames_raise_only_frame_errors(message, at, byte, how):
    data = bytearray(encode(message))
    at %= len(data)
    match how:
        case 0:
            data[at] = byte
        case 1:
            del data[at]
        case 2:
            data.insert(at, byte)
        case 3:
            del data[at:]
    try:
        decode(bytes(data))
    except FrameError:
        return


@settings(deadline=None, max_examples=50)
@given(
    st.integers(0, 0x5F),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**64 - 1)
        | st.floats()
        | st.binary(max_size=40)
        | st.text(max_size=10),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(0, 9), inner),
        max_leaves=15,
    ),
)
def test_sound_msgpack_of_any_shape_is_a_message_or_a_frame_error(kind, items):
    payload = msgpack.packb([kind, 0, *items] if isinstance(items, list) else [kind, items])
    try:
        assert encode(decode(payload)) == payload
    except FrameError:
        return


# The table of network.md, section 3

_TABLE = {
    m.Hello: (0x00, 4_096, 2),
    m.Disconnect: (0x02, 4_096, 1),
    m.Ping: (0x03, 4_096, 1),
    m.Pong: (0x04, 4_096, 1),
    m.Status: (0x05, 4_096, 1),
    m.NewBlock: (0x10, 10 * MIB, 2),
    m.NewBlockHashes: (0x11, 16_384, 258),
    m.Transactions: (0x12, 262_144, 2),
    m.NewTxHashes: (0x13, 32_768, 514),
    m.GetHeaders: (0x20, 4_096, 1),
    m.Headers: (0x21, 4 * MIB, 2),
    m.GetBodies: (0x22, 8_192, 2),
    m.Bodies: (0x23, 10 * MIB, 258),
    m.GetTxs: (0x26, 16_384, 2),
    m.Txs: (0x27, 4 * MIB, 2),
    m.XWant: (0x40, 262_144, 1_026),
    m.Consensus: (0x30, 8 * MIB + 64, 1),
    m.XGive: (0x41, 4 * MIB, 516),
    m.XCopy: (0x42, 256, 1),
    m.Release: (0x50, 4_096, 1),
    m.Released: (0x51, 4_096, 1),
    m.Deposit: (0x52, 16_384, 2),
    m.DepositKept: (0x53, 4_096, 1),
    m.Custody: (0x54, 65_536, 8),
    m.CustodyKept: (0x55, 65_536, 8),
    m.Renew: (0x56, 65_536, 2),
    m.Renewed: (0x57, 4_096, 1),
    m.RepairAsk: (0x58, 4_096, 1),
    m.RepairMask: (0x59, 4_096, 1),
    m.RepairPart: (0x5A, 4_096, 1),
    m.Entrust: (0x5B, 4_096, 1),
    m.Entrusted: (0x5C, 4_096, 1),
    m.Reclaim: (0x5D, 4_096, 1),
    m.Reclaimed: (0x5E, 4_096, 1),
}


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
@settings(deadline=None, max_examples=1)
@given(data=st.data())
def test_a_type_has_the_number_cap_and_budget_of_the_table(kind, data):
    message = data.draw(MESSAGES[kind])
    row = row_of(message)
    assert (row.kind, row.bytes_max, row.arrays_max) == _TABLE[kind]
    assert encode(message)[1] == row.kind


_FULL = {
    "Hello": m.Hello(
        (255,) * 8, "s" * 64, 2**64 - 1, H, b"fork", 0, Address(bytes(20)), "l" * 64, 0, 0, H, 0, H
    ),
    "Disconnect": m.Disconnect(255, "d" * 128),
    "NewBlockHashes": m.NewBlockHashes((m.BlockName(2**64 - 1, H),) * 256),
    "NewTxHashes": m.NewTxHashes((m.TxName(2**32 - 1, H),) * 512),
    "NewBlock": m.NewBlock(bytes(16_384), (bytes(100),) * 8_192, bytes(32)),
    "one long transaction": m.NewBlock(b"", (bytes(131_072),), b""),
    "Headers": m.Headers((bytes(8_000),) * 512),
    "GetBodies": m.GetBodies((H,) * 128),
    "GetTxs": m.GetTxs((H,) * 256),
    "Bodies": m.Bodies((m.Body(H, (b"t",) * 250),) * 128),
    "XWant": m.XWant(True, (m.XWantEntry(Cid(bytes(168)), 2**31 - 1, 255),) * 1_024),
    "XGive": m.XGive(
        (m.XBlock(bytes(16), bytes(2 * MIB)),), (Cid(bytes(36)),) * 1_024, (), 2**32 - 1
    ),
    "XGive of 512": m.XGive((m.XBlock(bytes(4), bytes(8)),) * 512, (), (), 0),
    "Consensus": m.Consensus(255, bytes(8 * MIB)),
    "XCopy": m.XCopy(Cid(bytes(168)), 2),
    "Deposit": m.Deposit(H, H, 2**32 - 1, bytes(65), 255, (H,) * 254, bytes(1_024)),
    "Custody": m.Custody(H, bytes(4_096), bytes(1_024)),
    "Released": m.Released(bytes(297), bytes(80)),
    "Released, no answer owed": m.Released(b"", b""),
}


@pytest.mark.parametrize("message", _FULL.values(), ids=_FULL)
def test_a_message_at_its_limits_passes(message):
    assert decode(encode(message)) == message


_OVER = {
    "nine versions": m.Hello((1,) * 9, "", 1, H, b"fork", 0, Address(bytes(20)), "", 0, 0, H, 0, H),
    "software of 65 bytes": m.Hello(
        (1,), "s" * 65, 1, H, b"fork", 0, Address(bytes(20)), "", 0, 0, H, 0, H
    ),
    "address of 21 bytes": m.Hello(
        (1,), "", 1, H, b"fork", 0, Address(bytes(21)), "", 0, 0, H, 0, H
    ),
    "detail of 129 bytes": m.Disconnect(0, "d" * 129),
    "8,193 transactions": m.NewBlock(b"", (b"t",) * 8_193, b""),
    "transaction of 131,073 bytes": m.NewBlock(b"", (bytes(131_073),), b""),
    "header of 16,385 bytes": m.NewBlock(bytes(16_385), (), b""),
    "score of 33 bytes": m.NewBlock(b"", (), bytes(33)),
    "257 announced blocks": m.NewBlockHashes((m.BlockName(1, H),) * 257),
    "513 announced transactions": m.NewTxHashes((m.TxName(1, H),) * 513),
    "257 transactions": m.Transactions((b"t",) * 257),
    "513 headers": m.Headers((b"h",) * 513),
    "513 headers wanted": m.GetHeaders(1, 513, 0, False),
    "65,535 headers wanted": m.GetHeaders(1, 65_535, 0xFFFF, True),
    "skip above u16": m.GetHeaders(1, 1, 0x10000, False),
    "origin of 31 bytes": m.GetHeaders(Hash32(bytes(31)), 1, 0, False),
    "129 bodies wanted": m.GetBodies((H,) * 129),
    "257 wanted transactions": m.GetTxs((H,) * 257),
    "cid of 169 bytes": m.XWant(False, (m.XWantEntry(Cid(bytes(169)), 1, 0),)),
    "1,025 wants": m.XWant(False, (m.XWantEntry(Cid(b"c"), 1, 0),) * 1_025),
    "priority above i32": m.XWant(False, (m.XWantEntry(Cid(b"c"), 2**31, 0),)),
    "513 blocks": m.XGive((m.XBlock(b"p", b"d"),) * 513, (), (), 0),
    "block of 2 MiB and 1": m.XGive((m.XBlock(b"p", bytes(2 * MIB + 1)),), (), (), 0),
    "prefix of 17 bytes": m.XGive((m.XBlock(bytes(17), b""),), (), (), 0),
    "a fourth stage of a copy": m.XCopy(Cid(b"c"), 3),
    "copy of a cid of 169 bytes": m.XCopy(Cid(bytes(169)), 0),
    "a vote of 8 MiB and 1": m.Consensus(1, bytes(8 * MIB + 1)),
    "request of 240 bytes": m.Release(bytes(240)),
    "request of 242 bytes": m.Release(bytes(242)),
    "receipt of 298 bytes": m.Released(bytes(298), b""),
    "sealed share of 81 bytes": m.Released(b"", bytes(81)),
    "signature of 64 bytes": m.Deposit(H, H, 1, bytes(64), 1, (), b""),
    "255 digests": m.Deposit(H, H, 1, bytes(65), 1, (H,) * 255, b""),
    "manifest of 4,097 bytes": m.Custody(H, bytes(4_097), b""),
    "sealed container of 1,025 bytes": m.Custody(H, b"", bytes(1_025)),
}


def _raw(message):
    """Encode without the checks: what a hostile node would send."""
    row = row_of(message)
    return pack(row.kind, message.rid, *(getattr(message, name) for name in row.names))


@pytest.mark.parametrize("message", _OVER.values(), ids=_OVER)
def test_one_more_than_a_limit_is_a_breach(message):
    with pytest.raises(FrameError):
        decode(_raw(message))


@pytest.mark.parametrize("message", _OVER.values(), ids=_OVER)
def test_we_never_send_what_others_would_refuse(message):
    with pytest.raises(UnsendableError, match=type(message).__name__):
        encode(message)


def test_a_block_of_more_than_ten_mebibytes_cannot_be_sent():
    with pytest.raises(UnsendableError, match="at most 10485760"):
        encode(m.NewBlock(b"", (bytes(131_000),) * 81, b""))


def test_text_that_is_no_unicode_cannot_be_sent():
    with pytest.raises(UnsendableError):
        encode(m.Disconnect(0, "\ud800"))


# The rows of network.md, section 13, that a payload can break

_BREACHES = {
    "empty": b"",
    "one byte": b"\x93",
    "array32 header of 4 G": b"\x93\x10\x00\xdd\xff\xff\xff\xff",
    "bin32 header of 4 G": b"\x93\x03\x00\xc6\xff\xff\xff\xff",
    "500 nested arrays": b"\x93\x11\x00" + b"\x91" * 500 + b"\x00",
    "2,000 nested arrays": b"\x93\x11\x00" + b"\x91" * 2_000 + b"\x00",
    "500 nested arrays where the budget is wide": b"\x94\x40\x00\xc2" + b"\x91" * 500 + b"\x00",
    "map": pack(PING, 0, {1: 2}),
    "empty map": pack(PING, 0, {}),
    "ext": b"\x93\x03\x00\xd4\x01\x00",
    "empty ext": b"\x93\x03\x00\xc7\x00\x05",
    "timestamp": b"\x93\x03\x00\xd6\xff\x00\x00\x00\x00",
    "float": pack(PING, 0, 1.0),
    "NaN": pack(PING, 0, float("nan")),
    "bool for int": pack(PING, 0, True),
    "nil": pack(PING, 0, None),
    "negative in an unsigned field": pack(PING, 0, -1),
    "id above u32": pack(PING, 2**32, 1),
    "negative id": pack(PING, -1, 1),
    "bool for id": pack(PING, True, 1),
    "id where none belongs": pack(0x11, 1, ()),
    "u16 above its width": pack(0x05, 0, 0, 0, H, 0, b"", 65_536),
    "u8 above its width": pack(0x02, 0, 256, ""),
    "int for bool": pack(0x20, 0, 1, 1, 0, 1),
    "text for bytes": pack(0x53, 0, "h" * 32),
    "bytes for text": pack(0x02, 0, 0, b"why"),
    "invalid UTF-8": b"\x94\x02\x00\x00\xa1\xff",
    "lone surrogate": b"\x94\x02\x00\x00\xa3\xed\xa0\x80",
    "257-byte text": b"\x94\x02\x00\x00\xda\x01\x01" + b"a" * 257,
    "trailing byte": pack(PING, 0, 1) + b"\0",
    "two arrays in one frame": pack(PING, 0, 1) * 2,
    "truncated array": pack(PING, 0, 1)[:-1],
    "too few items": pack(PING, 0),
    "too many items": pack(PING, 0, 1, 1),
    "unknown type below 0x60": pack(0x5F, 0),
    "Consensus of no number": pack(0x30, 0, b"1", b""),
    "a vote in pieces, which nobody sends here": pack(0x31, 0, 1, b""),
    "array16 for the outermost": b"\xdc\x00\x03" + pack(PING, 0, 1)[1:],
    "above the cap of its type": pack(0x02, 0, 0, "") + bytes(5_000),
    "arrays above the budget": pack(0x12, 0, ((), ())),
    "record with an item too many": pack(0x11, 0, ((1, H, 1),)),
}


@pytest.mark.parametrize("payload", _BREACHES.values(), ids=_BREACHES)
def test_a_hostile_payload_is_a_breach(payload):
    with pytest.raises(FrameError):
        decode(payload)


@pytest.mark.parametrize(
    "payload",
    [
        b"\x93\x03\x00\xcd\x00\x01",
        b"\x93\x03\x00\xcf" + bytes(7) + b"\x01",
        b"\x93\x03\xcc\x00\x01",
    ],
    ids=["u16 for 1", "u64 for 1", "u8 for id 0"],
)
def test_a_number_that_is_not_minimal_is_accepted(payload):
    assert decode(payload) == m.Ping(1)


def test_bin32_for_a_few_bytes_is_accepted():
    payload = b"\x93\x53\x00\xc6\x00\x00\x00\x20" + H
    assert decode(payload) == m.DepositKept(H)


@pytest.mark.parametrize("kind", [0x60, 0x7F])
def test_a_reserved_type_is_ignored(kind):
    assert decode(pack(kind, 0, {}, 1.5)) is None


def test_the_error_names_the_message_and_the_field():
    with pytest.raises(FrameError) as caught:
        decode(pack(0x11, 0, ((1, H), (-1, H))))
    assert caught.value.what == (
        "NewBlockHashes.blocks[1].number: wants a number of 0 to 18446744073709551615, got -1"
    )


def test_a_frame_of_another_length_than_it_says_is_refused():
    data = frame(encode(m.Ping(1)))
    for bad in (data[:-1], data + b"\0", b"", b"\0\0\0"):
        with pytest.raises(FrameError):
            decode_frame(bad)
