"""Blocks as files: their names, the order of what is written, and what a failure leaves."""

from hashlib import sha256

import pytest

from node.ipfs_lite.cid import from_text, multihash_of
from node.ipfs_lite.flatfs import BlockFile, FlatFs, name_of
from node.storage.errors import StoreFailedError, StoreFullError, StoreMismatchError
from node.storage.files import DiskFiles


def _key(data):
    return b"\x12\x20" + sha256(data).digest()


ONE, TWO = b"one", b"two"
BATCH = [(_key(ONE), ONE), (_key(TWO), TWO)]
FILES = ["open_write", "write", "open_write", "write", "fsync_all", "close", "close"]
FOLDERS = ["mkdir", "mkdir", "fsync_dir", "rename", "rename", "fsync_dir", "fsync_dir"]


class _Recorder:
    """Writes down each operation, and fails the one that it is told to."""

    def __init__(self, files):
        self._files = files
        self.log = []
        self.fails = {}
        self.fail_at = -1

    def __getattr__(self, operation):
        def call(*values):
            if len(self.log) == self.fail_at:
                self.fails[operation, *values] = StoreFailedError(operation, "broken")
            self.log.append((operation, *values))
            error = self.fails.pop((operation, *values), None)
            if error is not None:
                raise error
            return getattr(self._files, operation)(*values)

        return call


@pytest.fixture
def files(tmp_path):
    return _Recorder(DiskFiles(tmp_path))


@pytest.fixture
def flatfs(files):
    opened = FlatFs(files)
    files.log.clear()
    return opened


def test_a_name_is_the_one_that_kubo_gives():
    """The empty directory stands under this name in every repository of kubo."""
    cid = from_text("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn")
    name = "X3/CIQFTFEEHEDF6KLBT32BFAGLXEZL4UWFNWM4LFTLMXQBCERZ6CMLX3Y.data"
    assert name_of(multihash_of(cid)) == name
    assert name_of(multihash_of(cid), is_sealed=True) == f"{name}.enc"


def test_a_new_folder_says_how_it_is_laid_out(tmp_path, flatfs):
    assert (tmp_path / "SHARDING").read_bytes() == b"/repo/flatfs/shard/v1/next-to-last/2\n"
    assert list((tmp_path / ".temp").iterdir()) == []


def test_a_folder_that_kubo_laid_out_is_taken(tmp_path, files):
    (tmp_path / "SHARDING").write_bytes(b"/repo/flatfs/shard/v1/next-to-last/2")
    (tmp_path / "_README").write_bytes(b"about flatfs")
    FlatFs(files).write(BATCH)
    assert sorted(found.multihash for found in FlatFs(files).names()) == sorted(
        key for key, _ in BATCH
    )


def test_another_layout_is_refused_with_both(tmp_path, files):
    (tmp_path / "SHARDING").write_bytes(b"/repo/flatfs/shard/v1/prefix/5\n")
    with pytest.raises(StoreMismatchError) as caught:
        FlatFs(files)
    assert str(caught.value) == (
        "SHARDING: the layout of the folder is /repo/flatfs/shard/v1/prefix/5, "
        "wants /repo/flatfs/shard/v1/next-to-last/2"
    )


@pytest.mark.parametrize("is_sealed", [False, True])
def test_what_was_written_is_read_and_listed(flatfs, is_sealed):
    flatfs.write(BATCH, is_sealed=is_sealed)
    for key, data in BATCH:
        assert flatfs.read(name_of(key, is_sealed=is_sealed)) == data
        assert flatfs.read(name_of(key, is_sealed=not is_sealed)) is None
    wanted = [BlockFile(name_of(key, is_sealed=is_sealed), key, is_sealed) for key, _ in BATCH]
    assert list(flatfs.names()) == sorted(wanted)


def test_a_batch_is_written_in_the_order_that_survives_a_power_loss(flatfs, files):
    """Steps 2 to 5 of the write order; what the index does comes after all of them."""
    flatfs.write(BATCH)
    assert [entry[0] for entry in files.log] == [*FILES, *FOLDERS]
    names = [name_of(key) for key, _ in BATCH]
    assert [entry[2] for entry in files.log if entry[0] == "rename"] == names
    synced = [entry[1] for entry in files.log if entry[0] == "fsync_dir"]
    assert synced == ["", *sorted(name[:2] for name in names)]


def test_a_folder_that_is_there_is_not_made_again(flatfs, files):
    flatfs.write(BATCH)
    again = FlatFs(files)
    files.log.clear()
    again.write(BATCH)
    assert {"mkdir"}.isdisjoint(entry[0] for entry in files.log)
    assert ("fsync_dir", "") not in files.log


def test_opening_makes_the_folders_durable_that_a_killed_process_made(flatfs, files):
    flatfs.write(BATCH)
    files.log.clear()
    FlatFs(files)
    assert ("fsync_dir", "") in files.log


def test_a_block_that_comes_twice_is_written_once(flatfs, files):
    flatfs.write(BATCH + BATCH)
    assert [entry[0] for entry in files.log].count("rename") == 2


def test_an_empty_batch_does_nothing(flatfs, files):
    flatfs.write([])
    assert files.log == []


def test_writing_again_replaces(flatfs):
    key = _key(ONE)
    flatfs.write([(key, b"damaged")])
    flatfs.write([(key, ONE)])
    assert flatfs.read(name_of(key)) == ONE


def test_temporaries_are_deleted_when_the_folder_is_opened(tmp_path, files, flatfs):
    (tmp_path / ".temp" / "left").write_bytes(b"half a block")
    FlatFs(files)
    assert list((tmp_path / ".temp").iterdir()) == []


@pytest.mark.parametrize("at", range(12))
def test_whatever_operation_of_a_batch_fails_nothing_of_it_stays(flatfs, files, at):
    """A rename may fail after others were done, and the fsync of a folder after all of them."""
    steps = [*FILES, *FOLDERS]
    files.fail_at = [place for place, step in enumerate(steps) if step != "close"][at]
    with pytest.raises(StoreFailedError, match="broken"):
        flatfs.write(BATCH)
    assert list(FlatFs(files).names()) == []
    assert files.listdir(".temp") == ()


@pytest.mark.parametrize("error", [StoreFailedError("x", "broken"), StoreFullError("x")])
def test_a_batch_that_fails_to_heal_a_block_leaves_its_file(flatfs, files, error):
    """The block may only be believed to be bad: a disk can misread."""
    flatfs.write(BATCH[:1])
    name = name_of(BATCH[1][0])
    files.fails["rename", ".temp/4", name] = error
    with pytest.raises(type(error)):
        flatfs.write(BATCH, present=[BATCH[0][0]])
    assert flatfs.read(name_of(BATCH[0][0])) == ONE
    assert flatfs.read(name) is None


def test_a_full_disk_leaves_what_was_there(flatfs, files):
    flatfs.write(BATCH[:1])
    files.fails["open_write", ".temp/4"] = StoreFullError(".temp/4")
    with pytest.raises(StoreFullError):
        flatfs.write([(_key(b"x"), b"x"), *BATCH[1:]])
    assert [found.multihash for found in flatfs.names()] == [BATCH[0][0]]
    assert files.listdir(".temp") == ()
    flatfs.write(BATCH[1:])
    assert len(list(flatfs.names())) == 2


def test_names_that_a_full_disk_took_back_are_gone_for_good(flatfs, files):
    name = name_of(BATCH[1][0])
    files.fails["rename", ".temp/3", name] = StoreFullError(name)
    with pytest.raises(StoreFullError):
        flatfs.write(BATCH)
    assert files.log[-1] == ("fsync_dir", name_of(BATCH[0][0])[:2])
    assert list(flatfs.names()) == []


def test_a_full_disk_that_does_not_even_delete_is_a_failed_one(flatfs, files):
    """Or the store would be closed as a clean one, with a file that no row knows."""
    name, other = (name_of(key) for key, _ in BATCH)
    files.fails["rename", ".temp/3", other] = StoreFullError(other)
    files.fails["unlink", name] = StoreFullError(name)
    with pytest.raises(StoreFailedError, match="no space is left even to delete it"):
        flatfs.write(BATCH)


def test_a_folder_that_cannot_be_synced_for_lack_of_room_is_a_failed_disk(flatfs, files):
    files.fails["fsync_dir", ""] = StoreFullError("")
    with pytest.raises(StoreFailedError, match="no space is left for its names"):
        flatfs.write(BATCH)


def test_no_failed_fsync_is_repeated(flatfs, files):
    shard = name_of(BATCH[0][0])[:2]
    files.fails["fsync_dir", shard] = StoreFailedError(shard, "broken")
    with pytest.raises(StoreFailedError):
        flatfs.write(BATCH[:1])
    assert files.log.count(("fsync_dir", shard)) == 1


def test_erasing_writes_over_what_was_there(flatfs, files, tmp_path):
    name = name_of(BATCH[0][0])
    flatfs.write(BATCH)
    with (tmp_path / name).open("rb") as kept:  # what lies on the disk, whoever has it open
        files.log.clear()
        assert flatfs.overwrite(name) is True
        assert [entry[0] for entry in files.log] == [
            *("size", "open_overwrite", "write", "fsync", "close")
        ]
        assert flatfs.unlink(name) is True
        assert kept.read() == bytes(len(ONE))
    flatfs.sync([name])
    assert files.log[-1] == ("fsync_dir", name[:2])
    assert [found.multihash for found in flatfs.names()] == [BATCH[1][0]]


def test_what_is_gone_is_neither_overwritten_nor_unlinked_nor_synced(flatfs, files):
    name = name_of(_key(b"never written"))
    assert flatfs.overwrite(name) is False
    assert flatfs.unlink(name) is False
    files.log.clear()
    flatfs.sync([name])
    assert files.log == []


def test_folders_of_many_files_are_synced_once_each(flatfs, files):
    flatfs.write(BATCH)
    files.log.clear()
    names = [name_of(key) for key, _ in BATCH]
    flatfs.sync(names * 2)
    assert len(files.log) == len({name[:2] for name in names})


@pytest.mark.parametrize(
    "name",
    [
        "X3/readme.txt",
        "X3/CIQFTFEEHEDF6KLBT32BFAGLXEZL4UWFNWM4LFTLMXQBCERZ6CMLX3Y",
        "X4/CIQFTFEEHEDF6KLBT32BFAGLXEZL4UWFNWM4LFTLMXQBCERZ6CMLX3Y.data",
        "X3/CIQFTFEEHEDF6KLBT32BFAGLXEZL4UWFNWM4LFTLMXQBCERZ6CMLX3Z.data",  # unused bits
        "X3/ciqftfeehedf6klbt32bfaglxezl4uwfnwm4lftlmxqbcerz6cmlx3y.data",
        "X3/.data",
        "longer/CIQFTFEEHEDF6KLBT32BFAGLXEZL4UWFNWM4LFTLMXQBCERZ6CMLX3Y.data",
    ],
)
def test_a_file_of_another_name_is_no_block(flatfs, tmp_path, name):
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_bytes(b"")
    assert list(flatfs.names()) == []
