import pytest

from node.base.rng import TreeEntropy
from node.ipfs_lite.key_file import KeyFile
from node.storage.errors import StoreFailedError
from node.storage.files import DiskFiles


@pytest.fixture
def entropy():
    return TreeEntropy(5, "keys")


@pytest.fixture
def keys(tmp_path):
    return KeyFile(DiskFiles(tmp_path))


def _names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_there_is_none_before_it_is_made(keys):
    assert keys.candidates() == ()


def test_a_made_key_is_alone_and_only_its_owners(tmp_path, keys, entropy):
    key = keys.make(entropy)
    assert (len(key), keys.candidates()) == (32, (key,))
    assert _names(tmp_path) == ["store.key"]
    assert (tmp_path / "store.key").stat().st_mode & 0o777 == 0o600


def test_a_rotated_key_takes_the_place_of_the_old_one(tmp_path, keys, entropy):
    old, asked = keys.make(entropy), []
    keys.rotate(entropy, asked.append)
    assert keys.candidates() == tuple(asked) != (old,)
    assert _names(tmp_path) == ["store.key"]


def test_a_rotation_that_stops_half_way_leaves_both_keys(tmp_path, keys, entropy):
    old, asked = keys.make(entropy), []

    def fail(key):
        asked.append(key)
        raise StoreFailedError("disk", "broken")

    with pytest.raises(StoreFailedError):
        keys.rotate(entropy, fail)
    assert keys.candidates() == (old, asked[0])


@pytest.mark.parametrize("chosen", [0, 1])
def test_the_key_that_fits_is_settled(tmp_path, keys, entropy, chosen):
    keys.make(entropy)
    with pytest.raises(ZeroDivisionError):
        keys.rotate(entropy, lambda _: 1 // 0)
    right = keys.candidates()[chosen]
    keys.settle(right)
    keys.settle(right)
    assert keys.candidates() == (right,)
    assert _names(tmp_path) == ["store.key"]


@pytest.mark.parametrize("left", [b"", bytes(32)])
def test_a_key_that_was_never_named_is_none(tmp_path, keys, entropy, left):
    """A power cut keeps of an unsynced file its first bytes, or zeros."""
    (tmp_path / "store.key.next").write_bytes(left)
    assert keys.candidates() == ()
    assert keys.make(entropy) != left
    assert _names(tmp_path) == ["store.key"]


@pytest.mark.parametrize("left", [b"", b"short"])
def test_a_next_key_that_was_cut_does_not_hide_the_present_one(tmp_path, keys, entropy, left):
    key = keys.make(entropy)
    (tmp_path / "store.key.next").write_bytes(left)
    assert keys.candidates()[0] == key
    keys.settle(key)
    assert keys.candidates() == (key,)
