"""Whether all read one validator set, and the registry changed it by its rules (I4, C5, R2, R3)."""

from node.base.types import Hash32
from node.sim.checkers.consensus_observed import Observed
from node.sim.checkers.consensus_registry import RegistryReader
from node.sim.facts import BlockStored, Fact, ValidatorsAfter


class Sets:
    """Compares what nodes say with each other and with the checker's own reading."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self._first: dict[Hash32, tuple[str, bytes]] = {}
        self.fault: str | None = None

    def observe(self, fact: Fact) -> None:
        """Judge the set that a node tells."""
        self._observed.note(fact)
        if not isinstance(fact, ValidatorsAfter) or self.fault is not None:
            return
        if not self._observed.is_honest(fact.node):
            return
        known = self._first.get(fact.hash)
        if known is not None:
            if known[1] != fact.validators:
                self.fault = (
                    f"after {self._name(fact.hash)} {known[0]} reads {_count(known[1])} and "
                    f"{fact.node} reads {_count(fact.validators)} as validators"
                )
            return
        self._first[fact.hash] = (fact.node, fact.validators)
        own = self._observed.seals.after(fact.hash)
        if own is not None and b"".join(own) != fact.validators:
            self.fault = (
                f"after {self._name(fact.hash)} {fact.node} reads {_count(fact.validators)} as "
                f"validators; by headers and logs they are {_count(b''.join(own))}"
            )

    def _name(self, block_hash: Hash32) -> str:
        block = self._observed.blocks.get(block_hash)
        return f"block 0x{block_hash.hex()[:8]}" if block is None else block.header.name


class RegistryRules:
    """R2 and R3: removals per block, and the minimum, by the registry's own log."""

    def __init__(self, observed: Observed, reader: RegistryReader) -> None:
        self._observed = observed
        self._reader = reader

    @property
    def fault(self) -> str | None:
        """The first broken rule."""
        return self._reader.fault

    def observe(self, fact: Fact) -> None:
        """Read the logs of a block that is new."""
        self._observed.note(fact)
        if isinstance(fact, BlockStored) and fact.hash in self._observed.blocks:
            self._reader.learn(self._observed.blocks[fact.hash].header)


def _count(validators: bytes) -> str:
    names = [f"0x{validators[at : at + 4].hex()}" for at in range(0, len(validators), 20)]
    return f"[{', '.join(names)}]"
