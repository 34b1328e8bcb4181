"""The shipped scenario from end to end, and that a run depends on file and seed alone."""

import datetime as dt
import gzip
import json
import os
import random
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.evm.memo import SharedMemo
from node.privacy.synthetic import canaries
from node.report.page import render
from node.sim import memo
from node.sim.loader import resolve
from node.sim.runner import RunResult, read_scenario, run_scenario
from node.sim.world import World
from tests.sim.small import ARRIVE, GRANT, SCAN, prepared

ROOT = Path(__file__).resolve().parents[2]
JOURNEY = ROOT / "scenarios" / "patient-journey.yaml"
CPU_SECONDS_MAX = 10
"""The journey takes 3.6 s on the machine it was measured on; a wall clock says less."""

PROGRAM = """
import sys
from pathlib import Path
noise = [bytearray(n) for n in range(int(sys.argv[2]))]
from node.report.page import render
from node.sim.runner import run_scenario
run_scenario("scenarios/patient-journey.yaml", out=Path(sys.argv[1]), render=render)
"""


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    return run_scenario(JOURNEY, out=tmp_path_factory.mktemp("journey") / "run", render=render)


def step(journey: RunResult, name: str) -> dict:
    return next(one for one in journey.results["steps"] if one["name"] == name)


def expectation(journey: RunResult, name: str) -> dict:
    return next(one for one in journey.results["expectations"] if one["name"] == name)


def test_every_expectation_holds(journey: RunResult) -> None:
    assert [one["why"] for one in journey.results["expectations"] if not one["holds"]] == []
    assert (journey.results["verdict"], journey.results["exit_code"]) == ("valid", 0)
    assert journey.results["cause"] is None


def test_four_nodes_end_with_one_head_of_360_blocks(journey: RunResult) -> None:
    nodes = journey.results["nodes"]
    assert [one["name"] for one in nodes] == ["h0", "h1", "h2", "h3"]
    assert len({(one["head_hash"], one["state_root"]) for one in nodes}) == 1
    assert {one["height"] for one in nodes} == {360}


def test_every_hospital_seals_its_part(journey: RunResult) -> None:
    sealed = [one["blocks_sealed"] for one in journey.results["nodes"]]
    assert min(sealed) > 360 // 4 // 2


def test_reading_is_possible_while_the_grant_lasts_and_not_after(journey: RunResult) -> None:
    assert step(journey, "read-1")["status"] == "ok"
    assert step(journey, "second_opinion-1")["status"] == "ok"
    assert step(journey, "read-late")["status"] == "refused"
    late = expectation(journey, "step read-late")["why"]
    assert late.startswith("ended with refused (EXPIRED): custodians refuse (1: EXPIRED, ")


def test_no_number_of_shares_opens_the_scan_without_the_patients(journey: RunResult) -> None:
    assert step(journey, "no-essential")["status"] == "refused"
    assert "32 sets of shares tried" in expectation(journey, "share_rule")["why"]


def test_nothing_of_the_patient_stands_in_clear_in_what_a_run_leaves(journey: RunResult) -> None:
    world = World(read_scenario(JOURNEY, {}))
    words = [word for one in world.cast.patients.values() for word in canaries(one.person)]
    assert len(words) == 7
    files = [path for path in journey.folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".gz" for path in files), "the chains are gone"
    for path in files:
        packed = path.read_bytes()
        data = gzip.decompress(packed) if path.suffix == ".gz" else packed
        assert [word for word in words if word in data] == [], path.name


def test_the_report_is_one_file_below_two_mebibytes(journey: RunResult) -> None:
    page = (journey.folder / "report.html").read_text()
    assert len(page.encode()) < 2 * 2**20
    assert "A patient&#x27;s journey across four hospitals" in page


def test_the_journey_stays_in_its_budget(journey: RunResult) -> None:
    assert journey.results["volatile"]["cpu_s"] < CPU_SECONDS_MAX


def fresh(folder: Path, hash_seed: str, noise: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-c", PROGRAM, str(folder), noise]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE)


def test_fresh_interpreters_make_the_same_bytes(journey: RunResult, tmp_path: Path) -> None:
    """Sets iterate in another order under each hash seed, and objects lie elsewhere."""
    folders = {"0": tmp_path / "zero", "4242": tmp_path / "other"}
    running = [
        fresh(folder, hash_seed, noise)
        for (hash_seed, folder), noise in zip(folders.items(), ("0", "4000"), strict=True)
    ]
    for process in running:
        _, stderr = process.communicate(timeout=300)
        assert process.returncode == 0, stderr.decode()
    results = []
    for folder in (journey.folder, *folders.values()):
        found = json.loads((folder / "results.json").read_text())
        del found["volatile"]
        results.append(found)
    assert results[0]["digest"] == results[1]["digest"] == results[2]["digest"]
    assert results[0] == results[1] == results[2]
    zero, other = folders.values()
    for name in ("history.jsonl", "messages.mmd", "resolved.json", "report.html", "genesis.json"):
        assert (zero / name).read_bytes() == (other / name).read_bytes(), name
    head = results[0]["nodes"][0]["head_hash"][2:]
    packed = [(folder / "chains" / f"{head}.rlp.gz").read_bytes() for folder in folders.values()]
    assert packed[0] == packed[1]
    assert (zero / "history.jsonl").read_bytes() == (journey.folder / "history.jsonl").read_bytes()


# -- who executes makes no difference (simulation.md section 4)


def told(folder: Path) -> tuple[dict, bytes]:
    """Give what a run came to, without how it was executed."""
    found = json.loads((folder / "results.json").read_text())
    for key in ("execution", "executor", "versions", "volatile"):
        del found[key]
    return found, (folder / "history.jsonl").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["shared", "full"])
def test_revm_makes_the_same_journey(journey: RunResult, tmp_path: Path, mode: str) -> None:
    pytest.importorskip("pyrevm", reason="needs pyrevm: pip install 'wardnet[fast]'")
    run_scenario(JOURNEY, executor="fast", execution=mode, out=tmp_path)
    assert told(tmp_path) == told(journey.folder)


@pytest.mark.slow
def test_a_memo_of_one_block_makes_the_same_journey(
    journey: RunResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memo, "SharedMemo", lambda: SharedMemo(entries_max=1))
    run_scenario(JOURNEY, out=tmp_path)
    assert told(tmp_path) == told(journey.folder)


@pytest.mark.slow
def test_the_journey_is_the_same_shared_and_full_and_with_a_node_that_verifies(
    journey: RunResult, tmp_path: Path
) -> None:
    file = tmp_path / JOURNEY.name
    content = JOURNEY.read_text()
    marked = content.replace("nodes: {h3: {", "nodes: {h3: {verify: true, ")
    assert marked != content
    file.write_text(marked)
    result = run_scenario(file, check_execution=True, out=tmp_path / "run")
    assert result.execution_check is not None
    assert result.execution_check.difference is None
    assert told(tmp_path / "run") == told(journey.folder)


# -- rules of determinism (simulation.md section 6), on a run that uses every part

STEPS = (
    ARRIVE
    + SCAN
    + GRANT
    + """
  - {do: second_opinion, id: opinion, doctor: d1, pmr: visit}
  - {do: revoke, id: revoked, patient: p0, grant: given}
  - {do: rebuild, id: again, record: scan, custodians: [h0], essential: true}
"""
)
EXPECT = "  - {always: heads_agree}\n  - {eventually: {share_rule: {record: scan}}}"


class OutsideError(Exception):
    """Something below the runner asked the machine."""


class GuardedDatetime(dt.datetime):
    """A datetime that does not know what time it is."""

    @classmethod
    def now(cls, *_: object):
        raise OutsideError("datetime.now")

    @classmethod
    def utcnow(cls):
        raise OutsideError("datetime.utcnow")


@pytest.fixture
def no_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Give a way to take clocks, randomness and threads away, for the time of a run only."""
    with monkeypatch.context() as patch:
        yield patch


def forbid(patch: pytest.MonkeyPatch) -> None:
    def raising(name: str):
        def ask(*_: object, **__: object) -> None:
            raise OutsideError(name)

        return ask

    clocks = ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "sleep")
    drawn = ("random", "randrange", "randint", "getrandbits", "choice", "shuffle", "randbytes")
    tokens = ("token_bytes", "token_hex", "randbelow", "randbits")
    for module, names in ((time, clocks), (random, drawn), (secrets, tokens)):
        for name in names:
            patch.setattr(module, name, raising(f"{module.__name__}.{name}"))
    patch.setattr(os, "urandom", raising("os.urandom"))
    patch.setattr(threading.Thread, "start", raising("Thread.start"))
    patch.setattr(subprocess, "Popen", raising("Popen"))
    patch.setattr(os, "getenv", raising("os.getenv"))
    for name, module in list(sys.modules.items()):
        if name.startswith("node.") and getattr(module, "datetime", None) is dt.datetime:
            patch.setattr(module, "datetime", GuardedDatetime)


def test_a_run_asks_no_clock_no_randomness_and_no_thread(
    no_machine: pytest.MonkeyPatch,
) -> None:
    free = prepared(STEPS, EXPECT, "2m")
    free.play()
    guarded = prepared(STEPS, EXPECT, "2m")
    forbid(no_machine)
    try:
        guarded.play()
    finally:
        no_machine.undo()
    assert guarded.results({}).verdict == "valid"
    assert guarded.world.trace.digest() == free.world.trace.digest()


@pytest.mark.parametrize(
    ("module", "name", "arguments"),
    [
        (time, "time", ()),
        (os, "urandom", (1,)),
        (random, "random", ()),
        (secrets, "token_bytes", (1,)),
    ],
)
def test_the_guard_bites(
    no_machine: pytest.MonkeyPatch, module, name: str, arguments: tuple
) -> None:
    """A run in which something does ask is not valid, and says what it asked."""
    run = prepared("", "", "5s")
    run.world.kernel.at(1_000_000, 0, "", lambda: getattr(module, name)(*arguments))
    forbid(no_machine)
    try:
        run.play()
    finally:
        no_machine.undo()
    results = run.results({})
    assert results.verdict == "unknown"
    assert results.cause is not None
    assert "OutsideError" in results.cause
    assert f"{module.__name__}.{name}" in results.cause


def test_another_seed_makes_another_run() -> None:
    first = prepared("", "", "5s")
    first.play()
    scenario = resolve(first.scenario, {"run.seed": 8})
    other = type(first)(scenario, {}, lambda _event: None)
    other.play()
    assert first.world.trace.digest() != other.world.trace.digest()
    assert first.world.history.text() == other.world.history.text() == ""
