"""Files of a deal are read one by one, and told by name."""

import io
import os
import resource
from contextlib import ExitStack
from pathlib import Path

import pytest

from node.base.errors import UsageError
from node.commands import share_files
from node.commands.share_files import (
    Meter,
    MeteredFile,
    ShareFileError,
    allow_open_files,
    fault_text,
    open_file,
    read_given,
    read_line,
)
from node.sss.errors import ShareFormatError
from node.sss.essential_text import to_text
from tests.commands.share_play import real_bundles, write_bundles


def test_a_share_file_is_no_line_and_is_read(tmp_path):
    bundles = real_bundles()
    essential, custodians = write_bundles(tmp_path / "deal", bundles)
    with ExitStack() as stack:
        for path, bundle in zip((essential, *custodians), bundles, strict=True):
            file = open_file(stack, path)
            assert read_line(path, file) is None
            assert read_given(path, file).holder.share == bundle.share


def test_a_line_is_read_whatever_stands_around_it(tmp_path):
    share = real_bundles()[0].share
    path = tmp_path / "line"
    path.write_text(f"\r\n {to_text(share)}\n\n")
    with ExitStack() as stack:
        assert read_line(path, open_file(stack, path)) == share


@pytest.mark.parametrize("after", [" more", "\nmore", "A" * 2_000])
def test_more_than_one_line_is_refused(tmp_path, after):
    path = tmp_path / "line"
    path.write_text(to_text(real_bundles()[0].share) + after)
    with ExitStack() as stack, pytest.raises(ShareFileError, match="line: the line after"):
        read_line(path, open_file(stack, path))


def test_a_folder_cannot_be_opened(tmp_path):
    with ExitStack() as stack, pytest.raises(UsageError, match="Is a directory"):
        open_file(stack, tmp_path)


def test_every_fault_keeps_its_code():
    for code in ("length", "magic", "format", "scheme", "digest", "vectors"):
        assert code in fault_text(ShareFormatError(code, 3))


def test_what_is_read_is_told_every_five_seconds(capsys, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(share_files.time, "monotonic", lambda: now[0])
    file = MeteredFile("record", io.BytesIO(bytes(3_000_000)), Meter("split", is_quiet=False))
    for after in (4.9, 5.0, 9.9):
        now[0] = 100.0 + after
        assert len(file.read(1_000_000)) == 1_000_000
    assert capsys.readouterr().err == "split: 2 MB read\n"


def test_beside_json_nothing_is_told(capsys, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(share_files.time, "monotonic", lambda: now[0])
    meter = Meter("split", is_quiet=True)
    now[0] = 200.0
    meter.count(9)
    assert capsys.readouterr().err == ""


def test_what_cannot_be_read_twice_is_told_so():
    read, write = os.pipe()
    try:
        path = Path(f"/dev/fd/{read}")
        with ExitStack() as stack, pytest.raises(UsageError, match="wants a regular file"):
            read_given(path, open_file(stack, path))
    finally:
        os.close(read)
        os.close(write)


def test_as_many_files_may_be_open_as_a_deal_has():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        allow_open_files(10)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (256, hard)
        allow_open_files(508)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 508
        allow_open_files(10**9)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] == hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
