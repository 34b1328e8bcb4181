"""go-ethereum v1.13.15 as a judge: WARDNET_GETH names the program, else PATH is searched.

It runs without a network: no peers, no ports, no sockets.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from node.base.keccak import keccak256
from node.base.keys import PrivateKey

VERSION = "1.13.15"
"""The last one that seals with Clique."""
ALONE = (
    *("--nodiscover", "--maxpeers", "0", "--port", "0", "--nat", "none"),
    *("--authrpc.port", "0", "--ipcdisable"),
)
SECRETS = [keccak256(b"wardnet geth test key %d" % n) for n in range(2)]
A, B = (PrivateKey.from_bytes(secret) for secret in SECRETS)

HELPERS = """
var a = "0x%s", b = "0x%s", signer = a;
function until(done, step) {
  for (var tries = 0; !done() && tries < 400; tries++) { if (step) step(tries); admin.sleep(0.05); }
  if (!done()) throw "waited in vain for " + done;
}
function as(other) {
  signer = other;
  miner.stop(); until(function () { return !eth.mining; });  // a start before that is lost
  miner.setEtherbase(signer);
  miner.start(); until(function () { return eth.mining; });
}
function wait(number) {  // whoever signed recently must let the other one
  until(function () { return eth.blockNumber >= number; },
        function (tries) { if (tries %% 20 == 19) as(signer == a ? b : a); });
}
function send(fields) {
  fields.from = fields.from || a;
  fields.gas = fields.gas || 200000;
  if (!fields.gasPrice) { fields.maxFeePerGas = 3e9; fields.maxPriorityFeePerGas = 1; }
  var number = eth.blockNumber;
  eth.sendTransaction(fields);
  wait(number + 1);
}
function vote(subject, admit, count) {
  clique.propose(subject, admit);
  until(function () { return clique.getSigners().length == count; },
        function () { send({to: b, value: 1}); });
  clique.discard(subject);
}
"""


def find_geth() -> str:
    """Give the program; skip without it or with another version."""
    program = os.environ.get("WARDNET_GETH") or shutil.which("geth")
    if program is None:
        pytest.skip(f"needs geth {VERSION}: set WARDNET_GETH or put it on PATH")
    said = subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout
    if f"Version: {VERSION}" not in said:
        pytest.skip(f"needs geth {VERSION}, {program} is another version")
    return program


class Geth:
    """One data directory."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def _run(self, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [self._program, "--datadir", str(self._folder / "data"), *words],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        if check:
            assert done.returncode == 0, done.stderr
        return done

    def init(self, genesis: Path) -> None:
        """Begin a chain."""
        self._run("init", str(genesis))

    def import_chain(self, blocks: Path) -> str:
        """Import a chain file; give what geth says about it."""
        return self._run("--syncmode", "full", "import", str(blocks), check=False).stderr

    def export(self, blocks: Path) -> bytes:
        """Give the chain as geth exports it."""
        self._run("export", str(blocks))
        return blocks.read_bytes()

    def head(self) -> tuple[int, str]:
        """Give number and hash of the head."""
        block = self.ask('eth.getBlock("latest")')
        return block["number"], block["hash"]

    def ask(self, expression: str) -> Any:
        """Give the value of an expression of geth's console."""
        words = (*ALONE, "--exec", f"JSON.stringify({expression})", "console")
        return json.loads(json.loads(self._run(*words).stdout))

    def mine(self, script: str, keys: Sequence[bytes] = SECRETS) -> None:
        """Seal blocks as the script says; it has the functions of HELPERS."""
        password = self._folder / "password"
        password.write_text("x\n" * len(keys))
        addresses: list[str] = []
        for secret in keys:
            file = self._folder / "key"
            file.write_text(secret.hex())
            self._run("account", "import", "--lightkdf", "--password", str(password), str(file))
            addresses.append(f"0x{PrivateKey.from_bytes(secret).address.hex()}")
        source = self._folder / "script.js"
        source.write_text(HELPERS % (A.address.hex(), B.address.hex()) + script + "\n'done'\n")
        said = self._run(
            *ALONE,
            *("--mine", "--miner.etherbase", addresses[0]),
            *("--unlock", ",".join(addresses), "--password", str(password)),
            *("--allow-insecure-unlock", "--gcmode", "archive"),
            *("--exec", f"loadScript({json.dumps(str(source))})", "console"),
        )
        assert said.stdout.strip() == '"done"', said.stdout + said.stderr


def clique_genesis(*, period: int, epoch: int = 30_000, **changes: Any) -> dict[str, Any]:
    """Give a genesis.json that A seals, written by hand: no code of ours decides what is in it."""
    forks = "homestead eip150 eip155 eip158 byzantium constantinople petersburg istanbul berlin"
    config: dict[str, Any] = {"chainId": 4242}
    config |= {f"{name}Block": 0 for name in (*forks.split(), "london")}
    return {
        "config": config | {"clique": {"period": period, "epoch": epoch}},
        "difficulty": "0x1",
        "gasLimit": "0x1c9c380",
        "extraData": "0x" + "00" * 32 + A.address.hex() + "00" * 65,
        "alloc": {
            A.address.hex(): {"balance": hex(10**20)},
            "00000000000000000000000000000000000000aa": {"balance": "0x0"},
            "00000000000000000000000000000000000000bb": {
                "balance": "0x1",
                "code": "0x60003560003555600760206000a100",  # slot[word] = word, and a log
                "storage": {"0x01": "0x02"},
            },
        },
    } | changes


WALK = """
send({to: b, value: 1e18});
send({data: "0x6001600255602a60005260206000f3"});
send({to: "0x00000000000000000000000000000000000000bb", data: "0x" + Array(65).join("5")});
vote(b, true, 2);
send({to: b, value: 7, gasPrice: 3e9});
send({from: b, to: a, value: 5, gas: 25000, gasPrice: 3e9,
      accessList: [{address: a, storageKeys: []}]});
send({data: "0x60006000fd"});
vote(b, false, 1);
as(a);
send({to: b, value: 3});
"""
"""Transfers, contracts, a log, a revert, all types; votes in and out; checkpoints.

Which block holds what is geth's to decide: it seals when it gets to it.
"""

PRICED = """
function send(fields) {
  fields.from = fields.from || a;
  fields.gas = fields.gas || 200000;
  fields.gasPrice = 3e9;
  var number = eth.blockNumber;
  eth.sendTransaction(fields);
  wait(number + 1);
}
"""
"""Before a walk: no transaction has fees of EIP-1559, which is unknown before London."""
