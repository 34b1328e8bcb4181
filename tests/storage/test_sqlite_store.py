"""Whose store it is, and who may open it."""

from dataclasses import replace
from random import Random

import pytest

from node.base.errors import ConfigError, CorruptStoreError, StorageError
from node.storage.errors import (
    DamagedStoreError,
    StoreFailedError,
    StoreLockedError,
    StoreMismatchError,
)
from node.storage.meta import MODE
from node.storage.sqlite_store import FILE_NAME, SqliteLedgerStore
from tests.storage.blocks import GENESIS, IDENTITY, TWO, chain_of, fill, opened, tamper

FLIPS = 200
FILE_HEAD_BYTES = 100


def test_a_new_folder_is_made(tmp_path):
    with opened(tmp_path / "data" / "chain") as store:
        assert (store.chain.head(), store.kept_from, store.stepped_back) == (None, 0, ())
    assert (tmp_path / "data" / "chain" / FILE_NAME).is_file()


def test_two_cannot_have_it_at_once(tmp_path):
    with (
        opened(tmp_path),
        pytest.raises(StoreLockedError, match=r"chain\.sqlite is open in another process"),
    ):
        SqliteLedgerStore(tmp_path, IDENTITY)


@pytest.mark.parametrize(
    ("changes", "want", "got"),
    [
        ({"genesis_hash": TWO}, TWO.hex(), GENESIS.hash.hex()),
        ({"chain_id": 7}, "7", "1337"),
        ({"profile": "cancun"}, "cancun", "london"),
    ],
)
def test_the_store_of_another_chain_is_refused_with_both_values(tmp_path, changes, want, got):
    with opened(tmp_path) as store:
        fill(store, [])
    name = next(iter(changes))
    with pytest.raises(StoreMismatchError, match=f"{name} is {got}, wants {want}"):
        SqliteLedgerStore(tmp_path, replace(IDENTITY, **changes))
    with opened(tmp_path) as store:  # the lock was given back, and nothing was changed
        assert store.chain.head() == GENESIS.hash


def test_fewer_states_than_branches_live_long_are_not_enough(tmp_path):
    with pytest.raises(ConfigError, match="keeps the states of 127 blocks, wants at least 128"):
        SqliteLedgerStore(tmp_path, IDENTITY, kept_blocks=127)


def _mode(store):
    return store._database.row("SELECT value FROM meta WHERE key = 'mode'")[0]


@pytest.mark.parametrize("first", [None, 130])
def test_the_mode_stays_until_another_is_asked_for(tmp_path, first):
    for asked, want in ((first, first), (None, first), (128, 128), (None, 128), (500, 500)):
        with opened(tmp_path, kept_blocks=asked) as store:
            assert store.kept_blocks == want
            assert _mode(store) == (f"pruned {want}".encode() if want else b"archive")


@pytest.mark.parametrize("mode", ["pruned", "pruned -1", "half", "pruned 1_0"])
def test_a_mode_that_is_none_is_refused(tmp_path, mode):
    with opened(tmp_path) as store, store.batch():
        store._meta.set(MODE, mode)
    with pytest.raises(DamagedStoreError, match=f"meta: mode: b'{mode}' is no mode"):
        SqliteLedgerStore(tmp_path, IDENTITY)


def test_opening_a_store_writes_nothing(tmp_path):
    with opened(tmp_path, kept_blocks=128) as store:
        fill(store, chain_of(2))
    before = (tmp_path / FILE_NAME).read_bytes()
    for changes in ({}, {"kept_blocks": 128}, {"repair": True}):
        with opened(tmp_path, **changes) as store:
            assert store.kept_blocks == 128
        assert (tmp_path / FILE_NAME).read_bytes() == before


def test_a_store_is_empty_until_the_genesis_is_in(tmp_path):
    for _ in range(2):
        with opened(tmp_path) as store:
            assert store.is_empty
    with opened(tmp_path) as store:
        fill(store, [])
        assert not store.is_empty
    with opened(tmp_path) as store:
        assert not store.is_empty


def test_a_folder_that_cannot_be_made_is_an_error_of_ours(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreFailedError) as caught:
        SqliteLedgerStore(tmp_path / "file" / "chain", IDENTITY)
    assert str(caught.value) == f"{tmp_path / 'file' / 'chain'}: cannot be made: Not a directory"


def test_a_damaged_file_is_refused(tmp_path):
    with opened(tmp_path) as store:
        fill(store, chain_of(40))
    path = tmp_path / FILE_NAME
    raw = bytearray(path.read_bytes())
    for page in range(3, len(raw) // 8192):
        raw[page * 8192 : page * 8192 + 8] = b"\xff" * 8
    path.write_bytes(raw)
    with pytest.raises(CorruptStoreError):
        SqliteLedgerStore(tmp_path, IDENTITY)


def test_two_stores_given_the_same_hold_the_same(tmp_path):
    blocks, side = chain_of(5), chain_of(2, mark=1)
    dumps = []
    for name in ("one", "two"):
        with opened(tmp_path / name) as store:
            fill(store, blocks)
            for stored in side:
                store.chain.put(stored)
            dumps.append(list(store._database._connection.iterdump()))
    assert dumps[0] == dumps[1]


@pytest.mark.parametrize("key", ["chain_id", "genesis_hash", "profile", "mode"])
def test_what_a_store_with_blocks_must_say_is_not_made_up(tmp_path, key):
    with opened(tmp_path) as store:
        fill(store, [])
    tamper(tmp_path, f"DELETE FROM meta WHERE key = '{key}'")
    with pytest.raises(DamagedStoreError, match=f"meta: {key}: missing"):
        SqliteLedgerStore(tmp_path, IDENTITY, kept_blocks=128)


def test_a_name_that_nobody_knows_is_refused(tmp_path):
    """It was another one, whose value is missing now."""
    with opened(tmp_path) as store:
        store.chain.set_finalized(7)
    tamper(tmp_path, "UPDATE meta SET key = 'finalizee' WHERE key = 'finalized'")
    with pytest.raises(DamagedStoreError, match="meta: finalizee: nobody knows this name"):
        SqliteLedgerStore(tmp_path, IDENTITY)


def test_opening_changes_no_damaged_file(tmp_path):
    """Whatever byte is flipped: the store opens or is refused with an error of ours."""
    with opened(tmp_path) as store:
        fill(store, chain_of(4))
        store.chain.set_finalized(1)
    random, path = Random(6), tmp_path / FILE_NAME
    raw = path.read_bytes()
    used = [at for at, byte in enumerate(raw) if byte and at >= FILE_HEAD_BYTES]
    refused = 0
    for _ in range(FLIPS):
        at = random.choice(used)
        flipped = raw[:at] + bytes([raw[at] ^ 1 << random.randrange(8)]) + raw[at + 1 :]
        path.write_bytes(flipped)
        try:
            SqliteLedgerStore(tmp_path, IDENTITY).close()
        except StorageError:
            refused += 1
        assert path.read_bytes() == flipped, f"byte {at}"
    assert 0 < refused < FLIPS
