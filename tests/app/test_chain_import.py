"""Chain files come in: the same head, whatever the chain went through."""

import pytest

from node.app import chain_import
from node.app.chain_import import ImportCount, RefusedBlockError
from node.base.block import Block
from node.evm.chain_file import ChainFileError, encode_chain
from node.evm.genesis import GenesisAccount
from node.storage.ledger_store import MemoryLedgerStore
from tests.app.sealed_chain import A, B, C, SealedChain, fresh, take
from tests.evm.chains import CAROL, legacy

INITCODE = bytes.fromhex("3360005560006000f3")  # stores the caller, returns nothing


def journey(**choices) -> SealedChain:
    """A chain with a vote that adds a signer, checkpoints, transactions and a contract."""
    chain = SealedChain([A, B], epoch=4, **choices)
    chain.add(B, legacy(CAROL, 0), vote=(C, True))  # 1
    chain.add(A, vote=(C, True))  # 2: C is in
    chain.add(C, legacy(CAROL, 1, None, INITCODE))  # 3
    chain.add(B)  # 4: checkpoint, lists three
    chain.add(A)
    chain.add(C, legacy(CAROL, 2))
    chain.add(B, vote=(C, False))
    chain.add(A)  # 8: checkpoint, votes are void
    chain.add(C)
    return chain


def test_a_chain_comes_in_with_its_head_and_goes_out_with_its_bytes():
    chain = journey()
    ledger = fresh(chain.genesis)
    assert take(ledger, chain.genesis, chain.file()) == ImportCount(added=9, skipped=0)
    assert ledger.head_hash == chain.ledger.head_hash
    assert b"".join(encode_chain(ledger)) == chain.file()


def test_the_chain_holds_what_its_name_says():
    chain = journey()
    at = chain.engine.voting_state
    assert A.address not in (B.address, C.address)
    assert [len(at(chain.ledger.hash_by_number(n)).signers) for n in (1, 2, 4, 9)] == [2, 3, 3, 3]
    assert len(chain.ledger.header_by_number(4).extra_data) == 97 + 60


def test_a_file_may_start_at_block_1():
    chain = journey()
    ledger = fresh(chain.genesis)
    items = list(encode_chain(chain.ledger))
    assert take(ledger, chain.genesis, b"".join(items[1:])).blocks == 9
    assert ledger.head_hash == chain.ledger.head_hash


def test_blocks_that_are_there_are_skipped_and_still_counted():
    chain = journey()
    ledger = fresh(chain.genesis)
    items = list(encode_chain(chain.ledger))
    take(ledger, chain.genesis, b"".join(items[:4]))
    count = take(ledger, chain.genesis, chain.file())
    assert (count.added, count.skipped, count.blocks) == (6, 3, 9)
    assert ledger.head_hash == chain.ledger.head_hash


def test_blocks_that_are_there_are_judged_like_new_ones():
    chain = SealedChain([A, B])
    chain.add(B)
    wrong = chain.make(C)
    ledger = fresh(chain.genesis)
    take(ledger, chain.genesis, chain.file() + wrong.encode(), checks_seals=False)
    with pytest.raises(RefusedBlockError) as caught:
        take(ledger, chain.genesis, chain.file() + wrong.encode())
    assert (caught.value.number, caught.value.rule) == (2, "unauthorized_signer")
    again = take(ledger, chain.genesis, chain.file() + wrong.encode(), checks_seals=False)
    assert again == ImportCount(added=0, skipped=2)


def test_a_file_with_the_genesis_alone_adds_nothing():
    chain = SealedChain([A])
    ledger = fresh(chain.genesis)
    assert take(ledger, chain.genesis, chain.file()).blocks == 0
    assert ledger.head_hash == ledger.genesis_hash


def test_an_empty_file_is_no_chain():
    chain = SealedChain([A])
    with pytest.raises(ChainFileError, match="empty"):
        take(fresh(chain.genesis), chain.genesis, b"")


def test_equal_timestamps_are_valid_where_the_period_is_0():
    chain = SealedChain([A], period=0)
    for _ in range(3):
        chain.add(A)
    ledger = fresh(chain.genesis)
    take(ledger, chain.genesis, chain.file())
    assert ledger.head.number == 3
    assert ledger.head.timestamp == ledger.header_by_number(0).timestamp


def test_a_later_timestamp_is_valid_and_one_second_too_early_is_not():
    chain = SealedChain([A])
    chain.add(A, wait=100)
    early = chain.make(A, wait=4)
    ledger = fresh(chain.genesis)
    with pytest.raises(RefusedBlockError) as caught:
        take(ledger, chain.genesis, chain.file() + early.encode())
    assert caught.value.rule == "invalid_timestamp"
    assert ledger.head_hash == chain.ledger.head_hash


def test_fees_go_to_the_recovered_signer_with_and_without_seal_checks():
    alloc = {CAROL.address: GenesisAccount(balance=10**18)}
    chain = SealedChain([A], alloc=alloc)
    chain.add(A, legacy(CAROL, 0, gas_price=7), vote=(C, True))
    for checks_seals in (True, False):
        ledger = fresh(chain.genesis)
        take(ledger, chain.genesis, chain.file(), checks_seals=checks_seals)
        assert ledger.state().balance(A.address) == 7 * 21_000


def test_without_seal_checks_a_broken_seal_passes():
    chain = SealedChain([A, B])
    wrong = chain.make(C)
    ledger = fresh(chain.genesis)
    with pytest.raises(RefusedBlockError) as caught:
        take(ledger, chain.genesis, wrong.encode())
    assert caught.value.rule == "unauthorized_signer"
    take(ledger, chain.genesis, wrong.encode(), checks_seals=False)
    assert ledger.head_hash == wrong.header.hash()


def test_a_heavier_chain_takes_the_head_and_a_lighter_one_does_not():
    light, heavy = SealedChain([A, B]), SealedChain([A, B])
    light.add(A)  # out of turn: 1
    heavy.add(B)  # in turn: 2
    ledger = fresh(light.genesis)
    take(ledger, light.genesis, light.file())
    take(ledger, light.genesis, heavy.file())
    assert ledger.head_hash == heavy.ledger.head_hash
    take(ledger, light.genesis, light.file())
    assert ledger.head_hash == heavy.ledger.head_hash


def test_a_fault_leaves_the_blocks_before_it_and_nothing_of_its_own():
    chain = journey()
    items = list(encode_chain(chain.ledger))
    fifth = Block.decode(items[5])
    ledger = fresh(chain.genesis)
    with pytest.raises(ChainFileError):
        take(ledger, chain.genesis, b"".join(items[:5]) + items[5][:-1])
    assert ledger.head.number == 4
    assert ledger.block(fifth.header.hash()) is None


class CountingStore(MemoryLedgerStore):
    """Counts its batches, and those that an error left."""

    def __init__(self):
        super().__init__()
        self.depth = self.outer = self.undone = 0

    def batch(self):
        return self

    def __enter__(self):
        self.depth += 1
        self.outer += self.depth == 1

    def __exit__(self, kind, *_):
        self.depth -= 1
        self.undone += kind is not None


def test_blocks_become_durable_in_batches_and_a_fault_undoes_none(monkeypatch):
    monkeypatch.setattr(chain_import, "IMPORT_BATCH_BLOCKS_MAX", 4)
    chain = journey()
    store = CountingStore()
    ledger = fresh(chain.genesis, store=store)
    before, told = store.outer, []
    with pytest.raises(ChainFileError):
        take(ledger, chain.genesis, chain.file() + b"\x00", tell=told.append)
    assert [header.number for header in told] == [3, 7, 9]
    assert (store.outer - before, store.undone, ledger.head.number) == (3, 0, 9)


def test_a_batch_of_large_blocks_is_cut_by_size(monkeypatch):
    monkeypatch.setattr(chain_import, "IMPORT_BATCH_BYTES_MAX", 1)
    chain = journey()
    told = []
    take(fresh(chain.genesis), chain.genesis, chain.file(), tell=told.append)
    assert [header.number for header in told] == list(range(10))
