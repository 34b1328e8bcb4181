from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base import rlp
from node.base.errors import CodecError
from node.base.types import Address
from node.consensus_poa.qbft.header import (
    QbftExtra,
    QbftForm,
    Vote,
    commit_digest,
    decode_certificate,
    encode_certificate,
    genesis_extra,
    with_extra,
)
from tests.consensus_poa.qbft.solo import Solo

ADDRESS = st.binary(min_size=20, max_size=20).map(Address)
EXTRAS = st.builds(
    QbftExtra,
    st.binary(min_size=32, max_size=32),
    st.lists(ADDRESS, max_size=5).map(tuple),
    st.none() | st.builds(Vote, ADDRESS, st.booleans()),
    st.integers(0, 2**32 - 1),
    st.lists(st.binary(min_size=65, max_size=65), max_size=3).map(tuple),
)
SEAL = bytes(65)


@given(EXTRAS)
def test_extra_data_survives_its_codec(extra: QbftExtra) -> None:
    assert QbftExtra.decode(extra.encode()) == extra


@given(EXTRAS, st.integers(0, 2**32 - 1))
def test_the_digest_names_the_round_and_no_seals(extra: QbftExtra, round_: int) -> None:
    header = with_extra(Solo().block().header, extra)
    want = with_extra(header, replace(extra, round=round_, seals=())).hash()
    assert commit_digest(header, extra, round_) == want


def test_the_genesis_of_contract_mode_is_as_published() -> None:
    assert genesis_extra() == bytes.fromhex("e5a0" + "00" * 32 + "c0c080c0")


def test_the_genesis_lists_validators_ascending() -> None:
    listed = [Address(bytes([i]) * 20) for i in (3, 1, 2)]
    assert QbftExtra.decode(genesis_extra(listed)).validators == tuple(sorted(listed))


V, A = bytes(32), bytes(20)


@pytest.mark.parametrize(
    "items",
    [
        b"",
        [],
        [V, [], [], b""],
        [V, [], [], b"", [], b""],
        [V[1:], [], [], b"", []],
        [V, b"", [], b"", []],
        [V, [A[1:]], [], b"", []],
        [V, [[]], [], b"", []],
        [V, [], b"", b"", []],
        [V, [], [A], b"", []],
        [V, [], [A, b"\0"], b"", []],
        [V, [], [A, b"\xfe"], b"", []],
        [V, [], [A[1:], b"\xff"], b"", []],
        [V, [], [], b"\0", []],
        [V, [], [], b"\1" * 5, []],
        [V, [], [], b"", b""],
        [V, [], [], b"", [SEAL[1:]]],
    ],
)
def test_extra_data_of_another_shape_is_refused(items: rlp.Item) -> None:
    with pytest.raises(CodecError):
        QbftExtra.decode(rlp.encode(items))


def test_a_header_parts_into_canonical_form_and_certificate_and_joins_again() -> None:
    form = QbftForm()
    canonical = Solo().block().header
    certificate = encode_certificate(3, [SEAL, SEAL])
    full = form.join(canonical, certificate)
    assert QbftExtra.decode(full.extra_data).round == 3
    assert form.split(full) == (canonical, certificate)
    assert form.split(canonical) == (canonical, None)
    assert form.join(canonical, None) == canonical


def test_a_genesis_stays_as_it_is() -> None:
    genesis = Solo().head
    strange = with_extra(genesis, QbftExtra(round=5))
    assert QbftForm().split(strange) == (strange, None)
    assert QbftForm().join(genesis, encode_certificate(1, [])) == genesis


@pytest.mark.parametrize(
    "data", [b"", b"\xc0", b"\xc2\x80\x80", b"\xc3\x80\xc0\x80", b"\xc2\x00\xc0"]
)
def test_what_is_no_certificate_is_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        decode_certificate(data)


def test_a_header_of_another_engine_is_refused() -> None:
    with pytest.raises(CodecError):
        QbftForm().split(replace(Solo().block().header, extra_data=bytes(97)))
