"""Scenario texts for tests: a head that every file needs, and a way to read faults."""

from node.sim.loader import load
from node.sim.schema.faults import Fault, ScenarioFileError
from node.sim.schema.scenario import Scenario

HEAD = "wardnet: 1\nname: x\n"
CAST = HEAD + "actors: {doctors: 2, patients: 2, labs: 1}\n"
VISIT = "steps:\n  - {do: consult, id: v, doctor: doc-1, patient: pat-1}\n"


def scenario(text: str) -> Scenario:
    return load(text, "x.yaml")


def faults(text: str) -> tuple[Fault, ...]:
    try:
        load(text, "x.yaml")
    except ScenarioFileError as error:
        return error.faults
    return ()


def lines(text: str) -> list[str]:
    """Give each fault as ``line:column path: message`` without the file."""
    return [str(fault).removeprefix("x.yaml:") for fault in faults(text)]
