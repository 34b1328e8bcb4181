"""Judging a block: what a ledger asks, whichever rules its chain has."""

from collections.abc import Iterable
from typing import Protocol

from node.base.block import Block
from node.base.header import Header
from node.base.types import Address, Hash32
from node.evm.blocks import ExecutionResult
from node.evm.executor import ExecutionContext
from node.evm.state import StateView


class BlockRules(Protocol):
    """The rules of one chain."""

    def check(
        self,
        block: Block,
        parent: Header,
        view: StateView,
        ancestors: Iterable[Hash32],
        *,
        fee_recipient: Address,
    ) -> ExecutionResult:
        """Judge a block on the state after its parent; store nothing.

        ``ancestors``  the parent's hash first, at most 256; it may be walked more than once.
        raises        InvalidBlockError.
        """
        ...

    def context(
        self, header: Header, ancestors: Iterable[Hash32], *, fee_recipient: Address
    ) -> ExecutionContext:
        """Give what the transactions of a block see of it."""
        ...
