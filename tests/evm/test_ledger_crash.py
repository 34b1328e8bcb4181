"""A node that is killed while it imports has lost nothing that it acknowledged."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from time import sleep

import pytest

from node.evm.state_walk import walk
from node.evm.verify import verify_store
from node.storage.integrity import Inspection
from node.storage.sqlite_store import SqliteLedgerStore
from tests.evm.crash_importer import BLOCKS, chain, identity, opened, take

ROOT = Path(__file__).resolve().parents[2]
KILLS = 200
LIFE_SECONDS_MAX = 0.3


class Importer:
    """The process whose children die."""

    def __init__(self, process):
        self._process = process

    def kill_one(self, after_s):
        """Let a child import for a while and kill it; give the last block it acknowledged."""
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        child = self._pid()
        sleep(after_s)
        os.kill(child, signal.SIGKILL)
        acknowledged = 0
        while (line := self._process.stdout.readline()) != "end\n":
            acknowledged = int(line)
        return acknowledged

    def _pid(self):
        return int(self._process.stdout.readline())


@contextmanager
def _importer(directory):
    command = [sys.executable, "-m", "tests.evm.crash_importer", str(directory)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Importer(process)
        process.stdin.close()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [7])
def test_two_hundred_kills_lose_no_acknowledged_block_and_leave_a_ledger(tmp_path, seed):
    random, blocks, directory = Random(seed), chain(), tmp_path / "node"
    heads = []
    with _importer(directory) as importer:
        for kill in range(KILLS):
            acknowledged = importer.kill_one(random.uniform(0, LIFE_SECONDS_MAX))
            heads.append(_check(directory, acknowledged, blocks, f"kill {kill}"))
            if heads[-1] > BLOCKS - 10:
                shutil.rmtree(directory)
    assert len(set(heads)) > KILLS // 10, "they died at different heights"


def _check(directory, acknowledged, blocks, which):
    """Open what is left: the head is whole, and the next three blocks can be imported on it."""
    with closing(SqliteLedgerStore(directory, identity())) as store:
        assert store.stepped_back == (), which
        book = opened(store)
        head = book.head.number
        assert head >= acknowledged, which
        assert sum(1 for _ in walk(store.nodes, book.head.state_root)) > 0, which
        for block in blocks[head : head + 3]:
            take(book, block)
    with closing(Inspection(directory)) as inspection:
        assert verify_store(inspection, identity()).findings == (), which
    return head
