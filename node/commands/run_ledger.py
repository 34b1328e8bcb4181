"""The chain of one node of a run as a ledger in memory: each block is judged and executed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from node.base.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.base.types import Address
    from node.contracts.abi import LedgerEvent, View
    from node.contracts.suite import ContractSuite
    from node.evm.ledger import Ledger

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunLedger:
    """A ledger, and the contracts on it."""

    ledger: "Ledger"
    contracts: "ContractSuite"

    def ask(self, question: "View[T]") -> T:
        """Ask a contract at the head."""
        return question.decode(self.ledger.call(question.to, question.data))

    def events(self) -> "Iterator[LedgerEvent]":
        """Give all events of the contracts, in the order of the chain."""
        for number in range(1, self.ledger.head.number + 1):
            block_hash = self.ledger.hash_by_number(number)
            assert block_hash is not None, "the chain ends at its head"
            for receipt in self.ledger.receipts(block_hash):
                for log in receipt.logs:
                    event = self.contracts.decode_log(log.address, log.topics, log.data)
                    if event is not None:
                        yield event


def open_run(folder: Path, node: str | None) -> RunLedger:
    """Read the chain that a node of a run ended on; None: the first node of results.json.

    raises        UsageError: no folder of a finished run, or no such node.
                  ConfigError: its genesis has no contracts of ours.
                  RefusedBlockError, CorruptStoreError: its chain does not hold.
    """
    from node.app.chain_import import import_chain
    from node.app.genesis_engines import kept_genesis
    from node.app.seal_judge import judge_for
    from node.base.keys import MemoVerifier
    from node.contracts.suite import ContractSuite
    from node.evm.chain_file import ChainItem
    from node.evm.executors import executor_named
    from node.evm.genesis import parse_genesis
    from node.evm.ledger import Ledger
    from node.sim.run_chains import find_chain

    chain = find_chain(folder, node or _first_node(folder))
    genesis = kept_genesis(parse_genesis(chain.genesis))
    named = genesis.ward.get("contracts") if genesis.ward else None
    if not isinstance(named, dict):
        raise ConfigError(f"{folder}: the genesis names no contracts of a hospital network")
    contracts = ContractSuite.at({name: _address(text) for name, text in named.items()})
    verifier = MemoVerifier()
    ledger = Ledger(genesis, verifier=verifier, executor=executor_named("py-evm", genesis))
    judge = judge_for(genesis, ledger, verifier, checks_seals=True)
    with chain.blocks() as blocks:
        items = (ChainItem(place, 0, raw) for place, (raw, _) in enumerate(blocks))
        import_chain(ledger, judge, items)
    return RunLedger(ledger, contracts)


def _first_node(folder: Path) -> str:
    from node.sim.run_folder import RESULTS

    try:
        nodes = json.loads((folder / RESULTS).read_bytes())["nodes"]
        return str(nodes[0]["name"])
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise UsageError(f"{folder}: wants the folder of a finished run") from error


def _address(text: object) -> "Address":
    from node.privacy.person_codes import CodeTextError, read_address

    try:
        return read_address(str(text))
    except CodeTextError as error:
        raise ConfigError(f"genesis: contract {error}") from error
