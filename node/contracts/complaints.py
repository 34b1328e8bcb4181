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
from node.contracts.grant_tag import tag_of

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
    pmr_id: int
    """As in the Consent; 0: all records of the patient."""
    upheld_s: int
    """Block time at which the authority found it proven; 0: it has not."""


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
        """Complain of a running grant, as its patient or as a Verified hospital.

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
    """One complaint and what became of its grant."""

    grant_id: Hash32
    grantee: Address
    complainant: Address
    evidence: Hash32
    is_upheld: bool = False
    has_ended: bool = False
    """Whether the grant still ran when the complaint was upheld, and so ended by it."""

    def is_about(self, grant_id: Hash32) -> bool:
        """Say whether it is of this grant: the contract keeps the upper half of an id."""
        return tag_of(self.grant_id) == tag_of(grant_id)


def complaints(events: Iterable[LedgerEvent]) -> tuple[ComplaintNote, ...]:
    """Give all complaints, oldest first; of one grant there may be several, upheld together.

    ``events``    those of the contract, in chain order.
    raises        AbiDataError: one was upheld that nobody made.
    """
    found: list[ComplaintNote] = []
    for event in events:
        match event:
            case GrantComplaint():
                found.append(
                    ComplaintNote(event.grant_id, event.grantee, event.complainant, event.evidence)
                )
            case ComplaintUpheld(grant_id):
                same = [at for at, one in enumerate(found) if one.is_about(grant_id)]
                if not same:
                    raise AbiDataError("events", f"0x{grant_id.hex()} is upheld before it was made")
                for at in same:
                    found[at] = replace(found[at], is_upheld=True, has_ended=event.ended)
            case _:
                pass
    return tuple(found)
