import random

import pytest
from eth.abc import AccountDatabaseAPI
from eth.exceptions import OutOfGas

from node.base.keccak import keccak256
from node.base.types import EMPTY_CODE_HASH, Address
from node.evm.executor import AccountData
from node.evm.journal import JournalAccounts

A, B = Address(b"\x0a" * 20), Address(b"\x0b" * 20)


class View:
    """A state of one account with one slot."""

    def account(self, address):
        return AccountData(1, 100, EMPTY_CODE_HASH) if address == A else None

    def slot(self, address, slot):
        return 7 if (address, slot) == (A, 1) else 0

    def code(self, code_hash):
        raise AssertionError("no account of this view has code")


@pytest.fixture
def journal():
    return JournalAccounts(View())


def test_every_method_that_py_evm_declares_is_there():
    assert issubclass(JournalAccounts, AccountDatabaseAPI)
    assert all(hasattr(JournalAccounts, name) for name in AccountDatabaseAPI.__abstractmethods__)


def test_what_was_not_written_is_read_from_the_view(journal):
    assert (journal.get_nonce(A), journal.get_balance(A), journal.get_storage(A, 1)) == (1, 100, 7)
    assert (journal.account_exists(A), journal.account_exists(B)) == (True, False)
    assert (journal.get_code(A), journal.get_code_hash(B)) == (b"", EMPTY_CODE_HASH)


def test_reading_leaves_no_diff(journal):
    journal.get_balance(A)
    journal.get_storage(A, 1)
    assert (journal.diff().accounts, journal.diff().storage) == ({}, {})


def test_discard_restores_accounts_slots_code_warmth_and_transients(journal):
    journal.set_balance(A, 5)
    journal.set_storage(A, 1, 8)
    start = journal.record()
    journal.set_balance(A, 6)
    journal.set_balance(B, 1)
    journal.set_code(B, b"code")
    journal.set_storage(A, 1, 9)
    journal.set_storage(A, 2, 9)
    journal.mark_address_warm(B)
    journal.mark_storage_warm(A, 1)
    journal.set_transient(A, 0, b"t")
    journal.discard(start)
    assert (journal.get_balance(A), journal.get_storage(A, 1), journal.get_storage(A, 2)) == (
        5,
        8,
        0,
    )
    assert not journal.account_exists(B)
    assert not journal.is_address_warm(B)
    assert not journal.is_storage_warm(A, 1)
    assert journal.get_transient(A, 0) == b""
    assert journal.diff().code == {}
    assert journal.diff().accounts == {A: AccountData(1, 5, EMPTY_CODE_HASH)}


def test_commit_keeps_and_an_outer_discard_still_undoes(journal):
    outer = journal.record()
    inner = journal.record()
    journal.set_balance(A, 6)
    journal.commit(inner)
    assert journal.get_balance(A) == 6
    journal.discard(outer)
    assert journal.get_balance(A) == 100


def test_the_original_value_is_that_before_the_transaction(journal):
    journal.set_storage(A, 1, 8)
    journal.set_storage(A, 1, 9)
    assert journal.get_storage(A, 1, from_journal=False) == 7
    journal.lock_changes()
    assert journal.get_storage(A, 1, from_journal=False) == 9


def test_a_revert_does_not_forget_the_original_value(journal):
    start = journal.record()
    journal.set_storage(A, 1, 8)
    journal.discard(start)
    journal.set_storage(A, 1, 9)
    assert journal.get_storage(A, 1, from_journal=False) == 7


def test_lock_changes_makes_all_cold_and_final(journal):
    journal.set_balance(A, 5)
    journal.mark_address_warm(A)
    journal.mark_storage_warm(A, 1)
    journal.set_transient(A, 0, b"t")
    journal.lock_changes()
    journal.discard(0)
    assert journal.get_balance(A) == 5
    assert not journal.is_address_warm(A)
    assert not journal.is_storage_warm(A, 1)
    assert journal.get_transient(A, 0) == b""


def test_deleted_storage_reads_as_zero_and_comes_back_by_undo(journal):
    journal.set_storage(A, 2, 5)
    start = journal.record()
    journal.delete_storage(A)
    assert (journal.get_storage(A, 1), journal.get_storage(A, 2)) == (0, 0)
    journal.set_storage(A, 3, 1)
    journal.discard(start)
    assert [journal.get_storage(A, slot) for slot in (1, 2, 3)] == [7, 5, 0]
    assert journal.diff().wiped == frozenset()


def test_a_second_wipe_undone_leaves_the_first(journal):
    journal.delete_storage(A)
    start = journal.record()
    journal.delete_storage(A)
    journal.discard(start)
    assert journal.get_storage(A, 1) == 0
    assert journal.diff().wiped == {A}


def test_a_deleted_account_is_none_in_the_diff_and_wiped(journal):
    journal.set_storage(A, 2, 5)
    journal.delete_account(A)
    diff = journal.diff()
    assert (diff.accounts, diff.storage, diff.wiped) == ({A: None}, {}, {A})


def test_an_account_made_again_starts_with_empty_storage(journal):
    journal.delete_account(A)
    journal.lock_changes()
    journal.set_balance(A, 1)
    journal.set_storage(A, 2, 3)
    diff = journal.diff()
    assert diff.accounts == {A: AccountData(0, 1, EMPTY_CODE_HASH)}
    assert (diff.storage, diff.wiped) == ({A: {2: 3}}, {A})


def test_an_account_that_came_and_went_is_none_in_the_diff(journal):
    journal.touch_account(B)
    journal.delete_account(B)
    assert journal.diff().accounts == {B: None}


def test_touching_makes_an_empty_account_once(journal):
    journal.touch_account(B)
    assert journal.account_exists(B)
    assert journal.account_is_empty(B)
    start = journal.record()
    journal.touch_account(B)
    assert journal.record() == start


def test_code_is_found_by_the_account_that_names_it(journal):
    journal.set_code(B, b"code")
    assert journal.get_code(B) == b"code"
    assert journal.account_has_code_or_nonce(B)
    assert journal.diff().code == {keccak256(b"code"): b"code"}
    journal.delete_code(B)
    assert journal.get_code(B) == b""
    assert journal.diff().code == {}


def test_a_nonce_has_64_bits(journal):
    journal.set_nonce(A, 2**64 - 1)
    with pytest.raises(OutOfGas):
        journal.increment_nonce(A)


def test_blocks_are_not_stored_from_here(journal):
    with pytest.raises(AssertionError, match="ledger"):
        journal.persist()
    assert journal.make_state_root() == journal.state_root == bytes(32)
    assert not journal.has_root(bytes(32))


@pytest.mark.parametrize("seed", range(5))
def test_random_checkpoints_restore_all_that_can_be_read(seed):
    rng = random.Random(seed)
    journal = JournalAccounts(View())
    addresses = [A, B, Address(b"\x0c" * 20)]

    def readable():
        return [
            (
                journal.account_exists(address),
                journal.get_nonce(address),
                journal.get_balance(address),
                journal.get_code(address),
                [journal.get_storage(address, slot) for slot in range(4)],
                journal.is_address_warm(address),
            )
            for address in addresses
        ]

    stack = []
    for _ in range(600):
        address = rng.choice(addresses)
        match rng.randrange(10):
            case 0:
                stack.append((journal.record(), readable()))
            case 1 if stack:
                checkpoint, before = stack.pop()
                journal.discard(checkpoint)
                assert readable() == before
            case 2 if stack:
                journal.commit(stack.pop()[0])
            case 3:
                journal.set_balance(address, rng.randrange(3))
            case 4:
                journal.increment_nonce(address)
            case 5:
                journal.set_code(address, rng.randbytes(2))
            case 6 | 7:
                journal.set_storage(address, rng.randrange(4), rng.randrange(3))
            case 8:
                journal.mark_address_warm(address)
            case _:
                rng.choice([journal.delete_account, journal.delete_storage, journal.touch_account])(
                    address
                )
