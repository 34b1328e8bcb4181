from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.sss.errors import ShareMissingError, SharingPlanError
from node.sss.gf256 import BLOCK_BYTES
from node.sss.reed_solomon import disperse, extend, fragment_length, gather
from tests.sss.deals import cases, unhex


@pytest.mark.conformance
def test_dispersal_gives_the_fragments_of_the_vectors():
    for case in cases("dispersal"):
        made = disperse(unhex(case["data"]), needed=case["k"], total=case["n"])
        assert [fragment.hex() for fragment in made] == case["fragments"]
        assert len(made[0]) == case["fragment_length"]


@pytest.mark.conformance
def test_any_k_fragments_of_the_vectors_give_the_data():
    for case in cases("dispersal"):
        fragments = {x: unhex(raw) for x, raw in enumerate(case["fragments"], start=1)}
        for chosen in combinations(fragments, case["k"]):
            part = {x: fragments[x] for x in chosen}
            assert gather(part, needed=case["k"], length=case["length"]) == unhex(case["data"])


@given(st.binary(max_size=300), st.integers(1, 7), st.integers(0, 5), st.randoms())
@settings(max_examples=50, deadline=None)
def test_any_k_of_n_fragments_give_the_data(data, needed, spare, random):
    made = dict(enumerate(disperse(data, needed=needed, total=needed + spare), start=1))
    chosen = {x: made[x] for x in random.sample(sorted(made), needed)}
    assert gather(chosen, needed=needed, length=len(data)) == data


@pytest.mark.parametrize(
    ("length", "needed", "wanted"),
    [(0, 2, 0), (1, 2, 8), (16, 2, 8), (17, 2, 16), (100, 2, 56), (1, 254, 8)],
)
def test_a_fragment_is_a_kth_rounded_up_to_eight(length, needed, wanted):
    assert fragment_length(length, needed=needed) == wanted


def test_more_fragments_than_needed_use_the_lowest_indices():
    made = dict(enumerate(disperse(b"x" * 64, needed=2, total=4), start=1))
    made[4] = bytes(len(made[4]))
    assert gather(made, needed=2, length=64) == b"x" * 64


def test_gathered_bytes_cannot_be_written():
    made = disperse(b"x" * 8, needed=1, total=1)
    assert gather({1: made[0]}, needed=1, length=8).readonly


def test_too_few_fragments_name_the_present_ones():
    with pytest.raises(ShareMissingError) as caught:
        gather({3: bytes(8)}, needed=2, length=16)
    assert (caught.value.have, caught.value.need, caught.value.present) == (1, 2, (3,))


def test_a_fragment_of_another_length_is_refused():
    with pytest.raises(ValueError, match="has 8 bytes"):
        gather({1: bytes(8), 2: bytes(16)}, needed=2, length=16)


@pytest.mark.parametrize(("needed", "total"), [(0, 2), (3, 2), (2, 256)])
def test_a_plan_that_cannot_be_is_refused(needed, total):
    with pytest.raises(SharingPlanError):
        disperse(b"data", needed=needed, total=total)


def test_fragments_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="one length"):
        extend([np.zeros(16, np.uint8), np.zeros(8, np.uint8)], needed=1)


@pytest.mark.parametrize("length", [BLOCK_BYTES - 8, 2 * BLOCK_BYTES + 8])
def test_every_written_block_is_told_in_order(length):
    rows = [np.full(length, x, np.uint8) for x in range(5)]
    told = {3: b"", 4: b"", 5: b""}

    def tell(x, piece):
        told[x] += piece.tobytes()

    extend(rows, needed=2, tell=tell)
    assert told == {x: rows[x - 1].tobytes() for x in (3, 4, 5)}
    assert disperse(rows[0].tobytes() + rows[1].tobytes(), needed=2, total=5)[2:] == tuple(
        told.values()
    )


def test_room_is_used_again():
    made = dict(enumerate(disperse(b"x" * 60, needed=2, total=4), start=1))
    room = bytearray(b"?" * 70)
    assert gather({3: made[3], 4: made[4]}, needed=2, length=60, room=room) == b"x" * 60
    assert room[:60] == b"x" * 60
    assert room[64:] == b"?" * 6


def test_too_little_room_is_refused():
    with pytest.raises(ValueError, match="room for 16 bytes"):
        gather({1: bytes(8), 2: bytes(8)}, needed=2, length=9, room=bytearray(15))
