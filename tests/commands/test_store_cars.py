"""Graphs travel between stores as CAR files."""

import gzip
import io
from hashlib import shake_256
from types import SimpleNamespace

import pytest

from node.commands import store_cars
from tests.commands.store_play import StorePlay

_BIG = shake_256(b"big").digest(3_000_000)


@pytest.fixture
def play(tmp_path, capfdbinary):
    return StorePlay(tmp_path, capfdbinary)


@pytest.fixture
def car(play):
    """Give the root of a folder and the CAR file with it."""
    play.file("tree/a", _BIG)
    play.file("tree/b", b"b")
    root = play.add(play.folder / "tree")
    play.good("export", root, "--out", play.folder / "x.car")
    return root, play.folder / "x.car"


def test_a_graph_arrives_in_another_store(play, car):
    root, path = car
    other = play.folder / "other"
    assert play.good("import", path, data=other).decode().split() == [root]
    assert play.good("cat", f"{root}/a", data=other) == _BIG
    assert root in play.good("pin", "ls", data=other).decode()
    assert play.good("gc", data=other) == b""


def test_stdout_takes_the_same_bytes(play, car):
    root, path = car
    assert play.good("export", root, "--out", "-") == path.read_bytes()


@pytest.mark.parametrize("at", [30, 200, 2_000_000, -1])
def test_a_changed_file_is_refused_and_leaves_no_pin(play, car, at):
    data = bytearray(car[1].read_bytes())
    data[at] ^= 1
    other = play.folder / "other"
    status, why = play.bad("import", play.file("bad.car", bytes(data)), data=other)
    assert status in (1, 3)
    assert "CAR" in why or "CID" in why
    assert play.good("pin", "ls", data=other) == b""


def test_a_file_that_ends_early_is_refused(play, car):
    data = car[1].read_bytes()
    for cut in (5, 100, len(data) // 2, len(data) - 1):
        play.bad("import", play.file("bad.car", data[:cut]), data=play.folder / "other")


def test_a_missing_file_is_named(play):
    status, why = play.bad("import", play.folder / "none.car")
    assert (status, "none.car" in why) == (2, True)


def test_what_is_not_whole_is_not_exported(play, car):
    root, path = car
    path.unlink()
    child = play.lines("ls", root)[0].split()[0]
    play.good("pin", "rm", root)
    play.good("pin", "add", "--direct", root)
    play.good("gc")
    assert child in play.bad("export", root, "--out", path)[1]
    assert not path.exists()


def test_a_car_comes_through_a_pipe(play, car, monkeypatch):
    root, path = car
    stdin = SimpleNamespace(buffer=io.BytesIO(path.read_bytes()))
    monkeypatch.setattr(store_cars.sys, "stdin", stdin)
    other = play.folder / "other"
    assert play.good("import", "-", data=other).decode().split() == [root]


@pytest.mark.parametrize("spoil", [lambda raw: raw[:100], lambda raw: raw[:40] + b"U" + raw[41:]])
def test_a_damaged_packing_is_named(play, car, spoil):
    path = play.file("x.car.gz", spoil(gzip.compress(car[1].read_bytes(), mtime=0)))
    status, why = play.bad("import", path)
    assert (status, "x.car.gz: cannot be read: " in why) == (2, True)


@pytest.mark.parametrize("name", ["\udcff.car", "\u017c" * 120 + ".car", "x" * 251 + ".car"])
def test_the_name_of_a_file_keeps_nothing_out(play, car, name):
    root, path = car
    odd = play.file(name, path.read_bytes())
    assert root in play.good("import", odd).decode()


def test_what_can_be_added_can_be_exported(play):
    """As many folders inside each other as add takes, and a file of several chunks in the last."""
    play.file("deep/" + "d/" * 31 + "file", _BIG)
    root = play.add(play.folder / "deep")
    play.good("export", root, "--out", play.folder / "x.car")
    play.good("import", play.folder / "x.car", data=play.folder / "other")
    assert play.good("cat", f"{root}/{'d/' * 31}file", data=play.folder / "other") == _BIG
