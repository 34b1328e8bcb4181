"""``wardnet store serve`` as a process of its own, with a store on disk."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ipfs_lite.rpc_calls import BOUNDARY, files
from tests.rpc.running import ask

pytestmark = pytest.mark.net
PROGRAM = (
    "import sys, typer\n"
    "from node.commands import main, store_serve\n"
    "main.app = typer.Typer()\n"
    "main.app.command()(store_serve.serve)\n"
    "sys.exit(main.main())\n"
)
ANY = ("--gateway", "127.0.0.1:0", "--api", "127.0.0.1:0")
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
Stop = Callable[[int], int]


@contextmanager
def serving(data: Path, *words: str) -> Iterator[tuple[int, int, Stop]]:
    """Start the command; give the ports of gateway and RPC, and what sends it a signal."""
    command = [sys.executable, "-c", PROGRAM, "--data", str(data), *ANY, *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        urls = json.loads(line)

        def stop(number: int) -> int:
            process.send_signal(number)
            return process.wait(10)

        yield int(urls["gateway"].split(":")[2]), int(urls["api"].split(":")[2]), stop
    finally:
        process.kill()
        process.communicate()


def refused(*words: str) -> tuple[int, str]:
    """Run the command where it fails at once; give exit code and stderr."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_added_is_there_after_a_restart(tmp_path: Path, number: int) -> None:
    with serving(tmp_path, "--class", "public") as (_, api, stop):
        status, _, line = ask(api, "POST", "/api/v0/add", files(x=b"hello world"), **FORM)
        assert status == 200
        cid = json.loads(line)["Hash"]
        assert stop(number) == 0
    with serving(tmp_path) as (gateway, api, stop):
        assert ask(gateway, "GET", f"/ipfs/{cid}?format=raw")[2] == b"hello world"
        status, _, answer = ask(api, "POST", "/api/v0/repo/stat")
        stat = json.loads(answer)
        assert (status, stat["NumObjects"], stat["RepoSize"]) == (200, 1, 11)
        assert str(tmp_path) not in answer.decode()
        [pin] = json.loads(ask(api, "POST", "/api/v0/pin/ls")[2])["Keys"]
        assert pin == cid


@pytest.mark.slow
def test_without_a_class_uploads_have_to_name_one(tmp_path: Path) -> None:
    with serving(tmp_path) as (_, api, _):
        status, _, answer = ask(api, "POST", "/api/v0/add", files(x=b"1"), **FORM)
        assert status == 400
        assert "pass class=sealed" in json.loads(answer)["Message"]
        path = "/api/v0/add?class=sealed"
        assert ask(api, "POST", path, files(x=b"1"), **FORM)[0] == 200


@pytest.mark.slow
def test_the_token_of_the_file_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("0123456789abcdef\n")
    with serving(tmp_path / "data", "--token-file", str(tmp_path / "token")) as (gateway, api, _):
        assert ask(api, "POST", "/api/v0/version")[0] == 401
        assert ask(gateway, "GET", "/ipfs/bafkqaaa")[0] == 401
        bearer = {"Authorization": "Bearer 0123456789abcdef"}
        assert ask(api, "POST", "/api/v0/version", **bearer)[0] == 200
        assert ask(gateway, "GET", "/ipfs/bafkqaaa?format=raw", **bearer)[0] == 200


@pytest.mark.slow
def test_a_second_server_over_the_same_store_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path):
        status, talk = refused("--data", str(tmp_path), *ANY)
    assert status == 3
    assert "another process" in talk


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--gateway", "here"), "--gateway here: wants an IP address and a port"),
        (("--api", "0.0.0.0:0"), "the RPC listens on loopback only, not on 0.0.0.0"),
        (("--gateway", "0.0.0.0:0"), "pass --expose if that is meant"),
        (("--expose",), "--expose: wants --token-file too"),
        (("--class", "secret"), "--class 'secret': wants sealed or public"),
        (("--token-file", "absent"), "--token-file absent: No such file or directory"),
    ],
)
def test_what_cannot_be_served_is_said(
    tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    status, talk = refused("--data", str(tmp_path), *words)
    assert status == 2
    assert sentence in talk
