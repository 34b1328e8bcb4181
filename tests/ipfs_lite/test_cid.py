from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.errors import PeerError
from node.base.limits import CID_BYTES_MAX
from node.ipfs_lite import cid as cids
from node.ipfs_lite.cid import from_text, make_cid, make_cid_v0, to_text
from node.ipfs_lite.errors import BadCidError, HashNotAllowedError

_DIGEST = sha256(b"x").digest()
_RAW = b"\x01\x55\x12\x20" + _DIGEST


def test_the_empty_raw_block_has_its_published_cid():
    text = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
    assert to_text(make_cid(b"")) == text


@pytest.mark.parametrize("value", [0, 1, 0x7F, 0x80, 0x3FFF, 0x4000, 2**63 - 1])
def test_a_uvarint_reads_back(value):
    data = cids.encode_uvarint(value)
    assert cids.decode_uvarint(data, 0) == (value, len(data))


@pytest.mark.parametrize(
    "data",
    [b"", b"\x80", b"\x80\x00", b"\x81\x00", b"\x80" * 9 + b"\x01", b"\xff" * 9],
    ids=["empty", "truncated", "zero", "one", "ten-bytes", "no-end"],
)
def test_a_uvarint_that_is_not_minimal_and_whole_is_refused(data):
    with pytest.raises(BadCidError):
        cids.decode_uvarint(data, 0)


def test_a_v0_says_dag_pb_and_sha2():
    assert cids.decode(make_cid_v0(b"x")) == (0, cids.DAG_PB, cids.SHA2_256, _DIGEST)


@pytest.mark.parametrize(
    "data",
    [b"\x12\x20" + _DIGEST[:31], b"\x12\x20" + _DIGEST + b"\0", b"\x12\x1f" + _DIGEST, b"\x12"],
)
def test_what_starts_like_a_v0_and_is_none_is_refused(data):
    with pytest.raises(BadCidError, match="starts like a CIDv0"):
        cids.decode(data)


def test_an_identity_cid_of_128_bytes_is_read():
    data = b"\x01\x55\x00\x80\x01" + bytes(128)
    assert cids.decode(data).digest == bytes(128)


def test_an_identity_cid_of_129_bytes_is_refused():
    with pytest.raises(HashNotAllowedError):
        cids.decode(b"\x01\x55\x00\x81\x01" + bytes(129))


def test_an_identity_cid_names_no_stored_block():
    with pytest.raises(HashNotAllowedError):
        cids.multihash_of(b"\x01\x55\x00\x01B")


def test_an_identity_cid_has_no_prefix_for_the_wire():
    with pytest.raises(HashNotAllowedError):
        cids.prefix_of(b"\x01\x55\x00\x01B")


@pytest.mark.parametrize("length", [31, 33])
def test_sha2_of_another_length_is_refused(length):
    with pytest.raises(HashNotAllowedError) as caught:
        cids.decode(b"\x01\x55\x12" + bytes((length,)) + bytes(length))
    assert caught.value.digest_bytes == length


def test_a_cid_above_the_limit_is_refused_before_it_is_read():
    with pytest.raises(BadCidError, match=f"at most {CID_BYTES_MAX}"):
        cids.decode(b"\x01" * (CID_BYTES_MAX + 1))


def test_the_key_of_a_block_is_the_same_under_every_cid():
    data = b"block"
    names = [
        make_cid(data),
        make_cid(data, cids.DAG_PB),
        make_cid(data, cids.DAG_CBOR),
        make_cid(data, 0x0202),
        make_cid_v0(data),
    ]
    assert {cids.multihash_of(name) for name in names} == {b"\x12\x20" + sha256(data).digest()}


@pytest.mark.parametrize(
    "name", [make_cid(b"x"), make_cid(b"x", cids.DAG_PB), make_cid(b"x", 0x0202), make_cid_v0(b"x")]
)
def test_prefix_and_data_give_the_cid_again(name):
    assert cids.from_prefix(cids.prefix_of(name), b"x") == name


def test_the_prefix_of_a_v0_says_version_0():
    assert cids.prefix_of(make_cid_v0(b"x")) == bytes.fromhex("00701220")


@pytest.mark.parametrize(
    "prefix",
    ["", "00", "0155", "015512", "0155122000", "00551220", "02551220", "0155d50120", "0155121f"],
)
def test_a_prefix_that_is_none_is_refused(prefix):
    with pytest.raises(PeerError):
        cids.from_prefix(bytes.fromhex(prefix), b"x")


def test_other_bytes_give_another_cid():
    assert cids.from_prefix(cids.prefix_of(_RAW), b"y") != _RAW


@pytest.mark.parametrize("base", ["b", "B", "z", "f", "F"])
def test_every_accepted_base_reads_back(base):
    body = {
        "b": to_text(_RAW)[1:],
        "B": to_text(_RAW)[1:].upper(),
        "z": cids._to_base58(_RAW),
        "f": _RAW.hex(),
        "F": _RAW.hex().upper(),
    }[base]
    assert from_text(base + body) == _RAW


@pytest.mark.parametrize(
    "text",
    [
        "",
        "b",
        "z" + to_text(make_cid_v0(b"x")),
        "b" + cids._to_base32(make_cid_v0(b"x")),
        to_text(make_cid_v0(b"x"))[:-1],
        to_text(make_cid_v0(b"x")) + "1",
        to_text(_RAW) + " ",
        "b" + to_text(_RAW)[1:].upper(),
        "B" + to_text(_RAW)[1:],
        "f" + _RAW.hex().upper(),
        "F" + _RAW.hex(),
        "f01 55" + _RAW[2:].hex(),
        "z0",
        "m" + to_text(_RAW)[1:],
        "b" + "\u0131" * 8,
        "Qm" + "l" * 44,
        "b" * 400,
    ],
)
def test_a_text_that_is_not_the_canonical_one_is_refused(text):
    with pytest.raises(PeerError):
        from_text(text)


def test_unused_bits_that_are_not_zero_are_refused():
    """36 bytes leave 2 unused bits in the last character."""
    text = to_text(_RAW)
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    other = alphabet[alphabet.index(text[-1]) + 1]
    with pytest.raises(BadCidError, match="only way"):
        from_text(text[:-1] + other)


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=40), st.integers(0, 2**63 - 1))
def test_any_made_cid_survives_text(data, codec):
    name = make_cid(data, codec)
    assert from_text(to_text(name)) == name


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=60))
def test_random_bytes_are_a_cid_or_a_peer_error(data):
    try:
        parts = cids.decode(data)
    except PeerError:
        return
    assert parts.version == 1
    assert from_text(to_text(data)) == data


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=60))
def test_random_text_is_a_cid_or_a_peer_error(text):
    try:
        name = from_text(text)
    except PeerError:
        return
    assert from_text(to_text(name)) == name


def test_is_block_of_compares_the_hash():
    assert cids.is_block_of(_RAW, b"x")
    assert not cids.is_block_of(_RAW, b"y")


def test_a_hash_alone_is_named_as_a_raw_block():
    cid = make_cid(b"x")
    assert cids.raw_cid_of(cids.multihash_of(cid)) == cid
