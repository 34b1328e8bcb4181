"""Made-up courses of what devices measure, repeatable from a source of entropy; no real data ever.

A course has a day's rhythm, lowest at 05:00 and highest at 17:00 UTC, and noise.  Integers only, so
that equal seeds give equal bytes on every machine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from node.base.ports import Entropy
from node.privacy.readings import Sample

_DAY_S: Final = 86_400
_HALF_S: Final = _DAY_S // 2
_RISES_S: Final = 11 * 3_600


@dataclass(frozen=True, slots=True)
class Profile:
    """How one kind of reading goes; all in units of the last decimal."""

    kind: str
    """LOINC code and UCUM unit."""
    decimals: int
    middle: int
    swing: int
    """How far the rhythm goes to each side."""
    noise: int
    """How far the noise goes to each side."""
    anomaly: int
    """What a planted anomaly adds."""
    highest: int


PROFILES: Final[Mapping[str, Profile]] = {
    "heart_rate": Profile("8867-4 /min", 0, 72, 6, 4, 70, 250),
    "oxygen_saturation": Profile("59408-5 %", 0, 97, 0, 1, -18, 100),
    "glucose": Profile("2339-0 mg/dL", 0, 105, 10, 8, 190, 600),
    "temperature": Profile("8310-5 Cel", 1, 368, 4, 2, 28, 450),
}
"""Kinds of scenarios; codes as LOINC has them, units as UCUM has them."""


def make_samples(
    profile: Profile, times_s: Sequence[int], entropy: Entropy, *, anomaly: bool = False
) -> tuple[Sample, ...]:
    """Draw a course; ``anomaly`` plants one in the last value."""
    values = [_value(profile, time_s, entropy) for time_s in times_s]
    return given_samples(profile, times_s, values, anomaly=anomaly)


def given_samples(
    profile: Profile, times_s: Sequence[int], values: Sequence[int], *, anomaly: bool = False
) -> tuple[Sample, ...]:
    """Give values as samples; ``anomaly`` plants one in the last."""
    last = len(values) - 1
    planted = [
        value + profile.anomaly if anomaly and at == last else value
        for at, value in enumerate(values)
    ]
    return tuple(
        Sample(time_s, profile.kind, min(value, profile.highest), profile.decimals)
        for time_s, value in zip(times_s, planted, strict=True)
    )


def _value(profile: Profile, time_s: int, entropy: Entropy) -> int:
    width = 2 * profile.noise + 1
    noise = entropy.below(width) + entropy.below(width) - 2 * profile.noise
    rhythm = profile.swing * _wave_per_mille(time_s) // 1_000
    return min(profile.middle + rhythm + noise // 2, profile.highest)


def _wave_per_mille(time_s: int) -> int:
    """Give -1000 .. 1000: two parabolas in place of a sine."""
    phase = (time_s - _RISES_S) % _DAY_S
    place = phase % _HALF_S
    height = 4_000 * place * (_HALF_S - place) // _HALF_S**2
    return height if phase < _HALF_S else -height
