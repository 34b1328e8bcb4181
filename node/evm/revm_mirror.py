"""A copy of one state inside revm, and how it moves from one root to another (ledger.md 6.1).

pyrevm reads no database of ours, so all accounts and slots of the state stand in its own.  It is
kept equal by explicit values: a ``Change`` says what each key is afterwards, and writing one gives
the change that takes it back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

from node.base.limits import MIRROR_STEPS_COUNT_MAX
from node.base.types import EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, Address, Hash32
from node.evm.executor import AccountData, BlockDiff, ExecutionContext
from node.evm.forks import CANCUN, LONDON
from node.evm.revm_code import contract_opcodes
from node.evm.state import StateStore, StateView
from node.storage.state_nodes import MemoryStateNodes

# Not an import statement: its type stubs lack what we call, and it is an optional package.
_PYREVM: Final[Any] = import_module("pyrevm")
_SPECS: Final = {LONDON.name: "London", CANCUN.name: "Cancun"}
"""Exactly these: pyrevm takes any name that it does not know for its newest rules."""


@dataclass(slots=True)
class Change:
    """What accounts (None: no such one) and slots are after a step."""

    accounts: dict[Address, AccountData | None] = field(default_factory=dict)
    slots: dict[Address, dict[int, int]] = field(default_factory=dict)

    def keep_older(self, later: "Change") -> None:
        """Take in the undo of a later step: what both name, this one says."""
        for address, account in later.accounts.items():
            self.accounts.setdefault(address, account)
        for address, slots in later.slots.items():
            mine = self.slots.setdefault(address, {})
            for slot, value in slots.items():
                mine.setdefault(slot, value)


@dataclass(frozen=True, slots=True)
class _Step:
    """One block between two roots."""

    before: Hash32
    after: Hash32
    undo: Change
    redo: Change


class Mirror:
    """One state, readable as a ``StateReader`` and runnable in revm."""

    def __init__(
        self, keys: Mapping[Address, Iterable[int]], doubtful: frozenset[int] = frozenset()
    ) -> None:
        """Begin with the empty state.

        ``keys``      accounts with their slots that the first state may hold: a trie knows only
                      their hashes.
        ``doubtful``  opcodes whose accounts are listed in ``doubtful``.
        """
        self.root: Hash32 = EMPTY_TRIE_ROOT
        self.doubtful: set[Address] = set()
        self.evm: Any = None
        self._doubtful_opcodes = doubtful
        self._first_keys = {address: frozenset(slots) for address, slots in keys.items()}
        self._machine: tuple[object, ...] | None = None
        self._accounts: dict[Address, AccountData] = {}
        self._slots: dict[Address, dict[int, int]] = {}
        self._code: dict[Hash32, bytes] = {}
        self._inserted: set[Hash32] = set()
        self._steps: list[_Step] = []
        self._out_of_reach: dict[Hash32, None] = {}

    # -- reading --

    def account(self, address: Address) -> AccountData | None:
        """Give an account, or None."""
        return self._accounts.get(address)

    def slot(self, address: Address, slot: int) -> int:
        """Give the value of a storage slot, 0 if it was never set."""
        slots = self._slots.get(address)
        return slots.get(slot, 0) if slots else 0

    def code(self, code_hash: Hash32) -> bytes:
        """Give the code with this hash."""
        return b"" if code_hash == EMPTY_CODE_HASH else self._code[code_hash]

    def code_of(self, address: Address) -> bytes:
        """Give the code of an account, empty if it has none."""
        return self.code(self.get_code_hash(address))

    def get_nonce(self, address: Address) -> int:
        """Give the nonce of an account, 0 if there is none."""
        account = self._accounts.get(address)
        return 0 if account is None else account.nonce

    def get_balance(self, address: Address) -> int:
        """Give the balance of an account, 0 if there is none."""
        account = self._accounts.get(address)
        return 0 if account is None else account.balance

    def get_code_hash(self, address: Address) -> Hash32:
        """Give the hash of the account's code."""
        account = self._accounts.get(address)
        return EMPTY_CODE_HASH if account is None else account.code_hash

    # -- the machine --

    def set_block(self, context: ExecutionContext) -> None:
        """Make what follows run in this block.

        GASLIMIT is a property of the machine: another one means another machine, filled anew.
        """
        machine = (context.profile.name, context.chain_id, context.gas_limit)
        if machine != self._machine:
            self._machine = machine
            self._fill(*machine)
        self.evm.set_block_env(
            _PYREVM.BlockEnv(
                number=context.number,
                coinbase="0x" + context.fee_recipient.hex(),
                timestamp=context.timestamp,
                difficulty=context.difficulty,
                prevrandao=context.mix_hash,
                basefee=0,
                gas_limit=context.gas_limit,
                excess_blob_gas=0,
            )
        )

    def _fill(self, profile: str, chain_id: int, gas_limit: int) -> None:
        environment = _PYREVM.Env(cfg=_PYREVM.CfgEnv(chain_id=chain_id))
        self.evm = _PYREVM.EVM(env=environment, gas_limit=gas_limit, spec_id=_SPECS[profile])
        self._inserted.clear()
        for address, account in self._accounts.items():
            self._insert(address, account)
        for address, slots in self._slots.items():
            self._insert_slots(address, slots)

    # -- changing --

    def apply(self, diff: BlockDiff) -> Change:
        """Write a diff; give what takes it back."""
        self._code.update(diff.code)
        slots = {address: dict(changed) for address, changed in diff.storage.items()}
        for address in diff.wiped:
            # The database of revm keeps the slots of a destroyed account: each becomes 0.
            zeros = dict.fromkeys(self._slots.get(address, ()), 0)
            slots[address] = zeros | slots.get(address, {})
        return self.write(Change(dict(diff.accounts), slots))

    def write(self, change: Change) -> Change:
        """Set explicit values; give the change that sets what they were."""
        undo = Change()
        for address, slots in change.slots.items():
            mine = self._slots.setdefault(address, {})
            undo.slots[address] = {slot: mine.get(slot, 0) for slot in slots}
            for slot, value in slots.items():
                if value:
                    mine[slot] = value
                else:
                    mine.pop(slot, None)
            if not mine:
                del self._slots[address]
            if self.evm is not None:
                self._insert_slots(address, slots)
        for address, account in change.accounts.items():
            undo.accounts[address] = self._accounts.pop(address, None)
            self.doubtful.discard(address)
            if account is not None:
                self._accounts[address] = account
                found = contract_opcodes(self.code(account.code_hash))
                if not self._doubtful_opcodes.isdisjoint(found):
                    self.doubtful.add(address)
            if self.evm is not None:
                self._insert(address, account)
        return undo

    def _insert(self, address: Address, account: AccountData | None) -> None:
        if account is None:
            info = _PYREVM.AccountInfo()
        else:
            code_hash = account.code_hash
            known = code_hash == EMPTY_CODE_HASH or code_hash in self._inserted
            info = _PYREVM.AccountInfo(
                nonce=account.nonce,
                balance=account.balance,
                code_hash=code_hash,
                code=None if known else self._code[code_hash],
            )
            self._inserted.add(code_hash)
        self.evm.insert_account_info("0x" + address.hex(), info)

    def _insert_slots(self, address: Address, slots: Mapping[int, int]) -> None:
        # Writing a slot loads the account, and a write to a loaded one stays in the journal: each
        # slot has its snapshot, taken back so that account and slot are cold again.
        evm = self.evm
        name = "0x" + address.hex()
        for slot, value in slots.items():
            snapshot = evm.snapshot()
            evm.insert_account_storage(name, slot, value)
            evm.revert(snapshot)

    # -- moving --

    def record(self, root: Hash32, undo: Change) -> None:
        """Say that what is here now is the state ``root``, and how it came from ``self.root``."""
        if root != self.root:
            self._steps.append(_Step(self.root, root, undo, self._values(undo)))
            del self._steps[:-MIRROR_STEPS_COUNT_MAX]
        self.root = root

    def _values(self, keys: Change) -> Change:
        return Change(
            {address: self._accounts.get(address) for address in keys.accounts},
            {a: {slot: self.slot(a, slot) for slot in slots} for a, slots in keys.slots.items()},
        )

    def seek(self, view: StateView) -> bool:
        """Move to the state of a view; False: it holds keys that were never seen here."""
        target = view.root
        if target == self.root:
            return True
        if target in self._out_of_reach:
            return False
        path = self._path(target)
        if path is not None:
            for change in path:
                self.write(change)
        elif not self._rebuild(view):
            self.mark_out_of_reach(target)
            return False
        self.root = target
        return True

    def is_out_of_reach(self, root: Hash32) -> bool:
        """Say whether a state could not be mirrored."""
        return root in self._out_of_reach

    def mark_out_of_reach(self, root: Hash32) -> None:
        """Do not try to mirror this state again."""
        self._out_of_reach[root] = None
        if len(self._out_of_reach) > MIRROR_STEPS_COUNT_MAX:
            del self._out_of_reach[next(iter(self._out_of_reach))]

    def _path(self, target: Hash32) -> list[Change] | None:
        """Give the changes that lead to a root over recorded blocks, breadth first."""
        edges: dict[Hash32, list[tuple[Hash32, Change]]] = {}
        for step in self._steps:
            edges.setdefault(step.before, []).append((step.after, step.redo))
            edges.setdefault(step.after, []).append((step.before, step.undo))
        came: dict[Hash32, tuple[Hash32, Change] | None] = {self.root: None}
        queue = [self.root]
        for at in queue:
            if at == target:
                break
            for root, change in edges.get(at, ()):
                if root not in came:
                    came[root] = (at, change)
                    queue.append(root)
        if target not in came:
            return None
        path: list[Change] = []
        link = came[target]
        while link is not None:
            path.append(link[1])
            link = came[link[0]]
        path.reverse()
        return path

    def _rebuild(self, view: StateView) -> bool:
        """Read every key ever seen from the view; their root tells whether that is all of it."""
        keys: dict[Address, set[int]] = {a: set(slots) for a, slots in self._first_keys.items()}
        sources = [Change(dict(self._accounts), self._slots)]
        sources += [step.undo for step in self._steps]
        for source in sources:
            for address in source.accounts:
                keys.setdefault(address, set())
            for address, slots in source.slots.items():
                keys.setdefault(address, set()).update(slots)
        accounts = {address: view.account(address) for address in sorted(keys)}
        values = {a: {at: view.slot(a, at) for at in sorted(mine)} for a, mine in keys.items()}
        diff = BlockDiff(accounts, values, frozenset(), {})
        store = StateStore(MemoryStateNodes())
        if store.apply(store.view(EMPTY_TRIE_ROOT), diff).root != view.root:
            return False
        for account in accounts.values():
            if account is not None and account.code_hash not in self._code:
                self._code[account.code_hash] = view.code(account.code_hash)
        self.write(_only_new(Change(accounts, values), self))
        return True


def _only_new(change: Change, mirror: Mirror) -> Change:
    slots = {
        address: {
            slot: value for slot, value in values.items() if mirror.slot(address, slot) != value
        }
        for address, values in change.slots.items()
    }
    return Change(
        {a: account for a, account in change.accounts.items() if mirror.account(a) != account},
        {address: values for address, values in slots.items() if values},
    )
