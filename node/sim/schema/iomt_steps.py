"""Steps of medical devices: given out, filing readings, raising alerts, taken off."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator

from node.base.limits_records import BATCH_READINGS_COUNT_MAX
from node.sim.schema.base import Id, duration_field, refers_to
from node.sim.schema.step_base import StepBase
from node.sim.schema.units import PositiveDuration, wants

ReadingKind = Literal["heart_rate", "oxygen_saturation", "glucose", "temperature"]
_VALUE_MAX = 1_000_000
_INTERVAL_US = 10_000_000


def _readings(value: object) -> object:
    many = value if isinstance(value, tuple) else ()
    count = value if type(value) is int else len(many)
    fits = all(type(one) is int and abs(one) <= _VALUE_MAX for one in many)
    if not 1 <= count <= BATCH_READINGS_COUNT_MAX or not fits:
        raise wants(
            f"how many to make up, or a list of whole values, 1 to {BATCH_READINGS_COUNT_MAX}"
        )
    return value


class BindDevice(StepBase):
    """A doctor gives a device to the patient of a visit."""

    do: Literal["bind_device"]
    device: Id = refers_to("device")
    doctor: Id = refers_to("doctor")
    pmr: Id = refers_to("visit")


class FileReadings(StepBase):
    """A device signs what it measured and files it as one batch."""

    do: Literal["file_readings"]
    device: Id = refers_to("device")
    kind: ReadingKind
    readings: Annotated[
        int | tuple[int, ...],
        BeforeValidator(_readings, json_schema_input_type=int | tuple[int, ...]),
    ]
    """How many are made up; or the values, in units of the kind's last decimal."""
    every_us: PositiveDuration = duration_field(_INTERVAL_US, "every")
    """Time between two of them; the last one is of now."""
    anomaly: bool = False
    """Whether the last one is far off."""


class ReplayReadings(StepBase):
    """A device hands in a batch that was filed before: its own, or another device's."""

    do: Literal["replay_readings"]
    device: Id = refers_to("device")
    batch: Id = refers_to("readings")


class RaiseAlert(StepBase):
    """A batch is held against what its device measured before; what deviates raises an alert."""

    do: Literal["raise_alert"]
    device: Id = refers_to("device")
    batch: Id = refers_to("readings")
    by: Literal["device", "hospital"] = "device"


class UnbindDevice(StepBase):
    """A device is taken off."""

    do: Literal["unbind_device"]
    device: Id = refers_to("device")
    by: Literal["patient", "hospital"] = "hospital"


IomtStep: TypeAlias = BindDevice | FileReadings | ReplayReadings | RaiseAlert | UnbindDevice
