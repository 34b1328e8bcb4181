"""Binding of ``IomtRegistry``: devices and their batches of readings (records.md section 3)."""

from dataclasses import dataclass

from node.base.types import Address
from node.contracts.abi import View
from node.contracts.bindings import iomt_registry as bound

CONSTRUCTOR = bound.CONSTRUCTOR
FUNCTIONS = bound.FUNCTIONS
EVENTS = bound.EVENTS
constructor = bound.constructor


@dataclass(frozen=True, slots=True)
class IomtRegistry:
    """Calls of the contract at ``address``."""

    address: Address

    def patient_of(self, device: Address) -> View[int]:
        """The Patient-ID that a device is bound to, 0 for none."""
        return bound.patient_of(self.address, device)
