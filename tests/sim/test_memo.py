"""Who shares what, and that sharing changes nothing but the time that a run really takes."""

import gc
import os
import subprocess
import sys
import tracemalloc
from collections import Counter
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from node.base.errors import ConfigError
from node.base.keys import MemoVerifier
from node.evm.errors import MissingStateError
from node.evm.executors import executor_named
from node.evm.ledger import Ledger
from node.evm.memo import SharedMemo, VerifyingMemo
from node.sim import memo
from node.sim.execution_check import portrait
from node.sim.facts import BlockStored
from node.sim.loader import load
from node.sim.runner import _Run
from node.sim.world import World
from node.storage.ledger_store import MemoryLedgerStore
from node.storage.shared_nodes import PooledNodes
from tests.sim.small import ARRIVE, GRANT, text

STEPS = ARRIVE + GRANT + "  - {do: second_opinion, id: opinion, doctor: d1, pmr: visit}\n"
ROOT = Path(__file__).resolve().parents[2]
VERIFY = "nodes: {h1: {verify: true}}"
SLOW_CPU = "nodes: {h0: {cpu: {gas_per_second: 2000000, signature: 5ms}}}"
"""A block of 200,000 gas takes a tenth of a second: who pays for it shows in every time."""


def scenario(run: str = "", chain: str = "", network: str = SLOW_CPU, **given):
    """Give a small scenario with more settings; each is the inside of a YAML mapping."""
    content = text(STEPS, until="45s", **given)
    for old, new in (
        ("{seed: 7, until: 45s}", f"{{seed: 7, until: 45s{run and ', ' + run}}}"),
        ("period: 1s}", f"period: 1s{chain and ', ' + chain}}}"),
        ("validators: 2}", f"validators: 2{network and ', ' + network}}}"),
    ):
        assert old in content
        content = content.replace(old, new)
    return load(content, "small.yaml")


def played(**given) -> _Run:
    run = _Run(scenario(**given), {}, lambda _event: None)
    run.play()
    return run


def seen(run: _Run):
    return portrait(run.world, run.results({}))


@pytest.fixture(scope="module")
def shared() -> _Run:
    return played()


# -- who shares


def test_nodes_share_a_memo_an_executor_and_signatures_by_default() -> None:
    world = World(scenario())
    one, other = (world.executions.of(name) for name in ("h0", "h1"))
    assert one == other
    assert isinstance(one.memo, SharedMemo)
    assert one.reading.verifier is world.verifier


def test_in_full_mode_nodes_share_nothing() -> None:
    world = World(scenario(run="execution: full"))
    one, other = (world.executions.of(name) for name in ("h0", "h1"))
    assert (one.memo, other.memo) == (None, None)
    assert one.executor is not other.executor
    assert len({id(one.reading.verifier), id(other.reading.verifier), id(world.verifier)}) == 3


def test_a_node_that_verifies_shares_nothing_but_compares() -> None:
    world = World(scenario(network=VERIFY))
    one, other = (world.executions.of(name) for name in ("h0", "h1"))
    assert isinstance(one.memo, SharedMemo)
    assert isinstance(other.memo, VerifyingMemo)
    assert other.executor is not one.executor
    assert other.reading is not one.reading
    assert isinstance(other.reading.verifier, MemoVerifier)


def test_all_nodes_have_the_executor_of_the_file() -> None:
    pytest.importorskip("pyrevm", reason="needs pyrevm: pip install 'wardnet[fast]'")
    for mode in ("shared", "full"):
        world = World(scenario(run=f"execution: {mode}", chain="executor: fast"))
        names = {core.ledger._executor.name for core in world.nodes.values()}
        assert names == {"revm"}


def test_no_world_is_made_with_an_executor_that_is_not_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pyrevm", None)
    with pytest.raises(ConfigError, match="pyrevm"):
        World(scenario(chain="executor: revm"))


# -- who executes


class Counting:
    """Knows how many blocks it ran."""

    def __init__(self, inner) -> None:
        self._inner = inner
        self.name = inner.name
        self.opened = 0

    def open(self, context, view):
        self.opened += 1
        return self._inner.open(context, view)


class Counted:
    """A run with the number of blocks that each node built, took in, and had executed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **given) -> None:
        built: Counter[int] = Counter()
        build = Ledger.build

        def counted(ledger, *arguments):
            built[id(ledger)] += 1
            return build(ledger, *arguments)

        with monkeypatch.context() as patch:
            patch.setattr(memo, "executor_named", lambda *of: Counting(executor_named(*of)))
            patch.setattr(Ledger, "build", counted)
            self.run = _Run(scenario(**given), {}, lambda _event: None)
            stored: Counter[str] = Counter()
            self.run.world.listeners.append(
                lambda fact: stored.update([fact.node] if isinstance(fact, BlockStored) else [])
            )
            self.run.play()
        world = self.run.world
        self.built = {name: built[id(core.ledger)] for name, core in world.nodes.items()}
        self.taken = {name: stored[name] - world.counters.sealed[name] for name in world.nodes}
        self.executed = {name: core.ledger._executor.opened for name, core in world.nodes.items()}


def test_shared_a_block_is_executed_where_it_is_built_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted = Counted(monkeypatch)
    assert min(counted.taken.values()) > 10
    assert counted.executed["h0"] == counted.executed["h1"] == sum(counted.built.values())


def test_full_every_node_executes_what_it_builds_and_what_it_takes_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted = Counted(monkeypatch, run="execution: full")
    for name in ("h0", "h1"):
        assert counted.executed[name] == counted.built[name] + counted.taken[name]


def test_a_node_that_verifies_executes_all_and_the_others_nothing_for_it(
    monkeypatch: pytest.MonkeyPatch, shared: _Run
) -> None:
    network = SLOW_CPU.replace("nodes: {", "nodes: {h1: {verify: true}, ")
    counted = Counted(monkeypatch, network=network)
    assert counted.executed["h1"] == counted.built["h1"] + counted.taken["h1"]
    assert counted.executed["h0"] == counted.built["h0"]
    assert seen(counted.run) == seen(shared)


def test_a_node_that_verifies_stops_the_run_when_the_others_are_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep = SharedMemo.keep

    def kept(shared_memo, key, result):
        writes = replace(result.writes, nodes={**result.writes.nodes, b"x": b"more"})
        keep(shared_memo, key, replace(result, writes=writes))

    monkeypatch.setattr(SharedMemo, "keep", kept)
    run = played(network=VERIFY)
    assert run.results({}).verdict == "unknown"
    assert run.results({}).cause.startswith("MemoMismatchError: executing block 0x")
    assert run.results({}).cause.endswith("again gave another writes")


# -- that it makes no difference


def test_steps_of_the_scenario_succeed(shared: _Run) -> None:
    assert {one.status for one in shared.schedule.outcomes.values()} == {"ok"}
    assert shared.results({}).verdict == "valid"


def test_shared_and_full_give_equal_chains_results_and_virtual_times(shared: _Run) -> None:
    assert seen(played(run="execution: full")) == seen(shared)


@pytest.mark.parametrize("bounds", [{"entries_max": 1}, {"bytes_max": 0}], ids=["one", "nothing"])
def test_a_memo_that_forgets_gives_the_same(
    monkeypatch: pytest.MonkeyPatch, shared: _Run, bounds: dict[str, int]
) -> None:
    monkeypatch.setattr(memo, "SharedMemo", lambda: SharedMemo(**bounds))
    run = played()
    assert len(run.world.executions.memo) == len(bounds.keys() & {"entries_max"})
    assert seen(run) == seen(shared)


@pytest.mark.parametrize("mode", ["shared", "full"])
def test_revm_gives_the_same(shared: _Run, mode: str) -> None:
    pytest.importorskip("pyrevm", reason="needs pyrevm: pip install 'wardnet[fast]'")
    run = played(run=f"execution: {mode}", chain="executor: revm")
    assert run.results({}).executor == "revm"
    assert run.results({}).versions["pyrevm"]
    assert seen(run) == seen(shared)


def test_who_pays_for_gas_pays_whether_the_memo_knew_the_block(shared: _Run) -> None:
    """The busy time of a slow host is that of its work, though the fast one executed first."""
    slow, fast = (shared.world.hosts[name].busy_us_total for name in ("h0", "h1"))
    ledger = shared.world.nodes["h0"].ledger
    headers = (ledger.header_by_number(number) for number in range(ledger.head.number + 1))
    gas = sum(header.gas_used for header in headers)
    assert slow > gas * 1_000_000 // 2_000_000
    assert slow > 10 * fast


PROGRAM = """
import sys
from pathlib import Path
from node.sim.runner import run_scenario
found = run_scenario(
    sys.argv[1], executor=sys.argv[3], check_execution=True, out=Path(sys.argv[2])
)
history = (Path(sys.argv[2]) / "history.jsonl").read_text()
print(found.execution_check, found.results["digest"], found.results["expectations"], history)
"""


def test_fresh_interpreters_share_and_audit_alike(tmp_path: Path) -> None:
    """Sets iterate in another order under each hash seed."""
    file = tmp_path / "small.yaml"
    file.write_text(text(STEPS, until="30s").replace("validators: 2", f"validators: 2, {VERIFY}"))
    executor = "py-evm" if find_spec("pyrevm") is None else "revm"
    running = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROGRAM, file, tmp_path / hash_seed, executor],
            env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for hash_seed in ("0", "4242")
    ]
    said = []
    for process in running:
        stdout, stderr = process.communicate(timeout=300)
        assert process.returncode == 0, stderr
        said.append(stdout)
    assert said[0] == said[1]
    assert "difference=None" in said[0]


# -- what one more node costs


JOURNEY = (ROOT / "scenarios" / "patient-journey.yaml").read_text(encoding="utf-8")
NODES = 10
"""So many are measured, so that a table which grows in between weighs little."""
MANY = "wardnet: 1\nname: many\nnetwork: {validators: 40}\n"


@pytest.mark.parametrize("content", [JOURNEY, MANY], ids=["journey", "forty"])
def test_one_more_node_costs_at_most_a_hundred_kilobytes(content: str) -> None:
    """ledger.md section 7: genesis included, before its first block."""
    scenario = load(content, "x.yaml")
    world = World(scenario)
    member = next(one for one in world.members if one.name == "h3")
    kept = [world.nodes.pop("h3"), world.hosts.pop("h3")]
    world._add_node(member)  # what only the first one of its kind costs
    kept += [world.nodes.pop("h3"), world.hosts.pop("h3")]
    tracemalloc.start()
    try:
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(NODES):
            world._add_node(member)
            kept += [world.nodes["h3"], world.hosts["h3"]]
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert world.nodes["h3"].ledger.genesis_hash == kept[0].ledger.genesis_hash
    assert 5_000 < (after - before) // NODES <= 100_000


def test_a_state_of_many_nodes_is_kept_once_and_not_shown_to_a_newcomer(shared: _Run) -> None:
    world = shared.world
    first, second = (core.ledger for core in world.nodes.values())
    assert first.head.state_root == second.head.state_root != first.genesis_header.state_root
    node = first._store.nodes.node(first.head.state_root)
    assert node is second._store.nodes.node(first.head.state_root)
    store = MemoryLedgerStore(nodes=PooledNodes(world.pool))
    newcomer = Ledger(world.beginning, verifier=world.verifier, store=store)
    assert newcomer.state().root == first.genesis_header.state_root
    with pytest.raises(MissingStateError):
        newcomer._states.view(first.head.state_root)
