"""Pins keep graphs from the garbage collector."""

import pytest

from tests.commands.store_play import StorePlay


@pytest.fixture
def play(tmp_path, capfdbinary):
    return StorePlay(tmp_path, capfdbinary)


def test_what_is_added_is_pinned_and_stays(play):
    root = play.add(play.file("f", b"x" * 400_000), "--name", "scan")
    assert play.lines("pin", "ls") == [f"{root}  recursive  pinned  unixfs-v1-2025  scan"]
    assert play.lines("gc") == []
    assert play.good("cat", root) == b"x" * 400_000


def test_what_is_unpinned_goes_with_the_next_collection(play):
    root = play.add(play.file("f", b"x"))
    assert play.lines("pin", "rm", root) == [f"unpinned {root}"]
    assert play.lines("gc") == [f"removed {root}"]
    assert "not found" in play.bad("cat", root)[1]


def test_a_pin_needs_its_whole_graph(play):
    play.add(play.file("f", b"x"))
    absent = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
    assert "missing" in play.bad("pin", "add", absent)[1]
    assert len(play.lines("pin", "ls")) == 1


def test_a_block_may_be_pinned_alone(play):
    root = play.add(play.file("f", b"x" * 2_500_000), "--no-pin")
    play.good("pin", "add", "--direct", root)
    assert len(play.lines("gc")) > 0
    assert play.lines("gc") == []
    assert play.lines("pin", "ls")[0].split()[:2] == [root, "direct"]


def test_a_pin_that_is_not_there_cannot_be_taken_off(play):
    root = play.add(play.file("f", b"x"), "--no-pin")
    assert root in play.bad("pin", "rm", root)[1]
