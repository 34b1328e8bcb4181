"""Receipts: each custodian's chain of them is whole, signed, and the same as on the ledger."""

from node.app.audit.evidence import Evidence
from node.app.audit.ledger_facts import Posted
from node.app.audit.source import Shelf
from node.base.types import ZERO_HASH
from node.privacy.release_messages import Receipt, Status


def check_receipts(evidence: Evidence) -> None:
    """Rule ``receipt``."""
    counts = evidence.counts
    for lines in evidence.facts.posted.values():
        counts.releases += sum(1 for one in lines if one.status == Status.RELEASED)
        counts.refusals += sum(1 for one in lines if one.status != Status.RELEASED)
    known = {shelf.address for shelf in evidence.shelves}
    for shelf in evidence.shelves:
        is_clone = evidence.at[shelf.address][0] is not shelf
        if not is_clone:
            _check_custodian(evidence, shelf)
    for custodian, lines in evidence.facts.posted.items():
        if custodian not in known:
            what = f"{len(lines)} receipts stand on the ledger, and its node is not here"
            evidence.report.find(f"receipts of 0x{custodian.hex()}", "receipt", what)


def _check_custodian(evidence: Evidence, shelf: Shelf) -> None:
    receipts = shelf.custody.receipts()
    posted = evidence.facts.posted.get(shelf.address, [])
    previous = ZERO_HASH
    for sequence, receipt in enumerate(receipts):
        name = name_of(evidence, shelf, receipt, sequence)
        fault = None
        if receipt.sequence != sequence:
            fault = f"has number {receipt.sequence}"
        elif receipt.previous != previous:
            fault = "names another previous one: one before it is missing or was changed"
        elif receipt.signer() != shelf.address:
            fault = "is not signed by its custodian"
        previous = receipt.receipt_id()
        if fault is None:
            fault = _ledger_fault(evidence, receipt, posted, sequence)
        if fault is not None:
            evidence.report.find(name, "receipt", fault)
    for line in posted[len(receipts) :]:
        name = f"{evidence.name_of(line.deal_id)}, receipt {line.sequence} of {shelf.name}"
        evidence.report.find(name, "receipt", "stands on the ledger, and the custodian has none")


def name_of(evidence: Evidence, shelf: Shelf, receipt: Receipt, sequence: int) -> str:
    """Give what a receipt is called: its record, and whose number it is."""
    return f"{evidence.name_of(receipt.deal_id)}, receipt {sequence} of {shelf.name}"


def _ledger_fault(
    evidence: Evidence, receipt: Receipt, posted: list[Posted], sequence: int
) -> str | None:
    if sequence >= len(posted):
        if receipt.head.number + evidence.lag_blocks < evidence.facts.head.number:
            return f"of block {receipt.head.number} never reached the ledger"
        evidence.counts.receipts_on_their_way += 1
        return None
    line = posted[sequence]
    if line.receipt_id != receipt.receipt_id():
        return "is another one than the ledger has under its number"
    told = line.grant_id, line.deal_id, line.status
    if told != (receipt.grant_id, receipt.deal_id, int(receipt.status)):
        return "stands on the ledger with another grant, deal or status"
    return None
