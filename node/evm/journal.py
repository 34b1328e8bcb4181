"""The state during a block: overlays over a read-only view, and one log of undo entries.

It takes the place of py-evm's AccountDB, which layers journals and hashes at every edit.  Nothing
here is hashed or stored; the block's end gives a ``BlockDiff`` (ledger.md section 2.3).
"""

from typing import Any, Final

from eth.abc import AccountDatabaseAPI
from eth.exceptions import OutOfGas

from node.base.keccak import keccak256
from node.base.types import EMPTY_CODE_HASH, ZERO_HASH, Address, Hash32
from node.evm.executor import AccountData, BlockDiff, StateReader

_NEW_ACCOUNT: Final = AccountData(0, 0, EMPTY_CODE_HASH)
_ABSENT: Final = object()
"""Marks an overlay entry that was not there, where None means "no such account"."""
_NONCE_MAX: Final = 2**64 - 1


class JournalAccounts:
    """Accounts, storage, warm sets and transient storage of the running block.

    A checkpoint is the length of the undo log.  ``lock_changes`` must be called before every
    transaction and after the last one: forgotten once, slots stay warm and every transaction is
    2,000 gas too cheap.

    It has every method of py-evm's AccountDatabaseAPI, but is registered as one below instead of
    derived: that class names the types of another package.
    """

    def __init__(self, db: StateReader, state_root: Hash32 = ZERO_HASH) -> None:
        del state_root  # the view has one
        self._view = db
        self._read: dict[Address, AccountData | None] = {}
        self._slots_read: dict[tuple[Address, int], int] = {}
        self._accounts: dict[Address, AccountData | None] = {}
        self._storage: dict[Address, dict[int, int]] = {}
        self._wiped: set[Address] = set()
        self._code: dict[Hash32, bytes] = {}
        self._undo: list[tuple[Any, ...]] = []
        self._originals: dict[tuple[Address, int], int] = {}
        self._warm: set[Address | tuple[Address, int]] = set()
        self._transient: dict[tuple[Address, int], bytes] = {}

    # -- accounts --

    def _account(self, address: Address) -> AccountData | None:
        try:
            return self._accounts[address]
        except KeyError:
            pass
        try:
            return self._read[address]
        except KeyError:
            found = self._read[address] = self._view.account(address)
            return found

    def _put(self, address: Address, account: AccountData | None) -> None:
        self._undo.append((self._undo_account, address, self._accounts.get(address, _ABSENT)))
        self._accounts[address] = account

    def get_balance(self, address: Address) -> int:
        """Give the balance of an account, 0 if there is none."""
        account = self._account(address)
        return 0 if account is None else account.balance

    def set_balance(self, address: Address, balance: int) -> None:
        """Set a balance; the account exists from now on, even with 0."""
        account = self._account(address) or _NEW_ACCOUNT
        self._put(address, AccountData(account.nonce, balance, account.code_hash))

    def get_nonce(self, address: Address) -> int:
        """Give the nonce of an account, 0 if there is none."""
        account = self._account(address)
        return 0 if account is None else account.nonce

    def set_nonce(self, address: Address, nonce: int) -> None:
        """Set a nonce.

        raises        OutOfGas: above 2^64-1 (EIP-2681); the frame fails, as for a colliding create.
        """
        if nonce > _NONCE_MAX:
            raise OutOfGas("nonce has max value")
        account = self._account(address) or _NEW_ACCOUNT
        self._put(address, AccountData(nonce, account.balance, account.code_hash))

    def increment_nonce(self, address: Address) -> None:
        """Add one to a nonce."""
        self.set_nonce(address, self.get_nonce(address) + 1)

    def get_code_hash(self, address: Address) -> Hash32:
        """Give the hash of the account's code."""
        account = self._account(address)
        return EMPTY_CODE_HASH if account is None else account.code_hash

    def get_code(self, address: Address) -> bytes:
        """Give the code of an account, empty if it has none."""
        code_hash = self.get_code_hash(address)
        if code_hash == EMPTY_CODE_HASH:
            return b""
        code = self._code.get(code_hash)
        return self._view.code(code_hash) if code is None else code

    def set_code(self, address: Address, code: bytes) -> None:
        """Give an account code."""
        code_hash = keccak256(code)
        self._code[code_hash] = code  # not undone: what no account names is left out of the diff
        self._set_code_hash(address, code_hash)

    def delete_code(self, address: Address) -> None:
        """Take an account's code away."""
        self._set_code_hash(address, EMPTY_CODE_HASH)

    def _set_code_hash(self, address: Address, code_hash: Hash32) -> None:
        account = self._account(address) or _NEW_ACCOUNT
        self._put(address, AccountData(account.nonce, account.balance, code_hash))

    def account_has_code_or_nonce(self, address: Address) -> bool:
        """Say whether a contract cannot be created here (EIP-684)."""
        account = self._account(address)
        return account is not None and (account.nonce != 0 or account.code_hash != EMPTY_CODE_HASH)

    def account_exists(self, address: Address) -> bool:
        """Say whether the account stands in the state."""
        return self._account(address) is not None

    def account_is_empty(self, address: Address) -> bool:
        """Say whether nonce and balance are 0 and there is no code (EIP-161)."""
        account = self._account(address)
        return account is None or account == _NEW_ACCOUNT

    def touch_account(self, address: Address) -> None:
        """Make the account exist."""
        if self._account(address) is None:
            self._put(address, _NEW_ACCOUNT)

    def delete_account(self, address: Address) -> None:
        """Remove an account with its storage."""
        self.delete_storage(address)
        self._put(address, None)

    # -- storage --

    def get_storage(self, address: Address, slot: int, from_journal: bool = True) -> int:  # noqa: FBT001, FBT002 - the signature of py-evm
        """Give a slot's value now, or (``from_journal`` False) before this transaction."""
        if not from_journal:
            original = self._originals.get((address, slot))
            if original is not None:
                return original
        slots = self._storage.get(address)
        if slots is not None and slot in slots:
            return slots[slot]
        if address in self._wiped:
            return 0
        key = (address, slot)
        value = self._slots_read.get(key)
        if value is None:
            value = self._slots_read[key] = self._view.slot(address, slot)
        return value

    def set_storage(self, address: Address, slot: int, value: int) -> None:
        """Set a slot; 0 removes it."""
        before = self.get_storage(address, slot)
        # A revert does not take the entry back: the value before the transaction stays what it is.
        self._originals.setdefault((address, slot), before)
        slots = self._storage.get(address)
        if slots is None:
            slots = self._storage[address] = {}
        self._undo.append((self._undo_slot, address, slot, slots.get(slot, _ABSENT)))
        slots[slot] = value

    def delete_storage(self, address: Address) -> None:
        """Make every slot 0: later reads do not see the view, and the next root starts empty."""
        slots = self._storage.pop(address, None)
        self._undo.append((self._undo_wipe, address, slots, address in self._wiped))
        self._wiped.add(address)

    def get_transient(self, address: Address, slot: int) -> bytes:
        """Give a transient slot, empty if it was never set (EIP-1153)."""
        return self._transient.get((address, slot), b"")

    def set_transient(self, address: Address, slot: int, value: bytes) -> None:
        """Set a transient slot until the end of the transaction."""
        key = (address, slot)
        self._undo.append((self._undo_transient, key, self._transient.get(key, b"")))
        self._transient[key] = value

    def clear_transient(self) -> None:
        """Forget all transient slots: the transaction has ended."""
        self._transient.clear()

    # -- what was touched in this transaction (EIP-2929) --

    def is_storage_warm(self, address: Address, slot: int) -> bool:
        """Say whether a slot was touched."""
        return (address, slot) in self._warm

    def mark_storage_warm(self, address: Address, slot: int) -> None:
        """Note that a slot was touched."""
        self._mark_warm((address, slot))

    def is_address_warm(self, address: Address) -> bool:
        """Say whether an account was touched."""
        return address in self._warm

    def mark_address_warm(self, address: Address) -> None:
        """Note that an account was touched."""
        self._mark_warm(address)

    def _mark_warm(self, key: Address | tuple[Address, int]) -> None:
        if key not in self._warm:
            self._undo.append((self._undo_warm, key))
            self._warm.add(key)

    # -- checkpoints --

    def record(self) -> int:
        """Give a checkpoint."""
        return len(self._undo)

    def discard(self, checkpoint: int) -> None:
        """Undo everything since a checkpoint."""
        undo = self._undo
        while len(undo) > checkpoint:
            step, *values = undo.pop()
            step(*values)

    def commit(self, checkpoint: int) -> None:
        """Keep everything since a checkpoint: nothing to do."""

    def lock_changes(self) -> None:
        """End a transaction: nothing before this point can be undone, and nothing is warm."""
        self._undo.clear()
        self._warm.clear()
        self._originals.clear()
        self._transient.clear()

    def _undo_account(self, address: Address, before: Any) -> None:  # noqa: ANN401 - may be _ABSENT
        if before is _ABSENT:
            del self._accounts[address]
        else:
            self._accounts[address] = before

    def _undo_slot(self, address: Address, slot: int, before: Any) -> None:  # noqa: ANN401 - may be _ABSENT
        if before is _ABSENT:
            del self._storage[address][slot]
        else:
            self._storage[address][slot] = before

    def _undo_wipe(self, address: Address, slots: dict[int, int] | None, was_wiped: bool) -> None:  # noqa: FBT001
        if slots is None:
            self._storage.pop(address, None)
        else:
            self._storage[address] = slots
        if not was_wiped:
            self._wiped.discard(address)

    def _undo_transient(self, key: tuple[Address, int], before: bytes) -> None:
        self._transient[key] = before

    def _undo_warm(self, key: Address | tuple[Address, int]) -> None:
        self._warm.discard(key)

    # -- the end of the block --

    def diff(self) -> BlockDiff:
        """Give all changes since the view."""
        named = {account.code_hash for account in self._accounts.values() if account is not None}
        return BlockDiff(
            accounts=dict(self._accounts),
            storage={address: dict(slots) for address, slots in self._storage.items() if slots},
            wiped=frozenset(self._wiped),
            code={key: code for key, code in self._code.items() if key in named and code},
        )

    # -- what py-evm's state asks for and the ledger does elsewhere --

    @property
    def state_root(self) -> Hash32:
        """Nothing is hashed during a block; snapshots carry this along."""
        return ZERO_HASH

    @state_root.setter
    def state_root(self, value: Hash32) -> None:
        """Ignored: py-evm sets it at every revert."""

    def has_root(self, state_root: bytes) -> bool:
        """Say no: roots are the ledger's."""
        del state_root
        return False

    def make_state_root(self) -> Hash32:
        """Give the placeholder of ``state_root``."""
        return ZERO_HASH

    def persist(self) -> None:
        """Nobody may call this: py-evm's own block pipeline would, and it is not used."""
        raise AssertionError("blocks are stored by the ledger, not by the interpreter's state")


AccountDatabaseAPI.register(JournalAccounts)
