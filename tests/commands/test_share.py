"""``wardnet share`` as a whole: every set of files, and what is never printed."""

import os
import signal
import subprocess
import sys
import time
from base64 import b32encode
from itertools import combinations
from pathlib import Path

import pytest

from node.commands.main import main
from node.sss.bundle import Bundle
from node.sss.claims import CLAIMS
from tests.commands.share_play import RECORD, SCHEMES, SharePlay

COMMAND = [sys.executable, "-m", "node.commands.main"]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def play(tmp_path, capfdbinary):
    return SharePlay(tmp_path, capfdbinary)


def test_help_says_the_claims_word_for_word(capsys):
    assert main(["share", "split", "--help"]) == 0
    # lines are folded at spaces and behind hyphens
    said = "".join(capsys.readouterr().out.split())
    for name, claim in CLAIMS.items():
        assert "".join(f"{name}: {claim}".split()) in said


def test_the_group_lists_its_commands(capsys):
    assert main(["share", "--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"  {name} " in said for name in ("split", "combine", "inspect", "qr"))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("t", "n"), [(3, 4), (3, 5), (5, 6)])
def test_every_large_enough_set_opens_and_no_smaller_one(play, scheme, t, n):
    essential, custodians = play.split(t=t, n=n, scheme=scheme)
    for count in range(1, n):
        for chosen in combinations(custodians, count):
            if count >= t - 1:
                assert play.combine(essential, reversed(chosen)) == RECORD
            else:
                status, why = play.bad("combine", "--essential", essential, *chosen)
                assert status == 3
                assert f"{count} of {t - 1} needed custodian indices are present" in why


@pytest.mark.parametrize(("t", "n"), [(2, 2), (2, 5), (4, 4), (2, 255), (255, 255)])
def test_the_edges_of_the_plan_open(play, t, n):
    essential, custodians = play.split(t=t, n=n, record=b"x")
    assert play.combine(essential, custodians[-(t - 1) :]) == b"x"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_payload_no_salt_and_no_key_is_ever_printed(play, scheme):
    """All commands, with and without faults; hex, base32 and raw bytes of every secret."""
    essential, custodians = play.split(scheme=scheme, record=RECORD[:64])
    files = [essential, *custodians]
    out = play.folder / "record"
    play.good("inspect", *files)
    play.json("inspect", *files)
    play.json("combine", "--essential", essential, *custodians, "--out", out)
    play.bad("combine", "--essential", essential, *custodians, "--out", out)
    play.bad("combine", "--essential", essential, custodians[0])
    play.bad("combine", "--essential", custodians[0], *custodians)
    play.bad("qr", essential)
    spoiled = play.file("spoiled", custodians[0].read_bytes()[:-1])
    play.bad("inspect", spoiled)
    play.run("combine", "--essential", essential, spoiled, custodians[1], "--out", out)
    bundles = [Bundle.decode(path.read_bytes()) for path in files]
    secrets = [RECORD[:64], b"CANARY-7F3A"]
    for bundle in bundles:
        secrets += [bundle.share.payload, bundle.share.salt]
        secrets += [bundle.fragment[88:-32]] if bundle.fragment else []
    shown = play.printed
    for secret in secrets:
        start = secret[:24]
        base32 = b32encode(secret[: len(secret) // 5 * 5])[:32]
        for form in (start, start.hex().encode(), start.hex().upper().encode(), base32):
            assert form not in shown


def _stopped(tmp_path, words, stdin=None):
    """Start a command, wait until it has files open, press Ctrl-C; give its exit code."""
    with subprocess.Popen(
        [*COMMAND, "share", *map(str, words)],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.rglob(".wardnet-part-*")):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        return process.returncode


@pytest.mark.slow
def test_ctrl_c_leaves_nothing_of_a_split(tmp_path):
    """The record comes through a pipe that never ends, so that the command is surely at work."""
    out, essential = tmp_path / "a" / "deal", tmp_path / "essential"
    read, write = os.pipe()
    os.write(write, RECORD)
    words = ("split", "-", "-t", 3, "-n", 5, "--essential", essential, "--out", out)
    try:
        assert _stopped(tmp_path, words, stdin=read) == 130
    finally:
        os.close(read)
        os.close(write)
    assert list(tmp_path.rglob("*")) == []
