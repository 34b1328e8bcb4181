import gzip
import os
import pickle
import resource
from dataclasses import replace

import pytest

from node.base.clock import WallClock
from node.base.errors import UsageError
from node.commands.chain_io import (
    FutureBlocks,
    OutputFileError,
    make_folder,
    opened,
    progress_lines,
    read_genesis,
    replacing,
)
from tests.base.headers import empty_header


def write(folder, name, content=b"new", *, make=False):
    if make:
        (folder / name).mkdir()
    with replacing(folder / name) as file:
        file.write(content)


def header_at(number, timestamp):
    return replace(empty_header(), number=number, timestamp=timestamp)


def test_a_packed_file_is_unpacked_by_its_name(tmp_path):
    path = tmp_path / "chain.rlp.gz"
    path.write_bytes(gzip.compress(b"blocks"))
    with opened(path) as source:
        assert source.read(10) == b"blocks"


def test_a_plain_file_is_read_as_it_is(tmp_path):
    path = tmp_path / "chain.rlp"
    path.write_bytes(b"blocks")
    with opened(path) as source:
        assert source.read(10) == b"blocks"


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"nothing\.rlp"), opened(tmp_path / "nothing.rlp"):
        pass
    with pytest.raises(UsageError, match=r"nothing\.json"):
        read_genesis(tmp_path / "nothing.json")


def test_a_file_is_replaced_when_it_is_whole(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_fails_half_way_leaves_the_old_one(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail():
        with replacing(path) as file:
            file.write(b"new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_in_the_place_of_the_file_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(UsageError, match=r"/out: is a folder, wants the name of a file$"):
        write(tmp_path, "out", make=True)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_pipe_or_device_is_refused_and_stays(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match=r"/pipe: is no regular file$"):
        write(tmp_path, "pipe")
    assert (tmp_path / "pipe").is_fifo()


def test_a_link_stays_and_the_file_that_it_names_is_replaced(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to("there/file")
    write(tmp_path, "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "file").read_bytes() == b"new"


def test_a_file_in_a_folder_that_is_not_there_is_named_without_errno(tmp_path):
    with pytest.raises(UsageError, match=r"/none/file: No such file or directory$"):
        write(tmp_path / "none", "file")


def test_a_full_disk_names_the_file_and_leaves_nothing(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(OutputFileError, match=r"/file: File too large$"):
            write(tmp_path, "file", bytes(2_000_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_another_file_keeps_its_name(tmp_path):
    with pytest.raises(FileNotFoundError, match="other"), replacing(tmp_path / "file"):
        (tmp_path / "other").read_bytes()


def test_an_output_error_crosses_processes_whole():
    error = pickle.loads(pickle.dumps(OutputFileError("a", "no room")))
    assert (str(error), error.exit_code) == ("a: no room", 3)


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path):
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"/file: is no folder$"):
        make_folder(tmp_path / "file")
    with pytest.raises(UsageError, match=r"/file/below: Not a directory$"):
        make_folder(tmp_path / "file" / "below")


def test_the_first_block_ahead_of_the_clock_is_warned_of(capsys):
    future = FutureBlocks()
    now_s = WallClock().now_us() // 1_000_000
    for number, timestamp in ((1, now_s - 5), (2, now_s + 500), (3, now_s + 900)):
        future.see(header_at(number, timestamp))
    future.warn()
    assert "warning: block 2 lies" in capsys.readouterr().err


def test_blocks_of_the_past_are_not_talked_of(capsys):
    future = FutureBlocks()
    future.see(header_at(1, 0))
    future.warn()
    assert capsys.readouterr().err == ""


def test_progress_speaks_at_most_every_five_seconds(capsys, monkeypatch):
    now = iter((0.0, 1.0, 6.0, 6.0, 7.0))
    monkeypatch.setattr("node.commands.chain_io.time.monotonic", lambda: next(now))
    tell = progress_lines()
    for number in (1, 2, 3):
        tell(header_at(number, 0))
    assert capsys.readouterr().err == "block 2\n"
