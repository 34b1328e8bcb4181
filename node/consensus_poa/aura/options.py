"""What the genesis file chooses about AuRa (consensus.md section 5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Self

from node.base.errors import ConfigError
from node.base.limits import STEP_DURATIONS_COUNT_MAX, STEP_SECONDS_MAX
from node.consensus_poa.extra_data import VANITY_BYTES

STEP_SECONDS: Final = 5
"""Length of a step where a chain does not say otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuraOptions:
    """The parameters of an AuRa chain.

    raises        ConfigError: a value outside its range.
    """

    step_durations: tuple[tuple[int, int], ...] = ((0, STEP_SECONDS),)
    """(timestamp, length of a step from then on), both seconds; the first is for timestamp 0."""
    two_thirds: bool = False
    """Final needs more than two thirds of the validators instead of more than half."""
    vanity: bytes = bytes(VANITY_BYTES)

    def __post_init__(self) -> None:
        times = [timestamp for timestamp, _ in self.step_durations]
        if not times or times[0] != 0 or len(times) > STEP_DURATIONS_COUNT_MAX:
            raise ConfigError(
                f"aura step_durations begin with {times[:1]}, want 1 to "
                f"{STEP_DURATIONS_COUNT_MAX} entries, the first for timestamp 0"
            )
        if any(late <= early for early, late in pairwise(times)):
            raise ConfigError(f"aura step_durations are for {times}, want rising timestamps")
        for timestamp, duration in self.step_durations:
            if not 1 <= duration <= STEP_SECONDS_MAX:
                raise ConfigError(
                    f"aura step duration from {timestamp} is {duration} s, "
                    f"wants 1 to {STEP_SECONDS_MAX}"
                )
        if len(self.vanity) != VANITY_BYTES:
            raise ConfigError(f"aura vanity has {len(self.vanity)} bytes, wants {VANITY_BYTES}")

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """Read what stands under ``config.aura`` of a genesis.json, in OpenEthereum's names.

        ``stepDuration`` is a number of seconds or {timestamp: seconds}, and
        ``twoThirdsMajorityTransition`` 0 or absent: a later block is not supported.

        raises        ConfigError: a value of another shape, or out of range.
        """
        given = settings.get("stepDuration", STEP_SECONDS)
        table = given if isinstance(given, Mapping) else {0: given}
        durations = sorted((_whole(time), _whole(length)) for time, length in table.items())
        transition = settings.get("twoThirdsMajorityTransition")
        if transition is not None and _whole(transition) != 0:
            raise ConfigError(
                "genesis: config.aura.twoThirdsMajorityTransition is "
                f"{transition!r}, wants 0 or nothing"
            )
        return cls(step_durations=tuple(durations), two_thirds=transition is not None)


def _whole(value: object) -> int:
    """Read a number, or a string with one, decimal or 0x hexadecimal (JSON keys are strings)."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            return int(value, 16 if value[:2] in ("0x", "0X") else 10)
        except ValueError:
            pass
    raise ConfigError(f"genesis: config.aura holds {value!r}, wants a whole number")
