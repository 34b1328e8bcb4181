"""Binding of the copies in ``ConsentRegistry``: asking for one, issuing it, and the clock.

Source: records.md section 5.13, privacy-and-interop.md section 11.
"""

from dataclasses import dataclass
from typing import Final

from node.base.types import Address
from node.contracts.abi import Function, LedgerEvent, View
from node.contracts.bindings import consent_registry as bound
from node.contracts.bindings.consent_registry import CopyIssued, CopyRequested
from node.contracts.cids import Content

EVENTS: Final[tuple[type[LedgerEvent], ...]] = (CopyRequested, CopyIssued)
_NAMES: Final = frozenset(("COPY_SECONDS_MAX", "copyCount", "copyOf", "requestCopy", "issueCopy"))
FUNCTIONS: Final[tuple[Function, ...]] = tuple(
    each for each in bound.FUNCTIONS if each.name in _NAMES
)


@dataclass(frozen=True, slots=True)
class Copy:
    """One request for a copy; all zero for an unknown id."""

    patient_id: int
    requested_s: int
    """Block time."""
    is_issued: bool
    pmr_id: int
    """0: all records of the patient."""


class CopyCalls:
    """Calls of the contract at ``address``."""

    __slots__ = ()
    address: Address

    def request_copy(self, pmr_id: int) -> bytes:
        """Ask for a copy of one record, or of all (0), as the patient."""
        return bound.request_copy(pmr_id)

    def issue_copy(
        self, copy_id: int, content: Content, *, pmr_id: int = 0, index: int = 0
    ) -> bytes:
        """Record that a copy was made and sealed, as the patient's desk.

        ``pmr_id``, ``index``  an entry that the sender wrote, if it is not the desk.
        raises        CidFormError: a CID that the ledger does not take.
        """
        return bound.issue_copy(copy_id, pmr_id, index, content.as_abi())

    def copy_of(self, copy_id: int) -> View[Copy]:
        """One request."""
        asked = bound.copy_of(self.address, copy_id)
        return View(asked.to, asked.data, lambda data: Copy(*asked.decode(data)))

    def copy_count(self) -> View[int]:
        """How many copies were asked for."""
        return bound.copy_count(self.address)

    def copy_seconds_max(self) -> View[int]:
        """How long a hospital has."""
        return bound.copy_seconds_max(self.address)
