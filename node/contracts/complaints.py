"""Binding of the complaints in ``ConsentRegistry``: a misused grant ends once that is proven.

Source: records.md section 6 (MeDShare: revocation on violation).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from node.base.types import Address, Hash32
from node.contracts.abi import Function, LedgerEvent, View
from node.contracts.bindings import consent_registry as bound
from node.contracts.bindings.consent_registry import ComplaintUpheld, GrantComplaint
from node.contracts.errors import AbiDataError

EVENTS: Final[tuple[type[LedgerEvent], ...]] = (GrantComplaint, ComplaintUpheld)
_NAMES: Final = frozenset(("complainOfGrant", "complaintOf", "upholdComplaint"))
FUNCTIONS: Final[tuple[Function, ...]] = tuple(
    each for each in bound.FUNCTIONS if each.name in _NAMES
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What was said of a grant; all zero if nobody complained."""

    grantee: Address
    patient_id: int
    is_upheld: bool
    pmr_id: int
    """As in the Consent; 0: all records of the patient."""


class ComplaintCalls:
    """Calls of the contract at ``address``."""

    __slots__ = ()
    address: Address

    def complain_of_grant(
        self,
        grant_id: Hash32,
        *,
        patient_id: int,
        grantee: Address,
        pmr_id: int,
        evidence: Hash32,
    ) -> bytes:
        """Complain of a running grant, as its patient or as a Verified hospital, once.

        ``evidence``  a commitment to what the authority gets to see.
        """
        return bound.complain_of_grant(grant_id, patient_id, grantee, pmr_id, evidence)

    def uphold_complaint(self, grant_id: Hash32) -> bytes:
        """Find a complaint proven; only the authority's own contract may send this."""
        return bound.uphold_complaint(grant_id)

    def complaint_of(self, grant_id: Hash32) -> View[Complaint]:
        """What was said of a grant."""
        asked = bound.complaint_of(self.address, grant_id)
        return View(asked.to, asked.data, lambda data: Complaint(*asked.decode(data)))


@dataclass(frozen=True, slots=True)
class ComplaintNote:
    """One complaint and what became of it."""

    grant_id: Hash32
    grantee: Address
    complainant: Address
    evidence: Hash32
    is_upheld: bool = False
    has_ended: bool = False
    """Whether the grant still ran when the complaint was upheld, and so ended by it."""


def complaints(events: Iterable[LedgerEvent]) -> tuple[ComplaintNote, ...]:
    """Give all complaints, oldest first: what a grantee's record of conduct is made of.

    ``events``    those of the contract, in chain order.
    raises        AbiDataError: one was upheld that nobody made.
    """
    found: dict[Hash32, ComplaintNote] = {}
    for event in events:
        match event:
            case GrantComplaint():
                found[event.grant_id] = ComplaintNote(
                    event.grant_id, event.grantee, event.complainant, event.evidence
                )
            case ComplaintUpheld(grant_id):
                if grant_id not in found:
                    raise AbiDataError("events", f"0x{grant_id.hex()} is upheld before it was made")
                found[grant_id] = replace(found[grant_id], is_upheld=True, has_ended=event.ended)
            case _:
                pass
    return tuple(found.values())
