"""The state of accounts under a root: reading it, and turning a block's diff into the next root."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from node.base import rlp
from node.base.errors import CodecError, CorruptStoreError
from node.base.keccak import keccak256
from node.base.limits import TRIE_NODES_MAX, VIEW_ACCOUNTS_COUNT_MAX, VIEW_TRIES_COUNT_MAX
from node.base.types import EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, Address, Hash32
from node.evm.executor import AccountData, BlockDiff
from node.evm.trie import Trie
from node.evm.trie_nodes import NodeCache
from node.storage.state_nodes import StateNodes


class Account(NamedTuple):
    """An account as it stands in the state trie (Yellow Paper 4.1)."""

    nonce: int
    balance: int
    storage_root: Hash32
    code_hash: Hash32

    def encode(self) -> bytes:
        """Give the RLP of the four fields."""
        return rlp.encode(
            [
                rlp.encode_int(self.nonce),
                rlp.encode_int(self.balance),
                self.storage_root,
                self.code_hash,
            ]
        )


def decode_account(raw: bytes, address: Address) -> Account:
    """Read an account from our own store.

    raises        CorruptStoreError: the bytes are no account.
    """
    try:
        return read_account(raw)
    except CodecError as error:
        raise CorruptStoreError("state", f"account 0x{address.hex()}", error.what) from error


def read_account(raw: bytes) -> Account:
    """Read an account.

    raises        CodecError: the bytes are no account.
    """
    items = rlp.decode(raw)
    if isinstance(items, bytes) or len(items) != 4:
        raise CodecError("account", "wants four items")
    storage_root, code_hash = items[2], items[3]
    if not isinstance(storage_root, bytes) or not isinstance(code_hash, bytes):
        raise CodecError("account", "a list where a hash belongs")
    return Account(
        rlp.decode_int(items[0], bytes_max=8),
        rlp.decode_int(items[1]),
        Hash32(storage_root),
        Hash32(code_hash),
    )


@dataclass(frozen=True, slots=True)
class StateWrites:
    """A new root, and what must be stored before it can be read."""

    root: Hash32
    nodes: Mapping[Hash32, bytes]
    code: Mapping[Hash32, bytes]


class StateView:
    """The state under one root.

    What was read is remembered, for the state never changes; at its limit a memory is emptied.
    """

    def __init__(self, nodes: StateNodes, cache: NodeCache, root: Hash32) -> None:
        self.root = root
        self._nodes = nodes
        self._cache = cache
        self._trie = Trie(cache, root)
        self._accounts: dict[Address, Account | None] = {}
        self._tries: dict[Address, Trie] = {}

    def full_account(self, address: Address) -> Account | None:
        """Give an account with its storage root, or None."""
        try:
            return self._accounts[address]
        except KeyError:
            raw = self._trie.get(keccak256(address))
            found = None if raw is None else decode_account(raw, address)
            if len(self._accounts) >= VIEW_ACCOUNTS_COUNT_MAX:
                self._accounts.clear()
            self._accounts[address] = found
            return found

    def account(self, address: Address) -> AccountData | None:
        """Give an account, or None."""
        found = self.full_account(address)
        if found is None:
            return None
        return AccountData(found.nonce, found.balance, found.code_hash)

    def slot(self, address: Address, slot: int) -> int:
        """Give the value of a storage slot, 0 if it was never set."""
        raw = self._storage(address).get(keccak256(slot.to_bytes(32)))
        return 0 if raw is None else _read_slot(raw, address, slot)

    def _storage(self, address: Address) -> Trie:
        trie = self._tries.get(address)
        if trie is None:
            found = self.full_account(address)
            root = EMPTY_TRIE_ROOT if found is None else found.storage_root
            if len(self._tries) >= VIEW_TRIES_COUNT_MAX:
                self._tries.clear()
            trie = self._tries[address] = Trie(self._cache, root)
        return trie

    def account_proof(self, address: Address) -> list[bytes]:
        """Give the nodes that prove an account, or that there is none (``Trie.proof``)."""
        return self._trie.proof(keccak256(address))

    def slot_proof(self, address: Address, slot: int) -> list[bytes]:
        """Give the nodes below the account's storage root that prove a slot, or that it is 0."""
        return self._storage(address).proof(keccak256(slot.to_bytes(32)))

    def code(self, code_hash: Hash32) -> bytes:
        """Give the code with this hash.

        raises        CorruptStoreError: an account names code that is not stored.
        """
        if code_hash == EMPTY_CODE_HASH:
            return b""
        code = self._nodes.code(code_hash)
        if code is None:
            raise CorruptStoreError("state", f"code 0x{code_hash.hex()}", "missing")
        return code

    def nonce(self, address: Address) -> int:
        """Give the nonce of an account, 0 if there is none."""
        found = self.full_account(address)
        return 0 if found is None else found.nonce

    def balance(self, address: Address) -> int:
        """Give the balance of an account in wei, 0 if there is none."""
        found = self.full_account(address)
        return 0 if found is None else found.balance

    def code_of(self, address: Address) -> bytes:
        """Give the code of an account, empty if it has none."""
        found = self.full_account(address)
        return b"" if found is None else self.code(found.code_hash)

    def root_after(self, diff: BlockDiff) -> Hash32:
        """Give the root that this state would have after changes; nothing is stored."""
        return _applied(self._cache, self, diff).root

    # the names that the rules of transactions ask by
    def get_nonce(self, address: Address) -> int:
        """Give the nonce of an account, 0 if there is none."""
        return self.nonce(address)

    def get_balance(self, address: Address) -> int:
        """Give the balance of an account, 0 if there is none."""
        return self.balance(address)

    def get_code_hash(self, address: Address) -> Hash32:
        """Give the hash of the account's code."""
        found = self.full_account(address)
        return EMPTY_CODE_HASH if found is None else found.code_hash


def _read_slot(raw: bytes, address: Address, slot: int) -> int:
    try:
        return rlp.decode_int(rlp.decode(raw))
    except CodecError as error:
        key = f"account 0x{address.hex()} slot {slot:#x}"
        raise CorruptStoreError("state", key, error.what) from error


def _applied(cache: NodeCache, view: StateView, diff: BlockDiff) -> StateWrites:
    out: dict[Hash32, bytes] = {}
    storage_roots = _storage_roots(cache, view, diff, out)
    trie = Trie(cache, view.root)
    for address in sorted({*diff.accounts, *storage_roots}):
        before = view.full_account(address)
        after = diff.accounts.get(address) if address in diff.accounts else view.account(address)
        if after is None:
            trie.delete(keccak256(address))
            continue
        storage_root = storage_roots.get(address)
        if storage_root is None:
            storage_root = EMPTY_TRIE_ROOT if before is None else before.storage_root
        account = Account(after.nonce, after.balance, storage_root, after.code_hash)
        if account != before:
            trie.set(keccak256(address), account.encode())
    return StateWrites(trie.commit(out), out, diff.code)


def _storage_roots(
    cache: NodeCache, view: StateView, diff: BlockDiff, out: dict[Hash32, bytes]
) -> dict[Address, Hash32]:
    roots: dict[Address, Hash32] = {}
    for address in sorted({*diff.storage, *diff.wiped}):
        before = view.full_account(address)
        root = EMPTY_TRIE_ROOT
        if before is not None and address not in diff.wiped:
            root = before.storage_root
        trie = Trie(cache, root)
        slots = diff.storage.get(address, {})
        for slot in sorted(slots):
            value = slots[slot]
            encoded = rlp.encode(rlp.encode_int(value)) if value else b""
            trie.set(keccak256(slot.to_bytes(32)), encoded)
        roots[address] = trie.commit(out)
    return roots


class StateStore:
    """All states of one store of nodes."""

    def __init__(self, nodes: StateNodes, nodes_max: int = TRIE_NODES_MAX) -> None:
        self._nodes = nodes
        self._cache = NodeCache(nodes.node, nodes_max)

    def view(self, root: Hash32) -> StateView:
        """Open a state.

        raises        MissingStateError: its root is not stored.
        """
        return StateView(self._nodes, self._cache, root)

    def apply(self, view: StateView, diff: BlockDiff) -> StateWrites:
        """Give the state after a block; nothing is stored.

        All slots first, each storage root once, then all accounts, then one root.  Sorted, so that
        the order of written nodes is the same in every run.
        """
        return _applied(self._cache, view, diff)

    def put(self, writes: StateWrites) -> None:
        """Store what ``apply`` gave."""
        self._nodes.put(writes.nodes, writes.code)
        self._nodes.own(writes.root)
