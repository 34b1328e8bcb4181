"""What revm says about one transaction, and that it forgets it: the traps of pyrevm 0.3.7.

Each trap has a test that walks into it with bare pyrevm, and one that shows the way around.
"""

import re
from dataclasses import replace

import pytest

from node.base.keccak import keccak256
from node.base.types import EMPTY_CODE_HASH, Address
from node.evm.errors import ExecutionFaultError
from node.evm.executor import AccountData, BlockDiff
from node.evm.forks import CANCUN, LONDON
from node.evm.receipts import contract_address
from tests.evm.asm import BURNER, COUNTER, LOGGER, REVERTER, asm, initcode
from tests.evm.chains import ALICE, BOB, SIGNER, context, decoded, ledger, legacy

pyrevm = pytest.importorskip("pyrevm", reason="needs pyrevm: pip install 'wardnet[fast]'")

from node.evm.revm_journal import run  # noqa: E402 - only where pyrevm is
from node.evm.revm_mirror import Mirror  # noqa: E402

A, B = "0x" + ALICE.address.hex(), "0x" + "0d" * 20
OLD = Address(b"\x0d" * 20)
RICH = 10**18
OTHER_SIGNER = Address(b"\x52" * 20)


def _bare(code=COUNTER, spec="London"):
    """Give pyrevm as it is, with a rich account and a contract."""
    evm = pyrevm.EVM(gas_limit=30_000_000, spec_id=spec)
    evm.insert_account_info(A, pyrevm.AccountInfo(balance=RICH))
    evm.insert_account_info(B, pyrevm.AccountInfo(nonce=1, code=code))
    return evm


def _call(evm, to=B, **words):
    evm.message_call(caller=A, to=to, gas=200_000, **words)
    return evm.result.gas_used


def _mirror(code=COUNTER, profile=LONDON, slots=None, nonce=0, **changes):
    mirror = Mirror({})
    code_hash = keccak256(code)
    accounts = {
        ALICE.address: AccountData(nonce, RICH, EMPTY_CODE_HASH),
        OLD: AccountData(1, 0, code_hash),
    }
    mirror.apply(BlockDiff(accounts, {OLD: slots or {}}, frozenset(), {code_hash: code}))
    block = context(ledger(), profile=profile, **changes)
    mirror.set_block(block)
    return mirror, block


def _step(mirror, block, raw):
    """Run and keep a transaction."""
    outcome = run(mirror, block, decoded(raw))
    mirror.apply(outcome.diff)
    return outcome


def test_trap_2_a_second_bare_call_finds_warm_slots():
    evm = _bare()
    assert _call(evm) - _call(evm) > 2_000


def test_trap_2_slots_are_cold_and_originals_new_in_the_next_transaction():
    mirror, block = _mirror(slots={0: 5})
    costs = [_step(mirror, block, legacy(ALICE, nonce, OLD)).gas_used for nonce in range(3)]
    assert costs == [26_030] * 3
    assert mirror.slot(OLD, 0) == 8


def test_trap_2_transient_storage_ends_with_the_transaction():
    code = asm("PUSH 1 TLOAD PUSH 1 SSTORE PUSH 7 PUSH 1 TSTORE")
    evm = _bare(code, "Cancun")
    _call(evm)
    _call(evm)
    assert evm.storage(B, 1) == 7
    mirror, block = _mirror(code, CANCUN)
    for nonce in range(2):
        _step(mirror, block, legacy(ALICE, nonce, OLD))
    assert mirror.slot(OLD, 1) == 0


def test_trap_2_two_slots_written_in_one_snapshot_lose_the_second():
    evm = _bare()
    snapshot = evm.snapshot()
    for slot in (0, 1):
        evm.insert_account_storage(B, slot, 9)
    evm.revert(snapshot)
    snapshot = evm.snapshot()
    assert [evm.storage(B, 0), evm.storage(B, 1)] == [9, 0]
    evm.revert(snapshot)


def test_trap_2_every_slot_of_a_change_reaches_revm():
    code = asm("PUSH 0 SLOAD PUSH 1 SLOAD ADD PUSH 2 SLOAD ADD PUSH 3 SSTORE")
    mirror, block = _mirror(code, slots={0: 1, 1: 20, 2: 300})
    assert _step(mirror, block, legacy(ALICE, 0, OLD)).diff.storage == {OLD: {3: 321}}


def test_trap_3_a_bare_call_counts_no_nonce_and_a_deployment_does():
    evm = _bare()
    _call(evm)
    assert evm.journal_state[_checksummed(evm, A)].nonce == 0
    evm.deploy(deployer=A, code=initcode(b"\x00"), gas=200_000)
    assert evm.journal_state[_checksummed(evm, A)].nonce == 1


@pytest.mark.parametrize(
    ("to", "data"),
    [(OLD, b""), (None, initcode(b"\x00")), (None, REVERTER), (None, b"\xfe")],
    ids=["call", "deployment", "failing deployment", "halting deployment"],
)
def test_trap_3_every_transaction_counts_the_nonce_once(to, data):
    mirror, block = _mirror(nonce=4)
    _step(mirror, block, legacy(ALICE, 4, to, data))
    assert mirror.get_nonce(ALICE.address) == 5


@pytest.mark.parametrize("code", [REVERTER, BURNER, b"\xfe"])
def test_trap_3_a_failed_call_changes_the_nonce_alone(code):
    mirror, block = _mirror(code, nonce=4)
    outcome = _step(mirror, block, legacy(ALICE, 4, OLD, value=7))
    assert outcome.status == 0
    account = AccountData(5, RICH, EMPTY_CODE_HASH)
    assert outcome.diff == BlockDiff({ALICE.address: account}, {}, frozenset(), {})


def test_trap_4_stored_slots_stand_only_in_the_text_of_the_journal():
    evm = _bare()
    _call(evm)
    assert not hasattr(evm.journal_state[_checksummed(evm, B)], "storage")
    stored = rf"StorageChange \{{ address: {B}, key: 0, had_value: Some\("
    assert re.search(stored, evm.journal_str)


def test_trap_4_slots_that_were_read_or_set_to_what_they_were_are_no_change():
    code = asm("PUSH 1 SLOAD PUSH 2 SSTORE PUSH 9 PUSH 3 SSTORE PUSH 7 PUSH 3 SSTORE")
    code += asm("PUSH 8 PUSH 4 SSTORE")
    code += asm("PUSH 9 PUSH 4 SSTORE PUSH 0 PUSH 5 SSTORE")
    mirror, block = _mirror(code, slots={1: 6, 2: 5, 3: 7, 5: 1})
    outcome = _step(mirror, block, legacy(ALICE, 0, OLD))
    assert outcome.diff.storage == {OLD: {2: 6, 4: 9, 5: 0}}


@pytest.mark.parametrize("slot", [0, 1, 2**64, 2**160 + 7, 2**256 - 1])
def test_trap_4_a_slot_of_any_size_is_read_from_the_text(slot):
    code = asm(f"PUSH 7 PUSH 0x{slot:064x} SSTORE")
    mirror, block = _mirror(code)
    assert _step(mirror, block, legacy(ALICE, 0, OLD)).diff.storage == {OLD: {slot: 7}}


def test_trap_6_bare_code_of_a_new_contract_has_zeros_behind_it():
    evm = _bare()
    made = evm.deploy(deployer=A, code=initcode(COUNTER), gas=200_000)
    found = evm.journal_state[_checksummed(evm, made)]
    assert found.code == COUNTER + bytes(33)
    assert found.code_hash == keccak256(COUNTER)


@pytest.mark.parametrize("code", [COUNTER, b"\x00", bytes(40), COUNTER + bytes(33)])
def test_trap_6_code_is_cut_to_what_its_hash_says(code):
    mirror, block = _mirror()
    outcome = _step(mirror, block, legacy(ALICE, 0, None, initcode(code)))
    made = contract_address(ALICE.address, 0)
    assert outcome.diff.code == {keccak256(code): code}
    assert outcome.diff.accounts[made] == AccountData(1, 0, keccak256(code))


def test_trap_9_a_failed_bare_call_raises_and_has_a_result():
    evm = _bare(REVERTER)
    with pytest.raises(RuntimeError, match="0xdeadbeef"):
        _call(evm)
    assert (evm.result.is_success, evm.result.gas_used) == (False, 21_018)


def test_trap_9_a_bare_call_that_is_not_valid_has_no_result():
    evm = _bare()
    with pytest.raises(RuntimeError, match="gas"):
        evm.message_call(caller=A, to=B, gas=100)
    assert evm.result is None


def test_trap_9_no_result_is_a_fault_of_the_machine_and_changes_nothing():
    mirror, block = _mirror()
    with pytest.raises(ExecutionFaultError, match="Initial gas"):
        run(mirror, block, decoded(legacy(ALICE, 0, OLD, gas=100)))
    assert _step(mirror, block, legacy(ALICE, 0, OLD)).status == 1


def _reader(address):
    return asm(f"PUSH 0x{address.hex()} BALANCE POP")


def test_cancun_leaves_the_fee_recipient_of_an_earlier_block_loaded():
    evm = _bare(_reader(SIGNER), "Cancun")
    costs = []
    for recipient in (OTHER_SIGNER, SIGNER, OTHER_SIGNER):
        evm.set_block_env(pyrevm.BlockEnv(coinbase="0x" + recipient.hex()))
        snapshot = evm.snapshot()
        costs.append(_call(evm))
        evm.revert(snapshot)
    assert [cost - costs[1] for cost in costs] == [2_500, 0, 0]


@pytest.mark.parametrize(("profile", "warm"), [(CANCUN, 2_500), (LONDON, 0)])
def test_only_this_blocks_fee_recipient_is_warm_and_only_in_cancun(profile, warm):
    mirror, block = _mirror(_reader(SIGNER), profile)
    costs = []
    for nonce, recipient in enumerate((OTHER_SIGNER, SIGNER, OTHER_SIGNER)):
        block = replace(block, fee_recipient=recipient)
        mirror.set_block(block)
        costs.append(_step(mirror, block, legacy(ALICE, nonce, OLD)).gas_used)
    assert [cost - costs[1] for cost in costs] == [warm, 0, warm]


def test_logs_keep_their_order_topics_and_data():
    code = asm("PUSH 1 PUSH 0 PUSH 0 LOG1 PUSH 3 PUSH 2 PUSH 0 PUSH 0 LOG2") + LOGGER
    mirror, block = _mirror(code)
    logs = _step(mirror, block, legacy(ALICE, 0, OLD)).logs
    assert [[int.from_bytes(topic) for topic in log.topics] for log in logs] == [[1], [2, 3], [9]]
    assert [log.data for log in logs] == [b"", b"", (7).to_bytes(32)]
    assert {log.address for log in logs} == {OLD}


def test_a_touched_account_that_stays_empty_does_not_exist_afterwards():
    mirror, block = _mirror()
    diff = _step(mirror, block, legacy(ALICE, 0, BOB.address)).diff
    assert diff.accounts == {ALICE.address: AccountData(1, RICH, EMPTY_CODE_HASH)}


@pytest.mark.parametrize("is_touched", [True, False])
def test_an_empty_account_of_the_genesis_goes_when_it_is_touched(is_touched):
    mirror, block = _mirror(_reader(BOB.address))
    empty = AccountData(0, 0, EMPTY_CODE_HASH)
    mirror.apply(BlockDiff({BOB.address: empty}, {}, frozenset(), {}))
    _step(mirror, block, legacy(ALICE, 0, BOB.address if is_touched else OLD))
    assert mirror.account(BOB.address) == (None if is_touched else empty)


def test_running_leaves_the_mirror_as_it_was():
    mirror, block = _mirror(slots={0: 5})
    one = run(mirror, block, decoded(legacy(ALICE, 0, OLD)))
    assert run(mirror, block, decoded(legacy(ALICE, 0, OLD))) == one
    assert (mirror.slot(OLD, 0), mirror.get_nonce(ALICE.address)) == (5, 0)


def _checksummed(evm, name):
    return next(key for key in evm.journal_state if key.lower() == name.lower())
