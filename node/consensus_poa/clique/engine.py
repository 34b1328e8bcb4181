"""The Clique engine: events in, effects out (consensus.md sections 2 and 4)."""

from collections.abc import Sequence
from typing import Final

from node.base.errors import UnknownBlockError
from node.base.header import Header
from node.base.types import Address, Hash32
from node.consensus_poa.candidate_engine import CandidateEngine
from node.consensus_poa.chain_state import Waiting
from node.consensus_poa.clique.branches import Branches, CliqueRules
from node.consensus_poa.clique.heads import WAL_SEAL, WAL_SNAPSHOT, CliqueHeads
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.clique.sealing import Sealer
from node.consensus_poa.clique.snapshot import Refused, Snapshot
from node.consensus_poa.clique.state import CliqueState
from node.consensus_poa.effects import Effect
from node.consensus_poa.events import (
    BlockBuilt,
    DiscardValidatorVote,
    MessageReceived,
    ProposeValidatorVote,
    TransactionsWaiting,
)
from node.consensus_poa.interface import Capabilities
from node.consensus_poa.wal import keep_newest

LOG_KEEPS: Final = {WAL_SEAL: 128, WAL_SNAPSHOT: 2}
"""Entries of each kind that a restart can still use."""


class CliqueEngine(CandidateEngine[CliqueState]):
    """One node's Clique: an observer without a signer, a validator while its key is in the set.

    It is its own ``ValidatorProvider``: the sets live in the headers.
    """

    def __init__(self, options: CliqueOptions, capabilities: Capabilities) -> None:
        self._options = options
        self._capabilities = capabilities
        self._wire(CliqueState())

    def _wire(self, state: CliqueState) -> None:
        lent, options = self._capabilities, self._options
        own = lent.signer.address if lent.signer else None
        self._branches = self._make_branches(state)
        heads = CliqueHeads(state, self._branches, options, lent.entropy, own)
        self.wire(state, self._branches, CliqueRules(self._branches, options), heads)
        self._sealer = Sealer(
            state,
            self._branches,
            options,
            heads,
            entropy=lent.entropy,
            signer=lent.signer,
        )

    @property
    def options(self) -> CliqueOptions:
        """The parameters of the chain."""
        return self._options

    def _make_branches(self, state: CliqueState) -> Branches:
        """Give the block tree; an engine with a planted mistake has another one."""
        lent = self._capabilities
        return Branches(lent.chain, lent.verifier, self._options, state.imported, lent.memo)

    def on_start(self, wal: tuple[bytes, ...], out: list[Effect]) -> Waiting | None:
        """Take up the log."""
        return self._sealer.replay(wal, out)

    def on_head(self, now: int, out: list[Effect]) -> None:
        """Arm the turn of the next block."""
        if not self._sealer.is_armed():
            self._sealer.arm(now, out)

    def on_turn(self, now: int, out: list[Effect]) -> None:
        """Build the block of the turn that has come."""
        del now
        self._sealer.build(out)

    def on_built(self, event: BlockBuilt, now: int, out: list[Effect]) -> None:
        """Seal what was built."""
        self._sealer.built(event, now, out)

    def on_other(
        self,
        event: MessageReceived | ProposeValidatorVote | DiscardValidatorVote | TransactionsWaiting,
        now: int,
        out: list[Effect],
    ) -> None:
        """Open and close votes; with period 0, begin a turn for waiting transactions."""
        match event:
            case ProposeValidatorVote():
                self._sealer.propose(event.subject, authorize=event.authorize, out=out)
            case DiscardValidatorVote():
                self._sealer.discard(event.subject, out)
            case TransactionsWaiting():
                if self._options.period == 0:
                    self._state.has_transactions = True
                    self.on_head(now, out)
            case MessageReceived():
                super().on_other(event, now, out)

    def _pause(self, now: int, out: list[Effect], *, is_paused: bool) -> None:
        if self._state.is_paused != is_paused:
            self._state.has_transactions |= self._state.build is not None
        super()._pause(now, out, is_paused=is_paused)

    def verify_header(self, header: Header, parent: Header) -> str | None:
        """Give the name of the first rule of section 4.3 that ``header`` breaks, or None.

        ``future_block`` is left out: it needs a clock.  ``parent`` need not be stored if its own
        parent is, or if it was the last header verified.
        """
        if parent.hash() == header.parent_hash:
            before = self._snapshot_after(parent, header.parent_hash)
            if before is not None:
                self._branches.keep(header.parent_hash, before)
        return super().verify_header(header, parent)

    def _snapshot_after(self, header: Header, block_hash: Hash32) -> Snapshot | None:
        found = self._branches.snapshot(block_hash)
        if found is not None or header.number == 0:
            return found
        before = self._branches.snapshot(header.parent_hash)
        signer = self._branches.signer(header)
        if before is None or signer is None:
            return None
        after = self._branches.after(before, header, signer)
        return None if isinstance(after, Refused) else after

    def voting_state(self, block_hash: Hash32) -> Snapshot | None:
        """Give signers, recent signers, votes and tally after a block of any branch, or None."""
        return self._branches.snapshot(block_hash)

    def validators_after_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set that may seal a child of this block, ascending.

        raises        UnknownBlockError: the block is not known here.
        """
        snapshot = self._branches.snapshot(block_hash)
        if snapshot is None:
            raise UnknownBlockError(f"0x{block_hash.hex()}")
        return snapshot.signers

    def proposals(self) -> dict[Address, bool]:
        """Give a copy of the open votes of this validator: subject -> admit."""
        return dict(self._state.proposals)

    def snapshot(self) -> bytes:
        """Give the state as canonical msgpack: equal event lists give equal bytes."""
        return self._state.encode()

    def restore(self, data: bytes) -> None:
        """Take up a state that ``snapshot`` gave; caches start empty.

        raises        CodecError: the bytes are no such state; the engine keeps its own.
        """
        self._wire(CliqueState.decode(data))


def prune_wal(entries: Sequence[bytes], head: int) -> tuple[bytes, ...]:
    """Give what of the log a restart can use: the newest seals, and the newest snapshots.

    raises        CodecError: an entry cannot be read.
    """
    del head
    return keep_newest(entries, LOG_KEEPS)
