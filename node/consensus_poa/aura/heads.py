"""Which block is the head of an AuRa node, and what is final below it."""

from typing import Final

from node.base.errors import UnavailableError
from node.base.header import Header
from node.base.limits import STANDING_INTERVAL_BLOCKS_MAX
from node.base.types import ZERO_HASH, Address, Hash32
from node.consensus_poa.aura.branches import AuraBranches
from node.consensus_poa.aura.header import step_of
from node.consensus_poa.aura.state import AuraState
from node.consensus_poa.aura.steps import primary
from node.consensus_poa.effects import AppendWal, Effect, Finalized, trace
from node.consensus_poa.heads import Heads
from node.consensus_poa.wal import WalEntry

WAL_SEAL: Final = "seal"
WAL_STANDING: Final = "standing"


class AuraHeads(Heads):
    """Total difficulty above the last final block; of equals the first seen stays."""

    def __init__(self, state: AuraState, branches: AuraBranches, own: Address | None) -> None:
        super().__init__(state, branches, "AuRa")
        self._aura = state
        self._branches = branches
        self._own = own

    def prefers(
        self, current: Header, current_hash: Hash32, candidate: Header, candidate_hash: Hash32
    ) -> bool:
        """Say whether ``candidate`` is heavier and leaves no final block of ``current``."""
        if not super().prefers(current, current_hash, candidate, candidate_hash):
            return False
        depth = self._branches.reorg_depth(current, current_hash, candidate, candidate_hash)
        return depth == 0 or current.number - depth >= self._aura.final_number

    def disarm(self, out: list[Effect]) -> None:
        """Disarm nothing: steps go on, whatever the head is."""

    def on_import(self, header: Header, block_hash: Hash32, out: list[Effect]) -> None:
        """Name the primaries that let their step pass, and store the standing at times."""
        parent = self._branches.header(header.parent_hash)
        if parent is not None and parent.number > 0:
            self._trace_skipped(header, parent, out)
        if header.number % STANDING_INTERVAL_BLOCKS_MAX == 0:
            genesis = self._branches.genesis_hash() or ZERO_HASH
            try:
                payload = self._branches.stored_form(block_hash)
            except UnavailableError:  # the registry cannot be read: nothing to store
                return
            entry = WalEntry(WAL_STANDING, genesis, self._own or Address(b""), payload)
            out.append(AppendWal(entry.encode()))

    def _trace_skipped(self, header: Header, parent: Header, out: list[Effect]) -> None:
        """Trace each validator once whose step lies between two blocks and has none.

        Block 1 is left out: genesis is at step 0.
        """
        first, behind = step_of(parent) + 1, step_of(header)
        if first == behind:
            return
        try:
            validators = self._branches.validators(header.parent_hash)
        except UnavailableError:
            return
        for step in range(first, min(behind, first + len(validators))):
            skipped = primary(validators, step)
            out.append(trace("AuRa.skipped_primary", validator=skipped, step=step))

    def on_move(self, block_hash: Hash32, out: list[Effect]) -> None:
        """Take over what the new head makes final."""
        try:
            window = self._branches.window(block_hash)
        except UnavailableError as error:
            out.append(trace("AuRa.SetUnavailable", hash=block_hash, reason=str(error)))
            return
        state = self._aura
        if state.final == ZERO_HASH or window.final_number > state.final_number:
            state.final, state.final_number = window.final, window.final_number
            if window.final_number > 0:
                out.append(Finalized(window.final, window.final_number, None))

    def adopt(self, header: Header, block_hash: Hash32, out: list[Effect]) -> None:
        """Follow a head that sync brought; one that leaves a final block ends the sealing."""
        state = self._aura
        if not self._keeps_final(header, block_hash):
            # consensus.md section 11: the operator must look before this node seals again
            state.is_observer = True
            out.append(trace("AuRa.agreement_violation", hash=block_hash, final=state.final))
        self.move(header, block_hash, out)
        self.on_move(block_hash, out)

    def _keeps_final(self, header: Header, block_hash: Hash32) -> bool:
        """Say whether a block stands on the last final one."""
        while header.number > self._aura.final_number:
            block_hash = header.parent_hash
            parent = self._branches.header(block_hash)
            if parent is None:
                return False
            header = parent
        return self._aura.final in (block_hash, ZERO_HASH)
