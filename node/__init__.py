"""wardnet: a permissioned hospital blockchain and its simulator.

Names are loaded on first use (PEP 562), so that ``wardnet --help`` pays for none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = ["run_scenario"]

if TYPE_CHECKING:
    from node.sim.runner import run_scenario as run_scenario

_HOME = {"run_scenario": "node.sim.runner"}


def __getattr__(name: str) -> object:
    """Load a public name from its home module."""
    if name not in _HOME:
        raise AttributeError(f"module 'node' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
