"""Other clients as servers on this machine: where npm put them, how they start, when they answer.

All get the workload's chain: its chain id, its gas limit, price 0, and a block as soon as there is
a transaction, or one block a second.  ganache has no way to a base fee of 0, so it runs under
Berlin rules, which know none; the others run under London rules.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Protocol

from node.bench.errors import CandidateFaultError
from node.bench.rpc_client import RpcClient
from node.bench.workload import BLOCK_GAS_LIMIT, CHAIN_ID, SENDER_SECRET

START_SECONDS_MAX: Final = 60
STOP_SECONDS_MAX: Final = 10
_POLL_S: Final = 0.05
_BALANCE_WEI: Final = 10**20
_SAID_CHARS_MAX: Final = 300
_LOG: Final = "server.log"


class Words(Protocol):
    """What starts a client."""

    def __call__(self, start: "Start") -> Sequence[str]:
        """Give the program and its words; may write into the folder."""
        ...


@dataclass(frozen=True, slots=True)
class Start:
    """What a client is started with."""

    program: Path
    port: int
    folder: Path
    """Its own, empty."""
    block_s: int
    """Seconds between blocks; 0: a block for each transaction."""


@dataclass(frozen=True, slots=True)
class Client:
    """One program that serves Ethereum's JSON-RPC."""

    name: str
    program: Path
    words: "Words"
    """Gives what starts it."""


@dataclass(frozen=True, slots=True)
class Server:
    """A client that runs."""

    name: str
    port: int
    group: int
    """Its process group, which holds all that it starts."""


def find_clients(folder: Path) -> tuple[list[Client], dict[str, str]]:
    """Look for the clients below ``folder/node_modules``, anvil also on the PATH.

    Each one found is started once: a client that does not start here is absent too.
    returns       those that answer, and name -> reason for the others.
    """
    found: list[Client] = []
    absent: dict[str, str] = {}
    if not hasattr(os, "killpg"):
        return [], dict.fromkeys(_WORDS, "this system has no process groups to measure and to end")
    for name, words in _WORDS.items():
        program = _program(folder, name)
        if program is None:
            absent[name] = f"{folder / 'node_modules' / '.bin' / name} does not exist"
            continue
        client = Client(name, program, words)
        try:
            with running(client):
                found.append(client)
        except (CandidateFaultError, OSError) as error:
            absent[name] = str(error)
    return found, absent


def _program(folder: Path, name: str) -> Path | None:
    installed = folder.resolve() / "node_modules" / ".bin" / name
    if installed.exists():
        return installed
    on_path = shutil.which(name) if name == "anvil" else None
    return None if on_path is None else Path(on_path)


@contextmanager
def running(client: Client, block_s: int = 0) -> Generator[Server]:
    """Start a client, wait until it answers, end it and all that it started.

    ``block_s``   seconds between blocks; 0: a block for each transaction.

    raises        CandidateFaultError: it ended, or did not answer within a minute.
    """
    with TemporaryDirectory(prefix="wardnet-bench-") as name:
        folder = Path(name)
        port = _free_port()
        with (folder / _LOG).open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - a client that the operator installed
                client.words(Start(client.program, port, folder, block_s)),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a process group of its own, to count and to end
            )
        try:
            _await(client.name, process, port, folder / _LOG)
            yield Server(client.name, port, process.pid)
        finally:
            _end(process)


def _await(name: str, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline_s = time.monotonic() + START_SECONDS_MAX
    while process.poll() is None and time.monotonic() < deadline_s:
        try:
            with RpcClient(name, port) as rpc:
                chain_id = int(rpc.call("eth_chainId"), 16)
        except OSError:  # nobody listens yet
            time.sleep(_POLL_S)
            continue
        if chain_id != CHAIN_ID:
            raise CandidateFaultError(name, f"serves chain {chain_id}, not {CHAIN_ID}")
        return
    said = " ".join(log.read_text("utf-8", "replace").split())[:_SAID_CHARS_MAX]
    status = process.poll()
    how = f"no answer after {START_SECONDS_MAX} s" if status is None else f"ended with {status}"
    raise CandidateFaultError(name, f"{how}: {said}" if said else how)


def _end(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _anvil(start: Start) -> Sequence[str]:
    return (
        *(str(start.program), "--port", str(start.port), "--host", "127.0.0.1", "--quiet"),
        *("--chain-id", str(CHAIN_ID), "--gas-limit", str(BLOCK_GAS_LIMIT), "--accounts", "0"),
        *("--hardfork", "london", "--block-base-fee-per-gas", "0", "--gas-price", "0"),
        *(("--block-time", str(start.block_s)) if start.block_s else ()),
    )


def _ganache(start: Start) -> Sequence[str]:
    return (
        *(str(start.program), "--server.port", str(start.port), "--server.host", "127.0.0.1"),
        *("--logging.quiet", "--chain.hardfork", "berlin", "--chain.chainId", str(CHAIN_ID)),
        *("--miner.blockGasLimit", str(BLOCK_GAS_LIMIT)),
        *("--miner.blockTime", str(start.block_s)),
        *("--wallet.accounts", f"0x{SENDER_SECRET.hex()},{_BALANCE_WEI:#x}"),
    )


def _hardhat(start: Start) -> Sequence[str]:
    # hardhat runs in a project that has it installed: here is one
    packages = start.program.parent.parent
    (start.folder / "node_modules").symlink_to(packages, target_is_directory=True)
    (start.folder / "package.json").write_text(json.dumps({"private": True, "type": "module"}))
    network = {
        "type": "edr-simulated",
        "chainId": CHAIN_ID,
        "hardfork": "london",
        "blockGasLimit": BLOCK_GAS_LIMIT,
        "initialBaseFeePerGas": 0,
        "gasPrice": 0,
        "loggingEnabled": False,
        "mining": {"auto": start.block_s == 0, "interval": start.block_s * 1_000},
        "accounts": [{"privateKey": f"0x{SENDER_SECRET.hex()}", "balance": str(_BALANCE_WEI)}],
    }
    settings = json.dumps({"networks": {"node": network}})
    (start.folder / "hardhat.config.js").write_text(f"export default {settings};\n")
    program = start.folder / "node_modules" / ".bin" / start.program.name
    return (str(program), "node", "--port", str(start.port), "--hostname", "127.0.0.1")


_WORDS: Final[dict[str, Words]] = {"anvil": _anvil, "hardhat": _hardhat, "ganache": _ganache}
CLIENT_NAMES: Final = tuple(_WORDS)
