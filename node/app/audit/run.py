"""The audit of one source: every rule over one reading of the ledger and of all disks."""

from node.app.audit.care import check_copies, check_emergencies
from node.app.audit.content import check_contents
from node.app.audit.erasures import check_erasures
from node.app.audit.evidence import Evidence
from node.app.audit.findings import Report
from node.app.audit.fragments import check_fragments
from node.app.audit.ledger_reading import read_ledger
from node.app.audit.manifests import check_manifests
from node.app.audit.receipts import check_receipts
from node.app.audit.releases import check_deposits, check_releases
from node.app.audit.shares import check_shares
from node.app.audit.source import AuditSource
from node.app.audit.tokens import check_tokens


def audit(source: AuditSource) -> tuple[Report, Evidence | None]:
    """Audit all that a source has; give what was found, and what it was found in.

    A chain that cannot be believed ends the audit with what is wrong with it, and None stands for
    the evidence: all else would be held against nothing.
    """
    ledger = source.ledger()
    if ledger is None:
        return Report(findings=list(source.findings())), None
    evidence = Evidence(source, ledger.chain_id, read_ledger(ledger, source.contracts))
    judge(evidence)
    report = evidence.report
    report.findings[:0] = source.findings()
    return report, evidence


def judge(evidence: Evidence) -> None:
    """Apply every rule; what is found goes into the report of the evidence."""
    check_tokens(evidence)
    check_manifests(evidence)
    shares = check_shares(evidence)
    fragments = check_fragments(evidence)
    check_contents(evidence, shares, fragments)
    check_receipts(evidence)
    check_releases(evidence)
    check_deposits(evidence)
    check_erasures(evidence)
    check_emergencies(evidence)
    check_copies(evidence)
