"""Manifests: reachable, of the record that names them, and as the ledger says it was shared."""

from node.app.audit.evidence import Deal, Evidence


def check_manifests(evidence: Evidence) -> None:
    """Rule ``manifest``; those of erased records and old generations may be gone."""
    for filing, generation, why in evidence.unreadable:
        if filing.erased is None and generation + 1 == len(filing.generations):
            evidence.report.find(filing.name, "manifest", why)
    plans = {
        (event.pmr_id, event.entry_index): event.share_plan
        for event, _ in evidence.facts.filed_orders
    }
    for deal in evidence.deals.values():
        for fault in _faults(evidence, deal):
            evidence.report.find(deal.filing.name, "manifest", fault)
        plan = plans.get((deal.filing.pmr_id, deal.filing.index)) if deal.filing.pmr_id else None
        header = deal.manifest.header
        shared = int(header.scheme), header.t, header.n
        if plan is not None and (plan.scheme_id, plan.needed, plan.total) != shared:
            promised = f"scheme {plan.scheme_id}, {plan.needed} of {plan.total}"
            what = f"is scheme {shared[0]}, {shared[1]} of {shared[2]}; the lab filed {promised}"
            evidence.report.find(deal.filing.name, "manifest", what)


def _faults(evidence: Evidence, deal: Deal) -> list[str]:
    header, faults = deal.manifest.header, list[str]()
    pmr_id = int.from_bytes(header.pmr_id)
    if header.chain_id != evidence.chain_id:
        faults.append(f"is of chain {header.chain_id}, this is {evidence.chain_id}")
    if pmr_id != deal.filing.pmr_id:
        faults.append(f"is of PMR {pmr_id}")
    if header.generation != deal.generation:
        faults.append(f"is generation {header.generation}, the ledger has {deal.generation}")
    custodians = deal.manifest.custodians
    if len(frozenset(custodians)) != len(custodians):
        faults.append("gives one hospital two shares")
    known = frozenset(evidence.facts.hospitals.values())
    faults += [
        f"gives share {index} to 0x{one.hex()}, which is no hospital"
        for index, one in enumerate(custodians, start=1)
        if one not in known
    ]
    return faults
