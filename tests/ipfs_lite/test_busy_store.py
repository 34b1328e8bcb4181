"""SIGKILL at any instant of add, unpin, gc and erase (content-store.md, section 17)."""

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from random import Random
from threading import Timer

import pytest

from node.ipfs_lite.cid import make_cid, multihash_of
from tests.ipfs_lite.busy_store import LATER_S, leaves_of, root_of
from tests.ipfs_lite.disks import PLAIN, SEALED, block_files, opened

ROOT = Path(__file__).resolve().parents[2]
KILLS = 50
"""For each of two forms of store."""


def _run_and_kill(folder, seed, random):
    """Let a process work and kill it; give what it said, half a line left out."""
    command = [sys.executable, "-m", "tests.ipfs_lite.busy_store", str(folder), str(seed)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        first = child.stdout.readline()
        timer = Timer(random.uniform(0, 0.15), child.kill)
        timer.start()
        written = first + child.stdout.read()
        timer.join()
    assert child.returncode == -signal.SIGKILL
    return [line.split() for line in written.split("\n")[:-1]]


class _Model:
    """What was acknowledged: trees that are pinned, and roots that are erased."""

    def __init__(self):
        self.pinned, self.erased = set(), set()
        self.steps = 0

    def learn(self, lines, store):
        """Follow a process; of the step it died in both outcomes are right."""
        doubtful = None
        for word, step, text in lines:
            tree = int(text)
            doubtful = (step, tree) if word == "begin" else None
            if word == "done":
                self._apply(step, tree)
        if doubtful is not None:
            step, tree = doubtful
            is_pinned = store.pin_of(root_of(tree).cid) is not None
            if step != "collect" and is_pinned == (step == "add"):
                self._apply(step, tree)

    def _apply(self, step, tree):
        self.steps += 1
        if step == "add":
            self.pinned.add(tree)
        elif step in ("unpin", "erase"):
            self.pinned.remove(tree)
        if step == "erase":
            self.erased.add(tree)

    def live(self):
        """Give the content of every block that a pin holds."""
        blocks = [root_of(tree).data for tree in self.pinned]
        return {*blocks, *(leaf for tree in self.pinned for leaf in leaves_of(tree))}


def _judge(folder, store, model):
    """Nothing acknowledged is lost, nothing is wrong, and after a collection nothing is left over."""
    assert {int(pin.name) for pin in store.pins()} == model.pinned
    assert list(store.verify()) == []
    assert store.check_holds() == ()
    for tree in sorted(model.erased):
        key = multihash_of(root_of(tree).cid)
        assert store.is_tombstoned(key)
        assert not store.has(root_of(tree).cid)
    list(store.collect(now_s=LATER_S))
    live = model.live()
    for data in sorted(live):
        assert store.get(make_cid(data)) == data
    assert store.count() == len(live)
    assert len(block_files(folder)) == store.stat().files


@pytest.mark.slow
@pytest.mark.parametrize("options", [PLAIN, SEALED], ids=["plain", "sealed"])
def test_a_killed_store_has_lost_and_leaked_nothing(tmp_path, options):
    if options is SEALED:
        (tmp_path / "sealed").touch()
    random, model = Random(5), _Model()
    for seed in range(KILLS):
        lines = _run_and_kill(tmp_path, seed, random)
        with closing(opened(tmp_path, options)) as store:
            model.learn(lines, store)
            _judge(tmp_path, store, model)
    assert model.steps > KILLS
    assert model.erased
