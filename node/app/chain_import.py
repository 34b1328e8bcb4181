"""Imports a chain file into a ledger: every block is judged as if a peer had sent it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Final, TypeAlias

from node.app.seal_judge import SealJudge
from node.base.block import Block
from node.base.errors import CodecError, InvalidBlockError, PeerError
from node.base.header import Header
from node.base.limits import IMPORT_BATCH_BLOCKS_MAX, IMPORT_BATCH_BYTES_MAX
from node.base.types import Hash32
from node.evm.chain_errors import PrunedStateError
from node.evm.chain_file import ChainFileError, ChainItem
from node.evm.ledger import Ledger

Progress: TypeAlias = Callable[[Header], None]

_RULE_PARENT: Final = "unknown parent"
_RULE_EXTRA: Final = "invalid_extra_data"
_RULE_AGREEMENT: Final = "agreement_violation"


@dataclass(eq=False)
class RefusedBlockError(PeerError):
    """A block of a chain file breaks ``rule``; those before it were taken."""

    exit_code: ClassVar[int] = 1
    number: int
    block_hash: Hash32
    rule: str
    why: str

    def __str__(self) -> str:
        return f"block {self.number}, 0x{self.block_hash.hex()}, is refused: {self.why}"


@dataclass(frozen=True, slots=True)
class ImportCount:
    """What became of the blocks of a file above the genesis."""

    added: int
    skipped: int
    """They were there already."""
    unjudged: int = 0
    """Of these, whose seals were not judged: a contract says who may seal, its state is gone."""

    @property
    def blocks(self) -> int:
        """How many there are in the file."""
        return self.added + self.skipped


def import_chain(
    ledger: Ledger,
    judge: SealJudge,
    items: Iterator[ChainItem],
    tell: Progress | None = None,
    *,
    is_foreign: bool = False,
) -> ImportCount:
    """Check and store the blocks of a file, in its order; the heaviest becomes the head.

    Block 0 may be there and must then be the genesis.  Seals of known blocks are
    judged as well where that can be, but nothing of these is executed again.  It stops at the
    first fault; the blocks before it stay, and nothing of the faulty one.
    ``is_foreign``  whether the chain has a fork schedule that is none of ours: uncles may come.
    ``tell``      called with the last header of each batch.
    raises        ChainFileError: bytes that are no block, or no block at all.
                  RefusedBlockError: number, hash and rule of the first block that is not valid.
                  MissingStateError, PrunedStateError: the store has a parent without its state.
    """
    work = _Import(ledger, judge, is_foreign=is_foreign)
    fault: ChainFileError | RefusedBlockError | None = None
    while fault is None:
        header: Header | None = None
        with ledger.batch():  # a fault ends the batch, it does not undo it: hence no raise inside
            try:
                for item in _next_batch(items):
                    header = work.take(item)
            except (ChainFileError, RefusedBlockError) as error:
                fault = error
        if header is None:
            break
        if tell is not None:
            tell(header)
    if fault is not None:
        raise fault
    if not work.has_begun:
        raise ChainFileError(0, 0, "the file is empty, wants at least one block")
    return ImportCount(work.added, work.skipped, work.unjudged)


def _next_batch(items: Iterator[ChainItem]) -> Iterable[ChainItem]:
    size = 0
    for count, item in enumerate(items, 1):
        yield item
        size += len(item.raw)
        if count >= IMPORT_BATCH_BLOCKS_MAX or size >= IMPORT_BATCH_BYTES_MAX:
            return


class _Import:
    """One import under way."""

    def __init__(self, ledger: Ledger, judge: SealJudge, *, is_foreign: bool) -> None:
        self._ledger = ledger
        self._is_foreign = is_foreign
        self._judge = judge
        self.has_begun = False
        self.added = 0
        self.skipped = 0
        self.unjudged = 0

    def take(self, item: ChainItem) -> Header:
        """Take the next block in; give its header."""
        self.has_begun = True
        try:
            sealed = Block.decode(item.raw, foreign=self._is_foreign)
        except CodecError as error:
            raise ChainFileError(item.item, item.offset, str(error)) from error
        try:
            kept, certificate = self._judge.form.split(sealed.header)
        except CodecError as error:
            why = f"it breaks {_RULE_EXTRA}: {error}"
            raise _refused(sealed, _RULE_EXTRA, why) from error
        block = replace(sealed, header=kept)
        known = self._ledger.block(block.header.hash())
        if block.header.number == 0:
            self._check_genesis(block)
        elif known is None:
            self._judge_seal(block, sealed.header)
            self._add(block, certificate)
            self.added += 1
        else:
            if known != block:
                raise _refused(block, "body", "it has another body than its header names")
            if self._can_judge(block):  # who stored it may have trusted its seal
                self._judge_seal(block, sealed.header)
            else:
                self.unjudged += 1
            self.skipped += 1
        return block.header

    def _check_genesis(self, block: Block) -> None:
        genesis = self._ledger.block(self._ledger.genesis_hash)
        if block != genesis:
            why = f"the genesis file gives 0x{self._ledger.genesis_hash.hex()}"
            raise _refused(block, "genesis", why)

    def _add(self, block: Block, certificate: bytes | None) -> None:
        """Execute a block and store it; decided ones are final."""
        ledger, header = self._ledger, block.header
        if header.number <= ledger.finalized:
            decided = ledger.hash_by_number(header.number) or b""
            why = f"it breaks {_RULE_AGREEMENT}: 0x{decided.hex()} is final at its height"
            raise _refused(block, _RULE_AGREEMENT, why)
        try:
            result = ledger.check(block, fee_recipient=self._judge.fee_recipient(header))
        except InvalidBlockError as error:
            raise _refused(block, error.rule, str(error)) from error
        ledger.insert(block, result, certificate)
        if self._judge.prefers(ledger.head, header):
            ledger.set_head(header.hash())
            if self._judge.decides:
                ledger.finalize(header.hash())

    def _can_judge(self, block: Block) -> bool:
        """Say whether what says who may seal a known block is still kept."""
        if not self._judge.reads_state or self._ledger.header(block.header.parent_hash) is None:
            return True
        try:
            self._ledger.state(block.header.parent_hash)
        except PrunedStateError:
            return False
        return True

    def _judge_seal(self, block: Block, sealed: Header) -> None:
        """Judge the header as it travels, ``sealed``; the block has it as it is kept."""
        header = block.header
        parent = self._ledger.header(header.parent_hash)
        if parent is None:
            why = f"its parent 0x{header.parent_hash.hex()} is not before it in the file, nor known"
            raise _refused(block, _RULE_PARENT, why)
        if self._judge.reads_state:
            self._ledger.state(header.parent_hash)  # without it no fault of the file's is found
        rule = self._judge.check(sealed, parent)
        if rule is not None:
            raise _refused(block, rule, f"it breaks {rule}")


def _refused(block: Block, rule: str, why: str) -> RefusedBlockError:
    return RefusedBlockError(block.header.number, block.header.hash(), rule, why)
