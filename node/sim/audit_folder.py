"""A run folder as the source of an audit: chains, receipts, stores and custody, none believed.

A file that is missing or cut is a finding; a folder that no finished run wrote is an error.
"""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from node.app.audit.chain_reading import read_chain
from node.app.audit.findings import Finding
from node.app.audit.source import Shelf
from node.app.chain_import import RefusedBlockError, import_chain
from node.app.genesis_engines import kept_genesis
from node.app.node_core import safe_depth
from node.app.seal_judge import judge_for
from node.base.errors import ConfigError, PeerError, StorageError, UsageError
from node.base.header import Header
from node.base.keys import MemoVerifier
from node.base.types import Address, Hash32
from node.contracts.errors import DeploymentError
from node.contracts.suite import ContractSuite
from node.evm.chain_file import ChainFileError, ChainItem, split_items
from node.evm.executors import executor_named
from node.evm.genesis import Genesis, parse_genesis
from node.evm.ledger import Ledger
from node.privacy.release_errors import ReleaseFormatError
from node.sim.audit_wallets import masters_of
from node.sim.loader import load, resolve
from node.sim.run_chains import CHAINS, GENESIS, receipts_file
from node.sim.run_folder import RESULTS
from node.sim.run_stores import (
    CUSTODY,
    NODES,
    STORE,
    KeptBlocks,
    KeptCustody,
    read_custody,
    read_store,
)
from node.sim.schema.faults import ScenarioFileError
from node.sim.schema.scenario import Scenario
from node.storage.ledger_store import MemoryLedgerStore

SCENARIO: Final = "scenario.yaml"


@dataclass(eq=False)
class AuditSourceError(StorageError):
    """What is to be audited is no run folder, or one that cannot be read."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


@dataclass(frozen=True, slots=True)
class _Node:
    name: str
    height: int
    head_hash: Hash32


class RunFolder:
    """``AuditSource`` of a folder that ``wardnet run`` wrote."""

    def __init__(
        self,
        folder: Path,
        *,
        executor: str = "py-evm",
        executes: bool = True,
        tell: Callable[[Header], None] | None = None,
    ) -> None:
        """Read all of it.

        ``executes``  whether blocks are executed again; else the receipts of the folder are held
                      against the roots in the headers.
        ``tell``      called with the last header of each batch that was executed.
        raises        UsageError: there is no such folder.
                      AuditSourceError: it is not the folder of a finished run.
                      ConfigError: no such executor, or it is not installed.
        """
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder; wants that of a run")
        self._folder = folder
        self._found: list[Finding] = []
        results = self._json(RESULTS)
        try:
            seed = int(results["seed"])
            self._nodes = [
                _Node(
                    str(one["name"]),
                    int(one["height"]),
                    Hash32(bytes.fromhex(one["head_hash"][2:])),
                )
                for one in results["nodes"]
            ]
            addresses = {
                str(one["name"]): Address(bytes.fromhex(one["address"][2:]))
                for one in results["nodes"]
            }
        except (KeyError, TypeError, ValueError) as error:
            what = f"holds no results of a run: {type(error).__name__} {error}"
            raise AuditSourceError(str(folder / RESULTS), what) from error
        self.scenario = self._scenario(seed)
        self._genesis, self.contracts = self._beginning()
        self.lag_blocks = safe_depth(len(self.scenario.network.validators))
        self.masters: Mapping[Address, bytes] = masters_of(self.scenario)
        self.checks_seals = False
        """Whether it was judged who sealed: not if a contract says, and nothing is executed."""
        self._ledger = self._chains(executor, executes=executes, tell=tell)
        if not (folder / NODES).is_dir():
            raise AuditSourceError(str(folder), f"has no {NODES}/: it was not written by this run")
        self.shelves = tuple(self._shelf(name, address) for name, address in addresses.items())

    def ledger(self) -> Ledger | None:
        """Give the chain; None if a block of it cannot be believed."""
        return self._ledger

    def findings(self) -> tuple[Finding, ...]:
        """Give what was found while reading."""
        return tuple(self._found)

    # -- files

    def _read(self, name: str) -> bytes:
        path = self._folder / name
        try:
            return path.read_bytes()
        except OSError as error:
            what = f"{error.strerror}: wants the folder of a finished run"
            raise AuditSourceError(str(path), what) from error

    def _json(self, name: str) -> Any:  # noqa: ANN401 - the caller checks the shape
        try:
            return json.loads(self._read(name))
        except ValueError as error:
            raise AuditSourceError(str(self._folder / name), f"is no JSON: {error}") from error

    def _scenario(self, seed: int) -> Scenario:
        path = str(self._folder / SCENARIO)
        try:
            scenario = load(self._read(SCENARIO).decode(), path)
            if scenario.run.seed != seed:
                scenario = resolve(scenario, {"run.seed": seed})
        except (ScenarioFileError, UnicodeDecodeError, UsageError) as error:
            raise AuditSourceError(path, f"is no scenario: {error}") from error
        return scenario

    def _beginning(self) -> tuple[Genesis, ContractSuite]:
        raw = self._read(GENESIS)
        try:
            genesis = kept_genesis(parse_genesis(raw))
            listed: Mapping[str, Any] = genesis.ward["contracts"]
            addresses = {name: Address(bytes.fromhex(one[2:])) for name, one in listed.items()}
            return genesis, ContractSuite.at(addresses)
        except (ConfigError, DeploymentError, KeyError, TypeError, ValueError) as error:
            what = f"is no genesis of a ward: {error}"
            raise AuditSourceError(str(self._folder / GENESIS), what) from error

    # -- chains

    def _chains(
        self, executor: str, *, executes: bool, tell: Callable[[Header], None] | None
    ) -> Ledger | None:
        """Read every chain of the folder into one ledger; None: one cannot be believed."""
        verifier, store = MemoVerifier(), MemoryLedgerStore()
        chosen = executor_named(executor, self._genesis) if executes else None
        ledger = Ledger(self._genesis, verifier=verifier, store=store, executor=chosen)
        judge = judge_for(self._genesis, ledger, verifier, checks_seals=True)
        self.checks_seals = executes or not judge.reads_state
        heads = dict.fromkeys((one.height, one.head_hash) for one in self._nodes)
        is_good = True
        # the longest first: of the others only what differs is new
        for _, head_hash in sorted(heads, reverse=True):
            path = f"{CHAINS}/{head_hash.hex()}.rlp.gz"
            try:
                with ExitStack() as stack:
                    items = self._items(stack, path)
                    if executes:
                        import_chain(ledger, judge, items, tell)
                    else:
                        beside = self._items(stack, receipts_file(head_hash))
                        read_chain(ledger, store, judge, items, beside)
            except (ChainFileError, RefusedBlockError, OSError) as error:
                what = error.strerror if isinstance(error, OSError) else str(error)
                self._found.append(Finding(path, "chain", str(what)))
                is_good = False
                continue
            if ledger.header(head_hash) is None:
                what = f"does not end with block 0x{head_hash.hex()}, which it is named by"
                self._found.append(Finding(path, "chain", what))
                is_good = False
        if is_good:
            self._compare_heads(ledger)
        return ledger if is_good else None

    def _items(self, stack: ExitStack, name: str) -> Iterator[ChainItem]:
        return split_items(stack.enter_context(gzip.open(self._folder / name)))

    def _compare_heads(self, ledger: Ledger) -> None:
        for node in self._nodes:
            one = ledger.header(node.head_hash)
            while one is not None and ledger.hash_by_number(one.number) != one.hash():
                one = ledger.header(one.parent_hash)
            fork = 0 if one is None else one.number
            if node.height - fork > self.lag_blocks:
                what = f"left the chain of the others after block {fork} and is at {node.height}"
                self._found.append(Finding(f"head of {node.name}", "heads", what))

    # -- disks

    def _shelf(self, name: str, address: Address) -> Shelf:
        blocks, custody = KeptBlocks({}), KeptCustody(address, {}, (), (), ())
        place = f"{NODES}/{name}/{STORE}"
        try:
            blocks, fault = read_store((self._folder / place).read_bytes())
        except OSError as error:
            fault = error.strerror
        if fault is not None:
            self._found.append(Finding(place, "store", fault))
        place = f"{NODES}/{name}/{CUSTODY}"
        try:
            custody = read_custody((self._folder / place).read_bytes())
        except (OSError, PeerError, ReleaseFormatError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            self._found.append(Finding(place, "store", str(why)))
        if custody.address != address:
            what = f"is of 0x{custody.address.hex()}, results.json says 0x{address.hex()}"
            self._found.append(Finding(place, "store", what))
        return Shelf(name, address, blocks, custody)
