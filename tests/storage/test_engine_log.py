from contextlib import closing

import pytest

from node.base.errors import CorruptStoreError
from node.storage.database import Database
from node.storage.engine_log import EngineLog
from tests.storage.blocks import opened


def test_entries_survive_in_their_order(tmp_path):
    with opened(tmp_path) as store:
        for entry in (b"one", b"", b"three"):
            store.engine_log.append(entry)
    with opened(tmp_path) as store:
        assert store.engine_log.entries() == (b"one", b"", b"three")


def test_a_shorter_log_takes_the_place_of_all(tmp_path):
    with opened(tmp_path) as store:
        log = store.engine_log
        for number in range(5):
            log.append(bytes([number]))
        log.replace(log.entries()[-2:])
        log.append(b"new")
        assert log.entries() == (b"\x03", b"\x04", b"new")
        log.replace(())
        assert log.entries() == ()


@pytest.mark.parametrize("change", ["entry = x'00'", "crc = crc + 1", "seq = seq + 1"])
def test_a_changed_entry_is_not_handed_to_the_engine(tmp_path, change):
    with opened(tmp_path) as store:
        store.engine_log.append(b"vote")
    with closing(Database(tmp_path / "chain.sqlite")) as database:
        with database.batch():
            database.write(f"UPDATE engine_wal SET {change}")
        with pytest.raises(CorruptStoreError, match=r"engine_wal: seq \d: does not fit"):
            EngineLog(database).entries()
