"""``lives``: how often what happens to the patients of a city, instead of steps written by hand.

The loader draws plain steps from it before the run (``node.sim.lives``).
"""

import re
from typing import Annotated, Final, Literal, TypeAlias, get_args

from pydantic import BeforeValidator, WithJsonSchema

from node.base.rng import PPM
from node.sim.schema.base import PlacedSection, duration_field, mapped
from node.sim.schema.units import Duration, PositiveDuration, Probability, wants

_DAY_US: Final = 86_400_000_000
_RATE: Final = re.compile(r"([0-9]{1,4})(?:\.([0-9]{1,3}))?/(y|mo)")
_MONTHS: Final = 12
MILLI: Final = 1_000
LIVES_STEPS_COUNT_MAX: Final = 200_000
"""Steps that the lives of one scenario may come to: each costs memory before anything runs."""


def _rate(value: object) -> int:
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise wants("a rate like 6/y, 0.5/y or 1/mo")
    thousandths = int(found[1]) * MILLI + int((found[2] or "").ljust(3, "0"))
    return thousandths * (_MONTHS if found[3] == "mo" else 1)


YearlyRate: TypeAlias = Annotated[
    int,
    BeforeValidator(_rate),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,4}(\.[0-9]{1,3})?/(y|mo)$"}),
]
"""Events of one patient in a thousand years; files say ``6/y`` or ``1/mo``."""

LifeEvent = Literal["visit", "control", "move", "own_read", "rotation", "erasure"]
FollowUp = Literal["lab", "referral", "second_opinion", "refusal"]

RATES_DEFAULT: Final[dict[LifeEvent, int]] = {
    "visit": 6 * MILLI,
    "control": 12 * MILLI,
    "move": 50,
    "own_read": MILLI,
    "rotation": 20,
    "erasure": 20,
}
"""OECD countries count 4 to 8 consultations a head and year; a control is a chronic patient's."""
SHARES_DEFAULT: Final[dict[FollowUp, int]] = {
    "lab": 300_000,
    "referral": 80_000,
    "second_opinion": 40_000,
    "refusal": 10_000,
}
"""Out-patient visits that lead to a study, to a specialist, to a second opinion, to a no."""


class Lives(PlacedSection):
    """Seeded synthetic lives of all patients: ``lives``."""

    from_us: Duration = duration_field(0, "from")
    """When the desks open for the first time."""
    span_us: PositiveDuration = duration_field(30 * _DAY_US, "span")
    """For so long something happens; what has begun may last longer."""
    enrol_us: PositiveDuration = duration_field(5 * _DAY_US, "enrol")
    """The patients register within this time from ``from``."""
    chronic: Probability = 150_000
    """Share of the patients who come to controls besides."""
    stranger: Probability = 100_000
    """Share of the visits to a doctor of the hospital who is not the patient's own."""
    revoked: Probability = 300_000
    """Share of the grants that the patient takes back before their end."""
    rates: Annotated[dict[LifeEvent, YearlyRate], mapped("a mapping of events to rates")] = (
        RATES_DEFAULT
    )
    """By event; those left out keep their default."""
    shares: Annotated[dict[FollowUp, Probability], mapped("a mapping of events to shares")] = (
        SHARES_DEFAULT
    )
    """By what may follow a visit; those left out keep their default."""

    def rate(self, event: LifeEvent) -> int:
        """Give the events of one patient in a thousand years."""
        return self.rates.get(event, RATES_DEFAULT[event])

    def share(self, follow_up: FollowUp) -> int:
        """Give how many of a million visits lead to it."""
        return self.shares.get(follow_up, SHARES_DEFAULT[follow_up])


LIFE_EVENTS: Final[tuple[LifeEvent, ...]] = get_args(LifeEvent)
FOLLOW_UPS: Final[tuple[FollowUp, ...]] = get_args(FollowUp)
assert set(LIFE_EVENTS) == set(RATES_DEFAULT)
assert set(FOLLOW_UPS) == set(SHARES_DEFAULT)
assert all(share <= PPM for share in SHARES_DEFAULT.values())
