"""No loss of power takes what was acknowledged; and a store that is wrong is found out."""

import pytest

from node.base.rng import TreeEntropy
from node.ipfs_lite.hybrid import HybridStore, StoreOptions
from tests.ipfs_lite import mutants
from tests.ipfs_lite.histories import INLINE_BYTES_MAX, History
from tests.ipfs_lite.power_loss import Recording, complaints

KEY = bytes(range(32))


def _options(seed, *, is_sealed=False):
    if not is_sealed:
        return StoreOptions(inline_bytes_max=INLINE_BYTES_MAX)
    entropy = TreeEntropy(seed, "block keys")
    return StoreOptions(inline_bytes_max=INLINE_BYTES_MAX, key=KEY, entropy=entropy)


def _complaints(tmp_path, seed, steps_count, *, is_sealed=False, is_pinning=False, **mutant):
    for name in ("run", "after"):
        (tmp_path / name).mkdir()
    recording = Recording(tmp_path / "run", _options(seed, is_sealed=is_sealed), **mutant)
    History(recording, seed).run(steps_count, is_pinning=is_pinning)
    return complaints(recording, tmp_path / "after", seed)


def test_a_few_steps_survive_a_loss_of_power_after_any_operation(tmp_path):
    assert list(_complaints(tmp_path, 9, 3)) == []


NEEDS_PINS = pytest.mark.skipif(
    not hasattr(HybridStore, "erase"), reason="the store on disk has no pins yet"
)
SEALED_OR_NOT = pytest.mark.parametrize("is_sealed", [False, True], ids=["plain", "sealed"])


@pytest.mark.slow
@SEALED_OR_NOT
@pytest.mark.parametrize("seed", range(2))
def test_what_was_acknowledged_survives_a_loss_of_power_after_any_operation(
    tmp_path, seed, is_sealed
):
    assert list(_complaints(tmp_path, seed, 16, is_sealed=is_sealed)) == []


@pytest.mark.slow
@NEEDS_PINS
@SEALED_OR_NOT
@pytest.mark.parametrize("seed", range(3, 6))
def test_pins_and_erasures_survive_a_loss_of_power_after_any_operation(tmp_path, seed, is_sealed):
    found = _complaints(tmp_path, seed, 16, is_sealed=is_sealed, is_pinning=True)
    assert list(found) == []


CORRUPT, LOST = "CorruptBlockError", "an acknowledged block is lost"
MUTANTS = {
    "no file fsync": ({"disk": mutants.NoFileFsync}, CORRUPT),
    "no folder fsync": ({"disk": mutants.NoFolderFsync}, CORRUPT),
    "no fsync after making a shard folder": ({"disk": mutants.NoShardFsync}, CORRUPT),
    "COMMIT before rename": ({"disk": mutants.CommitBeforeRename}, CORRUPT),
    "unlink before the COMMIT of the row": ({"index": mutants.UnlinkBeforeCommit}, CORRUPT),
    "acknowledge before COMMIT": ({"early": True}, LOST),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(MUTANTS))
def test_a_wrong_write_order_is_caught(tmp_path, name):
    """The test above can fail."""
    mutant, what = MUTANTS[name]
    assert what in next(_complaints(tmp_path, 3, 8, **mutant))


@pytest.mark.slow
@NEEDS_PINS
def test_an_erasure_that_leaves_bytes_is_caught(tmp_path):
    found = _complaints(tmp_path, 4, 16, is_pinning=True, index=mutants.NotErasing)
    assert any("an erased block is still readable" in what for what in found)
