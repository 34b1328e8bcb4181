"""``wardnet share qr``: the essential share as a code, and back from its line."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from node.privacy.qr import qr_letters, qr_png, qr_svg
from node.sss.bundle import Bundle
from node.sss.essential_text import to_text
from tests.commands.share_play import RECORD, SharePlay

KNOWN = "--i-know-this-is-a-key"


@pytest.fixture
def play(tmp_path, capfdbinary):
    return SharePlay(tmp_path, capfdbinary)


def _line(essential):
    return to_text(Bundle.decode(essential.read_bytes()).share)


def test_the_line_stands_in_for_the_patients_file(play):
    essential, custodians = play.split()
    said = play.good("qr", essential, KNOWN, "--text")
    assert said.decode() == _line(essential) + "\n"
    essential.unlink()
    line = play.file("line", b"  " + said + b"\r\n")
    assert play.combine(line, custodians[1:3]) == RECORD
    assert play.good("qr", line, KNOWN, "--text") == said


@pytest.mark.parametrize(("option", "draw"), [("--svg", qr_svg), ("--png", qr_png)])
def test_a_picture_is_a_new_file_of_its_owner(play, option, draw):
    essential, _ = play.split()
    out = play.folder / "picture"
    assert play.good("qr", essential, KNOWN, option, out) == b""
    assert out.read_bytes() == draw(_line(essential))
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    status, why = play.bad("qr", essential, KNOWN, option, out)
    assert (status, "exists already" in why) == (2, True)


def test_the_terminal_shows_the_code(play):
    essential, _ = play.split()
    said = play.good("qr", essential, KNOWN).decode()
    assert said.splitlines() in [
        qr_letters(_line(essential), ascii_only=only) for only in (True, False)
    ]


def test_a_key_is_not_shown_by_accident(play):
    essential, _ = play.split()
    status, why = play.bad("qr", essential)
    assert (status, "wants --i-know-this-is-a-key" in why) == (2, True)


def test_one_form_at_a_time(play):
    essential, _ = play.split()
    out = play.folder / "picture"
    status, why = play.bad("qr", essential, KNOWN, "--svg", out, "--text")
    assert (status, "wants one of" in why, out.exists()) == (2, True, False)


@pytest.mark.parametrize("scheme", ["xor-1tn", "nlss-q"])
def test_schemes_with_long_shares_are_refused_with_the_reason(play, scheme):
    essential, _ = play.split(scheme=scheme)
    status, why = play.bad("qr", essential, KNOWN)
    assert (status, "as long as the record" in why) == (2, True)


def test_a_custodians_share_is_refused(play):
    _, custodians = play.split()
    status, why = play.bad("qr", custodians[1], KNOWN)
    assert (status, "the share of custodian 2" in why) == (2, True)


def test_a_terminal_of_ascii_gets_ascii(play):
    essential, _ = play.split()
    done = subprocess.run(
        [sys.executable, "-m", "node.commands.main", "share", "qr", str(essential), KNOWN],
        capture_output=True,
        check=True,
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "LC_ALL": "C"},
    )
    assert done.stdout.decode("ascii").splitlines() == qr_letters(_line(essential), ascii_only=True)


def test_the_line_comes_through_a_pipe(play):
    """As from a scanner: the file of the line is /dev/stdin."""
    essential, custodians = play.split()
    words = ["share", "combine", "--essential", "/dev/stdin", *map(str, custodians[:2])]
    done = subprocess.run(
        [sys.executable, "-m", "node.commands.main", *words],
        input=_line(essential).encode() + b"\n",
        capture_output=True,
        check=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert done.stdout == RECORD
