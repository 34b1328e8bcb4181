"""The parameters of an IBFT 1 chain."""

from typing import Any

import pytest

from node.base.errors import ConfigError
from node.consensus_poa.ibft1.options import Ibft1Options

UNSAFE = [2, 3, 5, 6, 8, 9, 11, 12]


@pytest.mark.parametrize("count", range(1, 101))
def test_two_thirds_always_share_an_honest_validator(count: int) -> None:
    options = Ibft1Options(quorum="ceil_2n_3")
    assert 2 * options.quorum_of(count) - count > (count - 1) // 3


@pytest.mark.parametrize("count", range(1, 13))
def test_the_published_quorum_is_unsafe_where_the_analysis_says(count: int) -> None:
    options = Ibft1Options()
    shared = 2 * options.quorum_of(count) - count
    assert (shared <= options.faulty_max(count)) == (count in UNSAFE)


@pytest.mark.parametrize(("count", "loose", "strict"), [(1, 1, 1), (4, 2, 3), (6, 2, 3), (7, 3, 5)])
def test_headers_need_fewer_seals_than_decide(count: int, loose: int, strict: int) -> None:
    assert Ibft1Options().seals_min(count) == loose
    assert Ibft1Options(strict_seals=True).seals_min(count) == strict


def test_rounds_last_ten_seconds_and_two_to_the_round_more() -> None:
    options = Ibft1Options()
    seconds = [options.round_timeout_us(number) // 10**6 for number in range(4)]
    assert seconds == [10, 12, 14, 18]
    assert options.round_timeout_us(33) == options.round_timeout_us(32)


@pytest.mark.parametrize(
    "wrong",
    [
        {"epoch": 0},
        {"period": 0},
        {"period": 5, "empty_period": 4},
        {"request_timeout_us": 0},
        {"quorum": "half"},
        {"lock": "maybe"},
        {"old_rounds": "keep"},
        {"london_block": -1},
        {"vanity": bytes(31)},
    ],
)
def test_values_out_of_range_are_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=list(wrong)[-1].removesuffix("_us")):
        Ibft1Options(**wrong)


def test_genesis_settings_are_read_in_both_dialects() -> None:
    quorum = Ibft1Options.from_settings({"epoch": 100, "ceil2Nby3Block": 0})
    assert (quorum.epoch, quorum.quorum, quorum.request_timeout_us) == (100, "ceil_2n_3", 10**7)
    besu = {"epochlength": 7, "blockperiodseconds": 2, "requesttimeoutseconds": 4}
    options = Ibft1Options.from_settings(besu, london_block=9)
    assert (options.epoch, options.period, options.london_block) == (7, 2, 9)
    assert options.request_timeout_us == 4 * 10**6


@pytest.mark.parametrize("value", ["5", True, 1.5, None])
def test_settings_that_are_no_whole_numbers_are_refused(value: object) -> None:
    with pytest.raises(ConfigError, match="wants a whole number"):
        Ibft1Options.from_settings({"epoch": value})
