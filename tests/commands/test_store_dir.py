"""Opening the store of a data directory, and its key."""

import os
import subprocess
import sys
from contextlib import closing

import pytest

from node.base.rng import SystemEntropy
from node.commands.store_dir import open_dir
from node.ipfs_lite.hybrid import StoreOptions, open_store
from node.ipfs_lite.key_file import KeyFile
from node.storage.errors import StoreLockedError
from node.storage.files import DiskFiles
from tests.commands.store_play import StorePlay


@pytest.fixture
def play(tmp_path, capfdbinary):
    return StorePlay(tmp_path, capfdbinary)


def test_the_key_of_a_new_store_is_for_its_owner_alone(play):
    play.add(play.file("f", b"x"))
    assert (play.data / "store.key").stat().st_mode & 0o777 == 0o600
    assert len((play.data / "store.key").read_bytes()) == 32


def test_a_process_without_the_lock_makes_no_key(play, monkeypatch):
    """One that looked before another one made the store would replace the other's key."""
    with closing(open_dir(play.data)):
        made = (play.data / "store.key").read_bytes()
        monkeypatch.setattr(KeyFile, "candidates", lambda _self: ())
        monkeypatch.setattr(DiskFiles, "size", lambda _self, _name: None)
        with pytest.raises(StoreLockedError):
            open_store(play.data, StoreOptions(at_rest="aead", entropy=SystemEntropy()))
        monkeypatch.undo()
    assert (play.data / "store.key").read_bytes() == made


def test_a_store_whose_making_was_cut_short_is_encrypted_still(play):
    play.data.mkdir()
    (play.data / "blocks.sqlite").touch()
    play.add(play.file("f", b"x"))
    assert play.json("stat", "--json")["at_rest"] == "aead"


def test_a_lost_key_is_a_lost_store_and_is_said_so(play):
    root = play.add(play.file("f", b"x"))
    (play.data / "store.key").unlink()
    status, why = play.bad("cat", root)
    assert (status, "key" in why) == (3, True)


def test_a_cut_key_is_named(play):
    root = play.add(play.file("f", b"x"))
    (play.data / "store.key").write_bytes(b"short")
    assert "5 bytes" in play.bad("cat", root)[1]


def test_a_store_is_made_once(play):
    play.good("init")
    assert "already" in play.bad("init")[1]


def test_a_file_in_the_place_of_the_folder_is_named(play):
    play.data.write_bytes(b"")
    assert "no folder" in play.bad("add", play.file("f", b"x"))[1]


def test_a_second_process_is_told_that_the_store_is_open(play):
    play.add(play.file("f", b"x"))
    code = (
        "import sys; from pathlib import Path; from node.commands.store_dir import open_dir;"
        "store = open_dir(Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", code, str(play.data)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(words, **pipes, env=os.environ) as other:
        assert other.stdout.readline() == b"open\n"
        status, why = play.bad("pin", "ls")
        other.communicate()
    assert (status, "another process" in why) == (3, True)
