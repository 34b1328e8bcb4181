"""Files that appear together or not at all."""

import errno
import os
import shutil
import stat
from pathlib import Path

import pytest

from node.base.errors import UsageError
from node.commands import new_files
from node.commands.chain_io import OutputFileError
from node.commands.new_files import NewFiles, unnamed_file


def _everything(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_files_appear_with_their_content_for_their_owner_alone(tmp_path):
    with NewFiles() as made:
        made.folder(tmp_path / "a" / "b")
        made.open(tmp_path / "a" / "b" / "one").write(b"1")
        made.open(tmp_path / "two").write(b"2")
        assert not (tmp_path / "two").exists()
        made.publish()
    assert _everything(tmp_path) == ["a", "a/b", "a/b/one", "two"]
    assert (tmp_path / "a" / "b" / "one").read_bytes() == b"1"
    assert stat.S_IMODE((tmp_path / "two").stat().st_mode) == 0o600


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_without_publish_nothing_stays(tmp_path, error):
    def fail():
        with NewFiles() as made:
            made.folder(tmp_path / "a" / "b")
            made.open(tmp_path / "a" / "b" / "one").write(b"1")
            made.scratch(tmp_path / "a").write(b"s")
            made.open(tmp_path / "two")
            raise error

    with pytest.raises(error):
        fail()
    assert _everything(tmp_path) == []


def test_folders_that_were_there_stay(tmp_path):
    (tmp_path / "a").mkdir()
    with NewFiles() as made:
        made.folder(tmp_path / "a")
        made.open(tmp_path / "a" / "one")
    assert _everything(tmp_path) == ["a"]


def test_what_is_there_is_never_replaced(tmp_path):
    (tmp_path / "one").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("one", "link"):
        with NewFiles() as made, pytest.raises(UsageError, match=f"{name}: exists already"):
            made.open(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == b"old"


def test_what_appears_meanwhile_is_not_replaced_and_nothing_stays(tmp_path):
    with NewFiles() as made:
        made.open(tmp_path / "one").write(b"1")
        made.open(tmp_path / "two").write(b"2")
        (tmp_path / "two").write_bytes(b"other")
        with pytest.raises(UsageError, match="two: exists already"):
            made.publish()
    assert _everything(tmp_path) == ["two"]
    assert (tmp_path / "two").read_bytes() == b"other"


def test_one_name_for_two_files_is_refused(tmp_path):
    with NewFiles() as made:
        made.open(tmp_path / "one")
        with pytest.raises(UsageError, match="named twice"):
            made.open(tmp_path / "one")


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with NewFiles() as made, pytest.raises(UsageError, match=r"none: No such file"):
        made.open(tmp_path / "none" / "one")
    with pytest.raises(UsageError, match=r"none: No such file"):
        unnamed_file(tmp_path / "none")


@pytest.mark.parametrize("call", ["fsync", "link", "rename"])
def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch, call):
    """The second file fails; the first one had its name already, except for fsync."""
    calls = []

    def full(*given, **named):
        calls.append(call)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*given, **named)

    if call == "rename":
        monkeypatch.setattr(os, "link", _no_links)
    else:  # what could not be linked is copied, which a full disk does not take either
        monkeypatch.setattr(shutil, "copyfileobj", full)
    place = Path if call == "rename" else os
    real = getattr(place, call)
    monkeypatch.setattr(place, call, full)
    with NewFiles() as made:
        made.open(tmp_path / "one").write(b"1")
        made.open(tmp_path / "two").write(b"2")
        with pytest.raises(OutputFileError, match="two: No space left"):
            made.publish()
    assert _everything(tmp_path) == []


def _no_links(*_, **__):
    raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))


@pytest.mark.parametrize("is_linked", [True, False])
def test_a_file_that_grows_has_no_name_that_a_kill_could_leave(tmp_path, monkeypatch, is_linked):
    if not is_linked:
        monkeypatch.setattr(os, "link", _no_links)
    with NewFiles() as made:
        made.open(tmp_path / "one").write(b"1" * 100_000)
        assert _everything(tmp_path) == []
        made.publish()
    assert _everything(tmp_path) == ["one"]
    assert (tmp_path / "one").read_bytes() == b"1" * 100_000
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o600


def test_what_appears_at_the_last_moment_is_not_replaced(tmp_path, monkeypatch):
    """Between the look whether the name is free and its taking."""
    refused = new_files.refuse_existing

    def slow(path):
        refused(path)
        path.write_bytes(b"other")

    with NewFiles() as made:
        made.open(tmp_path / "one").write(b"1")
        monkeypatch.setattr(new_files, "refuse_existing", slow)
        with pytest.raises(UsageError, match="one: exists already"):
            made.publish()
    assert (tmp_path / "one").read_bytes() == b"other"
    assert _everything(tmp_path) == ["one"]


def test_an_unnamed_file_is_read_back_and_never_seen(tmp_path):
    with unnamed_file(tmp_path) as file:
        file.write(b"secret")
        assert _everything(tmp_path) == []
        file.seek(0)
        assert file.read() == b"secret"
