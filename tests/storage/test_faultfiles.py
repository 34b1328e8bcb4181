"""A disk that breaks: each fault does what its name says, and only what it may."""

import pytest

from node.base.rng import PPM, TreeEntropy
from node.storage.errors import StoreFailedError, StoreFullError
from node.storage.faultfiles import DESTROYING, Fault, FaultFiles
from node.storage.files import Files

DATA = bytes(range(1, 251)) * 6


def _files(fault=None, *, seed=0, **options):
    """Give a disk with two durable files, on which a fault then befalls every operation."""
    files = FaultFiles(TreeEntropy(seed), {}, **options)
    for name in ("a", "b"):
        _write(files, name, name.encode() * 2_000)
    files.fsync_dir("")
    if fault is not None:
        files._rates_ppm = FaultFiles(TreeEntropy(0), {fault: PPM}, **options)._rates_ppm
    return files


def _write(files, name, data):
    handle = files.open_write(name)
    try:
        files.write(handle, data)
        files.fsync(handle)
    finally:
        files.close(handle)


def test_it_is_files():
    def takes(files: Files) -> Files:
        return files

    assert takes(_files()).read("a") == b"a" * 2_000


@pytest.mark.parametrize(
    ("fault", "error", "operations"),
    [
        (Fault.READ_ERROR, StoreFailedError, ["read", "listdir"]),
        (Fault.WRITE_ERROR, StoreFailedError, ["open_write", "unlink", "mkdir"]),
        (Fault.FULL, StoreFullError, ["open_write", "unlink", "mkdir", "fsync_dir"]),
        (Fault.FSYNC_ERROR, StoreFailedError, ["fsync_dir"]),
    ],
)
def test_a_loud_fault_is_an_error_and_changes_nothing(fault, error, operations):
    files = _files(fault)
    before = files.tree().files()
    for operation in operations:
        name = {"open_write": "c", "mkdir": "d", "listdir": "", "fsync_dir": ""}.get(operation, "a")
        with pytest.raises(error):
            getattr(files, operation)(name)
    assert files.tree().files() == before
    assert [found for found, _ in files.happened] == [fault] * len(operations)
    assert files.damaged() == frozenset()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.WRITE_ERROR, StoreFailedError),
        (Fault.TORN_WRITE, StoreFailedError),
        (Fault.FULL, StoreFullError),
    ],
)
def test_a_write_that_fails_has_written_a_part(fault, error):
    lengths = set()
    for seed in range(20):
        files = _files(seed=seed)
        handle = files.open_write("c")
        files._rates_ppm = {fault: PPM}
        with pytest.raises(error):
            files.write(handle, DATA)
        content = files.tree().files()["c"]
        assert DATA.startswith(content)
        lengths.add(len(content))
    assert len(lengths) > 1
    assert fault is not Fault.TORN_WRITE or {length % 512 for length in lengths} == {0}


def test_a_failed_fsync_leaves_the_file_open():
    files = _files(Fault.FSYNC_ERROR)
    with pytest.raises(StoreFailedError, match=r"c: Input/output error \(EIO on fsync\)"):
        _write(files, "c", DATA)
    assert list(files.moment().unsynced.values()) == [DATA]


def test_a_short_read_leaves_the_file_whole():
    files = _files(Fault.SHORT_READ)
    short = files.read("a")
    assert len(short) < 2_000
    files.heal()
    assert files.read("a") == b"a" * 2_000


def test_a_misdirected_read_gives_another_file():
    files = _files(Fault.MISDIRECTED_READ)
    assert {files.read("a") for _ in range(20)} == {b"a" * 2_000, b"b" * 2_000}
    files.heal()
    assert files.read("a") == b"a" * 2_000


def test_a_slow_operation_takes_virtual_time_and_is_done():
    files = _files(Fault.SLOW, slow_us=7)
    assert files.read("a") == b"a" * 2_000
    _write(files, "c", DATA)
    assert files.delay_us == 4 * 7  # read, open_write, write, fsync
    files.heal()
    assert files.read("c") == DATA


def test_bit_rot_changes_one_bit_for_good():
    files = _files(Fault.BIT_ROT, data_loss=True)
    rotten = files.read("a")
    assert sum((was ^ now).bit_count() for was, now in zip(b"a" * 2_000, rotten, strict=True)) == 1
    files.lose_power()
    files.heal()
    assert files.read("a") == rotten
    assert files.damaged() == {"a"}


def test_a_short_write_says_nothing():
    files = _files(Fault.SHORT_WRITE, data_loss=True)
    _write(files, "c", DATA)
    assert len(files.tree().files()["c"]) < len(DATA)
    assert files.damaged() == {"c"}


def test_a_misdirected_write_says_nothing_and_damages_two_files():
    files = _files(data_loss=True)
    handle = files.open_write("c")
    files._rates_ppm = {Fault.MISDIRECTED_WRITE: PPM}
    files.write(handle, DATA)
    files.heal()
    assert files.read("c") == bytes(len(DATA))
    (other,) = files.damaged() - {"c"}
    assert files.read(other) == DATA + other.encode() * (2_000 - len(DATA))


def test_a_lost_fsync_shows_after_a_loss_of_power():
    gone = set()
    for seed in range(20):
        files = _files(Fault.LOST_FSYNC, seed=seed, data_loss=True)
        _write(files, "c", DATA)
        files.fsync_dir("")
        assert files.damaged() == {"c"}
        files.lose_power()
        files.heal()
        gone.add(files.read("c"))
    assert {None, b"", DATA} <= gone


def test_a_lost_fsync_of_a_folder_names_what_waited_for_it():
    files = _files(data_loss=True)
    files.mkdir("x")
    files.fsync_dir("")
    _write(files, "x/c", DATA)
    _write(files, "d", DATA)
    files._rates_ppm = {Fault.LOST_FSYNC: PPM}
    files.fsync_dir("x")
    assert files.damaged() == {"x/c"}


@pytest.mark.parametrize("fault", sorted(DESTROYING, key=lambda fault: fault.value))
def test_nothing_is_destroyed_unless_that_is_asked_for(fault):
    files = _files(fault)
    _write(files, "c", DATA)
    files.fsync_dir("")
    files.lose_power()
    assert [files.read(name) for name in "abc"] == [b"a" * 2_000, b"b" * 2_000, DATA]
    assert files.happened == []


def test_faults_come_as_often_as_they_are_asked_for_and_repeat_with_the_seed():
    def happened(seed):
        files = FaultFiles(TreeEntropy(seed), {Fault.SHORT_READ: 100_000, Fault.SLOW: 50_000})
        _write(files, "a", DATA)
        for _ in range(2_000):
            files.read("a")
        return [fault for fault, _ in files.happened]

    found = happened(1)
    assert 120 < found.count(Fault.SHORT_READ) < 280
    assert 50 < found.count(Fault.SLOW) < 150
    assert found == happened(1) != happened(2)


def test_handles_are_gone_after_a_loss_of_power():
    files = _files()
    handle = files.open_write("c")
    files.lose_power()
    with pytest.raises(KeyError):
        files.write(handle, b"1")
