"""From the steps of medical devices to their flows."""

from typing import Final

from node.base.ports import Entropy
from node.base.rng import TreeEntropy
from node.privacy.readings import SALT_BYTES
from node.privacy.synthetic_readings import PROFILES, given_samples, make_samples
from node.sim.access_flows import Left
from node.sim.schema import iomt_steps as todo
from node.sim.schema.scenario import Scenario
from node.sim.step_ready import StepNotReadyError, whole_seconds
from node.sim.world import World
from node.workflows.asking import head
from node.workflows.consult import Visit
from node.workflows.iomt import (
    FiledReadings,
    bind_device,
    file_batch,
    file_readings,
    raise_alert,
    unbind_device,
)
from node.workflows.requests import Flow

_SALTS_SEARCHED: Final = 4


def iomt_flow(world: World, step: todo.IomtStep, left: Left) -> Flow[object]:
    """Give the flow of a step.

    raises        StepNotReadyError: a step that it refers to did not end well, or nobody wears
                  the device that its patient is to take off.
    """
    cast = world.cast
    device, entropy = cast.devices[step.device], _entropy(world.scenario, step.id)
    match step:
        case todo.BindDevice():
            doctor = cast.doctors[step.doctor]
            return bind_device(cast.ward, doctor, device, left(step.pmr, Visit))
        case todo.FileReadings():
            return _measure(world, step, entropy)
        case todo.ReplayReadings():
            batch = left(step.batch, FiledReadings).batch
            return file_batch(cast.ward, device, batch, entropy)
        case todo.RaiseAlert():
            filed = left(step.batch, FiledReadings)
            return raise_alert(cast.ward, device, filed, by=step.by)
        case todo.UnbindDevice():
            if step.by == "hospital":
                return unbind_device(cast.ward, device)
            if device.patient is None:
                raise StepNotReadyError(step.id, f"nobody wears {step.device}")
            return unbind_device(cast.ward, device, by=device.patient)


def reading_canaries(scenario: Scenario) -> list[bytes]:
    """Give salts of readings to come, raw and as their record spells them.

    A value of two digits stands everywhere.  Its salt does not, and who has it can guess the value
    from what an alert shows.
    """
    words: list[bytes] = []
    for step in scenario.steps:
        if isinstance(step, todo.FileReadings):
            entropy = _entropy(scenario, step.id)  # salts are the first that filing draws
            for _ in range(min(_count(step), _SALTS_SEARCHED)):
                salt = entropy.take(SALT_BYTES)
                words += [salt, salt.hex().encode()]
    return words


def _measure(world: World, step: todo.FileReadings, entropy: Entropy) -> Flow[object]:
    device, profile = world.cast.devices[step.device], PROFILES[step.kind]
    now = yield from head(device.node)
    interval_s, count = whole_seconds(step.every_us), _count(step)
    times_s = [now.timestamp - interval_s * back for back in reversed(range(count))]
    if isinstance(step.readings, int):
        course = TreeEntropy(world.scenario.run.seed, "step", step.id, "course")
        samples = make_samples(profile, times_s, course, anomaly=step.anomaly)
    else:
        samples = given_samples(profile, times_s, step.readings, anomaly=step.anomaly)
    return (yield from file_readings(world.cast.ward, device, samples, entropy))


def _count(step: todo.FileReadings) -> int:
    return step.readings if isinstance(step.readings, int) else len(step.readings)


def _entropy(scenario: Scenario, step: str) -> Entropy:
    return TreeEntropy(scenario.run.seed, "step", step)
