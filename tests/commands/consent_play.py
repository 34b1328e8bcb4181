"""A small run whose registries and grants the consent commands look at."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from node.commands.main import main
from node.commands.run_ledger import RunLedger, open_run
from node.sim.cast import secrets_of
from node.sim.runner import run_scenario

TEXT = """\
wardnet: 1
name: codes
run: {seed: 5, until: 1m}
chain: {consensus: qbft, period: 1s}
records: {sharing: {t: 2, n: 3}}
network: {validators: 3}
actors:
  doctors: {d0: {hospital: h0}, d1: {hospital: h1}}
  patients: {p0: {hospital: h0}, p1: {hospital: h1}}
steps:
  - {do: onboard_doctor, doctor: d0}
  - {do: onboard_doctor, doctor: d1}
  - {do: register_patient, patient: p0}
  - {do: consult, id: visit, doctor: d0, patient: p0}
  - {do: grant, id: open, patient: p0, doctor: d1, pmr: visit, for: 1h}
  - {do: grant, id: taken, patient: p0, hospital: h2, pmr: all, purpose: PATRQT, for: 1h}
  - {do: revoke, patient: p0, grant: taken}
  - {do: grant, id: short, patient: p0, hospital: h1, pmr: all, for: 5s}
"""


@cache
def folder() -> Path:
    place = Path(mkdtemp(prefix="wardnet-consent-"))
    file = place / "codes.yaml"
    file.write_text(TEXT, encoding="utf-8")
    result = run_scenario(file, out=place / "run")
    assert result.results["verdict"] == "valid"
    return place / "run"


@cache
def ledger() -> RunLedger:
    return open_run(folder(), None)


def key(name: str):
    return secrets_of(5, name).signer


def run(capsys, *words: object) -> tuple[int, str, str]:
    """Give exit code, stdout and stderr of a command."""
    code = main(["consent", *map(str, words)])
    said = capsys.readouterr()
    return code, said.out, said.err
