"""The bytes of IBFT 1's messages."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base import rlp
from node.base.block import Block
from node.base.errors import CodecError
from node.base.types import ZERO_HASH, Hash32
from node.consensus_poa.ibft1.header import Ibft1HeaderForm
from node.consensus_poa.ibft1.messages import (
    COMMIT,
    PREPARE,
    PREPREPARE,
    ROUND_CHANGE,
    Message,
    decode_message,
    equivocation,
    equivocator,
    read_message,
    sign_message,
)
from tests.consensus_poa.chains import VERIFIER, key
from tests.consensus_poa.ibft1.chains import Forge, certificate

FORGE = Forge()
KEY = FORGE.keys[0]
BLOCK = FORGE.propose(FORGE.genesis, KEY)
DIGEST = BLOCK.header.hash()
OTHER = Hash32(b"\x07" * 32)


def signed(code: int, digest: Hash32 = DIGEST, view: tuple[int, int] = (3, 1)) -> bytes:
    carried = BLOCK if code == PREPREPARE else None
    return sign_message(KEY, code, view, ZERO_HASH if code == ROUND_CHANGE else digest, carried)


def with_item(place: int, item: Any, code: int = PREPARE) -> bytes:
    items = rlp.decode(signed(code))
    assert isinstance(items, list)
    items[place] = item
    return rlp.encode(items)


@pytest.mark.parametrize("code", [PREPREPARE, PREPARE, COMMIT, ROUND_CHANGE])
def test_a_message_comes_back(code: int) -> None:
    message = read_message(signed(code), VERIFIER)
    assert isinstance(message, Message)
    digest = ZERO_HASH if code == ROUND_CHANGE else DIGEST
    assert (message.code, message.round, message.height) == (code, 3, 1)
    assert (message.digest, message.author) == (digest, KEY.address)
    assert message.block == (BLOCK if code == PREPREPARE else None)
    assert len(message.seal) == (65 if code == COMMIT else 0)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xc0",
        signed(PREPARE) + b"\0",
        with_item(0, b"\x04"),
        with_item(0, b"\x00"),
        with_item(1, b"\xc0"),
        with_item(1, []),
        with_item(1, rlp.encode([[b"\x01"], bytes(32)])),
        with_item(1, rlp.encode([[b"\x01", b"\x01"], bytes(31)])),
        with_item(1, rlp.encode([[b"\x00", b"\x01"], bytes(32)])),
        with_item(1, rlp.encode([[b"\x01", b"\x01"], b"\x01" * 32]), ROUND_CHANGE),
        with_item(1, rlp.encode([[b"", b"\x01"], bytes(32)]), PREPREPARE),
        with_item(1, rlp.encode([[b"", b"\x02"], rlp.decode(BLOCK.encode())]), PREPREPARE),
        with_item(2, bytes(19)),
        with_item(3, bytes(64)),
        with_item(4, bytes(65)),
        with_item(4, b"", COMMIT),
    ],
)
def test_each_malformed_message_is_refused(raw: bytes) -> None:
    with pytest.raises(CodecError):
        decode_message(raw)
    assert read_message(raw, VERIFIER) == "undecodable"


def test_a_proposal_carries_no_committed_seals() -> None:
    full = Ibft1HeaderForm().join(BLOCK.header, certificate(BLOCK, FORGE.keys))
    sealed = Block(full, ())
    raw = sign_message(KEY, PREPREPARE, (0, 1), full.hash(), sealed)
    assert read_message(raw, VERIFIER) == "undecodable"


def test_an_address_that_did_not_sign_is_refused() -> None:
    raw = with_item(2, key("stranger").address)
    assert read_message(raw, VERIFIER) == "bad_signature"
    assert read_message(with_item(3, b"\xff" * 65), VERIFIER) == "bad_signature"


def test_a_committed_seal_is_its_authors() -> None:
    """Signed by the author all the same: a seal over another block."""
    items = rlp.decode(signed(COMMIT))
    foreign = rlp.decode(signed(COMMIT, OTHER))
    assert isinstance(items, list)
    assert isinstance(foreign, list)

    class Liar:
        address = KEY.address
        turn = 0

        def sign(self, digest: Hash32) -> bytes:
            self.turn += 1
            return bytes(foreign[4]) if self.turn == 1 else KEY.sign(digest)  # type: ignore[arg-type]

    raw = sign_message(Liar(), COMMIT, (3, 1), DIGEST)
    assert read_message(raw, VERIFIER) == "bad_committed_seal"


@given(st.binary(max_size=200))
def test_random_bytes_are_no_message(data: bytes) -> None:
    assert read_message(data, VERIFIER) == "undecodable"


def test_two_digests_in_one_slot_prove_equivocation() -> None:
    report = equivocation(KEY.address, signed(PREPARE), signed(PREPARE, OTHER))
    assert (report.kind, report.offender) == ("equivocation", KEY.address)
    assert equivocator(report.proof, VERIFIER) == KEY.address


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (signed(PREPARE), signed(PREPARE)),
        (signed(PREPARE), signed(COMMIT, OTHER)),
        (signed(PREPARE), signed(PREPARE, OTHER, (2, 1))),
        (signed(PREPARE), signed(PREPARE, OTHER, (3, 2))),
        (signed(PREPARE), b""),
        (signed(PREPARE), sign_message(FORGE.keys[1], PREPARE, (3, 1), OTHER)),
    ],
)
def test_what_is_no_contradiction_proves_nothing(first: bytes, second: bytes) -> None:
    assert equivocator(equivocation(KEY.address, first, second).proof, VERIFIER) is None
    assert equivocator(b"\xc0", VERIFIER) is None
    assert equivocator(first, VERIFIER) is None
