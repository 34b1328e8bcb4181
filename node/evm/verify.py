"""Judging a whole store: bytes and links first, then roots, filters and states (ledger.md 9)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from node.base import rlp
from node.base.errors import CodecError, CorruptStoreError
from node.base.keccak import keccak256
from node.base.types import Hash32
from node.evm.blooms import joined
from node.evm.reachable import reachable
from node.evm.receipts import Receipt
from node.evm.state_walk import Kind
from node.evm.trie import list_root
from node.storage.block_rows import hex_of
from node.storage.chain_data import StoredBlock
from node.storage.findings import Finding, Findings
from node.storage.integrity import Inspection
from node.storage.sqlite_store import StoreIdentity


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an inspection."""

    findings: tuple[Finding, ...]
    is_cut: bool
    """There are more findings than are listed."""
    counts: Mapping[str, int]
    """How many rows of each table, nodes and states were looked at."""

    @property
    def is_clean(self) -> bool:
        """Nothing was found."""
        return not self.findings


def verify_store(inspection: Inspection, identity: StoreIdentity) -> Report:
    """Look at every row of a store, and at all states that it says it keeps.

    What a changed byte breaks further up is reported as well, so one fault may have several
    findings.  Certificates and seals are the engine's to judge.  Nothing is executed.
    """
    findings = inspection.findings
    roots: list[Hash32] = []

    def blocks() -> None:
        kept_from = inspection.kept_from()
        for stored, _ in inspection.blocks():
            _check_block(stored, findings)
            header = stored.block.header
            if header.number == 0 or header.number >= kept_from:
                roots.append(header.state_root)
            if header.number == 0:
                want = identity.genesis_hash
                findings.expect("header", hex_of(stored.hash), "the genesis", want, stored.hash)

    def states() -> None:
        nodes = inspection.nodes()
        nodes.check()
        found = reachable(nodes, roots)
        findings.counts["state"] = len(set(roots))
        for gap in found.gaps:
            table = "code" if gap.kind is Kind.CODE else "node_chunk"
            findings.add(table, hex_of(gap.key), f"a kept state needs it: {gap.what}")

    steps: tuple[Callable[[], object], ...] = (
        lambda: inspection.check_meta(identity),
        blocks,
        states,
        inspection.check_engine_log,
    )
    if inspection.check_file():
        for step in steps:
            try:
                step()
            except CorruptStoreError as error:  # pages that SQLite cannot read
                findings.add("file", error.store, error.what)
    return Report(tuple(findings.found), findings.is_cut, dict(findings.counts))


def _check_block(stored: StoredBlock, findings: Findings) -> None:
    """Compare a header with the lists that it names."""
    header = stored.block.header
    key = hex_of(stored.hash)
    got = list_root(stored.block.transactions)
    findings.expect("body", key, "the transactions root", header.transactions_root, got)
    parts = rlp.decode(stored.block.encode())
    assert isinstance(parts, list)
    ommers = keccak256(rlp.encode(parts[2]))
    findings.expect("body", key, "the hash of the uncles", header.ommers_hash, ommers)
    withdrawals = parts[3] if len(parts) > 3 else None
    if isinstance(withdrawals, list):
        got = list_root([rlp.encode(item) for item in withdrawals])
        findings.expect("body", key, "the withdrawals root", header.withdrawals_root, got)
    if header.number == 0:  # nothing was executed for the genesis
        return
    got = list_root(stored.receipts)
    findings.expect("receipts", key, "the receipts root", header.receipts_root, got)
    try:
        receipts = [Receipt.decode(raw) for raw in stored.receipts]
    except CodecError as error:
        findings.add("receipts", key, str(error))
        return
    bloom = joined(receipt.bloom for receipt in receipts)
    findings.expect("receipts", key, "the bloom", header.logs_bloom, bloom)
    used = receipts[-1].cumulative_gas_used if receipts else 0
    findings.expect("receipts", key, "the gas used", header.gas_used, used)
