"""curl against gateway and RPC on real sockets."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.ipfs_lite.car_read import CarReader
from node.ipfs_lite.cid import from_text, make_cid, to_text
from node.rpc.store_sites import HostPort, api_site, gateway_site
from tests.ipfs_lite.rpc_calls import Rpc
from tests.ipfs_lite.tampering import tamper
from tests.rpc.running import running

pytestmark = [
    pytest.mark.net,
    pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl"),
]
ANY = HostPort("127.0.0.1", 0)
DATA = bytes(range(256)) * 40
ABSENT = to_text(make_cid(b"absent"))


class Curl:
    """A store in memory behind both sites."""

    def __init__(self, rpc: Rpc, gateway: int, api: int) -> None:
        self.rpc = rpc
        self.gateway = f"http://127.0.0.1:{gateway}/ipfs"
        self.api = f"http://127.0.0.1:{api}/api/v0"

    def run(self, *words: str, code: int = 0) -> bytes:
        """Run curl; give what it prints."""
        done = subprocess.run(
            ["curl", "-sS", "--max-time", "30", *words], capture_output=True, check=False
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    def answer(self, *words: str) -> bytes:
        """Give status line, headers and body, without the date."""
        lines = self.run("-i", *words).split(b"\r\n")
        return b"\r\n".join(line for line in lines if not line.lower().startswith(b"date:"))


@pytest.fixture
def curl() -> Iterator[Curl]:
    rpc = Rpc()
    with running(gateway_site(rpc.store, ANY), api_site(rpc.backend, ANY)) as [gateway, api]:
        yield Curl(rpc, gateway, api)


def test_a_block_is_read_raw(curl: Curl) -> None:
    cid = curl.rpc.add(DATA)
    assert curl.run(f"{curl.gateway}/{cid}?format=raw") == DATA
    assert curl.run("-H", "Accept: application/vnd.ipld.raw", f"{curl.gateway}/{cid}") == DATA


def test_head_has_the_headers_of_get(curl: Curl) -> None:
    cid = curl.rpc.add(DATA)
    head = curl.answer("-I", f"{curl.gateway}/{cid}?format=raw")
    whole = curl.answer(f"{curl.gateway}/{cid}?format=raw")
    assert head == whole[: -len(DATA)]
    assert b"\r\ncontent-length: 10240\r\n" in head.lower()


def test_a_graph_is_read_as_a_car(curl: Curl) -> None:
    cid = curl.rpc.add(DATA, "chunker=size-256")
    reader = CarReader([curl.run(f"{curl.gateway}/{cid}?format=car")])
    assert next(to_text(block.cid) for block in reader) == cid
    assert [to_text(root) for root in reader.roots] == [cid]


def test_a_range_of_a_file_brings_only_its_blocks(curl: Curl) -> None:
    sent = b"".join(bytes((n,)) * 256 for n in range(20))
    cid = curl.rpc.add(sent, "chunker=size-256")
    query = "format=car&dag-scope=entity&entity-bytes=256:767"
    reader = CarReader([curl.run(f"{curl.gateway}/{cid}?{query}")])
    assert [block.data for block in reader][1:] == [bytes((1,)) * 256, bytes((2,)) * 256]


def test_absent_bad_and_erased_blocks_get_the_same_answer(curl: Curl) -> None:
    bad = curl.rpc.add(b"bad")
    tamper(curl.rpc.store, from_text(bad))
    answers = {
        curl.answer(f"{curl.gateway}/{cid}?format={form}")
        for cid in (ABSENT, bad)
        for form in ("raw", "car")
    }
    assert len(answers) == 1
    assert answers.pop().startswith(b"HTTP/1.1 404 ")


def test_a_car_that_cannot_be_whole_is_an_error_of_the_transfer(curl: Curl) -> None:
    sent = b"".join(bytes((n,)) * 70_000 for n in range(20))
    cid = curl.rpc.add(sent, "chunker=size-70000")
    curl.rpc.store.delete(make_cid(bytes((19,)) * 70_000))
    partial = 18  # curl's code for a transfer that ended early
    url = f"{curl.gateway}/{cid}?format=car"
    assert len(curl.run(url, code=partial)) > 19 * 70_000


def test_a_file_and_a_folder_are_added(curl: Curl, tmp_path: Path) -> None:
    (tmp_path / "a file.txt").write_bytes(DATA)
    url = f"{curl.api}/add?cid-version=1"
    [line] = curl.run("-F", f"file=@{tmp_path / 'a file.txt'}", url).splitlines()
    added = json.loads(line)
    assert added["Name"] == "a file.txt"
    folder = f"file=@{tmp_path / 'a file.txt'};filename=d%2Fe%2Fx"
    lines = [json.loads(line) for line in curl.run("-F", folder, url).splitlines()]
    assert [line["Name"] for line in lines] == ["d/e/x", "d/e", "d"]
    assert curl.run("-X", "POST", f"{curl.api}/cat?arg={lines[-1]['Hash']}/e/x") == DATA


def test_a_large_file_is_added_and_read(curl: Curl, tmp_path: Path) -> None:
    sent = bytes(range(251)) * 50_000
    (tmp_path / "large").write_bytes(sent)
    [line] = curl.run("-F", f"file=@{tmp_path / 'large'}", f"{curl.api}/add").splitlines()
    assert curl.run("-X", "POST", f"{curl.api}/cat?arg={json.loads(line)['Hash']}") == sent


def test_an_upload_that_is_refused_shows_why(curl: Curl, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(5 * 2**20))
    sent = f"file=@{tmp_path / 'large'}"
    answer = curl.answer("-H", "Expect:", "-F", sent, f"{curl.api}/add?onlyhash=true")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"did you mean 'only-hash'?" in answer


def test_get_is_no_method_of_the_rpc(curl: Curl) -> None:
    assert curl.answer(f"{curl.api}/version").startswith(b"HTTP/1.1 405 ")


def test_a_name_that_was_bound_to_loopback_is_refused(curl: Curl) -> None:
    cid = curl.rpc.add(DATA)
    for url in (f"{curl.gateway}/{cid}?format=raw", f"{curl.api}/version"):
        port = url.split(":")[2].split("/")[0]
        resolve = f"evil.example:{port}:127.0.0.1"
        foreign = url.replace("127.0.0.1", "evil.example")
        answer = curl.answer("--resolve", resolve, "-X", "POST", foreign)
        assert answer.startswith(b"HTTP/1.1 403 ")
