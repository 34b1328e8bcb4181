import pytest

from node.base.errors import ConfigError
from node.consensus_poa.clique.options import CliqueOptions


def test_the_defaults_are_those_of_the_eip() -> None:
    options = CliqueOptions()
    assert (options.epoch, options.period) == (30_000, 15)


@pytest.mark.parametrize(
    "fields",
    [
        {"epoch": 0},
        {"period": -1},
        {"fork_choice": "longest"},
        {"wiggle": "none"},
        {"out_of_turn_min_delay_us": -1},
        {"london_block": -1},
        {"vanity": bytes(31)},
    ],
)
def test_a_value_out_of_range_is_refused_by_name(fields: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as caught:
        CliqueOptions(**fields)  # type: ignore[arg-type]
    assert next(iter(fields)).removesuffix("_us") in str(caught.value)


def test_the_least_values_are_allowed() -> None:
    assert CliqueOptions(epoch=1, period=0, out_of_turn_min_delay_us=0).epoch == 1


@pytest.mark.parametrize(
    ("settings", "epoch", "period"),
    [
        ({"period": 5, "epoch": 100}, 100, 5),
        ({"blockperiodseconds": 5, "epochlength": 100, "createemptyblocks": True}, 100, 5),
        ({}, 30_000, 0),
        ({"period": 0, "epoch": 0}, 30_000, 0),
    ],
)
def test_settings_of_a_genesis_are_read_as_their_makers_read_them(settings, epoch, period) -> None:
    options = CliqueOptions.from_settings(settings)
    assert (options.epoch, options.period) == (epoch, period)


@pytest.mark.parametrize("value", ["5", 5.0, True, None, -1])
@pytest.mark.parametrize("name", ["period", "epoch", "blockperiodseconds", "epochlength"])
def test_a_setting_that_is_no_whole_number_is_refused(name, value) -> None:
    with pytest.raises(ConfigError, match="clique"):
        CliqueOptions.from_settings({name: value})
