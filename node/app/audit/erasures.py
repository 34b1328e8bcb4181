"""Erased records and old generations: nothing is left, and whoever held a share signed for that."""

from collections import Counter

from node.app.audit.evidence import Deal, Evidence


def check_erasures(evidence: Evidence) -> None:
    """Rule ``erasure``."""
    for node, why in evidence.false_certificates:
        evidence.report.find(f"certificate of {node}", "erasure", why)
    evidence.counts.certificates = len(evidence.certificates)
    for deal in evidence.deals.values():
        if deal.ended is not None and evidence.is_due(deal.ended):
            _check_gone(evidence, deal)
            if deal.filing.erased is not None and deal.ended == deal.filing.erased:
                _check_certified(evidence, deal)
    _check_words(evidence)
    _check_complete(evidence)


def _check_gone(evidence: Evidence, deal: Deal) -> None:
    """Find what is left of a deal that was ordered away."""
    assert deal.ended is not None
    why = "erased" if deal.filing.erased is not None else "shared anew"
    since = f"and was {why} at block {deal.ended.number}"
    for shelf in evidence.shelves:
        if shelf.custody.holding(deal.deal_id) is not None:
            what = f"{shelf.name} still holds a share, {since}"
            evidence.report.find(deal.filing.name, "erasure", what)
    for piece in evidence.pieces.get(deal.deal_id, ()):
        what = f"{piece.shelf.name} still keeps fragment {piece.index}, {since}"
        evidence.report.find(deal.filing.name, "erasure", what)


def _check_certified(evidence: Evidence, deal: Deal) -> None:
    """Find custodians of an erased record that did not say that they destroyed their share."""
    assert deal.ended is not None
    for index, holder in enumerate(deal.holders, start=1):
        if (deal.deal_id, holder) not in evidence.facts.certified:
            what = f"{evidence.names(holder)} has not certified that share {index} is destroyed"
            evidence.report.find(deal.filing.name, "erasure", what)


def _check_words(evidence: Evidence) -> None:
    """Hold what custodians recorded of destructions against what they have.

    That needs no manifest, which goes with an erasure.
    """
    for (deal_id, custodian), (told, _) in evidence.facts.certified.items():
        name = evidence.name_of(deal_id)
        shelves = evidence.at.get(custodian, [])
        own = [evidence.certificates.get((deal_id, shelf.name)) for shelf in shelves]
        certificate = next((one for one in own if one is not None), None)
        if certificate is None and shelves:
            what = f"{evidence.names(custodian)} recorded a certificate that it does not have"
            evidence.report.find(name, "erasure", what)
        elif certificate is not None and certificate.certificate_id() != told:
            what = f"{evidence.names(custodian)} has another certificate than it recorded"
            evidence.report.find(name, "erasure", what)
        known = evidence.deals.get(deal_id)
        if known is not None and known.ended is not None and evidence.is_due(known.ended):
            continue  # what is left of it is found above
        for shelf in shelves:
            if shelf.custody.holding(deal_id) is not None:
                what = f"{shelf.name} certified the destruction of a share that it holds"
                evidence.report.find(name, "erasure", what)
        for piece in evidence.pieces.get(deal_id, ()):
            if piece.shelf.address == custodian:
                what = f"{piece.shelf.name} certified the destruction of what it keeps"
                evidence.report.find(name, "erasure", f"{what}: fragment {piece.index}")


def _check_complete(evidence: Evidence) -> None:
    """Find erased records of which fewer deals were certified than they have entries."""
    gone = Counter(one for records in evidence.gone.values() for one in records)
    known = Counter(
        deal.filing.pmr_id for deal in evidence.deals.values() if deal.ended is not None
    )
    for pmr_id, at in evidence.facts.erased.items():
        entries = sum(1 for one in evidence.facts.filings.values() if one.pmr_id == pmr_id)
        told = gone[pmr_id] + known[pmr_id]
        if told < entries and evidence.is_due(at):
            what = f"was erased at block {at.number}: of {entries} entries {told} are accounted for"
            evidence.report.find(f"PMR {pmr_id}", "erasure", what)
