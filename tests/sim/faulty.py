"""Networks of empty blocks with faults, for tests: four validators, a block each second."""

from node.sim.loader import load
from node.sim.results import FaultResult
from node.sim.runner import _Run
from node.sim.schema.scenario import Scenario

HEAD = """\
wardnet: 1
name: faulty
run: {seed: SEED, until: UNTIL}
chain: {consensus: ENGINE, fork_choice: eip3436, period: 1sCHAIN}
network: {validators: COUNT, nodes: {NODES}}
"""


def text(
    *faults: str,
    until: str = "12s",
    seed: int = 7,
    nodes: str = "",
    more: str = "",
    validators: int = 4,
    engine: str = "clique",
    chain: str = "",
) -> str:
    head = HEAD.replace("SEED", str(seed)).replace("UNTIL", until).replace("NODES", nodes)
    head = head.replace("COUNT", str(validators)).replace("ENGINE", engine)
    head = head.replace("CHAIN", f", {chain}" if chain else "")
    items = "".join(f"  - {{{fault}}}\n" for fault in faults)
    return head + more + (f"faults:\n{items}" if faults else "")


def scenario(*faults: str, **given) -> Scenario:
    return load(text(*faults, **given), "faulty.yaml")


def prepared(*faults: str, **given) -> _Run:
    return _Run(scenario(*faults, **given), {}, lambda _event: None)


def played(*faults: str, **given) -> _Run:
    run = prepared(*faults, **given)
    run.play()
    return run


def result(run: _Run, index: int = 0) -> FaultResult:
    return run.injector.results()[index]


def heights(run: _Run) -> dict[str, int]:
    return {name: core.ledger.head.number for name, core in run.world.nodes.items()}


def heads(run: _Run) -> set[bytes]:
    return {core.ledger.head_hash for core in run.world.nodes.values()}


def heights_at(run: _Run, seconds: int) -> dict[str, int]:
    """Play a run that has begun nearly up to a second, and give all heights then."""
    run.world.kernel.run_until(seconds * 1_000_000 - 100_000)  # no block is under way then
    return heights(run)


def begun(*faults: str, **given) -> _Run:
    """Give a run that stands at its beginning."""
    run = prepared(*faults, **given)
    run.world.start()
    run.injector.start()
    return run


def lines(run: _Run, kind: str) -> list[dict]:
    return [one for one in run.world.history.as_dicts() if one["e"] == kind]
