"""Content against commitment: what wallet, custodians and stores open together, is it the entry's?

Only an audit that knows masters of wallets can say: that of a simulation, or a patient's own.
"""

from collections.abc import Mapping, Sequence

from node.app.audit.evidence import Deal, Evidence
from node.app.audit.filed import filed_fault
from node.base.errors import PeerError, WardnetError
from node.privacy.record import body_of, commitment, open_ready
from node.privacy.wallet_deals import context_of
from node.sss.derivation import essential_of
from node.sss.errors import TamperedRecordError, WrongKeyError
from node.sss.gf256 import add
from node.sss.record_key import FoundKey, find_key
from node.sss.shares import Container
from node.sss.ssms import decrypt


def check_contents(
    evidence: Evidence,
    shares: Mapping[bytes, tuple[Container, ...]],
    fragments: Mapping[bytes, tuple[bytes, ...]],
) -> None:
    """Rule ``content``; what cannot be opened is counted."""
    counts = evidence.counts
    for deal in evidence.current():
        pieces = fragments.get(deal.deal_id, ())
        found = _key(evidence, deal, shares.get(deal.deal_id, ()))
        if found is None or len(pieces) < deal.manifest.header.needed:
            counts.not_opened += 1
            continue
        counts.opened += 1
        for index in found.liars:
            what = f"share {index} does not fit the key that the others open"
            evidence.report.find(deal.filing.name, "share", what)
        fault = _fault(evidence, deal, found.key, pieces)
        if fault is not None:
            evidence.report.find(deal.filing.name, "content", fault)
    stand = sum(1 for one in evidence.facts.filings.values() if one.erased is None)
    counts.not_opened += stand - counts.opened - counts.not_opened  # those without a manifest


def _key(evidence: Evidence, deal: Deal, shares: Sequence[Container]) -> FoundKey | None:
    """Try the masters of all accounts that the patient has had."""
    header = deal.manifest.header
    if len(shares) < header.needed:
        return None
    accounts = evidence.facts.accounts.get(deal.filing.patient_id, ())
    context = context_of(header, shares[0].epoch)
    for account in accounts:
        master = evidence.masters.get(account)
        if master is None:
            continue
        essential = essential_of(master, context).share
        try:
            return find_key(header, {one.index: add(one.payload, essential) for one in shares})
        except WrongKeyError:
            continue
    return None


def _fault(evidence: Evidence, deal: Deal, key: bytes, fragments: Sequence[bytes]) -> str | None:
    """Open a record and hold it against the ledger; None: it is what was committed to."""
    try:
        salt, record = open_ready(decrypt(deal.manifest, key, fragments))
        found = commitment(salt, body_of(record))
    except TamperedRecordError:
        return "the fragments make no authentic record"
    except (PeerError, WardnetError) as error:
        return f"what opens is no record: {error}"
    if found != deal.filing.commitment:
        told = deal.filing.commitment.hex()[:16]
        return f"what opens has commitment 0x{found.hex()[:16]}, the ledger says 0x{told}"
    return filed_fault(evidence, deal.filing, record)
