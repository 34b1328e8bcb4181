import gzip
from dataclasses import replace

import pytest

from node.base.clock import WallClock
from node.base.errors import UsageError
from node.commands.chain_io import (
    FutureBlocks,
    opened,
    progress_lines,
    read_genesis,
    replacing,
)
from tests.base.headers import empty_header


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
