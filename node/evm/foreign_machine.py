"""What the states of foreign forks do that those of our profiles never need: blobs, delegations."""

from typing import Any, Final

from node.base.types import ZERO_ADDRESS, Address
from node.evm.forks import Profile
from node.evm.journal import JournalAccounts
from node.evm.transactions import Authorization

_DELEGATION_PREFIX: Final = bytes.fromhex("ef0100")
_DELEGATION_BYTES: Final = 23
_EXISTING_AUTHORITY_REFUND: Final = 25_000 - 12_500
"""EIP-7702: PER_EMPTY_ACCOUNT_COST less PER_AUTH_BASE_COST."""
_NONCE_MAX: Final = 2**64 - 1


def delegate_of(code: bytes) -> Address | None:
    """Give the account whose code runs in place of this one; None: it is code of its own."""
    if len(code) == _DELEGATION_BYTES and code.startswith(_DELEGATION_PREFIX):
        return Address(code[len(_DELEGATION_PREFIX) :])
    return None


class ForeignState:
    """A mix-in before ``LedgerState``; ``profile`` is set when a state is opened."""

    profile: Profile
    execution_context: Any
    _account_db: Any

    @property
    def blob_base_fee(self) -> int:
        """Give the wei per blob gas, by the chain's own limits."""
        assert self.profile.blobs is not None
        return self.profile.blobs.base_fee(self.execution_context.excess_blob_gas)

    def code_to_run(self, address: Address) -> tuple[bytes, bool]:
        """Give the code that a call runs, and whether it is that of a delegate."""
        journal: JournalAccounts = self._account_db
        code = journal.get_code(address)
        delegate = delegate_of(code) if self.profile.has_delegations else None
        if delegate is None:
            return code, False
        journal.mark_address_warm(delegate)
        return journal.get_code(delegate), True

    def process_set_code_authorizations(self, transaction: Any) -> int:  # noqa: ANN401 - an EvmTransaction
        """Delegate; give the gas to refund.  One that cannot stand is passed over.

        Own code in place of py-evm's, which takes any exception for a wrong signature, those of
        our store included.
        source        EIP-7702, Behavior.
        """
        return sum(self._delegate(wish) for wish in transaction.authorizations)

    def _delegate(self, wish: Authorization) -> int:
        journal: JournalAccounts = self._account_db
        authority = wish.authority
        is_here = wish.chain_id in (0, self.execution_context.chain_id)
        if not is_here or wish.nonce == _NONCE_MAX or authority is None:
            return 0
        journal.mark_address_warm(authority)
        code = journal.get_code(authority)
        if (code and delegate_of(code) is None) or journal.get_nonce(authority) != wish.nonce:
            return 0
        refund = _EXISTING_AUTHORITY_REFUND if journal.account_exists(authority) else 0
        if wish.address == ZERO_ADDRESS:
            journal.delete_code(authority)
        else:
            journal.set_code(authority, _DELEGATION_PREFIX + wish.address)
        journal.increment_nonce(authority)
        return refund
