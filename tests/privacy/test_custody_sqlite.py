"""The durable custody store: the facts of every store, and what only a disk can get wrong."""

import shutil
from itertools import count

import pytest

from node.base.errors import CorruptStoreError
from node.base.rng import TreeEntropy
from node.base.types import Address
from node.privacy.custody import Custodian
from node.privacy.custody_sqlite import SqliteCustodyStore
from node.privacy.custody_sqlite_keys import RowKeys
from node.privacy.custody_sqlite_open import PAGE_BYTES
from node.privacy.custody_store import Holding
from node.privacy.release_messages import Status, check_chain
from node.sss.terms import Profile
from node.storage.database import Database
from node.storage.files import DiskFiles
from tests.privacy.custody_folder import (
    KEY,
    database_of,
    files_with,
    key_files,
    opened,
    options,
)
from tests.privacy.custody_store_suite import CustodyStoreFacts
from tests.privacy.ward import DOMAIN, HOSPITALS, NOW_US, SEALING, Ward

DEAL, OTHER, GRANT, LATER = (bytes([x]) * 32 for x in range(4))
PATIENT = Address(b"\x09" * 20)
_RANDOM = TreeEntropy(3, "payloads")
MANIFEST = _RANDOM.take(600)


def _secret() -> bytes:
    return _RANDOM.take(152)


class TestSqliteStore(CustodyStoreFacts):
    @pytest.fixture
    def store(self, tmp_path):
        with opened(tmp_path) as store:
            yield store


class TestSqliteStoreOpenedForEachCall(CustodyStoreFacts):
    """Every fact again with a store that is closed and opened between any two calls."""

    @pytest.fixture
    def store(self, tmp_path):
        class Reopened:
            def __getattr__(self, name):
                def call(*arguments, **named):
                    with opened(tmp_path) as store:
                        return getattr(store, name)(*arguments, **named)

                return call

        return Reopened()


# ---- destroyed means gone from all raw bytes of the folder


class _Watched:
    """A store with one deal, two grants and steps; knows what lies where."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.store = opened(folder)
        self.share, self.lent, self.kept, self.first, self.second = (_secret() for _ in range(5))
        self.store.put_holding(DEAL, Holding(MANIFEST, self.share))
        self.store.put_deposit(GRANT, DEAL, self.lent, self.first)
        self.store.put_deposit(LATER, DEAL, self.kept, self.second)
        self.store.put_holding(OTHER, Holding(MANIFEST, _secret()))
        self.secrets = (self.share, self.lent, self.kept, self.first, self.second, MANIFEST)
        (name,) = self.store._database.row("SELECT name FROM deal_keys WHERE deal = ?", DEAL)
        self.key = self.store._keys.read(name).secret
        self.wrapped = next(path for path in key_files(folder) if path.name == name).read_bytes()
        self.sealed = [
            row[0]
            for table in ("holdings", "lent", "steps")
            for row in self.store._database.read(f"SELECT sealed FROM {table} WHERE deal = ?", DEAL)
        ]

    def check_before(self) -> None:
        """What is to vanish is there, and nothing secret ever lay open."""
        assert len(self.wrapped) == 40
        assert files_with(self.folder, self.wrapped)
        assert len(self.sealed) == 5
        assert all(files_with(self.folder, raw) for raw in self.sealed)
        self.check_nothing_open()

    def check_nothing_open(self) -> None:
        for secret in (*self.secrets, self.key, KEY):
            for part in (secret[:32], secret[-32:]):
                assert files_with(self.folder, part) == []

    def check_after(self) -> None:
        self.check_nothing_open()
        assert files_with(self.folder, self.wrapped) == []
        for raw in self.sealed:
            assert files_with(self.folder, raw) == []
            assert files_with(self.folder, raw[12:-16]) == []


def _step(watched: _Watched) -> None:
    watched.store.rewrite(
        DEAL,
        Holding(MANIFEST, _secret()),
        grant_shares={LATER: _secret()},
        steps=[watched.second],
        renewal=None,
    )


DESTROYERS = {
    "a step": _step,
    "the end of a grant": lambda watched: watched.store.delete_grant_share(GRANT, DEAL),
    "a newer deposit": lambda watched: watched.store.put_deposit(GRANT, DEAL, _secret(), _secret()),
    "another share": lambda watched: watched.store.put_holding(DEAL, Holding(MANIFEST, _secret())),
    "erasure": lambda watched: watched.store.delete_deal(DEAL),
}


@pytest.mark.parametrize("is_closed", [False, True])
@pytest.mark.parametrize("destroy", DESTROYERS.values(), ids=DESTROYERS)
def test_what_is_destroyed_is_gone_from_all_raw_bytes_of_the_folder(tmp_path, destroy, is_closed):
    watched = _Watched(tmp_path)
    watched.check_before()
    destroy(watched)
    if is_closed:
        watched.store.close()
    watched.check_after()
    watched.store.close()


def test_an_entrusted_share_that_is_replaced_or_deleted_is_gone_too(tmp_path):
    first, second = _secret(), _secret()
    with opened(tmp_path) as store:
        store.put_entrusted(PATIENT, first)
        for act in (
            lambda: store.put_entrusted(PATIENT, second),
            lambda: store.delete_entrusted(PATIENT),
        ):
            (old,) = key_files(tmp_path)
            wrapped = old.read_bytes()
            (sealed,) = store._database.row("SELECT sealed FROM entrusted")
            assert files_with(tmp_path, wrapped)
            assert files_with(tmp_path, sealed)
            act()
            assert files_with(tmp_path, wrapped) == files_with(tmp_path, sealed) == []
        assert files_with(tmp_path, first[:32]) == files_with(tmp_path, second[:32]) == []
        assert key_files(tmp_path) == []


def test_without_overwriting_and_cutting_the_log_the_search_would_find_it(tmp_path, monkeypatch):
    """That the search looks in the right places: an ordinary database does keep what it deletes."""
    monkeypatch.setattr(Database, "truncate_log", lambda self: False)
    watched = _Watched(tmp_path)
    _step(watched)
    found = {name for raw in watched.sealed for name in files_with(tmp_path, raw)}
    assert found == {"custody.sqlite-wal"}
    watched.store.close()


def test_a_copy_of_the_database_from_before_a_step_opens_no_more(tmp_path):
    """Pages that SQLite or the disk kept somewhere are such a copy, in part."""
    watched = _Watched(tmp_path)
    watched.store.close()
    copy = database_of(tmp_path).read_bytes()
    with opened(tmp_path) as watched.store:
        _step(watched)
    database_of(tmp_path).write_bytes(copy)
    with opened(tmp_path) as store:
        assert store.deals() == (DEAL, OTHER)
        assert store.holding(OTHER) is not None
        with pytest.raises(CorruptStoreError, match="the file is missing"):
            store.holding(DEAL)


def test_every_deal_has_one_key_and_a_new_one_after_each_destruction(tmp_path):
    watched = _Watched(tmp_path)
    before = {path.name for path in key_files(tmp_path)}
    _step(watched)
    after = {path.name for path in key_files(tmp_path)}
    assert (len(before), len(after), len(before & after)) == (2, 2, 1)
    watched.store.delete_deal(DEAL)
    assert len(key_files(tmp_path)) == 1
    watched.store.close()


# ---- crashes: nothing is half done, whatever call of the disk is the last one


class _CrashError(Exception):
    """The process ends here."""


class _DyingFiles(DiskFiles):
    """Ends the process at the n-th call that changes something."""

    left = None

    def _count(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise _CrashError

    def open_write(self, name):
        self._count()
        return super().open_write(name)

    def write(self, handle, data):
        self._count()
        super().write(handle, data)

    def unlink(self, name):
        self._count()
        return super().unlink(name)

    def fsync_dir(self, name):
        self._count()
        super().fsync_dir(name)


def _dying_store(folder) -> tuple[SqliteCustodyStore, _DyingFiles]:
    files = _DyingFiles(folder / "custody.keys")
    database = Database(database_of(folder), page_bytes=PAGE_BYTES, is_erasing=True)
    chosen = options()
    return SqliteCustodyStore(database, RowKeys(files, KEY, chosen.entropy), chosen), files


def test_a_step_that_is_cut_short_anywhere_has_happened_as_a_whole_or_not_at_all(tmp_path):
    outcomes = []
    for number in count():
        folder = tmp_path / str(number)
        watched = _Watched(folder)
        watched.store.close()
        watched.store, files = _dying_store(folder)
        files.left = number
        try:
            _step(watched)
        except _CrashError:
            watched.store._database.close()
        else:
            watched.store.close()
            break
        with opened(folder) as watched.store:
            moved = watched.store.holding(DEAL).share != watched.share
            outcomes.append(moved)
            lent = {watched.store.grant_share(one, DEAL) for one in (GRANT, LATER)}
            if moved:
                assert watched.lent not in lent
                assert watched.kept not in lent
                assert watched.store.steps(DEAL) == (watched.second,)
                watched.check_after()
            else:
                assert lent == {watched.lent, watched.kept}
                assert watched.store.steps(DEAL) == (watched.first, watched.second)
                _step(watched)
                watched.check_after()
            assert len(key_files(folder)) == 2
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {False, True}


# ---- what became of it


@pytest.mark.parametrize("what", ["missing", "changed", "empty", "another deal's"])
def test_a_key_file_that_is_not_as_it_was_is_named(tmp_path, what):
    with opened(tmp_path) as store:
        store.put_holding(DEAL, Holding(MANIFEST, _secret()))
        (mine,) = key_files(tmp_path)
        store.put_holding(OTHER, Holding(MANIFEST, _secret()))
    other = next(path for path in key_files(tmp_path) if path != mine)
    raw = bytearray(mine.read_bytes())
    if what == "missing":
        mine.unlink()
    else:
        raw[-1] ^= 1
        mine.write_bytes(
            {"changed": bytes(raw), "empty": b"", "another deal's": other.read_bytes()}[what]
        )
    with opened(tmp_path) as store, pytest.raises(CorruptStoreError) as caught:
        store.holding(DEAL)
    wanted = DEAL.hex() if what == "another deal's" else mine.name
    assert wanted in caught.value.key


def test_rows_that_were_exchanged_do_not_open(tmp_path):
    with opened(tmp_path) as store:
        store.put_deposit(GRANT, DEAL, _secret(), _secret())
        store.put_deposit(LATER, DEAL, _secret(), _secret())
        with store._database.batch():
            store._database.write(
                "UPDATE lent SET sealed = (SELECT sealed FROM lent WHERE grant_id = ?)", LATER
            )
        assert store.grant_share(LATER, DEAL) is not None
        with pytest.raises(CorruptStoreError, match="lent"):
            store.grant_share(GRANT, DEAL)


def test_a_damaged_deal_can_still_be_erased(tmp_path):
    with opened(tmp_path) as store:
        store.put_deposit(GRANT, DEAL, _secret(), _secret())
        for path in key_files(tmp_path):
            path.unlink()
        with pytest.raises(CorruptStoreError):
            store.steps(DEAL)
        assert not store.is_clear_of(DEAL)
        assert store.delete_deal(DEAL) == 2
        assert store.is_clear_of(DEAL)


@pytest.mark.parametrize("field", ["raw", "crc", "sequence"])
def test_a_changed_receipt_is_named(tmp_path, field):
    ward, custodian = _custodian(tmp_path)
    custodian.handle(ward.request().encode(), ward.view, NOW_US)
    store = custodian.store
    change = {
        "raw": "raw = CAST(substr(raw, 1, 296) || x'07' AS BLOB)",
        "crc": "crc = crc + 1",
        "sequence": "sequence = 5",
    }[field]
    with store._database.batch():
        store._database.write(f"UPDATE receipts SET {change}")
    with pytest.raises(CorruptStoreError, match="receipts"):
        store.last_receipt()
    store.close()


def test_a_gap_in_the_receipts_is_found_when_the_store_is_opened(tmp_path):
    ward, custodian = _custodian(tmp_path)
    for _ in range(3):
        custodian.handle(ward.request().encode(), ward.view, NOW_US)
    with custodian.store._database.batch():
        custodian.store._database.write("DELETE FROM receipts WHERE sequence = 1")
    custodian.store.close()
    with pytest.raises(CorruptStoreError, match="the chain has a gap"):
        opened(tmp_path, custodian=HOSPITALS[0].address)


# ---- a custodian on a disk


def _custodian(folder) -> tuple[Ward, Custodian]:
    ward = Ward()
    custodian = Custodian(
        signer=HOSPITALS[0],
        sealing_private=SEALING[1],
        domain=DOMAIN,
        store=opened(folder, custodian=HOSPITALS[0].address),
        entropy=TreeEntropy(5, "custodian", 1),
        profile=Profile.SIMULATION,
    )
    custodian.hold(ward.manifest.encode(), ward.deal.custodians[0].encode())
    custodian.take_deposit(ward.letters[0], ward.view)
    return ward, custodian


def test_a_custodian_releases_the_same_share_from_a_disk_as_from_memory(tmp_path):
    ward, custodian = _custodian(tmp_path)
    requests, answers = ward.ask()
    answers[1] = custodian.handle(requests[0].encode(), ward.view, NOW_US).encode()
    collected = ward.doctor.collect(ward.manifest, requests, answers)
    assert sorted(collected.points) == [1, 2, 3, 4]
    assert custodian.handle(requests[0].encode(), ward.view, NOW_US).receipt.status is Status.REPLAY
    check_chain(custodian.store.receipts(), HOSPITALS[0].address)
    custodian.store.close()


def test_receipts_and_nonces_outlast_the_process(tmp_path):
    ward, custodian = _custodian(tmp_path)
    request = ward.request().encode()
    custodian.handle(request, ward.view, NOW_US)
    custodian.store.close()
    with opened(tmp_path, custodian=HOSPITALS[0].address) as store:
        assert store.nonces() == 1
        custodian._store = store
        assert custodian.handle(request, ward.view, NOW_US).receipt.status is Status.REPLAY
        check_chain(store.receipts(), HOSPITALS[0].address)


def test_a_folder_can_be_moved(tmp_path):
    with opened(tmp_path / "old") as store:
        store.put_holding(DEAL, Holding(MANIFEST, b"share"))
    shutil.move(tmp_path / "old", tmp_path / "new")
    with opened(tmp_path / "new") as store:
        assert store.holding(DEAL) == Holding(MANIFEST, b"share")
