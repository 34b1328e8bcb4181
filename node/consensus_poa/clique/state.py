"""Everything a Clique engine remembers, and its canonical bytes."""

from dataclasses import dataclass, field

from node.base import codec
from node.base.errors import CodecError
from node.base.limits import SIGN_GUARDS_COUNT_MAX
from node.base.types import Address, Hash32
from node.consensus_poa.bounded import Bounded
from node.consensus_poa.chain_state import ChainState, fill, pack_int, unpack_int


@dataclass(slots=True)
class CliqueState(ChainState):
    """The state of one engine; hashes are those of blocks unless a name says otherwise."""

    seal_time: int = 0
    """Timestamp, in seconds, of the block that BLOCK or WIGGLE waits to build."""
    has_transactions: bool = False
    proposals: dict[Address, bool] = field(default_factory=dict[Address, bool])
    guards: Bounded[Hash32, Hash32] = field(default_factory=lambda: Bounded(SIGN_GUARDS_COUNT_MAX))
    """Parent -> the one child that this node sealed on it."""

    def encode(self) -> bytes:
        """Give canonical msgpack: equal states give equal bytes."""
        return codec.pack(
            {
                **self.shared_fields(),
                "seal_time": pack_int(self.seal_time),
                "has_transactions": self.has_transactions,
                "proposals": list(self.proposals.items()),
                "guards": list(self.guards.items()),
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> "CliqueState":
        """Read what ``encode`` gave.

        raises        CodecError: the bytes are no such state.
        """
        try:
            found = codec.unpack(data)
            state = cls()
            state.take_shared(found)
            state.seal_time = unpack_int(found["seal_time"])
            state.has_transactions = found["has_transactions"]
            state.proposals.update(found["proposals"])
            fill(state.guards, found["guards"], lambda entry: (entry[0], entry[1]))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise CodecError("clique state", f"{type(error).__name__}: {error}") from error
        return state
