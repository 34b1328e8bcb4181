"""What a fault did: the nodes it hit, and how often it changed something."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Tally:
    """The account of one fault of the file over the whole run."""

    id: str
    kind: str
    may_miss: bool = False
    nodes: dict[str, None] = field(default_factory=dict[str, None])
    """All that it was about, in the order of its activations."""
    latest: tuple[str, ...] = ()
    """Those of the latest activation."""
    _counted: int = 0
    _meters: list[Callable[[], int]] = field(default_factory=list[Callable[[], int]])

    @property
    def effects(self) -> int:
        """Give what was counted, and what running meters show."""
        return self._counted + sum(meter() for meter in self._meters)

    def count(self, effects: int = 1) -> None:
        """Add effects."""
        self._counted += effects

    def hit(self, nodes: tuple[str, ...]) -> None:
        """Note whom an activation is about."""
        self.latest = tuple(dict.fromkeys((*self.latest, *nodes)))
        self.nodes.update(dict.fromkeys(nodes))

    def meter(self, read: Callable[[], int]) -> Callable[[], None]:
        """Count what ``read`` grows by from now on; give what ends that."""
        before = read()

        def grown() -> int:
            return read() - before

        def stop() -> None:
            self._meters.remove(grown)
            self._counted += grown()

        self._meters.append(grown)
        return stop
