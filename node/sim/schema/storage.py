"""``storage``: whether lost copies are made again, and how soon (content-store.md section 14)."""

from typing import Annotated, Final, Literal

from node.base.limits import VALIDATORS_COUNT_MAX
from node.sim.schema.base import Section, duration_field, whole
from node.sim.schema.units import PositiveDuration

_MINUTE_US: Final = 60_000_000
LIVE_CHALLENGES_MIN: Final = 2
"""``live`` holds so many intervals: a peer is asked at most one and a half after the last time."""


class Storage(Section):
    """How manifests of records are kept: ``storage:``."""

    repair: Literal["on", "off"] = "off"
    """off: nobody asks who has what, and no copy is made."""
    rf_min: Annotated[int, whole(1, VALIDATORS_COUNT_MAX)] = 2
    """Live copies of a manifest below which more are made."""
    rf_max: Annotated[int, whole(1, VALIDATORS_COUNT_MAX)] = 3
    """How many there are at first, and again when copies were made."""
    grace_us: PositiveDuration = duration_field(15 * _MINUTE_US, "grace")
    """Missing copies are borne for so long."""
    live_us: PositiveDuration = duration_field(24 * 60 * _MINUTE_US, "live")
    """A node lives for so long after its last good answer."""
    challenge_us: PositiveDuration = duration_field(60 * _MINUTE_US, "challenge")
    """Mean time between two rounds of questions to one peer."""
    scrub_us: PositiveDuration = duration_field(60 * _MINUTE_US, "scrub")
    """Between two readings of the whole own store."""
