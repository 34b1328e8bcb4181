"""Binding of ``AppointmentBook``: slots of doctors and who booked them (records.md section 3)."""

from dataclasses import dataclass

from node.base.types import Address
from node.contracts.bindings import appointment_book as bound

CONSTRUCTOR = bound.CONSTRUCTOR
FUNCTIONS = bound.FUNCTIONS
EVENTS = bound.EVENTS
constructor = bound.constructor


@dataclass(frozen=True, slots=True)
class AppointmentBook:
    """Calls of the contract at ``address``."""

    address: Address
