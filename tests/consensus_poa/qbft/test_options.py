from typing import Any

import pytest

from node.base.errors import ConfigError
from node.consensus_poa.qbft.options import QbftOptions, Transition

ADDRESS = "0x" + "11" * 20


@pytest.mark.parametrize(
    "wrong",
    [
        {"period": 0},
        {"period": 5, "empty_period": 4},
        {"request_timeout_us": 0},
        {"round_timeout_cap_us": 1},
        {"validators_from": "stars"},
        {"epoch": 0},
        {"vanity": b""},
        {"cancun_block": 1, "london_block": 2},
        {"transitions": (Transition(0),)},
        {"transitions": (Transition(3), Transition(3))},
    ],
)
def test_a_value_out_of_range_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"qbft {list(wrong)[-1].removesuffix('_us')}"[:15]):
        QbftOptions(**wrong)


def test_settings_of_besu_are_read() -> None:
    options = QbftOptions.from_settings(
        {
            "blockperiodseconds": 3,
            "epochlength": 100,
            "requesttimeoutseconds": 7,
            "emptyblockperiodseconds": 60,
            "validatorcontractaddress": ADDRESS,
        },
        transitions=[
            {"block": 9, "validatorselectionmode": "blockheader", "validators": [ADDRESS]},
            {"block": 20, "validatorselectionmode": "contract"},
        ],
    )
    assert (options.period, options.epoch, options.request_timeout_us) == (3, 100, 7_000_000)
    assert (options.empty_period, options.validators_from) == (60, "contract")
    assert [options.mode_at(n) for n in (8, 9, 19, 20)] == [
        *("contract", "header", "header", "contract")
    ]
    found = options.transition_at(9)
    assert found is not None
    assert found.validators == (bytes.fromhex("11" * 20),)


def test_without_a_contract_headers_hold_the_set() -> None:
    assert QbftOptions.from_settings({}).validators_from == "header"


@pytest.mark.parametrize(
    "entry",
    [
        {"block": 1, "miningbeneficiary": ADDRESS},
        {"block": 1, "validatorselectionmode": "moon"},
        {"block": 1, "validatorcontractaddress": "0x12"},
        {"block": "1"},
    ],
)
def test_a_transition_that_cannot_be_followed_is_refused(entry: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        QbftOptions.from_settings({}, transitions=[entry])


def test_a_setting_that_is_no_number_is_refused() -> None:
    with pytest.raises(ConfigError, match="blockperiodseconds"):
        QbftOptions.from_settings({"blockperiodseconds": "5"})
