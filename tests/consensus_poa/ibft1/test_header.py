"""extraData of IBFT 1, its seals, and the two forms of a header."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base import rlp
from node.base.errors import CodecError
from node.base.types import Address
from node.consensus_poa.ibft1.header import (
    Ibft1HeaderForm,
    IstanbulExtra,
    decode_certificate,
    genesis_extra,
    recover_committers,
    recover_proposer,
)
from tests.consensus_poa.chains import VERIFIER
from tests.consensus_poa.ibft1.chains import Forge, certificate

FORGE = Forge()
FORM = Ibft1HeaderForm()


@given(
    st.lists(st.binary(min_size=20, max_size=20), max_size=5),
    st.sampled_from([b"", b"\x01" * 65]),
    st.lists(st.binary(min_size=65, max_size=65), max_size=5),
)
def test_extra_data_comes_back(listed: list[bytes], seal: bytes, seals: list[bytes]) -> None:
    validators = tuple(Address(address) for address in listed)
    extra = IstanbulExtra(bytes(32), validators, seal, tuple(seals))
    assert IstanbulExtra.decode(extra.encode()) == extra


@given(st.binary(max_size=120))
def test_other_bytes_are_refused_or_canonical(data: bytes) -> None:
    try:
        extra = IstanbulExtra.decode(data)
    except CodecError:
        return
    assert extra.encode() == data


@pytest.mark.parametrize(
    ("place", "item"),
    [
        (0, b""),
        (0, [bytes(19)]),
        (0, [bytes(20)] * 101),
        (1, bytes(64)),
        (1, []),
        (2, b""),
        (2, [bytes(66)]),
    ],
)
def test_each_wrong_item_is_refused(place: int, item: Any) -> None:
    items: list[Any] = [[], b"", []]
    IstanbulExtra.decode(bytes(32) + rlp.encode(items))
    items[place] = item
    with pytest.raises(CodecError):
        IstanbulExtra.decode(bytes(32) + rlp.encode(items))


def test_genesis_lists_its_validators_ascending() -> None:
    listed = IstanbulExtra.decode(genesis_extra([k.address for k in FORGE.keys[::-1]]))
    assert listed.validators == tuple(k.address for k in FORGE.keys)


def test_the_proposer_seal_is_part_of_the_hash_and_committed_seals_are_not() -> None:
    block = FORGE.propose(FORGE.genesis, FORGE.keys[0])
    other = FORGE.propose(FORGE.genesis, FORGE.keys[1])
    assert block.header.hash() != other.header.hash()
    full = FORM.join(block.header, certificate(block, FORGE.keys))
    assert FORM.split(full) == (block.header, certificate(block, FORGE.keys))
    assert recover_proposer(full, VERIFIER) == FORGE.keys[0].address
    assert recover_committers(full, VERIFIER) == tuple(k.address for k in FORGE.keys)


def test_genesis_and_headers_without_certificate_come_back_as_they_are() -> None:
    block = FORGE.propose(FORGE.genesis, FORGE.keys[0])
    assert FORM.split(block.header) == (block.header, None)
    assert FORM.join(block.header, None) == block.header
    assert FORM.join(FORGE.genesis, certificate(block, FORGE.keys)) == FORGE.genesis


@pytest.mark.parametrize("proof", [b"", b"\x80", rlp.encode([bytes(64)]), b"\xc0\xc0"])
def test_a_certificate_that_cannot_be_read_is_refused(proof: bytes) -> None:
    with pytest.raises(CodecError):
        decode_certificate(proof)


def test_a_header_of_another_engine_has_no_proposer() -> None:
    header = replace(FORGE.genesis, extra_data=bytes(97))
    assert recover_proposer(header, VERIFIER) is None
    assert recover_proposer(FORGE.genesis, VERIFIER) is None
    with pytest.raises(CodecError):
        recover_committers(header, VERIFIER)
