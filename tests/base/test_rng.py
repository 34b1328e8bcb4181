"""The tree of randomness: the published vectors, and independence of its branches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base import rng
from node.base.rng import SystemEntropy, TreeEntropy

LINK = ("link", "h0", "h1", 48)
LANES = [
    0x5E159163872EA61D,
    0x06CABBF5EC53EBB5,
    0x1C465C7B9BB4D8FF,
    0xFDA97368D1DB7870,
    0x95C4AC8B38DFDAE1,
    0x0CA26FE17E10701A,
    0x51462806764A15BD,
    0xB7CFD0283D4A9631,
]


def test_key_of_the_vector() -> None:
    """simulation.md, section 3."""
    wanted = "39af6bf107c99ca1ce14e637f45d59244b2eec5ae611693423eb5e46147b2932"
    assert rng.derive_key(1, LINK).hex() == wanted


@pytest.mark.parametrize("index", range(8))
def test_lanes_of_the_vector(index: int) -> None:
    assert rng.lane(rng.block(rng.derive_key(1, LINK), 0), index) == LANES[index]


def test_bounded_draw_of_the_vector() -> None:
    assert TreeEntropy(1, *LINK).below(1000) == 367


def test_second_draw_of_a_path_uses_counter_one() -> None:
    entropy = TreeEntropy(1, "node", "h0", "wiggle")
    entropy.below(2)
    assert entropy.below(2**64) == 0x6C1767016D7C549A


def test_equal_seed_and_path_give_equal_bytes() -> None:
    assert TreeEntropy(7, "a").take(200) == TreeEntropy(7, "a").take(200)


@pytest.mark.parametrize("other", [(8, "a"), (7, "b"), (7, "a", 0), (7,), (7, "a", "")])
def test_other_seed_or_path_gives_other_bytes(other: tuple[int | str, ...]) -> None:
    assert TreeEntropy(7, "a").take(32) != TreeEntropy(*other).take(32)


def test_text_and_number_are_different_paths() -> None:
    assert rng.derive_key(1, ("1",)) != rng.derive_key(1, (1,))


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 129])
def test_take_gives_as_many_bytes_as_asked(count: int) -> None:
    assert len(TreeEntropy(1, "x").take(count)) == count


def test_take_of_nothing_leaves_the_counter() -> None:
    entropy = TreeEntropy(1, "x")
    entropy.take(0)
    assert entropy.take(8) == TreeEntropy(1, "x").take(8)


def test_each_take_starts_at_a_fresh_block() -> None:
    entropy, whole = TreeEntropy(1, "x"), TreeEntropy(1, "x").take(128)
    assert (entropy.take(1), entropy.take(64)) == (whole[:1], whole[64:])


@given(st.integers(min_value=0, max_value=2**64 - 1), st.integers(min_value=1, max_value=2**70))
def test_scaled_value_lies_below_its_bound(value: int, bound: int) -> None:
    assert 0 <= rng.scale(value, bound) < bound


def test_scale_reaches_both_ends() -> None:
    assert (rng.scale(0, 10), rng.scale(2**64 - 1, 10)) == (0, 9)


def test_impossible_never_and_certain_always_happens() -> None:
    entropy = TreeEntropy(3, "p")
    assert [entropy.happens(0), entropy.happens(rng.PPM)] == [False, True]


def test_half_a_million_ppm_happens_about_every_other_time() -> None:
    entropy = TreeEntropy(3, "p")
    assert 400 < sum(entropy.happens(rng.PPM // 2) for _ in range(1000)) < 600


@pytest.mark.parametrize("count", [0, 1, 100])
def test_system_entropy_gives_as_many_bytes_as_asked(count: int) -> None:
    assert len(SystemEntropy().take(count)) == count


def test_system_entropy_does_not_repeat_itself() -> None:
    assert SystemEntropy().take(32) != SystemEntropy().take(32)


def test_system_entropy_stays_below_its_bound() -> None:
    assert {SystemEntropy().below(3) for _ in range(200)} == {0, 1, 2}


def test_blocks_in_order_are_those_of_their_counters() -> None:
    key = rng.derive_key(1, LINK)
    blocks = rng.Blocks(key)
    assert [blocks.draw() for _ in range(300)] == [rng.block(key, n) for n in range(300)]
