"""A late joiner takes a snapshot, and believes nothing that a hash does not prove."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base import rlp
from node.base.types import Address, Hash32
from node.evm.chain_errors import PrunedStateError, SnapshotError
from node.evm.genesis import GenesisAccount
from node.evm.ledger import Ledger
from node.evm.snapshot import read_snapshot, write_snapshot
from node.storage.ledger_store import MemoryLedgerStore
from tests.evm.asm import COUNTER, LOGGER, initcode
from tests.evm.chains import ALICE, PROFILES, SIGNER, VERIFIER, extend, genesis, legacy

TARGET = Address(b"\x0e" * 20)
ALLOC = {
    TARGET: GenesisAccount(nonce=1, code=COUNTER, storage={n + 9: n + 1 for n in range(40)}),
    ALICE.address: GenesisAccount(balance=10**18),
}


def _open(profile=PROFILES[0], alloc=None):
    store = MemoryLedgerStore()
    return Ledger(genesis(alloc or ALLOC, profile), verifier=VERIFIER, store=store), store


def _grow(book, count=6, nonce=0):
    for at in range(count):
        extend(
            book,
            [
                legacy(ALICE, nonce + 3 * at, TARGET),
                legacy(ALICE, nonce + 3 * at + 1, None, initcode(LOGGER)),
                legacy(ALICE, nonce + 3 * at + 2, Address(bytes([at + 1]) * 20)),
            ],
        )


def _trusting(header, parent):
    """Judge no seal: these blocks have none."""


def _records(profile=PROFILES[0]):
    book, store = _open(profile)
    _grow(book)
    return book, list(write_snapshot(store, book.head_hash))


def _join(records, profile=PROFILES[0], check_seal=_trusting, alloc=None):
    _, store = _open(profile, alloc)
    read_snapshot(records, store, profile, check_seal)
    return Ledger(genesis(alloc or ALLOC, profile), verifier=VERIFIER, store=store)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_joiner_by_snapshot_stands_where_a_joiner_by_replay_stands(profile):
    book, records = _records(profile)
    joined = _join(records, profile)
    replayed, _ = _open(profile)
    for number in range(1, book.head.number + 1):
        block = book.block(book.hash_by_number(number))
        replayed.insert(block, replayed.check(block, fee_recipient=SIGNER))
        replayed.set_head(block.header.hash())
    assert joined.head_hash == replayed.head_hash == book.head_hash
    assert joined.state().slot(TARGET, 0) == replayed.state().slot(TARGET, 0) == 6
    for number in range(book.head.number + 1):
        block_hash = book.hash_by_number(number)
        assert joined.receipts(block_hash) == replayed.receipts(block_hash)
        assert joined.total_difficulty(block_hash) == replayed.total_difficulty(block_hash)


def test_a_joiner_follows_by_executing_the_next_blocks():
    book, records = _records()
    joined = _join(records)
    _grow(book, 2, nonce=18)
    for number in (7, 8):
        block = book.block(book.hash_by_number(number))
        joined.insert(block, joined.check(block, fee_recipient=SIGNER))
        joined.set_head(block.header.hash())
    assert joined.head_hash == book.head_hash


def test_older_states_are_not_in_a_snapshot():
    book, records = _records()
    joined = _join(records)
    with pytest.raises(PrunedStateError, match=r"block 3 is pruned, kept: 6\.\.6"):
        joined.state(book.hash_by_number(3))
    assert joined.state(book.genesis_hash).slot(TARGET, 9) == 1


def test_two_snapshots_of_one_block_are_equal():
    book, store = _open()
    _grow(book)
    assert list(write_snapshot(store, book.head_hash)) == list(
        write_snapshot(store, book.head_hash)
    )


def test_a_snapshot_of_an_older_block_ends_there():
    book, store = _open()
    _grow(book)
    third = book.hash_by_number(3)
    assert _join(list(write_snapshot(store, third))).head_hash == third


def test_a_snapshot_of_the_genesis_is_the_state_alone():
    book, store = _open()
    assert _join(list(write_snapshot(store, book.genesis_hash))).head_hash == book.genesis_hash


def test_a_seal_that_is_refused_stops_it():
    def never(header, parent):
        return "unauthorized_signer" if header.number == 4 else None

    _, records = _records()
    with pytest.raises(SnapshotError, match=r"^snapshot record 7: .*unauthorized_signer"):
        _join(records, check_seal=never)


def _refused(records):
    _, store = _open()
    head = store.chain.head()
    with pytest.raises(SnapshotError) as caught:
        read_snapshot(records, store, PROFILES[0], _trusting)
    assert store.chain.head() == head
    return caught.value


def test_every_record_that_is_left_out_is_missed():
    _, records = _records()
    for at in range(len(records)):
        _refused(records[:at] + records[at + 1 :])


def test_every_record_that_comes_twice_is_refused():
    _, records = _records()
    for at in range(1, len(records)):
        _refused([*records[: at + 1], *records[at:]])


def test_a_flipped_byte_anywhere_is_found():
    _, records = _records()
    draw = random.Random(7)
    for at, record in enumerate(records):
        for _ in range(2):
            wrong = bytearray(record)
            wrong[draw.randrange(len(wrong))] ^= 1 << draw.randrange(8)
            assert _refused([*records[:at], bytes(wrong), *records[at + 1 :]]).record >= at


def test_a_record_of_the_state_is_named_where_it_is_wrong():
    _, records = _records()
    at = len(records) - 3
    wrong = rlp.encode([b"", b"\xc1\x80"])
    error = _refused([*records[:at], wrong, *records[at + 1 :]])
    assert error.record == at
    assert "nothing names this account node" in error.what


def test_a_snapshot_of_another_chain_is_refused():
    _, records = _records()
    with pytest.raises(SnapshotError, match="record 0: it begins at"):
        _join(records, alloc={TARGET: GenesisAccount(balance=1)})


def test_a_store_that_has_blocks_is_refused():
    book, store = _open()
    _grow(book, 1)
    _, records = _records()
    with pytest.raises(SnapshotError, match="must hold nothing but the genesis"):
        read_snapshot(records, store, PROFILES[0], _trusting)


def test_code_that_has_the_bytes_of_a_node_does_not_confuse_anybody():
    book, store = _open()
    _grow(book, 1)
    root_node = store.nodes.node(book.head.state_root)
    twin = replace(ALLOC[TARGET], code=root_node)
    alloc = {Address(b"\x31" * 20): GenesisAccount(balance=5), TARGET: twin}
    book, store = _open(alloc=alloc)
    slots = book.state().full_account(TARGET).storage_root
    alloc[Address(b"\x32" * 20)] = GenesisAccount(nonce=1, code=store.nodes.node(slots))
    book, store = _open(alloc=alloc)
    records = list(write_snapshot(store, book.head_hash))
    assert _join(records, alloc=alloc).state().code_of(TARGET) == root_node


@given(st.lists(st.binary(max_size=80), max_size=5))
def test_any_bytes_give_a_snapshot_error(records):
    _refused(records)


def test_a_root_that_the_head_does_not_name_is_refused():
    _, records = _records()
    items = rlp.decode(records[0])
    items[4] = Hash32(b"\x01" * 32)
    assert _refused([rlp.encode(items), *records[1:]]).record == 12
