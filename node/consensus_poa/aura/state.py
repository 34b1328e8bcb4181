"""Everything an AuRa engine remembers, and its canonical bytes."""

from dataclasses import dataclass, field

from node.base import codec
from node.base.errors import CodecError
from node.base.limits import STEP_SEALS_COUNT_MAX
from node.base.types import ZERO_HASH, Hash32
from node.consensus_poa.bounded import Bounded
from node.consensus_poa.chain_state import ChainState, pack_int, unpack_int
from node.consensus_poa.evidence import SealKey


@dataclass(slots=True)
class AuraState(ChainState):
    """The state of one engine."""

    seals: Bounded[SealKey, bytes] = field(default_factory=lambda: Bounded(STEP_SEALS_COUNT_MAX))
    sealed_step: int = -1
    """The newest step that this node sealed: it never seals this or an earlier one."""
    final: Hash32 = ZERO_HASH
    """The newest final block: the head stays above it."""
    final_number: int = 0

    def encode(self) -> bytes:
        """Give canonical msgpack: equal states give equal bytes."""
        return codec.pack(
            {
                **self.shared_fields(),
                "sealed_step": pack_int(self.sealed_step + 1),
                "final": [self.final, self.final_number],
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> "AuraState":
        """Read what ``encode`` gave.

        raises        CodecError: the bytes are no such state.
        """
        try:
            found = codec.unpack(data)
            state = cls()
            state.take_shared(found)
            state.sealed_step = unpack_int(found["sealed_step"]) - 1
            state.final, state.final_number = found["final"]
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise CodecError("aura state", f"{type(error).__name__}: {error}") from error
        return state
