"""The accounting of a patient's disclosures: every receipt about their records, treatment too.

What 45 CFR 164.528 exempts (treatment, payment) is listed as well: a patient may know.  A custodian
signs a receipt for each request, so refusals and what only stands with the custodian are here too.
source        privacy-and-interop.md section 11.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from node.app.audit.evidence import Evidence
from node.app.audit.source import Shelf
from node.privacy.release_messages import OWNER_GRANT_ID, Receipt, Status

EMERGENCY_PURPOSE: Final = "ETREAT"
"""Emergency treatment, as privacy/emergency.py has it: no Consent says so, the event does."""


class Disclosure(NamedTuple):
    """One request for one share, and the answer; they sort by time."""

    time_s: int
    """Of the custodian's final block: what it judged by."""
    record: str
    custodian: str
    who: str
    """The grantee; of a request under no grant nobody on the ledger is named."""
    purpose: str
    under: str
    """The grant: its id, ``emergency`` before that of one, ``owner``: the patient's own request."""
    outcome: str
    """``RELEASED``, or why not."""
    is_on_ledger: bool


def disclosures_of(evidence: Evidence, patient_id: int) -> tuple[Disclosure, ...]:
    """Give all about the records of one patient, in the order of time."""
    return tuple(sorted(_all(evidence, patient_id)))


def _all(evidence: Evidence, patient_id: int) -> Iterator[Disclosure]:
    for shelf in evidence.shelves:
        posted = len(evidence.facts.posted.get(shelf.address, ()))
        for receipt in shelf.custody.receipts():
            if patient_id in _patients(evidence, receipt):
                yield _disclosure(evidence, shelf, receipt, is_on_ledger=receipt.sequence < posted)


def _patients(evidence: Evidence, receipt: Receipt) -> tuple[int, ...]:
    """Give whose record a request was for; of a deal that nobody knows, whose grant it named.

    Erasures that one block ordered cannot be told apart by a deal alone: then it is each of them.
    """
    deal = evidence.deals.get(receipt.deal_id)
    if deal is not None:
        return (deal.filing.patient_id,)
    line = evidence.facts.grants.get(receipt.grant_id)
    emergency = evidence.facts.emergencies.get(receipt.grant_id)
    if emergency is not None:
        return (emergency.event.patient_id,)
    if line is not None:
        patient = evidence.facts.patients.get(line.event.patient)
        return () if patient is None else (patient,)
    return tuple(map(evidence.facts.patient_of, evidence.gone.get(receipt.deal_id, ())))


def _disclosure(
    evidence: Evidence, shelf: Shelf, receipt: Receipt, *, is_on_ledger: bool
) -> Disclosure:
    facts = evidence.facts
    line = facts.grants.get(receipt.grant_id)
    emergency = facts.emergencies.get(receipt.grant_id)
    who, purpose, under = "unknown", "-", f"0x{receipt.grant_id.hex()[:16]}"
    if receipt.grant_id == OWNER_GRANT_ID:
        who, under = "the patient", "owner"
    elif line is not None:
        who = facts.name_of(line.event.grantee)
        purpose = line.event.purpose.rstrip(b"\0").decode("ascii", "backslashreplace")
    elif emergency is not None:
        who, purpose = facts.name_of(emergency.event.doctor), EMERGENCY_PURPOSE
        under = f"emergency {under}"
    return Disclosure(
        receipt.head.timestamp_s,
        evidence.name_of(receipt.deal_id),
        shelf.name,
        who,
        purpose,
        under,
        Status(receipt.status).name,
        is_on_ledger,
    )
