"""What a run adds up."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Counters:
    """What a run adds up."""

    frames: int = 0
    bytes: int = 0
    sealed: dict[str, int] = field(default_factory=dict[str, int])
    reorgs: int = 0
    reorg_depths: dict[str, int] = field(default_factory=dict[str, int])
    """Blocks that each node left at most."""
    receipt_times: list[int] = field(default_factory=list[int])
    """World time of each receipt of custodians."""

    @property
    def deepest_reorg(self) -> int:
        """Give the most blocks that any node left."""
        return max(self.reorg_depths.values(), default=0)
