"""Files and folders go into a store and come back."""

from hashlib import shake_256
from pathlib import Path

import pytest

from tests.commands.store_play import StorePlay

_HELLO = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
_BIG = shake_256(b"big").digest(3 * 2**20 + 17)


@pytest.fixture
def play(tmp_path, capfdbinary):
    return StorePlay(tmp_path, capfdbinary)


@pytest.fixture
def folder(play):
    play.file("tree/a.txt", b"hello world")
    play.file("tree/deep/er/big", _BIG)
    play.file("tree/.hidden", b"h")
    (play.folder / "tree" / "link").symlink_to("a.txt")
    (play.folder / "tree" / "empty").mkdir()
    return play.folder / "tree"


def test_a_file_comes_back(play):
    assert play.add(play.file("f", b"hello world")) == _HELLO
    assert play.good("cat", _HELLO) == b"hello world"


def test_a_file_of_many_blocks_comes_back_whole_and_in_parts(play):
    root = play.add(play.file("f", _BIG))
    assert play.good("cat", root) == _BIG
    assert play.good("cat", root, "--offset", 2**20 - 5, "--length", 10) == _BIG[2**20 - 5 :][:10]
    assert play.good("cat", root, "--offset", len(_BIG)) == b""


def test_a_folder_comes_back(play, folder):
    root = play.add(folder)
    play.good("get", root, "--out", play.folder / "again")
    assert (play.folder / "again" / "deep" / "er" / "big").read_bytes() == _BIG
    assert (play.folder / "again" / "link").readlink() == Path("a.txt")
    assert (play.folder / "again" / "empty").is_dir()
    assert not (play.folder / "again" / ".hidden").exists()
    assert play.add(folder, "--hidden") != root
    assert play.add(play.folder / "again") == root


def test_a_path_leads_into_a_folder(play, folder):
    root = play.add(folder)
    assert play.good("cat", f"{root}/deep/er/big") == _BIG
    assert play.good("cat", f"/ipfs/{root}/deep/../a.txt") == b"hello world"
    assert [line.split()[-1] for line in play.lines("ls", root)] == [
        "a.txt",
        "deep",
        "empty",
        "link",
    ]
    assert [line.split()[-1] for line in play.lines("ls", f"{root}/deep")] == ["er"]


def test_each_profile_gives_its_own_root_and_the_same_bytes(play):
    path = play.file("f", _BIG)
    profiles = ("unixfs-v1-2025", "kubo-cidv1", "unixfs-v0-2015")
    roots = {play.add(path, "--profile", name) for name in profiles}
    assert len(roots) == 3
    assert all(play.good("cat", root) == _BIG for root in roots)


def test_several_paths_give_several_roots(play):
    roots = play.lines("add", play.file("f", b"1"), play.file("g", b"2"))
    assert [play.good("cat", root) for root in roots] == [b"1", b"2"]


def test_a_budget_stops_a_read_before_its_first_byte(play):
    root = play.add(play.file("f", _BIG))
    status, out, err = play.run("cat", root, "--max-bytes", 100)
    assert (status, out) == (1, b"")
    assert "at most 100" in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("cat", "nonsense"), "nonsense"),
        (("cat", _HELLO), "not found"),
        (("ls", _HELLO), "is a file"),
        (("add", "no-such-file"), "no-such-file"),
        (("add", "-", "-"), "twice"),
        (("add", ".", "--profile", "best"), "kubo-cidv1"),
        (("add", ".", "--class", "secret"), "sealed or public"),
    ],
)
def test_a_wrong_word_is_named(play, words, says):
    play.add(play.file("f", b"x"))
    status, why = play.bad(*words)
    assert says in why
    assert status in (1, 2, 3)


@pytest.mark.parametrize("words", [("cat", _HELLO), ("ls", _HELLO), ("pin", "ls"), ("gc",)])
def test_a_folder_without_a_store_gets_none_by_reading(play, words):
    status, why = play.bad(*words)
    assert (status, "holds no block store" in why) == (2, True)
    assert not play.data.exists()


def test_what_stands_at_the_target_stays(play):
    root = play.add(play.file("f", b"x"))
    target = play.file("target", b"mine")
    status, why = play.bad("get", root, "--out", target)
    assert (status, "target" in why) == (2, True)
    assert target.read_bytes() == b"mine"


def test_a_folder_is_no_file(play, folder):
    root = play.add(folder)
    status, why = play.bad("cat", root)
    assert (status, "is a directory, wants a file" in why) == (2, True)
    status, why = play.bad("ls", f"{root}/a.txt")
    assert (status, "is a file, wants a directory" in why) == (2, True)
    assert "is a symlink" in play.bad("cat", f"{root}/link")[1]
    assert "deep/none" in play.bad("cat", f"{root}/deep/none")[1]
    assert play.bad("cat", f"{root}/../x")[0] in (1, 2)


def test_a_text_that_is_no_cid_is_a_wrong_word_everywhere(play):
    play.good("init")
    for words in (("cat",), ("ls",), ("pin", "add"), ("pin", "rm"), ("export", "--out", "-")):
        assert play.bad(*words, "nonsense")[0] == 2


@pytest.mark.parametrize("name", ["", ".", "data", "data/blocks", "data/store.key", "data/../data"])
def test_a_store_does_not_take_itself_in(play, name):
    """It would grow while it is read, and its key would be a public block."""
    play.good("init")
    assert "itself" in play.bad("add", play.folder / name)[1]
    assert play.json("stat", "--json")["blocks"] == 0


def test_what_lies_beside_the_store_can_be_added(play):
    play.good("init")
    beside = play.file("data/genesis.json", b"{}")
    assert play.good("cat", play.add(beside)) == b"{}"


def test_names_do_not_command_the_terminal(play):
    play.file("tree/\x1b[31mred", b"x")
    listed = play.good("ls", play.add(play.folder / "tree"))
    assert b"\\x1b[31mred" in listed
    assert b"\x1b" not in listed


def test_an_error_stays_on_its_line_whatever_was_typed(play):
    assert play.bad("add", "no\nsuch\x1b")[1].startswith("no\\nsuch\\x1b: ")
