"""Binding of ``InsuranceRegistry``: insurers, policies and claims (records.md section 3)."""

from dataclasses import dataclass

from node.base.types import Address
from node.contracts.abi import View
from node.contracts.bindings import insurance_registry as bound
from node.contracts.registration import registration_word

CONSTRUCTOR = bound.CONSTRUCTOR
FUNCTIONS = bound.FUNCTIONS
EVENTS = bound.EVENTS
constructor = bound.constructor


@dataclass(frozen=True, slots=True)
class InsuranceRegistry:
    """Calls of the contract at ``address``."""

    address: Address

    def describe(self, registration: str, *, name: str, contact: str, key: bytes) -> bytes:
        """Say who a listed party is, and under which X25519 key it reads.

        raises        RegistrationCodeError.
        """
        return bound.describe(registration_word(registration), name, contact, key)

    def is_active(self, account: Address) -> View[bool]:
        """Whether the authority has listed the account."""
        return bound.is_active(self.address, account)
