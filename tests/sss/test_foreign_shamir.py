"""Two Shamir packages of other authors rebuild from our 32-byte shares, and ours from theirs.

Foreign tools see a custodian's share as ``y || x``; what they rebuild is k', not the record key.
"""

import pyshamir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shamir_mnemonic.shamir import RawShare, _interpolate, _split_secret

from node.sss.derivation import commitment_of
from node.sss.gf256 import add
from node.sss.shamir import combine, split
from tests.sss.deals import make_deal

SECRETS = st.binary(min_size=32, max_size=32)
SLIP39_SECRET_AT = 255
"""SLIP-39 keeps its secret at x = 255 and a digest at 254; ours stands at 0."""


@st.composite
def our_shares(draw):
    """Give a secret and exactly enough of its shares, by index."""
    secret, needed = draw(SECRETS), draw(st.integers(2, 4))
    randoms = [draw(SECRETS) for _ in range(needed - 1)]
    total = draw(st.integers(needed, 255))
    shares = dict(enumerate(split(secret, randoms, total=total), start=1))
    chosen = draw(
        st.lists(st.sampled_from(sorted(shares)), min_size=needed, max_size=needed, unique=True)
    )
    return secret, {x: shares[x] for x in chosen}


def _as_yx(shares):
    return [bytearray(y + bytes([x])) for x, y in shares.items()]


@given(our_shares())
@settings(max_examples=15, deadline=None)
def test_pyshamir_rebuilds_from_our_shares(made):
    secret, shares = made
    assert pyshamir.combine(_as_yx(shares)) == secret


@given(SECRETS, st.integers(2, 4), st.integers(0, 3), st.randoms())
@settings(max_examples=10, deadline=None)
def test_pyshamirs_shares_rebuild_here(secret, needed, spare, random):
    parts = random.sample(pyshamir.split(secret, needed + spare, needed), needed)
    assert combine({part[-1]: bytes(part[:-1]) for part in parts}) == secret


@given(our_shares())
@settings(max_examples=50, deadline=None)
def test_the_field_of_slip_39_rebuilds_from_our_shares(made):
    secret, shares = made
    assert _interpolate([RawShare(x, y) for x, y in shares.items()], 0) == secret


@given(SECRETS, st.integers(2, 6), st.integers(0, 8), st.randoms())
@settings(max_examples=50, deadline=None)
def test_shares_of_slip_39_rebuild_here(secret, needed, spare, random):
    parts = random.sample(_split_secret(needed, needed + spare, secret), needed)
    assert combine(dict(parts), at=SLIP39_SECRET_AT) == secret


@pytest.mark.parametrize("indices", [(1, 2), (2, 4), (3, 1)])
def test_pyshamir_rebuilds_what_custodians_share_and_not_the_record_key(indices):
    made = make_deal(t=3, n=5)
    shares = {x: made.custodians[x - 1].payload for x in indices}
    shared = bytes(pyshamir.combine(_as_yx(shares)))
    commitment = made.header.commitment
    assert commitment_of(shared) != commitment
    assert commitment_of(add(shared, made.essential.payload)) == commitment


def test_one_share_less_rebuilds_another_secret_in_a_foreign_tool_without_a_word():
    """So what a foreign tool gives is to be held against the commitment."""
    secret = bytes(range(32))
    shares = dict(enumerate(split(secret, [b"\x05" * 32, b"\x09" * 32], total=4), start=1))
    del shares[3], shares[4]
    assert pyshamir.combine(_as_yx(shares)) != secret
