"""``wardnet share`` as a whole: every set of files, and what is never printed."""

import hashlib
import os
import resource
import select
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
from tests.commands.share_play import RECORD, SCHEMES, SharePlay, spoil

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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("t", "n", "scheme"),
    [
        (2, 2, "ssms-1tn"),
        (2, 255, "ssms-1tn"),
        (128, 255, "ssms-1tn"),
        (255, 255, "ssms-1tn"),
        (128, 255, "xor-1tn"),
        (69, 70, "nlss-q"),
        (255, 255, "nlss-q"),
    ],
)
def test_the_smallest_and_the_largest_deals_open(play, t, n, scheme):
    """With the 256 files that a shell lets a process open, unless it asks for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        essential, custodians = play.split(t=t, n=n, scheme=scheme)
        assert len(custodians) == n - 1
        assert play.combine(essential, custodians) == RECORD
        assert play.combine(essential, custodians[1 - t :]) == RECORD
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_no_name_commands_the_terminal(play):
    """A file whose name has a line break and an escape sequence, in every message about it."""
    essential, custodians = play.split()
    odd = play.file("ev\nil\x1b[31m", custodians[0].read_bytes())
    shown = str(odd).replace("\n", "\\n").replace("\x1b", "\\x1b")
    _, why = play.bad("combine", "--essential", odd, *custodians)
    assert shown in why
    _, why = play.bad("combine", "--essential", essential, odd, custodians[0])
    assert shown in why
    spoil(odd, 40)
    _, why = play.bad("combine", "--essential", essential, odd)
    assert why.startswith(shown)
    _, why = play.bad("inspect", odd)
    assert why.startswith(shown)
    status, _, err = play.run("combine", "--essential", essential, odd, *custodians[1:])
    assert (status, f"warning: {shown}: " in err) == (0, True)
    assert b"\x1b" not in play.printed


def test_a_name_that_cannot_be_looked_at_is_told(play):
    essential, custodians = play.split()
    long = play.folder / ("x" * 300)
    words = ("combine", "--essential", essential, *custodians, "--out", long)
    assert play.bad(*words) == (2, f"{long}: File name too long")
    words = ("-t", 3, "-n", 5, "--essential", play.folder / "e", "--out")
    record = play.file("record")
    assert play.bad("split", record, *words, long) == (2, f"{long}: File name too long")
    nowhere = play.folder / "link"
    nowhere.symlink_to(play.folder / "nowhere")
    assert play.bad("split", record, *words, nowhere) == (2, f"{nowhere}: is no folder")


def _stopped(words, stop):
    """Start a command that reads a pipe, stop it when it has read; give its exit code.

    The pipe never ends, so the command is surely at work.
    """
    read, write = os.pipe()
    os.write(write, RECORD)
    process = subprocess.Popen(
        [*COMMAND, "share", *map(str, words)],
        stdin=read,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        deadline = time.monotonic() + 60
        while select.select([read], [], [], 0)[0]:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(stop)
        process.communicate(timeout=60)
        return process.returncode
    finally:
        process.kill()
        process.communicate()
        os.close(read)
        os.close(write)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stop", "status", "left"),
    [
        (signal.SIGINT, 130, []),
        (signal.SIGTERM, -signal.SIGTERM, ["a", "a/deal"]),
        (signal.SIGKILL, -signal.SIGKILL, ["a", "a/deal"]),
    ],
)
def test_a_split_that_is_stopped_leaves_no_file(tmp_path, stop, status, left):
    """Ctrl-C takes away the folders, too; nothing can when the process is killed."""
    words = ("split", "-", "-t", 3, "-n", 5, "--essential", tmp_path / "essential")
    assert _stopped((*words, "--out", tmp_path / "a" / "deal"), stop) == status
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == left


_LARGE_BYTES = 100 * 10**6
_MORE_RSS_BYTES_MAX = 16 * 2**20
"""What a large record may need in memory more than one of a byte: 8 MiB of rows, and caches."""


_MEASURING = """
import sys
from pathlib import Path
from node.commands.main import main
status = main(sys.argv[1:])
lines = Path("/proc/self/status").read_text().splitlines()
print(next(line.split()[1] for line in lines if line.startswith("VmHWM")), file=sys.stderr)
sys.exit(status)
"""


def _measured(*words):
    """Run a command; give its exit code and its peak of memory in bytes.

    Not by wait4: what that tells includes the process that started the command.
    """
    done = subprocess.run(
        [sys.executable, "-c", _MEASURING, "share", *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        check=False,
    )
    return done.returncode, int(done.stderr.splitlines()[-1]) * 1024


def _sha256(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@pytest.mark.slow
def test_a_hundred_megabytes_open_from_every_set_in_bounded_memory(tmp_path):
    """(3,5): all six pairs of custodians, every larger set, no single one."""
    words = ("-t", 3, "-n", 5)
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"x")
    large.write_bytes(os.urandom(_LARGE_BYTES))
    peaks = {}
    for source in (small, large):
        places = (
            "--essential",
            tmp_path / f"{source.name}.e",
            "--out",
            tmp_path / "d" / source.name,
        )
        status, peaks["split", source.name] = _measured("split", source, *words, *places)
        assert status == 0
    want = _sha256(large)
    large.unlink()
    essential = tmp_path / "large.e"
    custodians = sorted((tmp_path / "d" / "large").iterdir())
    out = tmp_path / "out"
    for count in range(1, 5):
        for chosen in combinations(custodians, count):
            status, peak = _measured("combine", "--essential", essential, *chosen, "--out", out)
            if count == 1:
                assert (status, out.exists()) == (3, False)
                continue
            assert (status, _sha256(out)) == (0, want)
            out.unlink()
            peaks["combine", "large"] = max(peak, peaks.get(("combine", "large"), 0))
    small_files = sorted((tmp_path / "d" / "small").iterdir())
    _, peaks["combine", "small"] = _measured(
        "combine", "--essential", tmp_path / "small.e", *small_files
    )
    for name in ("split", "combine"):
        assert peaks[name, "large"] - peaks[name, "small"] < _MORE_RSS_BYTES_MAX, peaks
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d", "large.e", "small", "small.e"]
