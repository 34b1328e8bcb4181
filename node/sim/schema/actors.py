"""``actors``: who takes part besides the hospitals, which are the validators."""

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from node.base.limits import SCENARIO_ACTORS_COUNT_MAX
from node.base.limits_records import FUNDS_WEI_MAX
from node.sim.schema.base import Id, Section, refers_to, whole
from node.sim.schema.units import wants

REGULATORS_DEFAULT: Final = 3
_NUMBER_OR_MAPPING: Final = f"a number from 0 to {SCENARIO_ACTORS_COUNT_MAX}, or a mapping of ids"


class Regulator(Section):
    """A member of the government authority."""


class Doctor(Section):
    """A practitioner and the hospital that onboards them."""

    hospital: Id = refers_to("node")
    specialisation: str = "general medicine"


class Patient(Section):
    """A patient and the hospital at whose desk they register."""

    hospital: Id = refers_to("node")
    attendant: bool = False
    """Somebody registers with them and is named on the record."""
    emergency: bool = False
    """Whether custodians get what a doctor may read who breaks the glass."""


class Lab(Section):
    """A laboratory and the hospital that lists it."""

    hospital: Id = refers_to("node")


class Guardian(Section):
    """Somebody a patient trusts with a part of the recovery; acts through a hospital's node."""

    hospital: Id = refers_to("node")


class Device(Section):
    """A medical device and the hospital that gives it out."""

    hospital: Id = refers_to("node")


class Institution(Section):
    """An insurer or a researcher, and the hospital through whose node it acts."""

    hospital: Id = refers_to("node")


class Researcher(Institution):
    """A researcher, and what its account holds in the genesis: studies are paid from it."""

    funds_wei: Annotated[int, whole(0, FUNDS_WEI_MAX)] = Field(default=0, alias="funds")


def _counted(form: Any) -> BeforeValidator:  # noqa: ANN401 - a type for the JSON schema
    def read(value: object) -> object:
        if not isinstance(value, dict):
            raise wants(_NUMBER_OR_MAPPING)
        return value

    return BeforeValidator(read, json_schema_input_type=form)


class Actors(Section):
    """All people and labs by id: ``actors:``; the loader has spread numbers over hospitals."""

    regulators: Annotated[dict[Id, Regulator], _counted(int | dict[Id, Regulator])] = Field(
        default_factory=dict[str, Regulator], min_length=1
    )
    doctors: Annotated[dict[Id, Doctor], _counted(int | dict[Id, Doctor])] = Field(
        default_factory=dict[str, Doctor]
    )
    patients: Annotated[dict[Id, Patient], _counted(int | dict[Id, Patient])] = Field(
        default_factory=dict[str, Patient]
    )
    labs: Annotated[dict[Id, Lab], _counted(int | dict[Id, Lab])] = Field(
        default_factory=dict[str, Lab]
    )
    guardians: Annotated[dict[Id, Guardian], _counted(int | dict[Id, Guardian])] = Field(
        default_factory=dict[str, Guardian]
    )
    devices: Annotated[dict[Id, Device], _counted(int | dict[Id, Device])] = Field(
        default_factory=dict[str, Device]
    )
    insurers: Annotated[dict[Id, Institution], _counted(int | dict[Id, Institution])] = Field(
        default_factory=dict[str, Institution]
    )
    researchers: Annotated[dict[Id, Researcher], _counted(int | dict[Id, Researcher])] = Field(
        default_factory=dict[str, Researcher]
    )


ACTOR_KINDS: Final[dict[str, tuple[str, type[Section]]]] = {
    "regulators": ("reg-", Regulator),
    "doctors": ("doc-", Doctor),
    "patients": ("pat-", Patient),
    "labs": ("lab-", Lab),
    "guardians": ("gua-", Guardian),
    "devices": ("dev-", Device),
    "insurers": ("ins-", Institution),
    "researchers": ("res-", Researcher),
}
"""Key of ``actors``: prefix of the ids that a number makes, and the model of one of them."""
