"""Whatever the disk does, no wrong byte comes out, and nothing is lost that the disk still has."""

import shutil
from collections import Counter
from dataclasses import replace

import pytest

from node.base.rng import TreeEntropy
from node.ipfs_lite.hybrid import StoreOptions
from node.storage.faultfiles import DESTROYING, Fault, FaultFiles
from tests.ipfs_lite.fault_schedules import Schedule
from tests.ipfs_lite.histories import INLINE_BYTES_MAX

RATES_PPM = dict.fromkeys(Fault, 10_000)
STEPS_COUNT = 25
KEY = bytes(range(32))


def _options(seed):
    if seed % 2:
        return StoreOptions(inline_bytes_max=INLINE_BYTES_MAX)
    entropy = TreeEntropy(seed, "block keys")
    return StoreOptions(inline_bytes_max=INLINE_BYTES_MAX, key=KEY, entropy=entropy)


def _wrong(tmp_path, seeds, *, data_loss, **mutant):
    """Give what went wrong, and what happened."""
    counts, happened, wrong = Counter(), Counter(), []
    for seed in seeds:
        folder = tmp_path / f"{seed}"
        folder.mkdir()
        options = replace(_options(seed), **mutant.get("options", {}))
        disk = mutant.get("disk", FaultFiles)
        entropy = TreeEntropy(seed, "faults")
        schedule = Schedule(folder, options, seed, disk(entropy, RATES_PPM, data_loss=data_loss))
        wrong += [f"seed {seed}: {what}" for what in schedule.run(STEPS_COUNT)]
        counts += schedule.counts
        happened += Counter(fault for fault, _ in schedule.files.happened)
        shutil.rmtree(folder)
    return wrong, counts, happened


@pytest.mark.parametrize("data_loss", [False, True], ids=["honest", "destroying"])
def test_some_schedules(tmp_path, data_loss):
    wrong, counts, _ = _wrong(tmp_path, range(8), data_loss=data_loss)
    assert wrong == []
    assert counts["read"] > 100
    assert counts["power lost"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("data_loss", [False, True], ids=["honest", "destroying"])
def test_a_thousand_schedules(tmp_path, data_loss):
    """Five hundred each: disks whose faults destroy nothing, and disks whose faults do."""
    wrong, counts, happened = _wrong(tmp_path, range(8, 508), data_loss=data_loss)
    assert wrong == []
    assert set(happened) == set(Fault) - (set() if data_loss else DESTROYING)
    assert (counts["destroyed"] > 0) is data_loss


def test_a_store_that_does_not_hash_what_it_reads_is_caught(tmp_path):
    wrong, *_ = _wrong(tmp_path, range(1, 16, 2), data_loss=False, options={"hash_on_read": False})
    assert any(what.partition(": ")[2].startswith("wrong bytes of ") for what in wrong)


class _NoFsync(FaultFiles):
    def fsync(self, handle):
        if self._open[handle].name == ".temp/1":  # the layout of a new folder
            super().fsync(handle)


def test_a_store_that_does_not_sync_is_caught(tmp_path):
    wrong, *_ = _wrong(tmp_path, range(8), data_loss=False, disk=_NoFsync)
    assert any(what.partition(": ")[2].startswith("lost: ") for what in wrong)
