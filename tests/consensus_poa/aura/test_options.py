"""Parameters of an AuRa chain."""

from typing import Any

import pytest

from node.base.errors import ConfigError
from node.base.limits import STEP_DURATIONS_COUNT_MAX
from node.consensus_poa.aura.options import AuraOptions


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"step_durations": ()}, "timestamp 0"),
        ({"step_durations": ((1, 5),)}, "timestamp 0"),
        ({"step_durations": ((0, 5), (9, 5), (9, 6))}, "rising"),
        ({"step_durations": ((0, 0),)}, "is 0 s"),
        ({"step_durations": ((0, 5), (9, 65_536))}, "65535"),
        (
            {"step_durations": tuple((t, 5) for t in range(STEP_DURATIONS_COUNT_MAX + 1))},
            "256 entries",
        ),
        ({"vanity": bytes(31)}, "31 bytes"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(change: dict[str, Any], names: str) -> None:
    with pytest.raises(ConfigError, match=names):
        AuraOptions(**change)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, AuraOptions()),
        ({"stepDuration": 3}, AuraOptions(step_durations=((0, 3),))),
        ({"stepDuration": "0x10"}, AuraOptions(step_durations=((0, 16),))),
        (
            {"stepDuration": {"300": 7, "0": 5, "0x100": "6"}},
            AuraOptions(step_durations=((0, 5), (256, 6), (300, 7))),
        ),
        ({"twoThirdsMajorityTransition": 0}, AuraOptions(two_thirds=True)),
        ({"twoThirdsMajorityTransition": None}, AuraOptions()),
    ],
)
def test_settings_are_read_in_openethereums_names(
    settings: dict[str, Any], expected: AuraOptions
) -> None:
    assert AuraOptions.from_settings(settings) == expected


@pytest.mark.parametrize(
    "settings",
    [
        {"stepDuration": True},
        {"stepDuration": 2.5},
        {"stepDuration": "five"},
        {"stepDuration": []},
        {"stepDuration": {}},
        {"stepDuration": {"5": 5}},
        {"twoThirdsMajorityTransition": 7},
        {"twoThirdsMajorityTransition": "soon"},
    ],
)
def test_settings_of_another_shape_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="aura"):
        AuraOptions.from_settings(settings)
