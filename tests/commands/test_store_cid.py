import io
import subprocess
import sys
from types import SimpleNamespace

import pytest
import typer

from node.base.errors import ConfigError, UsageError
from node.commands import tree_files
from node.commands.store_cid import store_cid
from node.ipfs_lite.cid import to_text
from node.ipfs_lite.profiles import PROFILES, Profile
from node.ipfs_lite.unixfs_tree import write_tree
from node.ipfs_lite.unixfs_write import write_bytes
from tests.small_checkout import ROOT

HELLO_V0 = "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD"
HELLO_V1_PB = "bafybeihykld7uyxzogax6vgyvag42y7464eywpf55gxi5qpoisibh3c5wa"


@pytest.fixture
def hello(tmp_path):
    path = tmp_path / "hello.txt"
    path.write_bytes(b"hello world")
    return str(path)


@pytest.fixture
def call(capsys):
    """Run the command with words; give its lines."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(store_cid)

    def run(*words):
        app(args=list(words), standalone_mode=False)
        return capsys.readouterr().out.splitlines()

    return run


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_is_taken_by_its_name(call, hello, name):
    wanted = to_text(write_bytes(b"hello world", None, PROFILES[name]).cid)
    assert call("--profile", name, hello) == [wanted]


def test_the_published_cids_come_out(call, hello):
    assert call("--profile", "unixfs-v0-2015", hello) == [HELLO_V0]
    words = ["--chunk-size", "262144", "--max-links", "174", "--cid-version", "1"]
    assert call(*words, "--no-raw-leaves", hello) == [HELLO_V1_PB]


def test_version_0_alone_has_no_raw_leaves(call, hello):
    assert call("--cid-version", "0", hello) == [HELLO_V0]


def test_version_0_takes_raw_leaves_that_are_asked_for(call, hello):
    assert call("--cid-version", "0", "--raw-leaves", hello) == call(hello)


def test_every_parameter_counts(call, tmp_path):
    path = tmp_path / "f"
    path.write_bytes(bytes(range(100)))
    profile = Profile("x", cid_version=1, raw_leaves=False, chunk_bytes=4, links_max=3)
    wanted = to_text(write_bytes(bytes(range(100)), None, profile).cid)
    words = ["--chunk-size", "4", "--max-links", "3", "--cid-version", "1", "--no-raw-leaves"]
    assert call(*words, str(path)) == [wanted]


def test_cids_come_one_per_line_in_the_order_given(call, hello, tmp_path):
    other = tmp_path / "a"
    other.write_bytes(b"")
    first, second = call(hello)[0], call(str(other))[0]
    assert call(hello, str(other), hello) == [first, second, first]


def test_a_folder_gives_the_cid_of_its_tree(call, hello, tmp_path):
    (tmp_path / ".hidden").write_bytes(b"x")
    tree = tree_files.tree_at(str(tmp_path), chunk_bytes=100)
    assert call(str(tmp_path)) == [to_text(write_tree(tree, None).cid)]
    assert call("--hidden", str(tmp_path)) != call(str(tmp_path))


def test_the_standard_input_is_read(call, hello, monkeypatch):
    stdin = SimpleNamespace(buffer=io.BytesIO(b"hello world"))
    monkeypatch.setattr(tree_files.sys, "stdin", stdin)
    assert call("-") == call(hello)


@pytest.mark.parametrize(
    ("words", "error", "what"),
    [
        (["--profile", "nope"], UsageError, "unknown, wants one of unixfs-v1-2025, kubo-cidv1"),
        (["--profile", "kubo-cidv1", "--chunk-size", "5"], UsageError, "--chunk-size: a profile"),
        (["--profile", "kubo-cidv1", "--no-raw-leaves"], UsageError, "--raw-leaves: a profile"),
        (["--chunk-size", "0"], ConfigError, "a chunk of 0 bytes, wants 1 to 2097120"),
        (["--chunk-size", "2097121"], ConfigError, "a chunk of 2097121 bytes"),
        (["--max-links", "1"], ConfigError, "1 links per node, wants 2 to 8192"),
        (["--cid-version", "2"], ConfigError, "CIDv2, wants 0 or 1"),
        (["-", "-"], UsageError, "- stands twice"),
    ],
)
def test_words_that_cannot_be_meant_are_refused(call, hello, words, error, what):
    with pytest.raises(error, match=what):
        call(*words, hello)


def test_a_missing_file_is_told_before_anything_is_printed(call, hello, tmp_path, capsys):
    with pytest.raises(UsageError, match="nothing: No such file"):
        call(hello, str(tmp_path / "nothing"))
    assert capsys.readouterr().out == ""


@pytest.mark.slow
def test_neither_the_store_nor_its_packages_are_imported():
    program = (
        "import sys, node.commands.store_cid\n"
        "bad = {'trio', 'cryptography', 'sqlite3', 'msgpack'} & set(sys.modules)\n"
        "sys.exit(' '.join(sorted(bad)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
