"""``wardnet share split``: all files or none, and only what was asked for."""

import errno
import io
import json
import os
import stat
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from pyshamir import combine as foreign_combine

from node.commands import share_split
from node.commands.new_files import NewFiles
from node.sss.bundle import Bundle
from node.sss.derivation import commitment_of
from node.sss.gf256 import add
from tests.commands.share_play import RECORD, SharePlay


@pytest.fixture
def play(tmp_path, capfdbinary):
    return SharePlay(tmp_path, capfdbinary)


def _words(play, *, t=3, n=5, out="deal", essential="essential"):
    return (
        *("-t", t, "-n", n),
        *("--essential", play.folder / essential, "--out", play.folder / out),
    )


def test_files_are_for_their_owner_alone_and_nothing_else_appears(play):
    source = play.file("record")
    play.good("split", source, *_words(play))
    names = [f"deal/custodian-00{x}.wss" for x in range(1, 5)]
    assert play.names() == ["deal", *names, "essential", "record"]
    for name in (*names, "essential"):
        assert stat.S_IMODE((play.folder / name).stat().st_mode) == 0o600


def test_json_says_what_was_written(play):
    document = play.json("split", play.file("record"), *_words(play))
    assert (document["exit_code"], document["seed"], document["scheme"]) == (0, None, "ssms-1tn")
    assert document["plan"] == "2 of 4 custodians (t=3, n=5)"
    assert document["record_bytes"] == len(RECORD)
    found = Bundle.decode((play.folder / "essential").read_bytes())
    assert document["deal_id"] == found.manifest.header.deal_id().hex()
    assert not found.manifest.header.is_simulated
    assert document["warnings"] == []


def test_two_deals_of_one_record_differ(play):
    one, two = play.split("one"), play.split("two")
    assert one[0].read_bytes() != two[0].read_bytes()
    assert one[1][0].read_bytes() != two[1][0].read_bytes()


@pytest.mark.parametrize(
    ("plan", "scheme", "length", "named"),
    [
        ((2, 5), "ssms-1tn", 9, ["single_custodian_opens"]),
        ((4, 4), "ssms-1tn", 9, ["no_loss_tolerance"]),
        ((2, 2), "ssms-1tn", 9, ["single_custodian_opens", "no_loss_tolerance"]),
        ((3, 4), "xor-1tn", 2**16, []),
        ((3, 4), "xor-1tn", 2**16 + 1, ["shares_as_long_as_the_record"]),
        ((3, 4), "nlss-q", 9, ["leaks_below_the_threshold"]),
    ],
)
def test_what_is_worth_a_thought_is_said_on_stderr(play, plan, scheme, length, named):
    t, n = plan
    words = (*_words(play, t=t, n=n), "--scheme", scheme, "--json")
    status, out, err = play.run("split", play.file("record", bytes(length)), *words)
    assert status == 0
    assert json.loads(out)["warnings"] == named
    assert [line.split(": ")[1] for line in err.splitlines()] == named


def test_an_essential_share_beside_the_others_is_warned_of(play):
    words = _words(play, essential="deal/essential")
    assert play.json("split", play.file("record"), *words)["warnings"] == [
        "essential_beside_custodians"
    ]


def test_a_record_comes_through_a_pipe(play, monkeypatch):
    monkeypatch.setattr(share_split.sys, "stdin", SimpleNamespace(buffer=io.BytesIO(RECORD)))
    play.good("split", "-", *_words(play))
    custodians = sorted((play.folder / "deal").iterdir())
    assert play.combine(play.folder / "essential", custodians[:2]) == RECORD


def test_a_named_pipe_is_read_once(play):
    pipe = play.folder / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(RECORD,))
    writer.start()
    play.good("split", pipe, *_words(play))
    writer.join()
    custodians = sorted((play.folder / "deal").iterdir())
    assert play.combine(play.folder / "essential", custodians[2:]) == RECORD


def test_foreign_tools_make_the_custodians_secret_and_not_the_key(play):
    """k' of the .yx files, and e: only together they are K."""
    status, _, err = play.run("split", play.file("record"), *_words(play), "--format", "yx")
    assert status == 0
    assert "k' is NOT the record key K" in err
    shares = [path.read_bytes() for path in sorted((play.folder / "deal").glob("*.yx"))]
    assert [(len(share), share[-1]) for share in shares] == [(33, x) for x in range(1, 5)]
    secret = bytes(foreign_combine([bytearray(share) for share in shares[1:3]]))
    essential = Bundle.decode((play.folder / "essential").read_bytes())
    commitment = essential.manifest.header.commitment
    assert commitment_of(secret) != commitment
    assert commitment_of(add(secret, essential.share.payload)) == commitment


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["-t", "6"], 2, "t=6, n=5: more shares are needed than there are"),
        (["-t", "1"], 2, "t >= 2"),
        (["-n", "256"], 2, "at most 255 holders"),
        (["--scheme", "shamir"], 2, "no sharing scheme 'shamir': known are ssms-1tn"),
        (["--scheme", "nlss-q", "-t", "4"], 2, "t=4, n=5"),
        (["--format", "zz"], 2, "--format: 'zz' is unknown"),
        (["--format", "yx", "--scheme", "xor-1tn"], 2, "wants ssms-1tn"),
        (["--out", "{}/record"], 2, "record: is no folder"),
        (["--out", "{}/record/below"], 2, "record"),
        (["--essential", "{}/none/essential"], 2, "none: No such file"),
        (["--essential", "{}/deal/custodian-002.wss"], 2, "named twice"),
        (["--essential", "{}/record"], 2, "record: exists already"),
    ],
)
def test_what_cannot_be_is_told_and_leaves_nothing(play, words, status, said):
    source = play.file("record")
    given = [word.format(play.folder) for word in words]
    found, why = play.bad("split", source, *_words(play), *given)
    assert (found, said in why) == (status, True), why
    assert play.names() == ["record"]
    assert source.read_bytes() == RECORD


@pytest.mark.parametrize("scheme", ["ssms-1tn", "xor-1tn", "nlss-q"])
def test_an_empty_record_is_refused(play, scheme):
    source = play.file("record", b"")
    status, why = play.bad("split", source, *_words(play), "--scheme", scheme)
    assert (status, "the record is empty" in why) == (2, True)
    assert play.names() == ["record"]


def test_a_missing_record_and_a_folder_are_named(play):
    status, why = play.bad("split", play.folder / "none", *_words(play))
    assert (status, "none: No such file" in why) == (2, True)
    status, why = play.bad("split", play.folder, *_words(play))
    assert (status, "Is a directory" in why) == (2, True)
    assert play.names() == []


def test_a_record_too_long_for_its_scheme_is_refused_unread(play):
    source = play.file("record", b"")
    os.truncate(source, 64 * 2**20 + 1)
    status, why = play.bad("split", source, *_words(play), "--scheme", "xor-1tn")
    assert (status, "at most 67108864 fit" in why) == (2, True)
    assert play.names() == ["record"]


@pytest.mark.parametrize("name", ["deal/custodian-002.wss", "deal/custodian-200.wss", "essential"])
def test_what_exists_is_named_and_never_replaced(play, name):
    """Shares of another deal in the folder, of this number of holders or not."""
    old = play.file(name, b"old")
    before = play.names()
    status, why = play.bad("split", play.file("record"), *_words(play))
    assert (status, f"{name}: exists already" in why) == (2, True)
    assert old.read_bytes() == b"old"
    assert play.names() == sorted([*before, "record"])


@pytest.mark.parametrize("scheme", ["ssms-1tn", "xor-1tn"])
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_is_told_and_leaves_nothing(play, monkeypatch, scheme, call):
    """The third write or the third fsync finds no room."""
    source = play.file("record")
    calls = []

    def full(real):
        def refused(*words):
            calls.append(call)
            if len(calls) >= 3:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*words)

        return refused

    if call == "write":
        opened = NewFiles.open

        def narrow(made, path):
            file = opened(made, path)
            return SimpleNamespace(
                write=full(file.write),
                **{name: getattr(file, name) for name in ("read", "seek", "flush", "tell")},
            )

        monkeypatch.setattr(NewFiles, "open", narrow)
    else:
        monkeypatch.setattr(os, "fsync", full(os.fsync))
    status, why = play.bad("split", source, *_words(play), "--scheme", scheme)
    assert (status, "No space left on device" in why) == (3, True)
    assert play.names() == ["record"]


def test_a_record_that_cannot_be_read_is_named_and_not_the_folder(play, monkeypatch):
    source = play.file("record")

    def broken(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    file = SimpleNamespace(read=broken, seek=broken, fileno=lambda: fd)
    fd = os.open(source, os.O_RDONLY)
    monkeypatch.setattr(NewFiles, "opened", lambda *_: file)
    status, why = play.bad("split", source, *_words(play))
    os.close(fd)
    assert (status, "record: cannot be read: Input/output error" in why) == (2, True)
    assert play.names() == ["record"]


@pytest.mark.parametrize("scheme", ["ssms-1tn", "xor-1tn"])
def test_a_file_without_a_length_is_read_to_its_end(play, scheme):
    """Those of /proc say 0 bytes."""
    want = Path("/proc/version").read_bytes()
    assert Path("/proc/version").stat().st_size == 0
    document = play.json("split", "/proc/version", *_words(play), "--scheme", scheme)
    assert document["record_bytes"] == len(want)


@pytest.mark.parametrize("scheme", ["ssms-1tn", "xor-1tn"])
@pytest.mark.parametrize(("by", "said"), [(-1, "has more"), (1, f"has only {len(RECORD)}")])
def test_a_record_that_changes_while_it_is_read_is_refused(play, monkeypatch, scheme, by, said):
    """It was shorter or longer a moment ago."""
    source = play.file("record")
    looked = os.fstat
    found = SimpleNamespace(st_mode=source.stat().st_mode, st_size=len(RECORD) + by)
    monkeypatch.setattr(
        share_split.os, "fstat", lambda fd: found if looked(fd).st_size else looked(fd)
    )
    status, why = play.bad("split", source, *_words(play), "--scheme", scheme)
    assert (status, said in why) == (2, True), why
    assert play.names() == ["record"]


def test_a_closed_stdin_is_told(play, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    status, why = play.bad("split", "-", *_words(play))
    assert (status, why) == (2, "-: stdin is closed")
    assert play.names() == []
