"""SIGKILL at any moment of add, pin, collection and erasure: what was said to be done is done."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from node.ipfs_lite.cid import multihash_of
from node.ipfs_lite.hybrid import StoreOptions, open_store
from tests.ipfs_lite.kill_child import LATER_S, thing

_ROOT = Path(__file__).parents[2]
_ROUNDS = int(os.environ.get("WARDNET_KILLS", "100"))


@dataclass
class Told:
    """What the killed processes said, over all rounds."""

    pinned: set[int] = field(default_factory=set)
    erased: set[int] = field(default_factory=set)
    open_acts: dict[int, str] = field(default_factory=dict)
    """What was begun and not acknowledged by the process that was killed last."""
    acknowledged: dict[str, int] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    next_number: int = 1

    def hear(self, line: str) -> None:
        act, _, word = line.partition(" ")
        number = int(word) if word else 0
        if act.endswith("ing"):
            self.open_acts[number] = act
            self.next_number = max(self.next_number, number + 1)
            return
        if act == "ready":
            return
        begun = self.open_acts.pop(number)
        self.acknowledged[begun] = self.acknowledged.get(begun, 0) + 1
        if act == "added":
            self.pinned.add(number)
        elif act in ("unpinned", "erased"):
            self.pinned.discard(number)
            if act == "erased":
                self.erased.add(number)


def _play(folder: Path, told: Told, fate: random.Random) -> None:
    """Let a process work for a moment and kill it."""
    words = [sys.executable, "-m", "tests.ipfs_lite.kill_child", str(folder)]
    words += [str(told.next_number), *map(str, sorted(told.pinned))]
    with subprocess.Popen(words, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "ready\n"
        time.sleep(fate.uniform(0.0, 0.25))
        child.send_signal(signal.SIGKILL)
        for line in child.stdout:
            if line.endswith("\n"):
                told.hear(line.strip())
        assert child.wait() == -signal.SIGKILL


def _check(folder: Path, told: Told) -> None:
    for act in told.open_acts.values():
        told.cut[act] = told.cut.get(act, 0) + 1
    with closing(open_store(folder, StoreOptions())) as store:
        assert list(store.verify()) == []
        assert not list((folder / "blocks" / ".temp").iterdir())
        for number, act in told.open_acts.items():  # either done or not, never half
            if not number:
                continue
            told.pinned.discard(number)
            if store.pin_of(thing(number).root.cid) is not None:
                told.pinned.add(number)
            elif act == "erasing" and not store.has(thing(number).root.cid):
                told.erased.add(number)
        told.open_acts.clear()
        wanted = {}
        for number in told.pinned:
            made = thing(number)
            assert store.pin_of(made.root.cid) is not None, f"the pin of {number} is lost"
            for block in (made.root, *made.leaves):
                assert store.get(block.cid) == block.data
                wanted[multihash_of(block.cid)] = number
        for number in told.erased:
            assert not store.has(thing(number).root.cid)
            assert store.is_tombstoned(multihash_of(thing(number).root.cid))
        for _ in store.collect(now_s=LATER_S):
            pass
        assert set(store.multihashes()) == set(wanted), "a block leaked or was lost"


def _bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_however_often_the_process_is_killed(
    tmp_path, record_property
):
    fate = random.Random(7)
    told = Told()
    for round_number in range(_ROUNDS):
        _play(tmp_path, told, fate)
        _check(tmp_path, told)
        if round_number % 10 == 9:
            everything = _bytes_of(tmp_path)
            for number in told.erased:
                made = thing(number)
                kept = {leaf.cid for other in told.pinned for leaf in thing(other).leaves}
                for leaf in made.leaves:
                    if leaf.cid not in kept:
                        assert leaf.data[:32] not in everything, f"{number} can still be read"
            for number in sorted(told.pinned)[20:]:  # so that the store stays small
                with closing(open_store(tmp_path, StoreOptions())) as store:
                    store.unpin(thing(number).root.cid)
                told.pinned.discard(number)
    record_property("acknowledged", told.acknowledged)
    record_property("cut off", told.cut)
    assert {"adding", "unpinning", "repinning", "collecting", "erasing"} <= set(told.acknowledged)
    assert sum(told.cut.values()) > _ROUNDS // 4, "the kills fell between the acts"
