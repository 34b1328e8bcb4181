"""What an opened record is, against what its register filed: kind, readings, claim.

A commitment fits whatever its writer sealed; a device's batch and a claim stand on the ledger in
figures too, and those have to be the same.
"""

from collections.abc import Mapping
from typing import Final

from node.app.audit.evidence import Evidence
from node.app.audit.ledger_facts import Filing
from node.contracts.insurance_registry import entry_indices
from node.contracts.pmr_token import EntryKind
from node.privacy.errors import ReadingSignatureError
from node.privacy.readings import ReadingBatch
from node.privacy.record import (
    AttendantDetails,
    ClaimDetails,
    PatientDetails,
    PmrEntry,
    Record,
    Study,
)

_DESK: Final = (PatientDetails, AttendantDetails)
"""By index under PMR-ID 0."""
_KINDS: Final[Mapping[int, type[Record]]] = {
    EntryKind.LAB: Study,
    EntryKind.IOMT: ReadingBatch,
    EntryKind.INSURANCE: ClaimDetails,
}
"""Of others it is a ``PmrEntry``."""


def filed_fault(evidence: Evidence, filing: Filing, record: Record) -> str | None:
    """Say how a record differs from what was filed of it; None: it does not."""
    wanted = _KINDS.get(filing.kind, PmrEntry) if filing.pmr_id else _DESK[filing.index]
    if type(record) is not wanted:
        return f"what opens is of kind {type(record).__name__}, the ledger has {wanted.__name__}"
    place = filing.pmr_id, filing.index
    match record:
        case ReadingBatch() if place in evidence.facts.batches:
            return _batch_fault(evidence, place, record)
        case ClaimDetails() if place in evidence.facts.claims:
            return _claim_fault(evidence, place, record)
        case _:
            return None


def _batch_fault(evidence: Evidence, place: tuple[int, int], batch: ReadingBatch) -> str | None:
    filed = evidence.facts.batches[place]
    told = filed.device, filed.first_sequence, filed.count
    if told != (batch.device, batch.first_sequence, len(batch.readings)):
        return "what opens are readings of another device or of other numbers than were filed"
    if batch.root(evidence.devices) != filed.root:
        return "the readings that open have another Merkle root than was filed"
    try:
        batch.check(evidence.devices)
    except ReadingSignatureError as error:
        return str(error)
    return None


def _claim_fault(evidence: Evidence, place: tuple[int, int], claim: ClaimDetails) -> str | None:
    filed = evidence.facts.claims[place]
    if (claim.amount, tuple(claim.entries)) != (filed.amount, entry_indices(filed.entries)):
        return "the claim that opens is for another amount or other entries than was filed"
    return None
