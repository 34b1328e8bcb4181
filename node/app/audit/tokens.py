"""Tokens and entries: unique, well formed, complete, without a double."""

from collections import defaultdict
from collections.abc import Collection

from node.app.audit.evidence import Evidence
from node.app.audit.ledger_facts import LedgerFacts, is_well_formed
from node.contracts.errors import CidFormError
from node.contracts.lab_registry import LabFiled
from node.contracts.pmr_token import EntryKind


def check_tokens(evidence: Evidence) -> None:
    """Rules ``token``, ``entry``, ``redundant``."""
    facts = evidence.facts
    entries: dict[int, list[int]] = defaultdict(list)
    for pmr_id, index, _ in facts.filings:
        if pmr_id:
            entries[pmr_id].append(index)
    _count(evidence, entries)
    for pmr_id in dict.fromkeys((*facts.mints, *entries)):
        _check_token(evidence, pmr_id, entries[pmr_id])
    for pmr_id, index in facts.repeated:
        evidence.report.find(f"PMR {pmr_id} entry {index}", "entry", "was written twice")
    _check_labs(evidence)
    for kind, filed, who in (
        (EntryKind.IOMT, facts.batches, "device"),
        (EntryKind.INSURANCE, facts.claims, "claimant"),
    ):
        _check_filers(evidence, kind, filed, who)
    _check_doubles(evidence)


def _count(evidence: Evidence, entries: dict[int, list[int]]) -> None:
    counts, facts = evidence.counts, evidence.facts
    counts.blocks = facts.head.number
    counts.records = len(entries)
    counts.entries = sum(map(len, entries.values()))
    counts.details = len(facts.filings) - counts.entries
    counts.erased = len(facts.erased)
    counts.grants = len(facts.grants)


def _check_token(evidence: Evidence, pmr_id: int, indices: list[int]) -> None:
    facts, find = evidence.facts, evidence.report.find
    name = f"PMR {pmr_id}"
    fault = is_well_formed(pmr_id)
    if fault is not None:
        find(name, "token", fault)
    elif facts.patient_of(pmr_id) not in facts.accounts:
        find(name, "token", f"patient {facts.patient_of(pmr_id)} was never registered")
    mints = len(facts.mints.get(pmr_id, ()))
    if mints > 1:
        find(name, "token", f"was minted {mints} times")
    elif not mints:
        find(name, "token", "has entries and was never minted")
    if not indices:
        find(name, "entry", "was minted without an entry")
    missing = [index for index in range(len(indices)) if index not in frozenset(indices)]
    if missing:
        find(name, "entry", f"has no entry {missing[0]}, and later ones")


def _check_labs(evidence: Evidence) -> None:
    """Hold the filings of labs against the entries that they made, both ways."""
    facts, find = evidence.facts, evidence.report.find
    filed: dict[tuple[int, int], LabFiled] = {}
    orders: dict[int, str] = {}
    for event, _ in facts.filed_orders:
        name = f"PMR {event.pmr_id} entry {event.entry_index}"
        if event.order_id in orders:
            first = orders[event.order_id]
            find(name, "entry", f"lab order {event.order_id} was filed before, as {first}")
        orders.setdefault(event.order_id, name)
        filed[event.pmr_id, event.entry_index] = event
        fault = _lab_fault(facts, event)
        if fault is not None:
            find(name, "entry", fault)
    for (pmr_id, index, _), filing in facts.filings.items():
        if filing.kind == EntryKind.LAB and pmr_id and (pmr_id, index) not in filed:
            find(filing.name, "entry", "is a lab's, and no lab filed it")


def _lab_fault(facts: LedgerFacts, event: LabFiled) -> str | None:
    filing = facts.filings.get((event.pmr_id, event.entry_index, 0))
    if filing is None:
        return f"lab order {event.order_id} names it, and it was never written"
    try:
        content = event.content
    except CidFormError as error:
        return str(error)
    if (content.commitment, content.cid) != (filing.commitment, filing.generations[0][1]):
        return f"lab order {event.order_id} was filed with other content"
    order = facts.orders.get(event.order_id)
    if order is None:
        return f"lab order {event.order_id} was filed and never made"
    if order.pmr_id != event.pmr_id:
        return f"lab order {event.order_id} was made for PMR {order.pmr_id}"
    return None


def _check_filers(
    evidence: Evidence, kind: EntryKind, filed: Collection[tuple[int, int]], who: str
) -> None:
    """Hold the entries of a kind against what their register filed, both ways."""
    facts, find = evidence.facts, evidence.report.find
    entries = {
        (pmr_id, index): filing.name
        for (pmr_id, index, _), filing in facts.filings.items()
        if pmr_id and filing.kind == kind
    }
    for place, name in entries.items():
        if place not in filed:
            find(name, "entry", f"is a {who}'s, and no {who} filed it")
    for pmr_id, index in filed:
        if (pmr_id, index) not in entries:
            name = f"PMR {pmr_id} entry {index}"
            find(name, "entry", f"was filed by a {who}, and is no entry of that kind")


def _check_doubles(evidence: Evidence) -> None:
    """Find one commitment twice in a record; salted, so it is the same writing, not alike."""
    seen: dict[tuple[int, bytes], str] = {}
    for (pmr_id, _, _), filing in evidence.facts.filings.items():
        key = pmr_id or -filing.patient_id, filing.commitment
        if key in seen:
            what = f"has the commitment of {seen[key]}: 0x{filing.commitment.hex()[:16]}"
            evidence.report.find(filing.name, "redundant", what)
        else:
            seen[key] = filing.name
