"""No loss of power takes what was acknowledged; and a store that is wrong is found out."""

import pytest

from node.base.rng import TreeEntropy
from node.ipfs_lite.hybrid import StoreOptions
from tests.ipfs_lite import mutants
from tests.ipfs_lite.histories import INLINE_BYTES_MAX, run
from tests.ipfs_lite.power_loss import Recording, complaints

KEY = bytes(range(32))


def _options(seed, *, is_sealed=False):
    if not is_sealed:
        return StoreOptions(inline_bytes_max=INLINE_BYTES_MAX)
    entropy = TreeEntropy(seed, "block keys")
    return StoreOptions(inline_bytes_max=INLINE_BYTES_MAX, key=KEY, entropy=entropy)


def _complaints(tmp_path, seed, steps_count, *, is_sealed=False, **mutant):
    for name in ("run", "after"):
        (tmp_path / name).mkdir()
    recording = Recording(tmp_path / "run", _options(seed, is_sealed=is_sealed), **mutant)
    run(recording, seed, steps_count)
    return complaints(recording, tmp_path / "after", seed)


def test_a_few_steps_survive_a_loss_of_power_after_any_operation(tmp_path):
    assert list(_complaints(tmp_path, 9, 3)) == []


@pytest.mark.slow
@pytest.mark.parametrize("is_sealed", [False, True], ids=["plain", "sealed"])
@pytest.mark.parametrize("seed", range(4))
def test_what_was_acknowledged_survives_a_loss_of_power_after_any_operation(
    tmp_path, seed, is_sealed
):
    assert list(_complaints(tmp_path, seed, 16, is_sealed=is_sealed)) == []


CORRUPT, LOST = "CorruptBlockError", "an acknowledged block is lost"
MUTANTS = {
    "no file fsync": ({"disk": mutants.NoFileFsync}, CORRUPT),
    "no folder fsync": ({"disk": mutants.NoFolderFsync}, CORRUPT),
    "no fsync after making a shard folder": ({"disk": mutants.NoShardFsync}, CORRUPT),
    "COMMIT before rename": ({"disk": mutants.CommitBeforeRename}, CORRUPT),
    "unlink before the COMMIT of the row": ({"index": mutants.UnlinkBeforeCommit}, CORRUPT),
    "acknowledge before COMMIT": ({"early": True}, LOST),
}


@pytest.mark.parametrize("name", list(MUTANTS))
def test_a_wrong_write_order_is_caught(tmp_path, name):
    """The test above can fail."""
    mutant, what = MUTANTS[name]
    assert what in next(_complaints(tmp_path, 1, 12, **mutant))
