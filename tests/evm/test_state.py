import pytest

from node.base.errors import CorruptStoreError
from node.base.keccak import keccak256
from node.base.types import EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, Address, Hash32
from node.evm import state
from node.evm.errors import MissingStateError
from node.evm.executor import AccountData, BlockDiff
from node.evm.state import Account, StateStore, decode_account
from node.storage.shared_nodes import NodePool, PooledNodes
from node.storage.state_nodes import MemoryStateNodes

A, B = Address(b"\x0a" * 20), Address(b"\x0b" * 20)
PLAIN = AccountData(1, 5, EMPTY_CODE_HASH)


class Chain:
    """States one after the other."""

    def __init__(self):
        self.nodes = MemoryStateNodes()
        self.store = StateStore(self.nodes)
        self.root = EMPTY_TRIE_ROOT

    def step(self, accounts=None, storage=None, wiped=(), code=None):
        diff = BlockDiff(accounts or {}, storage or {}, frozenset(wiped), code or {})
        writes = self.store.apply(self.view(), diff)
        self.store.put(writes)
        self.root = writes.root
        return writes

    def view(self):
        return self.store.view(self.root)


@pytest.fixture
def chain():
    return Chain()


def test_a_diff_can_be_read_from_the_next_root(chain):
    code = b"\x60\x00"
    chain.step(
        {A: AccountData(1, 5, keccak256(code))}, {A: {3: 2**256 - 1}}, code={keccak256(code): code}
    )
    view = chain.view()
    assert (view.nonce(A), view.balance(A), view.slot(A, 3), view.code_of(A)) == (
        1,
        5,
        2**256 - 1,
        code,
    )
    assert view.account(A) == AccountData(1, 5, keccak256(code))


def test_an_absent_account_reads_as_zero(chain):
    view = chain.view()
    assert view.account(B) is None
    assert (view.nonce(B), view.balance(B), view.slot(B, 1), view.code_of(B)) == (0, 0, 0, b"")
    assert (view.get_nonce(B), view.get_balance(B)) == (0, 0)
    assert view.get_code_hash(B) == EMPTY_CODE_HASH


def test_an_empty_diff_keeps_the_root_and_writes_nothing(chain):
    chain.step({A: PLAIN}, {A: {1: 1}})
    root = chain.root
    writes = chain.step()
    assert (writes.root, writes.nodes) == (root, {})


def test_storage_alone_changes_the_account_too(chain):
    chain.step({A: PLAIN})
    before = chain.root
    chain.step(storage={A: {1: 9}})
    assert chain.root != before
    assert (chain.view().slot(A, 1), chain.view().balance(A)) == (9, 5)


def test_an_account_keeps_its_storage_when_only_the_balance_changes(chain):
    chain.step({A: PLAIN}, {A: {1: 9}})
    chain.step({A: PLAIN._replace(balance=6)})
    assert (chain.view().slot(A, 1), chain.view().balance(A)) == (9, 6)


def test_a_slot_set_to_zero_leaves_no_trace(chain):
    chain.step({A: PLAIN})
    before = chain.root
    chain.step(storage={A: {1: 9}})
    chain.step(storage={A: {1: 0, 2: 0}})
    assert chain.root == before


def test_a_deleted_account_leaves_no_trace(chain):
    chain.step({A: PLAIN})
    before = chain.root
    chain.step({B: PLAIN}, {B: {1: 1}})
    chain.step({B: None}, wiped=[B])
    assert chain.root == before


def test_deleting_an_account_that_never_was_changes_nothing(chain):
    chain.step({A: PLAIN})
    before = chain.root
    chain.step({B: None}, wiped=[B])
    assert chain.root == before


def test_a_wiped_account_that_is_made_again_has_only_its_new_slots(chain):
    chain.step({A: PLAIN}, {A: {1: 1, 2: 2}})
    chain.step({A: PLAIN}, {A: {2: 7}}, wiped=[A])
    fresh = Chain()
    fresh.step({A: PLAIN}, {A: {2: 7}})
    assert chain.root == fresh.root


def test_the_order_of_a_diff_does_not_matter(chain):
    other = Chain()
    accounts = {Address(bytes([n]) * 20): PLAIN for n in range(20)}
    slots = {n: n + 1 for n in range(20)}
    chain.step(accounts, {A: slots})
    backwards = dict(reversed(accounts.items()))
    written = other.step(backwards, {A: dict(reversed(slots.items()))})
    assert other.root == chain.root
    assert list(written.nodes) == list(Chain().step(accounts, {A: slots}).nodes)


def test_an_old_root_still_shows_the_old_state(chain):
    chain.step({A: PLAIN}, {A: {1: 1}})
    old = chain.view()
    old_root = chain.root
    chain.step({A: PLAIN._replace(balance=9)}, {A: {1: 2}})
    assert (old.balance(A), old.slot(A, 1)) == (5, 1)
    again = StateStore(chain.nodes).view(old_root)
    assert (again.balance(A), again.slot(A, 1)) == (5, 1)


def test_apply_stores_nothing(chain):
    diff = BlockDiff({A: PLAIN}, {}, frozenset(), {})
    chain.store.apply(chain.view(), diff)
    assert len(chain.nodes) == 0


def test_a_root_that_is_not_stored_is_missing_state(chain):
    with pytest.raises(MissingStateError, match="02" * 32):
        chain.store.view(Hash32(b"\x02" * 32))


def test_code_that_is_not_stored_is_a_corrupt_store(chain):
    chain.step({A: AccountData(0, 0, Hash32(b"\x07" * 32))})
    with pytest.raises(CorruptStoreError, match="07" * 32):
        chain.view().code_of(A)


def test_an_account_comes_back_from_its_bytes():
    account = Account(2**64 - 1, 2**256 - 1, EMPTY_TRIE_ROOT, EMPTY_CODE_HASH)
    assert decode_account(account.encode(), A) == account


@pytest.mark.parametrize("raw", [b"", b"\xc0", b"\x80", b"\xc4\x01\x02\xc0\x04"])
def test_bytes_that_are_no_account_are_a_corrupt_store(raw):
    with pytest.raises(CorruptStoreError, match=A.hex()):
        decode_account(raw, A)


def test_of_a_shared_pool_a_node_opens_only_the_states_that_it_stored():
    pool = NodePool()
    one, other = (StateStore(PooledNodes(pool)) for _ in range(2))
    roots = []
    root = EMPTY_TRIE_ROOT
    for nonce in (1, 2):
        diff = BlockDiff({A: AccountData(nonce, 5, EMPTY_CODE_HASH)}, {}, frozenset(), {})
        writes = one.apply(one.view(root), diff)
        one.put(writes)
        if nonce == 1:
            other.put(writes)
        root = writes.root
        roots.append(root)
    assert [one.view(root).nonce(A) for root in roots] == [1, 2]
    assert other.view(roots[0]).nonce(A) == 1
    with pytest.raises(MissingStateError):
        other.view(roots[1])


def test_the_root_after_changes_is_that_of_the_state_to_be_and_stores_nothing():
    nodes = MemoryStateNodes()
    store = StateStore(nodes)
    view = store.view(EMPTY_TRIE_ROOT)
    account = AccountData(1, 2, EMPTY_CODE_HASH)
    diff = BlockDiff({Address(b"\x01" * 20): account}, {}, frozenset(), {})
    root = view.root_after(diff)
    assert nodes.node(root) is None
    assert store.apply(view, diff).root == root
    store.put(store.apply(view, diff))
    assert store.view(root).account(Address(b"\x01" * 20)) == account


def test_a_view_remembers_no_more_than_its_limits_and_answers_the_same(chain, monkeypatch):
    count = 40
    addresses = [Address(number.to_bytes(20)) for number in range(2 * count)]
    known = {each: AccountData(n, n, EMPTY_CODE_HASH) for n, each in enumerate(addresses[:count])}
    chain.step(known, {each: {1: n + 1} for n, each in enumerate(known)})
    want = [(n, n + 1) for n in range(count)] + [(0, 0)] * count
    for limit in (1, 7, 1_000):
        monkeypatch.setattr(state, "VIEW_ACCOUNTS_COUNT_MAX", limit)
        monkeypatch.setattr(state, "VIEW_TRIES_COUNT_MAX", limit)
        view = chain.view()
        for _ in range(2):
            seen = []
            for each in addresses:
                seen.append((view.nonce(each), view.slot(each, 1)))
                assert len(view._accounts) <= limit
                assert len(view._tries) <= limit
            assert seen == want
        diff = BlockDiff(dict.fromkeys(addresses[::3]), {}, frozenset(), {})
        wide = chain.view()
        assert view.root_after(diff) == wide.root_after(diff)
