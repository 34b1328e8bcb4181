"""``wardnet bench store``: the content store beside its targets, the disk, and npm's importer.

Everything runs in turn, A B C A B C.  CPU seconds are user + system of this process (or of Node's,
by its own count); what a disk decides is wall time, with the disk's own rate from the same round
beside it (content-store.md, section 18).
"""

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

from node.base.types import Cid
from node.bench.errors import CandidateFaultError
from node.bench.rounds import load, machine
from node.ipfs_lite.blocks import Batch, Block, BlockClass
from node.ipfs_lite.cid import make_cid, to_text
from node.ipfs_lite.hybrid import HybridStore, StoreOptions, open_store
from node.ipfs_lite.unixfs_write import PROFILES, write_file

NPM: Final = "ipfs-unixfs-importer"
_MIB: Final = 2**20
_GB: Final = 10**9
_SCRIPT: Final = Path(__file__).with_name("unixfs_importer.mjs")
_BATCH_BYTES: Final = 16 * _MIB
_PUT_BYTES: Final = 1_500
_NODE_TIMEOUT_S: Final = 600
_FLOOR: Final = "sha256 floor"
REFERENCE_FLOOR_S: Final = 0.149
"""What SHA-256 over 256 MiB took where the targets were set (content-store.md section 18)."""

Tell = Callable[[str], None]
Pieces = Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Part:
    """One row: what is measured, and what is wanted."""

    name: str
    unit: str
    run: Callable[[Path], float]
    """Does the work once below an empty folder; gives the figure."""
    most: float | None = None
    least: float | None = None
    peer: str = ""
    """The row that this one is divided by ..."""
    ratio_most: float | None = None
    ratio_least: float | None = None

    @property
    def is_cost(self) -> bool:
        """Say whether the lowest figure is the best."""
        return self.unit.startswith("cpu-s")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is done in one round."""

    import_mib: int = 256
    add_mib: int = 128
    puts: int = 4_096


def measure(
    rounds: int, sizes: Sizes, peers_dir: Path | None, place: Path, tell: Tell
) -> dict[str, Any]:
    """Measure all parts; give one document.

    ``peers_dir``  its node_modules may hold npm's importer; None: not asked for.
    ``place``      the disk to measure: a folder that exists.
    raises         CandidateFaultError: somebody did other work than he was given.
    """
    before = load()
    absent: list[dict[str, str]] = []
    chosen = parts(sizes, _npm(peers_dir, absent))
    figures: dict[str, list[float]] = {part.name: [] for part in chosen}
    for number in range(1, rounds + 1):
        for part in chosen:
            with TemporaryDirectory(prefix="wardnet-bench-", dir=place) as folder:
                figure = part.run(Path(folder))
            figures[part.name].append(figure)
            tell(f"round {number}/{rounds}  {part.name:<38}{figure:12,.3f} {part.unit}")
    return {
        "exit_code": 0,
        "seed": None,
        "bench": "store",
        "rounds": rounds,
        "machine": machine(),
        "load_before": before,
        "load_after": load(),
        "slowness": min(figures[_FLOOR]) * 256 / sizes.import_mib / REFERENCE_FLOOR_S,
        "rows": rows(chosen, figures),
        "absent": absent,
    }


def rows(chosen: Sequence[Part], figures: dict[str, list[float]]) -> list[dict[str, Any]]:
    """Give one row per part; the ratio is the median of the ratios within each round."""
    return [_row(part, figures) for part in chosen]


def _row(part: Part, figures: dict[str, list[float]]) -> dict[str, Any]:
    mine = figures[part.name]
    ratio = None
    if part.peer in figures:
        pairs = zip(mine, figures[part.peer], strict=True)
        ratio = median(one / other for one, other in pairs)
    best = min(mine) if part.is_cost else max(mine)
    wants: list[tuple[str, bool]] = []
    if part.most is not None:
        wants.append((f"<= {part.most:g}", best <= part.most))
    if part.least is not None:
        wants.append((f">= {part.least:g}", best >= part.least))
    if ratio is not None and part.ratio_most is not None:
        wants.append((f"ratio <= {part.ratio_most:g}", ratio <= part.ratio_most))
    # a disk that is slow itself is no fault: one of the two suffices, as the requirement has it
    either = False
    if ratio is not None and part.ratio_least is not None:
        either = True
        wants.append((f"ratio >= {part.ratio_least:g}", ratio >= part.ratio_least))
    met = [is_met for _, is_met in wants]
    return {
        "name": part.name,
        "unit": part.unit,
        "best": best,
        "median": median(mine),
        "rounds": mine,
        "peer": part.peer if ratio is not None else None,
        "ratio": ratio,
        "target": (" or " if either else ", ").join(words for words, _ in wants),
        "is_met": (any(met) if either else all(met)) if met else None,
    }


def parts(sizes: Sizes, npm: Path | None) -> list[Part]:
    """Give the parts in the order of a round; ``npm`` is a node_modules with the importer."""
    chosen = [Part(_FLOOR, "cpu-s", lambda _: _floor(sizes.import_mib))]
    limit = 0.22 * sizes.import_mib / 256
    for profile, words in (("unixfs-v1-2025", "1 MiB"), ("kubo-cidv1", "256 KiB")):
        name, peer = f"import, chunks of {words}", f"{NPM}, {words}"
        chosen.append(
            Part(name, "cpu-s", _importing(sizes.import_mib, profile), limit, None, peer, 1.1)
        )
        if npm is not None:
            chosen.append(Part(peer, "cpu-s", _npm_importing(npm, sizes.import_mib, profile)))
    disk = "disk, write and fsync"
    chosen += [
        Part(disk, "MB/s", lambda folder: _disk(folder, sizes.add_mib)),
        Part(
            "durable add",
            "MB/s",
            lambda folder: _adding(folder, sizes.add_mib)[0],
            least=300,
            peer=disk,
            ratio_least=0.6,
        ),
        Part(
            "durable add, cost",
            "cpu-s/GB",
            lambda folder: _adding(folder, sizes.add_mib)[1],
            most=2.5,
        ),
        Part("puts of 1.5 KB, 16 a batch", "/s", _putting(sizes.puts, 16), least=2_000),
        Part("puts of 1.5 KB, 128 a batch", "/s", _putting(sizes.puts, 128), least=10_000),
        Part("verify", "GB/cpu-s", lambda folder: _verifying(folder, sizes.add_mib), least=1.0),
    ]
    return chosen


def pieces(mebibytes: int) -> Pieces:
    """Give a file of so many MiB, as the script of the peer makes it: numbered, else zeros."""
    for number in range(mebibytes):
        yield number.to_bytes(4, "big") + bytes(_MIB - 4)


def _floor(mebibytes: int) -> float:
    started = time.process_time()
    for piece in pieces(mebibytes):
        hashlib.sha256(piece).digest()
    return time.process_time() - started


def _importing(mebibytes: int, profile: str) -> Callable[[Path], float]:
    def run(_: Path) -> float:
        started = time.process_time()
        write_file(pieces(mebibytes), _nowhere, PROFILES[profile])
        return time.process_time() - started

    return run


def _nowhere(_cid: Cid, _data: bytes) -> None:
    """Keep nothing."""


def _npm(peers_dir: Path | None, absent: list[dict[str, str]]) -> Path | None:
    if peers_dir is None:
        return None
    modules = peers_dir / "node_modules"
    if which("node") is None:
        absent.append({"name": NPM, "reason": "node is not on the PATH"})
    elif not (modules / NPM / "package.json").is_file():
        absent.append({"name": NPM, "reason": f"{modules / NPM} does not exist"})
    else:
        return modules
    return None


def _npm_importing(modules: Path, mebibytes: int, profile: str) -> Callable[[Path], float]:
    chosen = PROFILES[profile]

    def run(_: Path) -> float:
        words = [str(modules.resolve()), chosen.chunk_bytes, chosen.links_max, mebibytes]
        command = [which("node") or "node", str(_SCRIPT), *map(str, words)]
        done = subprocess.run(  # noqa: S603 - node with a script of ours, words of ours
            command, capture_output=True, check=False, text=True, timeout=_NODE_TIMEOUT_S
        )
        if done.returncode:
            raise CandidateFaultError(NPM, done.stderr.strip()[-400:])
        said = json.loads(done.stdout)
        ours = to_text(write_file(pieces(mebibytes), None, chosen).cid)
        if said["cid"] != ours:
            raise CandidateFaultError(NPM, f"made {said['cid']} where we make {ours}")
        return float(said["cpu_s"])

    return run


def _disk(folder: Path, mebibytes: int) -> float:
    """Give the rate of one file, made durable as often as a batch of the store is."""
    data = bytes(range(256)) * (_MIB // 256)
    started = time.perf_counter()
    with (folder / "plain").open("wb", buffering=0) as file:
        for number in range(1, mebibytes + 1):
            file.write(data)
            if number * _MIB % _BATCH_BYTES == 0 or number == mebibytes:
                os.fsync(file.fileno())
    return mebibytes * _MIB / 1e6 / (time.perf_counter() - started)


def _adding(folder: Path, mebibytes: int) -> tuple[float, float]:
    """Give (MB/s of wall time, CPU seconds per GB) of a durable import."""
    store = open_store(folder, StoreOptions())
    try:
        started, cpu = time.perf_counter(), time.process_time()
        _add(store, mebibytes)
        took, cost = time.perf_counter() - started, time.process_time() - cpu
    finally:
        store.close()
    size = mebibytes * _MIB
    return size / 1e6 / took, cost * _GB / size


def _add(store: HybridStore, mebibytes: int) -> None:
    waiting: list[Block] = []

    def keep(cid: Cid, data: bytes) -> None:
        waiting.append(Block(cid, data))
        if len(waiting) * _MIB >= _BATCH_BYTES:
            store.commit(Batch(tuple(waiting)))
            waiting.clear()

    write_file(pieces(mebibytes), keep)
    store.commit(Batch(tuple(waiting)))


def _putting(count: int, per_batch: int) -> Callable[[Path], float]:
    def run(folder: Path) -> float:
        datas = [number.to_bytes(4, "big") * (_PUT_BYTES // 4) for number in range(count)]
        blocks = [Block(make_cid(data), data) for data in datas]
        store = open_store(folder, StoreOptions())
        try:
            started = time.perf_counter()
            for at in range(0, count, per_batch):
                store.commit(Batch(tuple(blocks[at : at + per_batch]), BlockClass.SEALED))
            return count / (time.perf_counter() - started)
        finally:
            store.close()

    return run


def _verifying(folder: Path, mebibytes: int) -> float:
    store = open_store(folder, StoreOptions())
    try:
        _add(store, mebibytes)
        started = time.process_time()
        problems = list(store.verify())
        cost = time.process_time() - started
    finally:
        store.close()
    if problems:
        raise CandidateFaultError("verify", f"found a fault in a new store: {problems[0].what}")
    return mebibytes * _MIB / _GB / cost
