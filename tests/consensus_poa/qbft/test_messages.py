from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from node.base import rlp
from node.base.errors import CodecError
from node.base.keccak import keccak256
from node.base.types import Hash32
from node.consensus_poa.qbft.messages import (
    Commit,
    Message,
    Prepare,
    Proposal,
    RoundChange,
    SignedRoundChange,
    decode,
    signing_digest,
)
from tests.consensus_poa.qbft.solo import Solo

SIGNATURE = st.binary(min_size=65, max_size=65)
DIGEST = st.binary(min_size=32, max_size=32).map(Hash32)
HEIGHT, ROUND = st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1)
BLOCK = Solo().block(transactions=(b"\x02\xc0", b"\xc1\x80"))
PREPARES = st.lists(st.builds(Prepare, HEIGHT, ROUND, DIGEST, SIGNATURE), max_size=3).map(tuple)
CHANGE = st.builds(
    SignedRoundChange, HEIGHT, ROUND, st.none() | st.tuples(ROUND, DIGEST), SIGNATURE
)
ACCESS = st.none() | st.just(b"") | st.just([[b"a"]])
MESSAGES = st.one_of(
    st.builds(Prepare, HEIGHT, ROUND, DIGEST, SIGNATURE),
    st.builds(Commit, HEIGHT, ROUND, DIGEST, SIGNATURE, SIGNATURE),
    st.builds(RoundChange, CHANGE, st.none() | st.just(BLOCK), PREPARES, ACCESS),
    st.builds(
        Proposal,
        HEIGHT,
        ROUND,
        st.just(BLOCK),
        st.lists(CHANGE, max_size=3).map(tuple),
        PREPARES,
        SIGNATURE,
        ACCESS,
    ),
)


@given(MESSAGES)
def test_a_message_survives_its_codec(message: Message) -> None:
    raw = message.encode()
    assert decode(raw) == message
    assert decode(raw).encode() == raw


@given(st.binary(max_size=300))
@example(b"")
def test_random_bytes_are_refused_or_are_a_message(data: bytes) -> None:
    with suppress(CodecError):
        assert decode(data).encode() == data


@given(MESSAGES, st.data())
def test_a_changed_byte_is_refused_or_gives_another_message(message: Message, data) -> None:
    raw = bytearray(message.encode())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    try:
        found = decode(bytes(raw))
    except CodecError:
        return
    assert found != message
    assert found.encode() == bytes(raw)


SIG, D = bytes(65), bytes(32)


@pytest.mark.parametrize(
    "items",
    [
        [],
        [[b"\1", b"", D]],
        [[b"\1", b"", D], SIG, b"", b"", b""],
        [[b"\1", b""], SIG],
        [[b"\1", b"", D, SIG, b""], SIG],
        [[b"\1", b"", D[1:]], SIG],
        [[b"\1", b"", D], SIG[1:]],
        [[b"\0", b"", D], SIG],
        [[b"\1" * 9, b"", D], SIG],
        [[b"\1", b"\1" * 5, D], SIG],
        [[b"\1", b"", D, SIG[1:]], SIG],
        [[[b"\1", b"", [b"\1"]], SIG], [], []],
        [[[b"\1", b"", []], SIG], b"", []],
        [[[b"\1", b"", []], SIG], [], b""],
        [[[b"\1", b"", []], SIG], [], [[[b"\1", b"", D, SIG], SIG]]],
        [[[b"\1", b"", [[], [], []]], SIG], [[], []]],
    ],
)
def test_a_message_of_another_shape_is_refused(items: rlp.Item) -> None:
    with pytest.raises(CodecError):
        decode(rlp.encode(items))


def test_more_proofs_than_there_can_be_validators_are_refused() -> None:
    prepares = (Prepare(1, 0, Hash32(D), SIG),) * 101
    change = SignedRoundChange(1, 1, None, SIG)
    with pytest.raises(CodecError):
        decode(RoundChange(change, None, prepares).encode())
    assert decode(RoundChange(change, None, prepares[:100]).encode())


def test_trailing_bytes_are_refused() -> None:
    with pytest.raises(CodecError):
        decode(Prepare(1, 0, Hash32(D), SIG).encode() + b"\0")


def test_the_signed_digest_is_that_of_code_and_payload() -> None:
    vote = Prepare(1, 0, Hash32(D))
    want = keccak256(rlp.encode([b"\x13", [b"\1", b"", D]]))
    assert signing_digest(0x13, vote.payload()) == want
