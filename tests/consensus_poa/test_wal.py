import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base import codec
from node.base.errors import CodecError
from node.base.types import Address, Hash32
from node.consensus_poa.wal import ForeignLogError, WalEntry, keep_newest

HASH = Hash32(b"\x01" * 32)
AUTHOR = Address(b"\x02" * 20)


def entry(kind: str, payload: bytes) -> bytes:
    return WalEntry(kind, HASH, AUTHOR, payload).encode()


@given(st.text(max_size=9), st.binary(max_size=99))
def test_an_entry_comes_back(kind: str, payload: bytes) -> None:
    made = WalEntry(kind, HASH, AUTHOR, payload)
    assert WalEntry.decode(made.encode()) == made


@given(st.binary(max_size=60))
def test_other_bytes_are_refused_with_a_codec_error(data: bytes) -> None:
    with pytest.raises(CodecError):
        WalEntry.decode(data)


@pytest.mark.parametrize(
    "value",
    [[], ["seal", HASH, AUTHOR], ["seal", HASH, AUTHOR, b"", b""], ["seal", "x", AUTHOR, b""], {}],
)
def test_another_shape_is_refused(value: object) -> None:
    with pytest.raises(CodecError, match="wal"):
        WalEntry.decode(codec.pack(value))


def test_the_newest_of_each_kind_stay_in_their_order() -> None:
    log = [entry("seal", b"1"), entry("note", b"2"), entry("seal", b"3"), entry("seal", b"4")]
    assert keep_newest(log, {"seal": 2, "note": 1}) == (log[1], log[2], log[3])


def test_a_kind_without_a_limit_goes() -> None:
    log = [entry("seal", b"1"), entry("note", b"2")]
    assert keep_newest(log, {"seal": 5}) == (log[0],)
    assert keep_newest(log, {}) == ()
    assert keep_newest((), {"seal": 5}) == ()


def test_a_log_of_another_key_names_both() -> None:
    error = ForeignLogError("key", b"\x0a", b"\x0b")
    assert str(error) == "log of another key: wants 0x0a, got 0x0b"
    assert pickle.loads(pickle.dumps(error)).got == b"\x0b"


def test_an_entry_of_another_chain_or_key_is_told_from_ones_own() -> None:
    made = WalEntry("seal", HASH, AUTHOR, b"")
    made.check_origin(HASH, AUTHOR)
    made.check_origin(HASH, None)
    with pytest.raises(ForeignLogError, match="another key"):
        made.check_origin(HASH, Address(b"\x03" * 20))
    with pytest.raises(ForeignLogError, match="another genesis"):
        made.check_origin(Hash32(bytes(32)), None)
