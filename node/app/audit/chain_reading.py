"""A chain file is read without executing it: links, bodies, receipts, and seals where possible.

What this cannot show is that the receipts are what the transactions give; whoever sealed the
headers said so.  Executing them again (app/chain_import.py) shows it, and takes as long as the
chain took to make.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from node.app.chain_import import RefusedBlockError
from node.app.seal_judge import SealJudge
from node.base import rlp
from node.base.block import Block
from node.base.errors import CodecError, InvalidBlockError
from node.base.header import Header
from node.base.keccak import keccak256
from node.evm.block_tree import BlockTree
from node.evm.blocks import check_body, check_child
from node.evm.chain_file import ChainFileError, ChainItem
from node.evm.ledger import Ledger
from node.evm.trie import list_root
from node.storage.chain_data import StoredBlock
from node.storage.ledger_store import LedgerStore


def read_chain(
    ledger: Ledger,
    store: LedgerStore,
    judge: SealJudge,
    items: Iterator[ChainItem],
    receipts: Iterable[ChainItem],
) -> None:
    """Store the blocks of a file with the receipts of another; the heaviest becomes the head.

    ``items``     the blocks from 0 on, as they travel.
    ``receipts``  of each block from 1 on: a list of envelopes.
    raises        ChainFileError: bytes that are no block, or no receipts; a file that is too short.
                  RefusedBlockError: number, hash and rule of the first block that is not valid.
    """
    tree = BlockTree(store.chain)
    beside = iter(receipts)
    for item in items:
        try:
            sealed = Block.decode(item.raw)
            kept, certificate = judge.form.split(sealed.header)
        except CodecError as error:
            raise ChainFileError(item.item, item.offset, str(error)) from error
        block = replace(sealed, header=kept)
        if kept.number == 0:
            if kept.hash() != ledger.genesis_hash:
                raise _refused(kept, "genesis", "the genesis file gives another one")
            continue
        envelopes = _envelopes(next(beside, None), item)
        parent = ledger.header(kept.parent_hash)
        if parent is None:
            raise _refused(kept, "unknown parent", "its parent is not before it in the file")
        try:
            check_child(kept, parent)
            check_body(block)
        except InvalidBlockError as error:
            raise _refused(kept, error.rule, str(error)) from error
        if list_root(envelopes) != kept.receipts_root:
            raise _refused(kept, "receipts root", "the receipts beside it are not its own")
        rule = None if judge.reads_state else judge.check(sealed.header, parent)
        if rule is not None:
            raise _refused(kept, rule, f"it breaks {rule}")
        stored = tree.stored(kept.parent_hash)
        store.chain.put(
            StoredBlock(
                kept.hash(),
                block,
                stored.total_difficulty + kept.difficulty,
                envelopes,
                tuple(keccak256(raw) for raw in block.transactions),
                certificate=certificate,
            )
        )
        if judge.prefers(ledger.head, kept):
            ledger.set_head(kept.hash())


def _envelopes(item: ChainItem | None, block: ChainItem) -> tuple[bytes, ...]:
    if item is None:
        raise ChainFileError(block.item, block.offset, "has no receipts beside it")
    try:
        listed = rlp.decode(item.raw)
    except CodecError as error:
        raise ChainFileError(item.item, item.offset, str(error)) from error
    envelopes = tuple(one for one in listed if isinstance(one, bytes))
    if isinstance(listed, bytes) or len(envelopes) != len(listed):
        raise ChainFileError(item.item, item.offset, "wants a list of receipts")
    return envelopes


def _refused(header: Header, rule: str, why: str) -> RefusedBlockError:
    return RefusedBlockError(header.number, header.hash(), rule, why)
