"""The AuRa engine: events in, effects out (consensus.md sections 2 and 5)."""

from collections.abc import Sequence
from typing import Final

from node.base.errors import UnavailableError, UnknownBlockError
from node.base.header import Header
from node.base.types import Address, Hash32
from node.consensus_poa.aura.branches import AuraBranches
from node.consensus_poa.aura.heads import WAL_SEAL, WAL_STANDING, AuraHeads
from node.consensus_poa.aura.options import AuraOptions
from node.consensus_poa.aura.rules import AuraRules
from node.consensus_poa.aura.sealing import Sealer
from node.consensus_poa.aura.state import AuraState
from node.consensus_poa.aura.steps import Steps
from node.consensus_poa.candidate_engine import CandidateEngine
from node.consensus_poa.chain_state import Waiting
from node.consensus_poa.effects import Effect
from node.consensus_poa.events import BlockBuilt
from node.consensus_poa.interface import Capabilities
from node.consensus_poa.wal import keep_newest

SET_UNAVAILABLE: Final = "validator_set_unavailable"


class AuraEngine(CandidateEngine[AuraState]):
    """One node's AuRa: an observer without a signer, a validator while its key is in the set.

    The sets come from ``capabilities.validators``, read at the last final block of a branch;
    without it those that genesis lists stay for ever.
    """

    def __init__(self, options: AuraOptions, capabilities: Capabilities) -> None:
        self._options = options
        self._capabilities = capabilities
        self._steps = Steps(options.step_durations)
        self._wire(AuraState())

    def _wire(self, state: AuraState) -> None:
        lent, options = self._capabilities, self._options
        own = lent.signer.address if lent.signer else None
        self._branches = AuraBranches(
            lent.chain,
            lent.verifier,
            options,
            state.imported,
            provider=lent.validators,
            memo=lent.memo,
        )
        heads = AuraHeads(state, self._branches, own)
        self.wire(state, self._branches, AuraRules(self._branches, self._steps), heads)
        self._sealer = Sealer(
            state, self._branches, options, self._steps, heads, signer=lent.signer
        )

    def on_start(self, wal: tuple[bytes, ...], out: list[Effect]) -> Waiting | None:
        """Take up the log, and what is final below the head."""
        lost = self._sealer.replay(wal, out)
        self._heads.on_move(self._state.head_hash, out)
        return lost

    def on_head(self, now: int, out: list[Effect]) -> None:
        """Seal the step that runs, if it is ours."""
        self._sealer.seek(now, out)

    def on_turn(self, now: int, out: list[Effect]) -> None:
        """Seal the step that begins, if it is ours."""
        self._sealer.seek(now, out)

    def on_built(self, event: BlockBuilt, now: int, out: list[Effect]) -> None:
        """Seal what was built."""
        self._sealer.built(event, now, out)

    def verify_header(self, header: Header, parent: Header) -> str | None:
        """Give the name of the first rule of section 5 that ``header`` breaks, or None.

        ``step_too_far`` is left out: it needs a clock.  ``parent`` need not be stored if its own
        parent is, or if it was the last header verified.
        """
        branches = self._branches
        try:
            is_stored = branches.header(header.parent_hash) is not None
            if not is_stored and parent.number > 0 and parent.hash() == header.parent_hash:
                branches.keep(header.parent_hash, parent)
            branches.validators(header.parent_hash)
        except UnknownBlockError:
            pass  # which the rules name, after those that come before
        except UnavailableError:
            return self._rules.check_shape(header) or SET_UNAVAILABLE
        return super().verify_header(header, parent)

    def validators_after_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set that may seal a child of this block, ascending.

        raises        UnknownBlockError: the block is not known here.
                      ValidatorSetUnavailableError: the registry gives none.
        """
        return self._branches.validators(block_hash)

    def final_block(self) -> tuple[Hash32, int]:
        """Give hash and number of the newest final block; genesis counts as final."""
        return self._state.final, self._state.final_number

    def snapshot(self) -> bytes:
        """Give the state as canonical msgpack: equal event lists give equal bytes."""
        return self._state.encode()

    def restore(self, data: bytes) -> None:
        """Take up a state that ``snapshot`` gave; caches start empty.

        raises        CodecError: the bytes are no such state; the engine keeps its own.
        """
        self._wire(AuraState.decode(data))


def prune_wal(entries: Sequence[bytes], head: int) -> tuple[bytes, ...]:
    """Give what of the log a restart can use: the newest seal, and the newest standings.

    A seal forbids all steps up to its own, so older ones add nothing.  Of standings some are
    kept, since the newest may be on a branch that lost.

    raises        CodecError: an entry cannot be read.
    """
    del head
    return keep_newest(entries, {WAL_SEAL: 1, WAL_STANDING: 4})
