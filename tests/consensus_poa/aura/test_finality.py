"""Rolling finality, against the queue that OpenEthereum describes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base.types import ZERO_HASH, Address, Hash32
from node.consensus_poa.aura.finality import Window, undecided_max


def validator(index: int) -> Address:
    return Address(bytes([index + 1]) * 20)


def block(number: int) -> Hash32:
    return Hash32(number.to_bytes(32))


def push(window: Window, number: int, signer: int, count: int, *, two_thirds: bool) -> Window:
    return window.push(
        block(number),
        number,
        (validator(signer),),
        validators_count=count,
        two_thirds=two_thirds,
    )


@pytest.mark.parametrize(
    ("count", "half", "thirds"), [(1, 0, 0), (2, 1, 1), (3, 1, 2), (4, 2, 2), (5, 2, 3), (6, 3, 4)]
)
def test_so_many_signers_decide_nothing(count: int, half: int, thirds: int) -> None:
    assert undecided_max(count, two_thirds=False) == half
    assert undecided_max(count, two_thirds=True) == thirds


def test_a_lone_validator_makes_its_block_final_at_once() -> None:
    window = push(Window(ZERO_HASH, 0), 1, 0, 1, two_thirds=False)
    assert window == Window(block(1), 1)


@given(
    st.integers(1, 8).flatmap(
        lambda count: st.tuples(
            st.just(count), st.lists(st.integers(0, count - 1), min_size=1, max_size=60)
        )
    ),
    st.booleans(),
)
def test_the_window_finds_what_the_queue_finds(
    run: tuple[int, list[int]], two_thirds: bool
) -> None:
    count, signers = run
    window = Window(ZERO_HASH, 0)
    queue: list[tuple[int, int]] = []
    final = 0
    for number, signer in enumerate(signers, start=1):
        window = push(window, number, signer, count, two_thirds=two_thirds)
        queue.append((number, signer))
        while True:
            distinct = len({who for _, who in queue})
            decides = distinct * 3 > 2 * count if two_thirds else distinct * 2 > count
            if not decides:
                break
            final = queue.pop(0)[0]
        assert window.final_number == final
        assert window.final == (block(final) if final else ZERO_HASH)
        assert len(window.seals) == len({who for _, who in queue})
