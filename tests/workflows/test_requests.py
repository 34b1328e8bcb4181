from dataclasses import FrozenInstanceError, fields
from typing import get_args

import pytest

from node.base.types import ZERO_ADDRESS, Address, Hash32
from node.workflows.requests import Ask, AwaitInclusion, Call, Release, Request, TakeHead

HASH = Hash32(bytes(32))


def test_waiting_is_for_finality_unless_told_otherwise() -> None:
    assert AwaitInclusion(HASH).final


def test_a_call_comes_from_nobody_unless_told_otherwise() -> None:
    assert Call(Address(b"\1" * 20), b"").sender == ZERO_ADDRESS


def test_the_head_is_meant_unless_the_final_block_is_asked_for() -> None:
    assert TakeHead() == TakeHead(final=False, back=0)


@pytest.mark.parametrize("kind", [*get_args(Request), Ask, Release])
def test_a_request_is_a_value_that_nobody_changes(kind: type) -> None:
    one = kind(*(None for _ in fields(kind)))
    assert hash(one) == hash(kind(*(None for _ in fields(kind))))
    with pytest.raises(FrozenInstanceError):
        setattr(one, fields(kind)[0].name, 1)
