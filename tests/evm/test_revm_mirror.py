"""The state inside revm, and its way from root to root."""

import pytest

from node.base.keccak import keccak256
from node.base.limits import MIRROR_STEPS_COUNT_MAX
from node.base.types import EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, Address
from node.evm.executor import AccountData, BlockDiff
from node.evm.forks import CANCUN
from node.evm.revm_code import BLOCKHASH
from node.evm.state import StateStore
from node.storage.state_nodes import MemoryStateNodes
from tests.evm.asm import COUNTER, asm
from tests.evm.chains import ALICE, context, ledger

pyrevm = pytest.importorskip("pyrevm", reason="needs pyrevm: pip install 'wardnet[fast]'")

from node.evm.revm_mirror import Mirror  # noqa: E402 - only where pyrevm is

ONE, TWO = Address(b"\x01" * 20), Address(b"\x02" * 20)
RICH = AccountData(0, 10**18, EMPTY_CODE_HASH)
COUNTS = AccountData(1, 0, keccak256(COUNTER))


class States:
    """A chain of states and a mirror of it."""

    def __init__(self, keys=None):
        self.store = StateStore(MemoryStateNodes())
        self.mirror = Mirror(keys or {})
        self.root = EMPTY_TRIE_ROOT

    def view(self, root=None):
        return self.store.view(self.root if root is None else root)

    def put(self, accounts=None, storage=None, wiped=(), code=()):
        """Give the root after a diff."""
        codes = {keccak256(item): item for item in code}
        diff = BlockDiff(accounts or {}, storage or {}, frozenset(wiped), codes)
        writes = self.store.apply(self.view(), diff)
        self.store.put(writes)
        self.root = writes.root
        return diff, writes.root

    def step(self, *words, **more):
        """Put a diff and let the mirror record it."""
        diff, root = self.put(*words, **more)
        self.mirror.record(root, self.mirror.apply(diff))
        return root


def _run(mirror, to, **changes):
    """Call in revm; give the gas used and the values of slots 0 to 9 afterwards."""
    mirror.set_block(context(ledger(), **changes))
    name = "0x" + to.hex()
    snapshot = mirror.evm.snapshot()
    mirror.evm.message_call(caller="0x" + ALICE.address.hex(), to=name, gas=500_000)
    values = [mirror.evm.storage(name, slot) for slot in range(10)]
    mirror.evm.revert(snapshot)
    return values


def _with(code, **changes):
    mirror = Mirror({})
    accounts = {ONE: AccountData(1, 0, keccak256(code))}
    mirror.apply(BlockDiff(accounts, {}, frozenset(), {keccak256(code): code}))
    return _run(mirror, ONE, **changes)


PUSH0 = asm("PUSH0 PUSH 1 ADD PUSH 0 SSTORE")


@pytest.mark.parametrize("name", ["LONDON", "london", "garbage"])
def test_trap_1_a_name_that_pyrevm_does_not_know_means_its_newest_rules(name):
    evm = pyrevm.EVM(spec_id=name)
    evm.insert_account_info("0x" + "0d" * 20, pyrevm.AccountInfo(nonce=1, code=PUSH0))
    evm.message_call(caller="0x" + "01" * 20, to="0x" + "0d" * 20, gas=100_000)
    assert evm.result.is_success


def test_trap_1_in_london_push0_is_no_opcode():
    with pytest.raises(RuntimeError, match="NotActivated"):
        _with(PUSH0)


def test_trap_1_in_cancun_push0_is_one():
    assert _with(PUSH0, profile=CANCUN)[0] == 1


def test_trap_7_bare_pyrevm_ignores_gas_limit_and_base_fee_of_its_block():
    evm = pyrevm.EVM(gas_limit=777_777)
    code = asm("GASLIMIT PUSH 0 SSTORE BASEFEE PUSH 1 SSTORE")
    evm.insert_account_info("0x" + "0d" * 20, pyrevm.AccountInfo(nonce=1, code=code))
    evm.set_block_env(pyrevm.BlockEnv(gas_limit=5_000_000, basefee=7))
    evm.message_call(caller="0x" + "01" * 20, to="0x" + "0d" * 20, gas=200_000)
    assert [evm.storage("0x" + "0d" * 20, slot) for slot in (0, 1)] == [777_777, 0]


def test_trap_7_every_block_has_its_own_gas_limit_on_the_same_state():
    code = asm("GASLIMIT PUSH 0 SSTORE PUSH 5 SLOAD PUSH 1 SSTORE")
    mirror = Mirror({})
    accounts = {ONE: AccountData(1, 0, keccak256(code))}
    mirror.apply(BlockDiff(accounts, {ONE: {5: 55}}, frozenset(), {keccak256(code): code}))
    for limit in (30_000_000, 40_000_000, 30_000_000):
        assert _run(mirror, ONE, gas_limit=limit)[:2] == [limit, 55]


def test_the_block_is_the_one_of_the_context():
    code = asm("NUMBER PUSH 0 SSTORE TIMESTAMP PUSH 1 SSTORE CHAINID PUSH 2 SSTORE")
    code += asm("DIFFICULTY PUSH 3 SSTORE COINBASE PUSH 4 SSTORE")
    changes = {"number": 9, "timestamp": 77, "chain_id": 5, "fee_recipient": TWO}
    found = _with(code, difficulty=3, mix_hash=bytes(31) + b"\x08", **changes)
    assert found[:5] == [9, 77, 5, 3, int.from_bytes(TWO)]


def test_in_cancun_difficulty_reads_the_mix_hash():
    code = asm("DIFFICULTY PUSH 3 SSTORE")
    found = _with(code, profile=CANCUN, difficulty=3, mix_hash=bytes(31) + b"\x08")
    assert found[3] == 8


def test_trap_11_a_bare_database_asks_nobody():
    evm = pyrevm.EVM()
    assert evm.get_balance("0x" + "0d" * 20) == 0


def test_a_new_mirror_is_the_empty_state():
    states = States()
    assert states.mirror.seek(states.view())
    assert states.mirror.account(ONE) is None
    assert states.mirror.slot(ONE, 0) == 0


def test_trap_11_a_first_state_is_read_from_its_leaves():
    states = States({ONE: (3, 4), TWO: ()})
    states.put({ONE: COUNTS, TWO: RICH}, {ONE: {3: 30}}, code=[COUNTER])
    assert states.mirror.seek(states.view())
    assert states.mirror.account(ONE) == COUNTS
    assert states.mirror.slot(ONE, 3) == 30
    assert states.mirror.code_of(ONE) == COUNTER
    assert states.mirror.get_balance(TWO) == 10**18


@pytest.mark.parametrize("keys", [{}, {ONE: ()}, {TWO: (3,)}])
def test_trap_11_a_state_with_an_unknown_key_is_out_of_reach(keys):
    states = States(keys)
    _, root = states.put({ONE: COUNTS}, {ONE: {3: 30}}, code=[COUNTER])
    assert not states.mirror.seek(states.view())
    assert states.mirror.is_out_of_reach(root)
    assert states.mirror.root == EMPTY_TRIE_ROOT
    assert states.mirror.account(ONE) is None


def test_trap_11_blocks_are_walked_back_and_forth():
    states = States()
    roots = [states.step({ONE: COUNTS}, {ONE: {0: n, n: n}}, code=[COUNTER]) for n in range(1, 6)]
    for at in (0, 4, 2, 3, 1):
        assert states.mirror.seek(states.view(roots[at]))
        view = states.view(roots[at])
        values = [states.mirror.slot(ONE, slot) for slot in range(7)]
        assert values == [view.slot(ONE, slot) for slot in range(7)]
        assert _run(states.mirror, ONE)[0] == at + 2


def test_trap_11_a_sibling_is_reached_over_the_common_parent():
    states = States()
    parent = states.step({ONE: RICH})
    left = states.step({ONE: None, TWO: RICH}, {TWO: {1: 1}})
    assert states.mirror.seek(states.view(parent))
    states.root = parent
    states.step({ONE: RICH._replace(nonce=1)}, {ONE: {2: 2}})
    assert states.mirror.seek(states.view(left))
    assert (states.mirror.account(ONE), states.mirror.account(TWO)) == (None, RICH)
    assert (states.mirror.slot(ONE, 2), states.mirror.slot(TWO, 1)) == (0, 1)


def test_trap_11_further_than_the_kept_blocks_the_state_is_rebuilt(monkeypatch):
    states = States({ONE: (0,)})
    first = states.step({ONE: RICH}, {ONE: {0: 1}})
    for n in range(2, MIRROR_STEPS_COUNT_MAX + 3):
        states.step({ONE: RICH}, {ONE: {0: n}})
    assert len(states.mirror._steps) == MIRROR_STEPS_COUNT_MAX
    assert states.mirror._path(first) is None
    assert states.mirror.seek(states.view(first))
    assert states.mirror.slot(ONE, 0) == 1


def test_trap_11_a_key_that_went_in_a_kept_block_is_still_known():
    states = States()
    states.step({ONE: RICH})
    states.step({ONE: None, TWO: RICH})
    states.put({ONE: RICH})
    assert states.mirror.seek(states.view())
    assert states.mirror.account(ONE) == RICH


def test_a_block_that_changes_nothing_is_no_step():
    states = States()
    root = states.step({ONE: RICH})
    assert states.step() == root
    assert len(states.mirror._steps) == 1


def test_a_state_that_comes_back_is_walked_in_a_circle():
    states = States()
    start = states.step({ONE: RICH})
    middle = states.step({TWO: RICH})
    assert states.step({TWO: None}) == start
    assert states.mirror.seek(states.view(middle))
    assert states.mirror.account(TWO) == RICH
    assert states.mirror.seek(states.view(start))
    assert states.mirror.account(TWO) is None


def test_trap_5_bare_pyrevm_keeps_the_slots_of_a_deleted_account():
    evm = pyrevm.EVM(spec_id="London")
    name = "0x" + ONE.hex()
    snapshot = evm.snapshot()
    evm.insert_account_storage(name, 0, 7)
    evm.revert(snapshot)
    evm.insert_account_info(name, pyrevm.AccountInfo())
    assert evm.storage(name, 0) == 7


def test_trap_5_wiped_slots_are_zero_in_revm_and_come_back():
    states = States()
    full = states.step({ONE: COUNTS}, {ONE: {0: 7, 5: 5}}, code=[COUNTER])
    states.mirror.set_block(context(ledger()))
    states.step({ONE: None}, wiped=[ONE])
    states.step({ONE: COUNTS}, {ONE: {5: 6}}, code=[COUNTER])
    assert [_run(states.mirror, ONE)[slot] for slot in (0, 5)] == [1, 6]
    assert states.mirror.seek(states.view(full))
    assert [_run(states.mirror, ONE)[slot] for slot in (0, 5)] == [8, 5]


def test_accounts_with_a_doubtful_opcode_are_listed_while_they_are_there():
    code = asm("PUSH 1 BLOCKHASH")
    mirror = Mirror({}, frozenset((BLOCKHASH,)))
    account = AccountData(1, 0, keccak256(code))
    undo = mirror.apply(BlockDiff({ONE: account}, {}, frozenset(), {keccak256(code): code}))
    assert mirror.doubtful == {ONE}
    mirror.write(undo)
    assert mirror.doubtful == set()


def test_only_so_many_unreachable_states_are_remembered():
    mirror = Mirror({})
    for n in range(MIRROR_STEPS_COUNT_MAX + 1):
        mirror.mark_out_of_reach(bytes([n]) * 32)
    assert not mirror.is_out_of_reach(bytes(32))
    assert mirror.is_out_of_reach(bytes([MIRROR_STEPS_COUNT_MAX]) * 32)
