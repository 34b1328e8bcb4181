"""An empty state to run constructors on; what they leave behind becomes the alloc of a genesis."""

from typing import Final

from node.base.limits import CALL_GAS_MAX
from node.base.types import EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, ZERO_ADDRESS, ZERO_HASH, Address
from node.evm.calls import run
from node.evm.executor import ExecutionContext
from node.evm.forks import LONDON, Profile
from node.evm.genesis import GenesisAccount
from node.evm.machine import open_state
from node.evm.receipts import contract_address
from node.evm.state import StateStore
from node.storage.state_nodes import MemoryStateNodes

_GAS_LIMIT: Final = CALL_GAS_MAX


class Scratch:
    """A chain of one endless block 0, without fees and signatures (records.md section 3).

    ``chain_id`` and ``timestamp`` are those of the genesis to be: constructors may read them.
    """

    def __init__(self, chain_id: int, profile: Profile = LONDON, *, timestamp: int = 0) -> None:
        context = ExecutionContext(
            profile=profile,
            chain_id=chain_id,
            number=0,
            timestamp=timestamp,
            fee_recipient=ZERO_ADDRESS,
            difficulty=1,
            mix_hash=ZERO_HASH,
            gas_limit=_GAS_LIMIT,
            base_fee=0,
        )
        view = StateStore(MemoryStateNodes()).view(EMPTY_TRIE_ROOT)
        self._state = open_state(context, view)

    def deploy(self, initcode: bytes, sender: Address) -> Address:
        """Make a contract and give its address; the sender's nonce counts on, also after a failure.

        raises        CallRevertedError: the constructor reverted; CallOutOfGasError;
                      CallFailedError.
        """
        journal = self._state.journal
        address = contract_address(sender, journal.get_nonce(sender))
        journal.lock_changes()
        run(self._state, sender=sender, to=None, data=initcode, gas=CALL_GAS_MAX)
        return address

    def call(self, sender: Address, to: Address, data: bytes) -> bytes:
        """Run a call and keep what it changed; give the return data.

        raises        as ``deploy``; then nothing is changed.
        """
        self._state.journal.lock_changes()
        return run(self._state, sender=sender, to=to, data=data, gas=CALL_GAS_MAX)

    def dump(self) -> dict[Address, GenesisAccount]:
        """Give all accounts, sorted, without those that are empty and without slots that are 0."""
        diff = self._state.journal.diff()
        accounts: dict[Address, GenesisAccount] = {}
        for address in sorted(diff.accounts):
            account = diff.accounts[address]
            if account is None or account == (0, 0, EMPTY_CODE_HASH):
                continue
            slots = diff.storage.get(address, {})
            accounts[address] = GenesisAccount(
                nonce=account.nonce,
                balance=account.balance,
                code=diff.code.get(account.code_hash, b""),
                storage={slot: slots[slot] for slot in sorted(slots) if slots[slot]},
            )
        return accounts
