"""A runner that runs nothing, for tests of what stands around it."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@dataclass(frozen=True)
class Told:
    """A progress event."""

    t_us: int
    kind: str
    text: str


@dataclass(frozen=True)
class Check:
    """What comparing two modes of execution came to."""

    modes: tuple[str, str]
    points: int
    difference: str | None


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    results: dict[str, Any]
    folder: Path
    execution_check: Check | None = None


@dataclass
class FakeRunner:
    """Remembers its calls; ends with ``exit_code`` or raises ``error``."""

    exit_codes: list[int] = field(default_factory=lambda: [0])
    error: BaseException | None = None
    difference: str | None = None
    """Between two modes of execution, where that is asked for."""
    calls: list[dict[str, Any]] = field(default_factory=list)

    def run_scenario(
        self,
        path: str | Path,
        *,
        seed: int | None = None,
        executor: str | None = None,
        execution: str | None = None,
        engine: str | None = None,
        verify: str | None = None,
        check_execution: bool = False,
        out: Path | None = None,
        progress: Callable[[Told], None] | None = None,
        render: Callable[..., str] | None = None,
    ) -> Outcome:
        """Tell one step and end."""
        self.calls.append(
            {
                "path": path,
                "seed": seed,
                "executor": executor,
                "execution": execution,
                "engine": engine,
                "verify": verify,
                "out": out,
                "progress": progress,
                "render": render,
            }
        )
        if self.error is not None:
            raise self.error
        if progress is not None:
            progress(Told(5_000_000, "step", "admit h0 ok"))
        code = self.exit_codes[min(len(self.calls), len(self.exit_codes)) - 1]
        results = {
            "scenario": Path(path).stem,
            "seed": 7 if seed is None else seed,
            "verdict": {0: "valid", 1: "invalid", 3: "unknown"}[code],
            "exit_code": code,
            "digest": "d1" * 32,
            "steps": [
                {
                    "name": "admit",
                    "action": "register_patient",
                    "status": "ok",
                    "virtual_ms": 5_000,
                    "gas": 21_000,
                }
            ],
            "expectations": [{"name": "heads", "holds": code == 0, "why": "four heads\nagree"}],
            "nodes": [{"name": "h0", "height": 3, "head_hash": "0xab", "blocks_sealed": 1}],
        }
        check = Check(("shared", "full"), 12, self.difference) if check_execution else None
        return Outcome(results, out or Path("runs") / "somewhere", check)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand in for ``node.sim.runner``."""
        module = ModuleType("node.sim.runner")
        module.run_scenario = self.run_scenario  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "node.sim.runner", module)


def install_loader(monkeypatch: pytest.MonkeyPatch, load: Callable[[str, str], object]) -> None:
    """Stand in for ``node.sim.loader``."""
    module = ModuleType("node.sim.loader")
    module.load = load  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "node.sim.loader", module)
