"""What the contracts of insurers and researchers have in common: ``Parties.sol``."""

from dataclasses import dataclass

from node.base.types import Address
from node.contracts.abi import View
from node.contracts.bindings import insurance_registry as bound  # research_pool has the same
from node.contracts.registration import registration_word


@dataclass(frozen=True, slots=True)
class Parties:
    """Calls of the contract at ``address``."""

    address: Address

    def describe(
        self, registration: str, *, operator: Address, name: str, contact: str, key: bytes
    ) -> bytes:
        """Say who a listed party is, and how it reads.

        ``operator``  the hospital through whose node; ``key``  X25519.

        raises        RegistrationCodeError.
        """
        return bound.describe(registration_word(registration), operator, name, contact, key)

    def is_active(self, account: Address) -> View[bool]:
        """Whether the authority has listed the account."""
        return bound.is_active(self.address, account)

    def operator_of(self, account: Address) -> View[Address]:
        """The hospital through whose node a party reads, zeros before it described itself."""
        return bound.operator_of(self.address, account)
