import os
from pathlib import Path

import pytest

from node.bench import servers
from node.bench.errors import CandidateFaultError
from node.bench.rpc_client import RpcClient
from node.bench.servers import CLIENT_NAMES, Start, find_clients, running
from node.bench.workload import CHAIN_ID
from tests.bench.fakes import fake

pytestmark = [
    pytest.mark.net,
    pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups"),
]


def is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_server_answers_inside_and_is_gone_behind() -> None:
    with running(fake()) as server:
        with RpcClient(server.name, server.port) as rpc:
            assert int(rpc.call("eth_chainId"), 16) == CHAIN_ID
        assert is_alive(server.group)
    assert not is_alive(server.group)


def test_server_is_gone_after_an_error_inside() -> None:
    groups: list[int] = []

    def fail() -> None:
        with running(fake()) as server:
            groups.append(server.group)
            raise ValueError("the bench itself failed")

    with pytest.raises(ValueError, match="itself failed"):
        fail()
    assert not is_alive(groups[0])


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ("dead", "ended with 1: the licence has run out"),
        ("other-chain", f"serves chain 1, not {CHAIN_ID}"),
        ("garbled", "no JSON-RPC answer"),
    ],
)
def test_server_that_cannot_serve_is_told(behaviour: str, said: str) -> None:
    with pytest.raises(CandidateFaultError, match=f"^fake: {said}"), running(fake(behaviour)):
        pass


def test_server_that_stays_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "START_SECONDS_MAX", 0)
    with pytest.raises(CandidateFaultError, match="no answer after 0 s"), running(fake()):
        pass


def test_clients_that_are_not_installed_are_absent_with_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found, absent = find_clients(tmp_path)
    assert found == []
    assert list(absent) == list(CLIENT_NAMES)
    assert absent["hardhat"] == f"{tmp_path}/node_modules/.bin/hardhat does not exist"


def test_client_that_does_not_start_is_absent_with_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    folder = tmp_path / "node_modules" / ".bin"
    folder.mkdir(parents=True)
    for name in CLIENT_NAMES:
        (folder / name).write_text("#!/bin/sh\necho wants a newer node >&2\nexit 4\n")
        (folder / name).chmod(0o755)
    _, absent = find_clients(tmp_path)
    said = {name: f"{name}: ended with 4: wants a newer node" for name in CLIENT_NAMES}
    assert absent == said


def test_program_that_cannot_be_run_is_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    folder = tmp_path / "node_modules" / ".bin"
    folder.mkdir(parents=True)
    (folder / "ganache").write_text("no program")
    assert "Permission denied" in find_clients(tmp_path)[1]["ganache"]


def test_system_without_process_groups_has_no_clients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "killpg")
    found, absent = find_clients(tmp_path)
    assert found == []
    assert len(absent) == len(CLIENT_NAMES)


@pytest.mark.parametrize("name", CLIENT_NAMES)
@pytest.mark.parametrize("block_s", [0, 1])
def test_words_name_port_and_chain(name: str, block_s: int, tmp_path: Path) -> None:
    program = tmp_path / "node_modules" / ".bin" / name
    program.parent.mkdir(parents=True)
    folder = tmp_path / "own"
    folder.mkdir()
    words = servers._WORDS[name](Start(program, 12345, folder, block_s))
    written = "".join(path.read_text() for path in folder.glob("*.js"))
    assert "12345" in words
    assert str(CHAIN_ID) in " ".join(words) + written
