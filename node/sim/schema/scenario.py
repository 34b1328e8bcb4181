"""The whole file as one value."""

import zoneinfo
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from pydantic import Field, PrivateAttr

from node.base.types import MICROS_PER_SECOND
from node.sim.schema.actors import Actors
from node.sim.schema.base import Id, Section
from node.sim.schema.expectations import Expectation
from node.sim.schema.injection import AnyFault, Chaos
from node.sim.schema.lives import Lives
from node.sim.schema.network import Network
from node.sim.schema.settings import Chain, Records, Run
from node.sim.schema.steps import AnyStep
from node.sim.schema.storage import Storage
from node.sim.schema.tree import Tree

EngineName: TypeAlias = Literal["qbft", "clique", "aura", "ibft1"]
Verdict: TypeAlias = Literal["valid", "invalid", "unknown"]


class Scenario(Section):
    """A scenario, resolved: numbers are spread, units converted, every step has an id.

    Only ``node.sim.loader`` makes one: it checks what no single model can see.
    """

    wardnet: Literal[1]
    """Version of the file format."""
    name: Id
    """Folder under runs/."""
    title: str = ""
    about: str = ""
    tags: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    run: Run = Field(default_factory=Run)
    chain: Chain = Field(default_factory=Chain)
    records: Records = Field(default_factory=Records)
    storage: Storage = Field(default_factory=Storage)
    network: Network = Field(default_factory=Network)
    actors: Actors = Field(default_factory=Actors)
    steps: tuple[AnyStep, ...] = ()
    lives: Lives | None = None
    """The loader turns it into ``steps``."""
    faults: tuple[AnyFault, ...] = ()
    chaos: Chaos | None = None
    """The loader turns it into ``faults``."""
    expect: tuple[Expectation, ...] = ()
    verdicts: dict[EngineName, Verdict] = Field(default_factory=dict[EngineName, Verdict])
    """The verdict that each engine is expected to come to; read when engines are compared."""

    _tree: Tree | None = PrivateAttr(default=None)
    _written_count: int | None = PrivateAttr(default=None)

    @property
    def written(self) -> tuple[AnyStep, ...]:
        """Give the steps that stand in the file."""
        return self.steps[: self._written_count]

    @property
    def lived(self) -> tuple[AnyStep, ...]:
        """Give the steps that the loader has drawn from ``lives``."""
        return self.steps[len(self.written) :]

    def with_lives(self, drawn: tuple[AnyStep, ...]) -> "Scenario":
        """Give the scenario with the steps of its lives behind its own; the loader does this."""
        lived = self.model_copy(update={"steps": (*self.steps, *drawn), "lives": None})
        lived._written_count = len(self.steps)  # noqa: SLF001 - one of our own kind
        return lived

    @property
    def tree(self) -> Tree:
        """Give the parsed file, with positions."""
        assert self._tree is not None
        return self._tree

    def attach(self, tree: Tree) -> None:
        """Remember the parsed file; the loader does this once."""
        self._tree = tree

    @property
    def utc_offset_s(self) -> int:
        """Give the offset of ``records.timezone`` on the day of ``run.epoch``, seconds east."""
        if self.records.timezone == "UTC":
            return 0
        zone = zoneinfo.ZoneInfo(self.records.timezone)
        epoch_s = self.run.epoch_us // MICROS_PER_SECOND
        offset = datetime.fromtimestamp(epoch_s, tz=zone).utcoffset()
        assert offset is not None
        return offset // timedelta(seconds=1)

    def resolved(self) -> dict[str, Any]:
        """Give the content of ``resolved.json``: field names with units, plain JSON values."""
        return self.model_dump(mode="json")
