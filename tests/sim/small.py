"""Small scenarios for tests: two hospitals, blocks of a second, one custodian is enough."""

from node.privacy.studies import load_study
from node.sim.loader import load
from node.sim.runner import _Run
from node.sim.schedule import StepOutcome
from node.sim.schema.scenario import Scenario

HEAD = """\
wardnet: 1
name: small
run: {seed: 7, until: UNTIL}
chain: {consensus: clique, fork_choice: eip3436, period: 1s}
records: {sharing: {t: 2, n: 3}}
network: {validators: 2}
actors:
  doctors: {d0: {hospital: h0}, d1: {hospital: h1}}
  patients: {p0: {hospital: h0}, p1: {hospital: h1}}
  labs: {l0: {hospital: h0}}
"""
ARRIVE = """
  - {do: onboard_doctor, doctor: d0}
  - {do: onboard_doctor, doctor: d1}
  - {do: register_patient, patient: p0}
  - {do: consult, id: visit, doctor: d0, patient: p0}
"""
"""About 22 s: finality of two validators takes four blocks."""
GRANT = """
  - {do: grant, id: given, patient: p0, doctor: d1, pmr: visit, for: 1h}
"""
SCAN = """
  - {do: order_lab, id: order, doctor: d0, pmr: visit, modality: CT}
  - {do: perform_lab, id: scan, lab: l0, order: order, study: pydicom:CT_small}
"""


def text(steps: str = "", expect: str = "", until: str = "1m") -> str:
    """Give the text of a scenario file; ``steps`` and ``expect`` are list items, indented by 2."""
    parts = [HEAD.replace("UNTIL", until)]
    if steps:
        parts.append("steps:\n" + steps.strip("\n") + "\n")
    if expect:
        parts.append("expect:\n" + expect.strip("\n") + "\n")
    return "".join(parts)


def scenario(steps: str = "", expect: str = "", until: str = "1m") -> Scenario:
    return load(text(steps, expect, until), "small.yaml")


def prepared(steps: str = "", expect: str = "", until: str = "1m", studies=None) -> _Run:
    """Give a run that has not begun; the studies are those that pydicom ships, or given."""
    found = scenario(steps, expect, until)
    data = {"scan": load_study("pydicom:CT_small")} | (studies or {})
    return _Run(found, data, lambda _event: None)


def played(steps: str = "", expect: str = "", until: str = "1m", studies=None) -> _Run:
    """Give a run that has ended."""
    run = prepared(steps, expect, until, studies)
    run.play()
    return run


def outcome(run: _Run, step: str) -> StepOutcome:
    return run.schedule.outcomes[step]


def events(run: _Run, kind: str) -> list[dict]:
    """Give the lines of the history of one kind."""
    return [one for one in run.world.history.as_dicts() if one["e"] == kind]
