"""Made-up readings: equal seeds, a day's rhythm, and an anomaly that stands out."""

import pytest

from node.base.rng import TreeEntropy
from node.privacy.baseline import Deviation, deviations
from node.privacy.readings import kind_word
from node.privacy.synthetic_readings import PROFILES, given_samples, make_samples

DAY = 86_400
QUARTERS = [1_767_225_600 + 900 * at for at in range(96)]
"""A day from midnight."""
kinds = pytest.mark.parametrize("name", PROFILES)


def course(name: str, seed: int = 1, *, anomaly: bool = False) -> list[int]:
    entropy = TreeEntropy(seed, "course")
    samples = make_samples(PROFILES[name], QUARTERS, entropy, anomaly=anomaly)
    return [one.value for one in samples]


@kinds
def test_kinds_are_codes_with_units(name: str) -> None:
    assert kind_word(PROFILES[name].kind).rstrip(b"\0").decode() == PROFILES[name].kind


@kinds
def test_a_course_follows_from_its_seed(name: str) -> None:
    assert course(name) == course(name)
    assert course(name) != course(name, seed=2)


@kinds
def test_a_course_stays_where_it_belongs(name: str) -> None:
    profile = PROFILES[name]
    width = profile.swing + profile.noise + 1
    for value in course(name):
        assert abs(value - profile.middle) <= width
        assert value <= profile.highest


@pytest.mark.parametrize("name", ["heart_rate", "glucose", "temperature"])
def test_afternoons_are_above_nights(name: str) -> None:
    days = [course(name, seed) for seed in range(20)]
    night = sum(value for day in days for value in day[16:24])
    afternoon = sum(value for day in days for value in day[64:72])
    assert afternoon > night


@kinds
@pytest.mark.parametrize("seed", range(10))
def test_a_planted_anomaly_deviates(name: str, seed: int) -> None:
    side = Deviation.ABOVE if PROFILES[name].anomaly > 0 else Deviation.BELOW
    assert deviations(course(name, seed, anomaly=True))[-1] == (95, side)


def test_false_alarms_are_rare() -> None:
    """On the flanks of a day's rhythm a short window takes the rise for news: 8 of 3,840."""
    alarms = [deviations(course(name, seed)) for name in PROFILES for seed in range(10)]
    assert sum(map(len, alarms)) <= 96 * len(alarms) // 384


def test_given_values_are_samples_of_their_kind() -> None:
    one, last = given_samples(PROFILES["temperature"], [5, 6], [365, 366], anomaly=True)
    assert (one.time_s, one.value, one.decimals) == (5, 365, 1)
    assert (last.time_s, last.value) == (6, 366 + PROFILES["temperature"].anomaly)
