from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.errors import InvalidMessageError
from node.ipfs_lite.anti_entropy import (
    BUCKETS,
    INTERVAL_US,
    SUMMARY_BYTES,
    Rounds,
    Summary,
    bucket_of,
    differing,
    in_buckets,
    missing,
)

_MULTIHASHES = st.sets(
    st.integers(0, 400).map(lambda n: b"\x12\x20" + sha256(b"%d" % n).digest()), max_size=40
)


def test_a_bucket_is_the_first_byte_of_the_digest_and_its_sum_an_xor():
    one, two = (b"\x12\x20\x07" + bytes((last,)) * 31 for last in (1, 2))
    assert bucket_of(one) == 7
    want = bytes(a ^ b for a, b in zip(sha256(one).digest(), sha256(two).digest(), strict=True))
    encoded = Summary([one, two]).encode()
    assert encoded[7 * 32 : 8 * 32] == want
    assert encoded.count(bytes(32)) >= BUCKETS - 1
    assert len(encoded) == SUMMARY_BYTES == 8_192


@settings(deadline=None, max_examples=50)
@given(_MULTIHASHES, _MULTIHASHES)
def test_the_buckets_that_differ_hold_every_difference(mine, theirs):
    buckets = differing(Summary(sorted(mine)).encode(), Summary(sorted(theirs)).encode())
    assert buckets == tuple(sorted({bucket_of(one) for one in mine ^ theirs}))
    named = set(in_buckets(sorted(theirs), buckets))
    assert theirs - mine <= named


@settings(deadline=None, max_examples=50)
@given(_MULTIHASHES, _MULTIHASHES)
def test_a_summary_may_grow_and_shrink_block_by_block(first, second):
    summary = Summary(sorted(first))
    for one in sorted(first ^ second):
        summary.toggle(one)
    assert summary.encode() == Summary(sorted(second)).encode()


@settings(deadline=None, max_examples=50)
@given(_MULTIHASHES, _MULTIHASHES, _MULTIHASHES)
def test_only_what_is_assigned_to_both_is_exchanged(mine, theirs, assigned):
    lacking, lent = missing(mine, theirs, assigned)
    assert set(lacking) == (theirs - mine) & assigned
    assert set(lent) == (mine - theirs) & assigned
    assert list(lacking) == sorted(lacking)


@pytest.mark.parametrize("size", [0, SUMMARY_BYTES - 1, SUMMARY_BYTES + 1])
def test_a_summary_of_another_length_is_a_breach(size):
    with pytest.raises(InvalidMessageError, match="8192"):
        differing(Summary().encode(), bytes(size))


def test_every_pair_meets_once_in_an_interval_and_only_one_side_asks():
    names = [b"a", b"b", b"c", b"d"]
    rounds = {name: Rounds(name) for name in names}
    for each in rounds.values():
        each.set_operators(names, 0)
    met = []
    for now in range(0, 2 * INTERVAL_US + 1, INTERVAL_US // 60):
        met += [(name, other) for name in names for other in rounds[name].due(now)]
    assert sorted(met) == sorted(2 * [(a, b) for a in names for b in names if a < b])


def test_who_left_is_not_asked_and_who_stays_keeps_its_time():
    rounds = Rounds(b"a")
    rounds.set_operators([b"b", b"c"], 0)
    at = rounds.wakes_at()
    rounds.set_operators([b"b"], 10)
    assert rounds.wakes_at() == at
    assert rounds.due(INTERVAL_US) == (b"b",)
    rounds.set_operators([], 20)
    assert rounds.wakes_at() is None
