"""A small network that repairs, for tests: four hospitals, a record that three of them keep."""

from functools import cache

from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import multihash_of
from node.sim.loader import load
from node.sim.runner import _Run
from node.sim.world import World

TEXT = """\
wardnet: 1
name: repairing
run: {seed: SEED, until: UNTIL}
chain: {consensus: qbft, period: 2s}
records: {sharing: {t: 2, n: 3}}
network: {validators: COUNT, link: lan}
storage: {STORAGE}
actors:
  doctors: {d0: {hospital: h0}}
  patients: {p0: {hospital: h0}}
steps:
  - {do: register_hospital, hospital: h0}
  - {do: register_hospital, hospital: h1}
  - {do: onboard_doctor, doctor: d0}
  - {do: register_patient, patient: p0}
  - {do: consult, id: visit, doctor: d0, patient: p0}
"""
ON = "repair: on, grace: 1m, live: 40s, challenge: 10s, scrub: 30s"
FILED_S = 60
"""By then the record is final and its copies are where they belong."""
SECOND = 1_000_000


def prepared(*faults: str, storage: str = ON, until: str = "6m", seed: int = 7, count: int = 4):
    """Give a run that stands at its beginning."""
    text = TEXT.replace("STORAGE", storage).replace("UNTIL", until).replace("SEED", str(seed))
    text = text.replace("COUNT", str(count))
    if faults:
        text += "faults:\n" + "".join(f"  - {{{fault}}}\n" for fault in faults)
    run = _Run(load(text, "repairing.yaml"), {}, lambda _event: None)
    run.world.start()
    run.injector.start()
    run.schedule.start()
    return run


def at(run: _Run, seconds: int) -> World:
    run.world.kernel.run_until(seconds * SECOND)
    return run.world


def filed(*faults: str, **given) -> _Run:
    """Give a run in which the record is filed and kept."""
    run = prepared(*faults, **given)
    at(run, FILED_S)
    return run


@cache
def where(seed: int = 7) -> tuple[tuple[str, ...], str]:
    """Give who keeps the record's manifest at first, and who does not."""
    run = filed(seed=seed)
    chosen = keepers(run)
    (other,) = (name for name in run.world.nodes if name not in chosen)
    return chosen, other


def root_of(run: _Run, step: str = "visit"):
    """Give the CID of the record's manifest."""
    return run.book.record(step).filed.content.cid


def keepers(run: _Run) -> tuple[str, ...]:
    """Give who has the manifest and a pin of it for the network's sake, and runs."""
    root, found = root_of(run), []
    for name, disk in run.world.disks.items():
        pin = disk.blocks.pin_of(root)
        has_it = disk.blocks.stored(multihash_of(root)) is not None
        if run.world.is_up(name) and has_it and pin is not None and pin.rf_min > 0:
            found.append(name)
    return tuple(found)


def lose(run: _Run, name: str) -> None:
    """Take a running node's blocks away, as the fault ``wipe`` does."""
    world = run.world
    world.stop_node(name)
    world.disks[name].blocks = type(world.disks[name].blocks)()
    world.start_node(name)


def notes(run: _Run, name: str) -> list[dict]:
    return [one for one in run.world.history.as_dicts() if one["f"] == name]


def put_public(run: _Run, name: str, cid, data: bytes) -> None:
    run.world.disks[name].blocks.put(cid, data, BlockClass.PUBLIC)
