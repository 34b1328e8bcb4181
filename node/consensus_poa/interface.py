"""The engine as the node sees it, and what the node lends to an engine (consensus.md section 2)."""

from dataclasses import dataclass, field
from typing import Protocol

from node.base.header import Header
from node.base.ports import Entropy, Signer, Verifier
from node.base.types import Address, Hash32
from node.consensus_poa.effects import Effect
from node.consensus_poa.events import Event
from node.consensus_poa.memo import Memo


class ChainReader(Protocol):
    """Reads of the node's block tree.  A block is in it once its ``ImportBlock`` was executed."""

    def header_by_hash(self, block_hash: Hash32) -> Header | None:
        """Give the header of a stored block of any branch, or None."""
        ...

    def header_by_number(self, number: int) -> Header | None:
        """Give the header of block ``number`` of the chain, or None."""
        ...

    def total_difficulty(self, block_hash: Hash32) -> int | None:
        """Give the sum of difficulties from genesis to a stored block, or None."""
        ...


class ValidatorProvider(Protocol):
    """Validator sets, in ascending order."""

    def validators_for_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set that may seal this block: the one after its parent."""
        ...

    def validators_after_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set that may seal a child of this block."""
        ...


@dataclass(frozen=True, slots=True)
class Capabilities:
    """All that an engine gets at construction.  Each is a pure read, or a draw of entropy."""

    chain: ChainReader
    verifier: Verifier
    entropy: Entropy
    signer: Signer | None = None
    """None: an observer, which seals nothing."""
    validators: ValidatorProvider | None = None
    """Engines whose set lives in headers, as Clique's, take None."""
    memo: Memo = field(default_factory=Memo)
    """What decoding and recovering gave for equal bytes; engines of one process may share it."""


class Engine(Protocol):
    """A consensus engine: synchronous, deterministic, total."""

    def handle(self, event: Event, now: int) -> tuple[Effect, ...]:
        """Apply one event at local time ``now`` (microseconds).

        Bad input from outside ends in ``Trace`` or ``ReportEvidence``, never in an exception.
        """
        ...

    def verify_header(self, header: Header, parent: Header) -> str | None:
        """Give the name of the first rule that ``header`` breaks on ``parent``, or None.

        ``header`` is the one that travels, certificate inside; ``parent`` the canonical one.
        Time of day plays no part: a block from the future is ``handle``'s business.
        """
        ...

    def signer_of(self, header: Header) -> Address | None:
        """Give who made a canonical header and receives its fees; None for genesis."""
        ...

    def validators_after_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set that may seal a child of this block, ascending.

        raises        UnknownBlockError: the block is not known here.
                      ValidatorSetUnavailableError: no set can be read after it.
        """
        ...

    def fork_choice(self, current: Header, candidate: Header) -> bool:
        """Say whether ``candidate`` should replace ``current`` as the head."""
        ...

    def snapshot(self) -> bytes:
        """Give the state as canonical msgpack: equal event lists give equal bytes."""
        ...

    def restore(self, data: bytes) -> None:
        """Take up a state that ``snapshot`` gave; caches start empty.

        raises        CodecError: the bytes are no such state; the engine keeps its own.
        """
        ...
