import pytest

from node.base.errors import CorruptStoreError
from node.base.rng import TreeEntropy
from node.privacy.custody_sqlite_keys import KEY_BYTES, WRAPPED_BYTES, RowKeys
from node.privacy.release_errors import CustodyKeyError
from node.storage.files import DiskFiles

STORE_KEY = b"s" * 32


def _keys(folder, store_key: bytes = STORE_KEY, seed: int = 1) -> RowKeys:
    return RowKeys(DiskFiles(folder), store_key, TreeEntropy(seed, "keys"))


def test_a_key_is_read_again_and_lies_wrapped(tmp_path):
    made = _keys(tmp_path).make()
    raw = (tmp_path / made.name).read_bytes()
    assert len(made.secret) == KEY_BYTES
    assert len(raw) == WRAPPED_BYTES
    assert made.secret not in raw
    assert _keys(tmp_path).read(made.name) == made
    assert made.secret.hex() not in repr(made)


def test_a_key_does_not_open_under_another_store_key(tmp_path):
    made = _keys(tmp_path).make()
    other = _keys(tmp_path, b"o" * 32)
    assert other.key_id != _keys(tmp_path).key_id
    with pytest.raises(CorruptStoreError, match=made.name):
        other.read(made.name)


def test_only_the_owner_may_read_a_key_file(tmp_path):
    made = _keys(tmp_path).make()
    assert (tmp_path / made.name).stat().st_mode & 0o777 == 0o600


def test_a_destroyed_key_is_overwritten_before_its_name_goes(tmp_path):
    """A second name of the same file shows what the blocks on the disk hold afterwards."""
    keys = _keys(tmp_path / "keys")
    made = keys.make()
    shadow = tmp_path / "shadow"
    shadow.hardlink_to(tmp_path / "keys" / made.name)
    keys.destroy(made.name)
    assert shadow.read_bytes() == bytes(WRAPPED_BYTES)
    assert not keys.has(made.name)
    with pytest.raises(CorruptStoreError, match="the file is missing"):
        keys.read(made.name)


def test_destroying_twice_is_once(tmp_path):
    keys = _keys(tmp_path)
    made = keys.make()
    keys.destroy(made.name)
    keys.destroy(made.name)


def test_keys_that_nothing_is_under_are_destroyed(tmp_path):
    keys = _keys(tmp_path)
    first, second, third = keys.make(), keys.make(), keys.make()
    keys.destroy_others([second.name])
    assert [keys.has(one.name) for one in (first, second, third)] == [False, True, False]


def test_what_is_sealed_opens_in_its_place_and_under_its_key_only(tmp_path):
    keys, entropy = _keys(tmp_path), TreeEntropy(2, "nonces")
    first, second = keys.make(), keys.make()
    sealed = first.seal(b"lent\x00a", b"secret", entropy)
    assert first.open(b"lent\x00a", sealed) == b"secret"
    assert b"secret" not in sealed
    for key, place, raw in (
        (first, b"lent\x00b", sealed),
        (second, b"lent\x00a", sealed),
        (first, b"lent\x00a", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (first, b"lent\x00a", sealed[:20]),
        (first, b"lent\x00a", b""),
    ):
        with pytest.raises(CorruptStoreError, match="custody: lent 6"):
            key.open(place, raw)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_store_key_of_another_length_is_refused(tmp_path, length):
    with pytest.raises(CustodyKeyError, match=f"{length} bytes"):
        _keys(tmp_path, bytes(length))
