"""storage: what a file may say about copies, and what it may not."""

import pytest

from node.sim.schema.storage import Storage
from tests.sim.schema.texts import HEAD, lines, scenario


def test_repair_is_off_unless_a_file_says_otherwise():
    assert scenario(HEAD).storage == Storage()
    assert Storage().repair == "off"


def test_the_times_are_those_of_the_specification():
    minutes = 60_000_000
    found = scenario(HEAD + "storage: {repair: on}\n").storage
    assert found.repair == "on"
    assert (found.rf_min, found.rf_max) == (2, 3)
    assert (found.grace_us, found.live_us) == (15 * minutes, 24 * 60 * minutes)


def test_times_and_numbers_are_read():
    text = "storage: {repair: on, rf_min: 1, rf_max: 4, live: 10m, challenge: 5m, scrub: 30s}\n"
    found = scenario(HEAD + text).storage
    assert (found.rf_min, found.rf_max, found.live_us) == (1, 4, 600_000_000)
    assert (found.challenge_us, found.scrub_us) == (300_000_000, 30_000_000)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("repair: maybe", '3:11 storage.repair: wants one of on, off, got "maybe"'),
        (
            "rf_min: 4",
            "3:11 storage.rf_min: wants rf_min at most rf_max, which is 3, got rf_min = 4",
        ),
        (
            "rf_max: 1",
            "3:11 storage.rf_max: wants rf_min at most rf_max, which is 1, got rf_min = 2",
        ),
        (
            "live: 9m, challenge: 5m",
            "3:11 storage.live: wants live of at least 2 times challenge, 5m, got 9m",
        ),
        (
            "challenge: 13h",
            "3:11 storage.challenge: wants live of at least 2 times challenge, 13h, got 1d",
        ),
    ],
)
def test_a_mistake_is_told(text, told):
    assert lines(HEAD + f"storage: {{{text}}}\n") == [told]
