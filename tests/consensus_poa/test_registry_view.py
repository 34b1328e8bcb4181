"""What may be a validator set."""

import pytest

from node.base.errors import ValidatorSetUnavailableError
from node.base.types import ZERO_ADDRESS, Address, Hash32
from node.consensus_poa.registry_view import checked_set

BLOCK = Hash32(b"\x07" * 32)


def of(*values: int) -> list[Address]:
    return [Address(value.to_bytes(20)) for value in values]


@pytest.mark.parametrize("count", [1, 2, 100])
def test_an_ascending_set_is_taken_as_it_is(count: int) -> None:
    found = of(*range(1, count + 1))
    assert checked_set(BLOCK, found) == tuple(found)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ([], "empty"),
        (of(*range(1, 102)), "101 validators"),
        (of(2, 1), "ascending"),
        (of(1, 1), "stands twice"),
        ([ZERO_ADDRESS, *of(1)], "zero"),
        ([Address(b"\x01" * 19)], "20 bytes"),
    ],
)
def test_anything_else_is_no_set(found: list[Address], why: str) -> None:
    with pytest.raises(ValidatorSetUnavailableError, match=why):
        checked_set(BLOCK, found)
