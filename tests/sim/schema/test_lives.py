"""``lives`` in a file: rates and shares by name, each with a default."""

import pytest
from pydantic import ValidationError

from node.sim.schema.lives import (
    FOLLOW_UPS,
    LIFE_EVENTS,
    RATES_DEFAULT,
    SHARES_DEFAULT,
    Lives,
)


def lives(**fields):
    return Lives.model_validate(fields)


@pytest.mark.parametrize(
    ("text", "per_millennium"),
    [("6/y", 6_000), ("0.5/y", 500), ("0.05/y", 50), ("1/mo", 12_000), ("0/y", 0)],
)
def test_a_rate_is_of_a_year_or_a_month(text, per_millennium):
    assert lives(rates={"visit": text}).rate("visit") == per_millennium


@pytest.mark.parametrize("rate", [6, "6", "6/d", "-1/y", "1e3/y", "10000/y", "0.0001/y", None])
def test_what_is_no_rate_is_refused(rate):
    with pytest.raises(ValidationError, match="a rate like"):
        lives(rates={"visit": rate})


def test_what_is_left_out_keeps_its_default():
    found = lives(rates={"visit": "9/y"}, shares={"lab": 1})
    assert found.rate("erasure") == RATES_DEFAULT["erasure"]
    assert found.share("lab") == 1_000_000
    assert found.share("referral") == SHARES_DEFAULT["referral"]


@pytest.mark.parametrize("fields", [{"rates": {"birth": "1/y"}}, {"shares": {"visit": 0.1}}])
def test_an_event_that_nobody_knows_is_refused(fields):
    with pytest.raises(ValidationError):
        lives(**fields)


def test_every_event_has_a_default():
    assert set(LIFE_EVENTS) == set(RATES_DEFAULT)
    assert set(FOLLOW_UPS) == set(SHARES_DEFAULT)
