"""Whatever instant a process dies at, and wherever its log is cut: whole blocks, none lost."""

import shutil
import signal
import struct
import subprocess
import sys
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from random import Random
from threading import Timer

import pytest

from node.base.limits import STATES_KEPT_BLOCKS_MIN
from node.storage.integrity import Inspection
from node.storage.sqlite_store import FILE_NAME
from tests.storage.appender import appended, kept_nodes
from tests.storage.blocks import GENESIS, IDENTITY, chain_of, commit, fill, opened

ROOT = Path(__file__).resolve().parents[2]
KILLS = 200


def _findings(directory):
    with closing(Inspection(directory)) as inspection:
        assert inspection.check_file()
        inspection.check_meta(IDENTITY)
        for _ in inspection.blocks():
            pass
        inspection.nodes().check()
        return inspection.findings.found


def _run_and_kill(directory, random):
    """Let a process append and kill it; give number and hash of the last block it acknowledged.

    One in four is killed while it starts and opens the store; most of those acknowledge nothing.
    """
    command = [sys.executable, "-m", "tests.storage.appender", str(directory)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        if random.randrange(4):
            first, delay = child.stdout.readline(), random.uniform(0, 0.06)
        else:
            first, delay = "", random.uniform(0.1, 0.5)
        timer = Timer(delay, child.kill)
        timer.start()
        written = first + child.stdout.read()
        timer.join()
    assert child.returncode == -signal.SIGKILL
    lines = written.split("\n")[:-1]  # what stands behind the last line end is half a line
    if not lines:
        return None
    number, block_hash = lines[-1].split()
    return int(number), bytes.fromhex(block_hash)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_two_hundred_kills_lose_no_acknowledged_block(tmp_path, seed):
    random = Random(seed)
    newest, swept = 0, False
    for kill in range(KILLS // 4):
        last = _run_and_kill(tmp_path, random)
        if kill % 10 == 0 and newest:  # before that the file may have no tables yet
            assert _findings(tmp_path) == []
        with opened(tmp_path, kept_blocks=STATES_KEPT_BLOCKS_MIN) as store:
            assert store.stepped_back == (), f"kill {kill}"
            head = store.chain.head()
            if head is None:  # killed before the genesis was in
                assert last is None
                assert newest == 0
                continue
            head = store.chain.stored(head)
            if last is not None:
                newest, last_hash = last
                assert store.chain.stored(last_hash) is not None, f"kill {kill}"
            # one batch may have been durable and not yet acknowledged
            number = head.block.header.number
            assert newest <= number, f"kill {kill}"
            if last is not None:
                assert number <= newest + 1, f"kill {kill}"
            kept = kept_nodes(store, store.kept_from)
            assert all(store.nodes.node(key) for key in kept), f"kill {kill}"
            for _ in range(3):
                head = appended(store, head)
            newest, swept = head.block.header.number, store.kept_from > 0
    assert swept
    assert _findings(tmp_path) == []


def _frames(wal):
    """Give the offsets at which the frames of a write-ahead log begin, and its end."""
    page_bytes = struct.unpack(">I", wal[8:12])[0]
    return range(32, len(wal) + 1, 24 + page_bytes)


@pytest.fixture
def torn(tmp_path):
    """Give database and log of a store that was not closed, and the blocks in the log."""
    blocks = chain_of(6)
    with opened(tmp_path / "live") as store:
        fill(store, [])
        store._database.read("PRAGMA wal_checkpoint(TRUNCATE)")
        sizes = [0]
        wal = tmp_path / "live" / f"{FILE_NAME}-wal"
        for stored in blocks:
            commit(store, stored)
            sizes.append(wal.stat().st_size)
        shutil.copytree(tmp_path / "live", tmp_path / "torn")
    return tmp_path, blocks, sizes


@pytest.mark.slow
def test_a_log_cut_anywhere_leaves_the_last_or_an_earlier_block(torn):
    """At every frame boundary, and one byte beside it: a frame that is not whole does not count."""
    folder, blocks, sizes = torn
    raw = (folder / "torn" / f"{FILE_NAME}-wal").read_bytes()
    boundaries = list(_frames(raw))
    assert len(boundaries) > 20
    assert set(sizes[1:]) <= set(boundaries)
    cuts = sorted({cut for at in boundaries for cut in (at - 1, at, at + 1) if cut <= len(raw)})
    for cut in cuts:
        directory = folder / "cut"
        shutil.copytree(folder / "torn", directory)
        (directory / f"{FILE_NAME}-wal").write_bytes(raw[:cut])
        whole = sum(size <= cut for size in sizes[1:])
        want = blocks[whole - 1] if whole else GENESIS
        with opened(directory) as store:
            assert store.stepped_back == (), f"cut at {cut}"
            assert store.chain.head() == want.hash, f"cut at {cut}"
            assert store.chain.stored(want.hash) == want
            if whole < len(blocks):
                commit(store, blocks[whole])
        assert _findings(directory) == [], f"cut at {cut}"
        shutil.rmtree(directory)


def test_every_block_of_the_log_is_a_batch_of_its_own(torn):
    """Otherwise the test above would cut nothing."""
    _, blocks, sizes = torn
    assert len(sizes) == len(blocks) + 1
    assert all(one < other for one, other in pairwise(sizes))
