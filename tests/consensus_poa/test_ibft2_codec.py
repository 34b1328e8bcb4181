"""IBFT 2.0 headers: codec, hashes, seals, votes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base import rlp
from node.base.errors import CodecError
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.keys import PrivateKey
from node.base.types import Address
from node.consensus_poa.ibft2_codec import (
    MIX_HASH,
    Ibft2Extra,
    Ibft2Form,
    Ibft2Vote,
    Ibft2Votes,
    block_hash,
    commit_seal_hash,
    genesis_votes,
    recover_committers,
    verify_chain,
    verify_header,
)
from tests.base.headers import empty_header
from tests.consensus_poa.chains import GENESIS_TIME, VERIFIER, ascending, key

KEYS = ascending(4)
SET = tuple(k.address for k in KEYS)
EPOCH = 10


def genesis(keys: Sequence[PrivateKey] = KEYS) -> Header:
    extra = Ibft2Extra(bytes(32), tuple(sorted(k.address for k in keys)), None, 0, ())
    fields = {"timestamp": GENESIS_TIME, "mix_hash": MIX_HASH, "extra_data": extra.encode()}
    return replace(empty_header(), **fields)  # type: ignore[arg-type]


def child(
    parent: Header,
    proposer: PrivateKey = KEYS[0],
    vote: Ibft2Vote | None = None,
    sealers: Sequence[PrivateKey] = KEYS[:3],
    validators: tuple[Address, ...] = SET,
    **fields: Any,
) -> Header:
    """Give a sealed child, right by default."""
    bare = Ibft2Extra(bytes(32), validators, vote, 1, ())
    header = replace(
        parent,
        parent_hash=block_hash(parent),
        number=parent.number + 1,
        timestamp=parent.timestamp + 1,
        coinbase=proposer.address,
        extra_data=bare.encode(),
    )
    header = replace(header, **fields)
    seals = tuple(k.sign(commit_seal_hash(header)) for k in sealers)
    return replace(header, extra_data=replace(bare, seals=seals).encode())


def check(header: Header, parent: Header) -> str | None:
    return verify_header(header, parent, SET, VERIFIER)


# -- codec --------------------------------------------------------------------------------------


def test_what_a_hash_leaves_out_is_absent() -> None:
    header = child(genesis())
    items = rlp.decode(header.extra_data)
    signed = replace(header, extra_data=rlp.encode(items[:4]))  # type: ignore[arg-type]
    hashed = replace(header, extra_data=rlp.encode(items[:3]))  # type: ignore[arg-type]
    assert commit_seal_hash(header) == keccak256(signed.encode())
    assert block_hash(header) == keccak256(hashed.encode())


@pytest.mark.parametrize("seen", [b"", b"\x80", b"\xc0", b"\xc5\x80\xc0\x80\x80\xc0"])
def test_bytes_that_are_no_extra_data_are_refused(seen: bytes) -> None:
    with pytest.raises(CodecError):
        Ibft2Extra.decode(seen)


@pytest.mark.parametrize(
    ("place", "item"),
    [
        (0, bytes(31)),
        (1, b""),
        (1, [bytes(19)]),
        (1, [bytes(20)] * 101),
        (2, []),
        (2, [bytes(20), b""]),
        (2, [bytes(20), b"\x01"]),
        (2, [bytes(21), b"\xff"]),
        (3, b""),
        (3, bytes(5)),
        (3, []),
        (4, b""),
        (4, [bytes(64)]),
    ],
)
def test_each_wrong_item_is_refused(place: int, item: Any) -> None:
    items: list[Any] = [bytes(32), [], b"", bytes(4), []]
    assert Ibft2Extra.decode(rlp.encode(items)).round == 0
    items[place] = item
    with pytest.raises(CodecError):
        Ibft2Extra.decode(rlp.encode(items))


@given(st.binary(max_size=200))
def test_random_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        extra = Ibft2Extra.decode(data)
    except CodecError:
        return
    assert extra.encode() == data


# -- headers ------------------------------------------------------------------------------------


def test_a_header_with_a_quorum_of_seals_stands() -> None:
    header = child(genesis())
    assert check(header, genesis()) is None
    assert recover_committers(header, VERIFIER) == SET[:3]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"mix_hash": bytes(32)}, "invalid_mix_digest"),
        ({"nonce": b"\xff" * 8}, "invalid_nonce"),
        ({"ommers_hash": bytes(32)}, "invalid_uncle_hash"),
        ({"difficulty": 2}, "invalid_difficulty"),
        ({"number": 2}, "unknown_ancestor"),
        ({"parent_hash": bytes(32)}, "unknown_ancestor"),
        ({"timestamp": GENESIS_TIME}, "invalid_timestamp"),
        ({"validators": SET[::-1]}, "mismatching_validators"),
        ({"proposer": key("stranger")}, "unauthorized_proposer"),
        ({"sealers": KEYS[:2]}, "too_few_committed_seals"),
        ({"sealers": [KEYS[0], KEYS[0], KEYS[1]]}, "duplicate_committed_seal"),
        ({"sealers": [*KEYS[:3], key("stranger")]}, "invalid_committed_seal"),
    ],
)
def test_each_rule_is_checked(fields: dict[str, Any], error: str) -> None:
    assert check(child(genesis(), **fields), genesis()) == error


def test_extra_data_that_cannot_be_read_is_an_error_not_an_exception() -> None:
    broken = replace(child(genesis()), extra_data=b"\x01")
    assert check(broken, genesis()) == "invalid_extra_data"


# -- votes --------------------------------------------------------------------------------------

NEW = key("newcomer").address


def voted(*ballots: tuple[int, Address, bool], votes: Ibft2Votes | None = None) -> Ibft2Votes:
    votes = votes or Ibft2Votes(SET)
    for index, recipient, add in ballots:
        header = child(genesis(), KEYS[index], Ibft2Vote(recipient, add))
        votes = votes.after(header, EPOCH)
    return votes


def test_more_than_half_admit_a_validator() -> None:
    assert NEW not in voted((0, NEW, True), (1, NEW, True)).validators
    after = voted((0, NEW, True), (1, NEW, True), (2, NEW, True))
    assert after == Ibft2Votes(tuple(sorted((*SET, NEW))))


def test_a_voter_counts_once_and_may_change_its_mind() -> None:
    assert NEW not in voted(*[(0, NEW, True)] * 3).validators
    assert NEW not in voted((0, NEW, True), (1, NEW, True), (1, NEW, False), (2, NEW, True)).adds
    assert len(voted((0, NEW, True), (0, NEW, False)).adds) == 0


def test_who_leaves_takes_its_votes_along() -> None:
    after = voted((3, NEW, True), *[(i, SET[3], False) for i in range(3)])
    assert after == Ibft2Votes(SET[:3])


def test_after_a_shrink_a_touch_of_either_direction_enacts_old_votes() -> None:
    """As in Besu's VoteTally, which QBFT shares."""
    shrunk = SET[:3]
    drops = frozenset({(shrunk[2], shrunk[0]), (shrunk[2], shrunk[1])})
    after = voted((2, shrunk[2], True), votes=Ibft2Votes(shrunk, drops=drops))
    assert after == Ibft2Votes(shrunk[:2])


def test_an_epoch_block_ends_all_votes_and_casts_none() -> None:
    votes = voted((0, NEW, True), (1, NEW, True), (0, SET[3], False))
    header = replace(child(genesis(), KEYS[2], Ibft2Vote(NEW, add=True)), number=EPOCH)
    assert votes.after(header, EPOCH) == Ibft2Votes(SET)


def test_a_chain_is_followed_through_a_change_of_its_set() -> None:
    headers = [genesis()]
    for proposer in KEYS[:3]:
        headers.append(child(headers[-1], proposer, Ibft2Vote(NEW, add=True)))
    grown = genesis_votes(genesis()).validators
    larger = tuple(sorted((*grown, NEW)))
    headers.append(child(headers[-1], KEYS[3], sealers=KEYS, validators=larger))
    assert verify_chain(headers[0], headers[1:], VERIFIER, epoch=EPOCH) is None
    stale = [*headers[:-1], child(headers[-2], KEYS[3])]
    assert verify_chain(stale[0], stale[1:], VERIFIER, epoch=EPOCH) == (4, "mismatching_validators")


FORM = Ibft2Form()


@pytest.mark.parametrize("vote", [None, Ibft2Vote(SET[1], add=False)])
def test_a_header_is_parted_by_what_its_hash_covers_and_joined_to_its_bytes(
    vote: Ibft2Vote | None,
) -> None:
    for header in (genesis(), child(genesis(), vote=vote)):
        kept, certificate = FORM.split(header)
        assert kept.hash() == block_hash(header)
        assert (certificate is None) == (header.number == 0)
        assert FORM.join(kept, certificate).encode() == header.encode()


@pytest.mark.parametrize(
    "certificate", [b"", b"\xc0", b"\xc2\x80\xc0", rlp.encode([bytes(4), [bytes(64)]])]
)
def test_a_certificate_that_is_none_is_refused(certificate: bytes) -> None:
    kept, _ = FORM.split(child(genesis()))
    with pytest.raises(CodecError):
        FORM.join(kept, certificate)


def test_only_a_kept_header_is_joined() -> None:
    with pytest.raises(CodecError, match="vanity, validators, vote"):
        FORM.join(genesis(), None)
