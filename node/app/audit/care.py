"""Emergencies and copies: reviewed in time, issued in time, and the issued copy is there.

A time that still runs is counted, and no finding.  Whether an emergency was one is the authority's
judgement, on the ledger with the review; an audit asks only that it was made.
"""

from node.app.audit.evidence import Evidence
from node.contracts.care_book import copies, emergencies


def check_emergencies(evidence: Evidence) -> None:
    """Rule ``emergency``."""
    facts, counts = evidence.facts, evidence.counts
    for note in emergencies(facts.care):
        counts.emergencies += 1
        due_s = facts.emergencies[note.emergency_id].at.time_s + facts.review_s
        name = f"patient {note.patient_id} emergency 0x{note.emergency_id.hex()[:16]}"
        who = facts.name_of(note.doctor)
        if note.outcome is not None:
            counts.not_justified += not note.is_justified
            if note.is_late:
                what = f"of {who} was reviewed after block time {due_s}, when it was due"
                evidence.report.find(name, "emergency", what)
        elif facts.head.time_s > due_s:
            what = f"of {who} was not reviewed, due at block time {due_s}"
            evidence.report.find(name, "emergency", what)
        else:
            counts.reviews_to_come += 1


def check_copies(evidence: Evidence) -> None:
    """Rule ``copy``."""
    facts, counts = evidence.facts, evidence.counts
    for note in copies(facts.care):
        counts.copies += 1
        name = f"patient {note.patient_id} copy {note.copy_id}"
        if note.is_late:
            what = f"was issued by hospital {note.hospital_id} after block time {note.due_s}"
            evidence.report.find(name, "copy", f"{what}, when it was due")
        elif note.is_overdue(facts.head.time_s):
            what = f"was not issued, due at block time {note.due_s}"
            evidence.report.find(name, "copy", what)
        elif note.hospital_id is None:
            counts.copies_to_come += 1
