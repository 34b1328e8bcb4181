"""Releases: each was covered, at the block by whose time its custodian judged.

A receipt does not name who asked; that its share was sealed to the grantee's key is the
custodian's word, and the grant says whose key that is.
"""

from node.app.audit.evidence import Deal, Evidence
from node.app.audit.ledger_facts import EmergencyLine, GrantLine
from node.app.audit.receipts import name_of
from node.app.audit.source import Shelf
from node.app.final_view import SECTIONS
from node.privacy.consent import ALL_SECTIONS
from node.privacy.emergency import emergency_grant_id
from node.privacy.release_facts import (
    GrantFacts,
    RecordFacts,
    covers,
    is_open,
)
from node.privacy.release_messages import OWNER_GRANT_ID, Head, Receipt, Status


def check_releases(evidence: Evidence) -> None:
    """Rules ``release`` and ``window``."""
    for shelf in evidence.shelves:
        for sequence, receipt in enumerate(shelf.custody.receipts()):
            if receipt.status is not Status.RELEASED:
                continue
            name = name_of(evidence, shelf, receipt, sequence)
            fault = _uncovered(evidence, shelf, receipt)
            if fault is not None:
                evidence.report.find(name, "release", fault)
            else:
                late = _outside(evidence, receipt)
                if late is not None:
                    evidence.report.find(name, "window", late)


def check_deposits(evidence: Evidence) -> None:
    """Rule ``deposit``."""
    facts = evidence.facts
    for shelf in evidence.shelves:
        for grant_id, deal_id in shelf.custody.deposits():
            record = evidence.name_of(deal_id)
            line = facts.grants.get(grant_id)
            if line is None and _is_for_emergencies(evidence, grant_id, deal_id):
                continue
            if line is None:
                what = f"{shelf.name} keeps what was lent under no grant: 0x{grant_id.hex()[:16]}"
                evidence.report.find(record, "deposit", what)
                continue
            end = _end_block(evidence, line)
            if end is not None and end + evidence.lag_blocks < facts.head.number:
                what = f"{shelf.name} keeps what was lent under 0x{grant_id.hex()[:16]}"
                evidence.report.find(record, "deposit", f"{what}, which ended at block {end}")


def _is_for_emergencies(evidence: Evidence, grant_id: bytes, deal_id: bytes) -> bool:
    """Say whether a patient left this for emergencies: it goes with the deal, and has no end."""
    deal = evidence.deals.get(deal_id)
    if deal is None or (deal.ended is not None and evidence.is_due(deal.ended)):
        return False
    return grant_id == emergency_grant_id(evidence.chain_id, deal.filing.patient_id)


def _end_block(evidence: Evidence, line: GrantLine) -> int | None:
    """Give the first block at which a grant stood no longer; None: it stands."""
    ends = [] if line.revoked is None else [line.revoked.number]
    expired = evidence.first_block_at(line.event.valid_until)
    if expired is not None:
        ends.append(expired)
    return min(ends, default=None)


def _uncovered(evidence: Evidence, shelf: Shelf, receipt: Receipt) -> str | None:
    """Say why nothing covers a release, whenever it was; None: something does."""
    head, deal = receipt.head, evidence.deals.get(receipt.deal_id)
    if evidence.facts.hashes.get(head.number) != (head.hash, head.timestamp_s):
        return f"was judged by block {head.number}, which is not of this chain"
    if deal is None:
        return _gone_fault(evidence, receipt)
    if (receipt.index, shelf.address) not in deal.ever:
        return f"gave share {receipt.index}, which is not {shelf.name}'s"
    record = _record_at(evidence, deal, head)
    if receipt.grant_id == OWNER_GRANT_ID:
        return None if is_open(record) else "to its owner, of a deal that was erased or replaced"
    emergency = evidence.facts.emergencies.get(receipt.grant_id)
    if emergency is not None:
        if is_open(record) and record.patient_id == emergency.event.patient_id:
            return None
        return f"under emergency 0x{receipt.grant_id.hex()[:16]}, which is not about it"
    line = evidence.facts.grants.get(receipt.grant_id)
    if line is None:
        return f"under 0x{receipt.grant_id.hex()[:16]}, which is no grant and no emergency"
    if not covers(_grant_facts(evidence, line), record):
        return f"under grant 0x{receipt.grant_id.hex()[:16]}, which is not about it"
    return None


def _gone_fault(evidence: Evidence, receipt: Receipt) -> str | None:
    """Judge the release of a record that was erased since, and its manifest with it."""
    facts, records = evidence.facts, evidence.gone.get(receipt.deal_id, ())
    open_then = [one for one in records if receipt.head.number < facts.erased[one].number]
    if not records:
        return "is of a deal that no entry names"
    if not open_then:
        return "after its record was erased"
    if receipt.grant_id == OWNER_GRANT_ID:
        return None
    emergency = facts.emergencies.get(receipt.grant_id)
    if emergency is not None:
        if any(facts.patient_of(one) == emergency.event.patient_id for one in open_then):
            return None
        return f"under emergency 0x{receipt.grant_id.hex()[:16]}, which is not about it"
    line = facts.grants.get(receipt.grant_id)
    if line is None:
        return f"under 0x{receipt.grant_id.hex()[:16]}, which is no grant and no emergency"
    patient = facts.patients.get(line.event.patient)
    if any(facts.patient_of(one) == patient and line.event.pmr_id in (0, one) for one in open_then):
        return None
    return f"under grant 0x{receipt.grant_id.hex()[:16]}, which is not about it"


def _outside(evidence: Evidence, receipt: Receipt) -> str | None:
    """Say how a release lies outside of its grant's or emergency's time; None: it does not."""
    emergency = evidence.facts.emergencies.get(receipt.grant_id)
    if emergency is not None:
        return _outside_emergency(receipt.head, emergency)
    line = evidence.facts.grants.get(receipt.grant_id)
    if line is None:
        return None  # to the owner
    head, event = receipt.head, line.event
    if head.number < line.granted.number:
        return f"at block {head.number}, granted at {line.granted.number}"
    if line.revoked is not None and head.number >= line.revoked.number:
        return f"at block {head.number}, revoked at {line.revoked.number}"
    if not event.valid_from <= head.timestamp_s < event.valid_until:
        valid = f"{event.valid_from} to {event.valid_until}"
        return f"at block time {head.timestamp_s}, the grant is valid from {valid}"
    return None


def _outside_emergency(head: Head, line: EmergencyLine) -> str | None:
    if head.number < line.at.number:
        return f"at block {head.number}, the emergency began at {line.at.number}"
    if head.timestamp_s >= line.end_s:
        return f"at block time {head.timestamp_s}, the emergency ended at {line.end_s}"
    return None


def _record_at(evidence: Evidence, deal: Deal, head: Head) -> RecordFacts:
    """Give what a custodian read of a record at a block."""
    filing = deal.filing
    is_ended = deal.ended is not None and head.number >= deal.ended.number
    return RecordFacts(
        patient=evidence.facts.accounts[filing.patient_id][-1],
        pmr_id=filing.pmr_id,
        sections=SECTIONS.get(filing.kind, ALL_SECTIONS),
        filed_s=filing.filed.time_s,
        is_current=not is_ended,
        is_erased=False,
    )


def _grant_facts(evidence: Evidence, line: GrantLine) -> GrantFacts:
    """Give a grant with its patient's account of now: grants follow a recovery."""
    event, facts = line.event, evidence.facts
    patient = facts.patients.get(event.patient)
    account = event.patient if patient is None else facts.accounts[patient][-1]
    return GrantFacts(
        patient=account,
        grantee=event.grantee,
        grantee_key=event.grantee_key,
        pmr_id=event.pmr_id,
        scope=int.from_bytes(event.scope),
        valid_from_s=event.valid_from,
        valid_until_s=event.valid_until,
        granted_s=line.granted.time_s,
        is_revoked=False,
    )
