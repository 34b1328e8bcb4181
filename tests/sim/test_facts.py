from dataclasses import FrozenInstanceError, fields
from typing import get_args

import pytest

from node.base.types import Hash32
from node.sim.facts import (
    BlockStored,
    BytesSeen,
    EvidenceReported,
    Fact,
    FinalAt,
    HeadAt,
    MessageSent,
    NodeTurned,
    ReceiptSigned,
    StepEnded,
    ValidatorsAfter,
)

HASH = Hash32(bytes(32))
EXAMPLES = (
    BlockStored("h0", HASH, b"\xc0"),
    HeadAt("h0", HASH, 1),
    FinalAt("h0", HASH, 1),
    MessageSent("h0", "qbft", b"\xc0"),
    NodeTurned("h0", "byzantine"),
    ValidatorsAfter("h0", HASH, bytes(40)),
    EvidenceReported("h0", bytes(20), "double_seal", b"\xc0"),
    ReceiptSigned("h0", b"receipt"),
    BytesSeen("frame h0 -> h1", b"payload"),
    StepEnded("visit", "ok"),
)


def test_every_kind_of_fact_has_an_example_here() -> None:
    assert {type(one) for one in EXAMPLES} == set(get_args(Fact))


@pytest.mark.parametrize("fact", EXAMPLES)
def test_a_fact_stays_as_it_was_told(fact: Fact) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(fact, fields(fact)[0].name, "changed")


@pytest.mark.parametrize("fact", EXAMPLES)
def test_a_fact_holds_bytes_and_plain_values_and_no_opinion(fact: Fact) -> None:
    values = [getattr(fact, field.name) for field in fields(fact)]
    assert all(value is None or isinstance(value, bytes | str | int) for value in values)


def test_equal_facts_are_one() -> None:
    assert HeadAt("h0", HASH, 1) == HeadAt("h0", HASH, 1)
    assert HeadAt("h0", HASH, 1) != HeadAt("h1", HASH, 1)
