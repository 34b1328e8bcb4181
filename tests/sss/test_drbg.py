import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.sss import drbg
from node.sss.drbg import SEED_BYTES, SeedsUsed, Stream, fresh_stream
from node.sss.errors import SeedExhaustedError, SeedReuseError
from tests.sss.deals import FixedEntropy, cases, unhex

SEED = bytes(range(SEED_BYTES))


@pytest.mark.conformance
def test_the_stream_gives_the_bytes_of_the_vectors():
    for case in cases("drbg"):
        assert Stream(unhex(case["seed"]), SeedsUsed()).take(100) == unhex(case["first_100"])


def test_the_counter_wraps_from_its_highest_value_to_zero():
    key, size = SEED[:32], 16
    wrapped = Stream(key + b"\xff" * size, SeedsUsed()).take(2 * size)
    assert wrapped[size:] == Stream(key + bytes(size), SeedsUsed()).take(size)


@given(st.lists(st.integers(0, 70), max_size=8))
@settings(max_examples=50, deadline=None)
def test_how_bytes_are_cut_into_calls_does_not_matter(counts):
    stream = Stream(SEED, SeedsUsed())
    pieces = b"".join(stream.take(count) for count in counts)
    assert pieces == Stream(SEED, SeedsUsed()).take(sum(counts))


def test_a_seed_serves_once():
    seeds = SeedsUsed()
    Stream(SEED, seeds)
    with pytest.raises(SeedReuseError):
        Stream(SEED, seeds)


def test_another_run_may_repeat_a_seed():
    first, second = (Stream(SEED, SeedsUsed()).take(8) for _ in range(2))
    assert first == second


def test_remembered_seeds_are_bounded_and_the_oldest_goes_first():
    seeds = SeedsUsed(count_max=2)
    for last in range(3):
        seeds.claim(bytes(47) + bytes([last]))
    seeds.claim(bytes(48))
    with pytest.raises(SeedReuseError):
        seeds.claim(bytes(47) + b"\x02")


@pytest.mark.parametrize("length", [0, 47, 49])
def test_a_seed_of_another_length_is_refused(length):
    with pytest.raises(ValueError, match="48 bytes"):
        Stream(bytes(length), SeedsUsed())


def test_a_seed_gives_its_limit_and_no_byte_more(monkeypatch):
    monkeypatch.setattr(drbg, "STREAM_BYTES_MAX", 10)
    stream = Stream(SEED, SeedsUsed())
    assert len(stream.take(10)) == 10
    with pytest.raises(SeedExhaustedError, match="10 bytes"):
        stream.take(1)


def test_a_fresh_stream_takes_48_bytes_of_entropy():
    stream = fresh_stream(FixedEntropy(SEED), SeedsUsed())
    assert stream.take(9) == Stream(SEED, SeedsUsed()).take(9)
