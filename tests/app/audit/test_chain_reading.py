"""A chain file is read without executing it: what of it is checked all the same."""

import gzip

import pytest

from node.app.audit.chain_reading import read_chain
from node.app.chain_import import RefusedBlockError
from node.app.seal_judge import judge_for
from node.base import rlp
from node.base.keys import MemoVerifier
from node.evm.chain_file import ChainFileError, ChainItem, split_items
from node.evm.genesis import parse_genesis
from node.evm.ledger import Ledger
from node.storage.ledger_store import MemoryLedgerStore
from tests.app.sealed_chain import A, B, SealedChain
from tests.evm.chains import CAROL, legacy


@pytest.fixture
def chain() -> SealedChain:
    """Three blocks of one signer, the first with a transaction."""
    made = SealedChain([A])
    made.add(A, legacy(CAROL, 0))
    made.add(A)
    made.add(A)
    return made


def items(raws: list[bytes]) -> list[ChainItem]:
    return [ChainItem(number, 0, raw) for number, raw in enumerate(raws)]


def blocks(chain: SealedChain) -> list[bytes]:
    import io

    return [one.raw for one in split_items(io.BytesIO(chain.file()))]


def receipts(chain: SealedChain) -> list[bytes]:
    ledger = chain.ledger
    hashes = [ledger.hash_by_number(number) for number in range(1, ledger.head.number + 1)]
    return [rlp.encode([one.encode() for one in ledger.receipts(at)]) for at in hashes]


def read(chain: SealedChain, raws: list[bytes], beside: list[bytes]) -> Ledger:
    store, verifier = MemoryLedgerStore(), MemoVerifier()
    ledger = Ledger(chain.genesis, verifier=verifier, store=store)
    judge = judge_for(chain.genesis, ledger, verifier, checks_seals=True)
    read_chain(ledger, store, judge, iter(items(raws)), iter(items(beside)))
    return ledger


def test_a_whole_chain_is_read_with_its_receipts(chain) -> None:
    ledger = read(chain, blocks(chain), receipts(chain))
    assert ledger.head_hash == chain.ledger.head_hash
    at = ledger.hash_by_number(1)
    assert ledger.receipts(at) == chain.ledger.receipts(at)


def refused(chain: SealedChain, raws: list[bytes], beside: list[bytes]) -> str:
    with pytest.raises(RefusedBlockError) as info:
        read(chain, raws, beside)
    return info.value.rule


def test_receipts_of_another_block_are_refused(chain) -> None:
    told = receipts(chain)
    assert refused(chain, blocks(chain), [told[1], *told[1:]]) == "receipts root"


def test_a_block_without_its_parent_is_refused(chain) -> None:
    raws = blocks(chain)
    assert refused(chain, [raws[0], *raws[2:]], receipts(chain)[1:]) == "unknown parent"


def test_another_genesis_is_refused(chain) -> None:
    raws = blocks(chain)
    assert refused(chain, [blocks(SealedChain([B]))[0], *raws[1:]], receipts(chain)) == "genesis"


def test_a_transaction_that_was_changed_is_refused(chain) -> None:
    raws = blocks(chain)
    whole = raws[1]
    body = whole[:-40] + bytes((whole[-40] ^ 1,)) + whole[-39:]
    assert refused(chain, [raws[0], body, *raws[2:]], receipts(chain)) == "transactions root"


def test_a_seal_of_nobody_is_refused(chain) -> None:
    from dataclasses import replace

    from node.base.block import Block

    raws = blocks(chain)
    block = Block.decode(raws[3])
    extra = bytearray(block.header.extra_data)
    extra[-30] ^= 1
    raws[3] = replace(block, header=replace(block.header, extra_data=bytes(extra))).encode()
    assert refused(chain, raws, receipts(chain))


@pytest.mark.parametrize(
    ("raw", "beside"),
    [(b"\xc0", None), (None, []), (None, [b"\xc1"]), (None, [b"\x80"])],
    ids=["no block", "no receipts", "no RLP", "no list"],
)
def test_bytes_that_are_neither_are_named_by_their_place(raw, beside, chain) -> None:
    raws = blocks(chain) if raw is None else [blocks(chain)[0], raw]
    with pytest.raises(ChainFileError):
        read(chain, raws, receipts(chain) if beside is None else beside)


def test_the_file_of_a_run_reads_back(tmp_path_factory) -> None:
    from tests.sim.audited import folder

    place = folder(tmp_path_factory)
    genesis = parse_genesis((place / "genesis.json").read_bytes())
    (file,) = (place / "chains").iterdir()
    (beside,) = (place / "receipts").iterdir()
    store, verifier = MemoryLedgerStore(), MemoVerifier()
    ledger = Ledger(genesis, verifier=verifier, store=store)
    judge = judge_for(genesis, ledger, verifier, checks_seals=True)
    with gzip.open(file) as one, gzip.open(beside) as two:
        read_chain(ledger, store, judge, split_items(one), split_items(two))
    assert ledger.head_hash.hex() == file.name.partition(".")[0]
