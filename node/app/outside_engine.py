"""Engines of one's own: ``module:Class``, found with the working folder on the path.

Such an engine takes the options that its user wrote and the capabilities of the interface, uses
the headers of ``london``, and finds the validators in extraData of genesis (vanity, addresses,
an empty seal).  ``examples/round_robin.py`` is one.
"""

import sys
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from node.app.engines import EnginePlan
from node.app.guarded_engine import guarded, raised
from node.base.errors import ConfigError
from node.consensus_poa.extra_data import genesis_extra
from node.evm.forks import LONDON

_METHODS: Final = (
    "handle",
    "verify_header",
    "fork_choice",
    "signer_of",
    "validators_after_block",
    "snapshot",
    "restore",
)


def outside_plan(name: str, options: Mapping[str, Any], *, period_s: int) -> EnginePlan:
    """Give the plan of an engine of one's own.

    ``name``      ``module:Class``.
    ``options``   handed to the class; ``period`` is added where it is not there.
    raises        ConfigError: no such module or class, or a class without the engine's methods.
    """
    given = {"period": period_s, **options}
    make = _maker(name)
    return EnginePlan(
        name=name,
        config_key="outside",
        wire_id=255,
        profile=LONDON,
        period_s=period_s,
        settings={"engine": name, **given},
        make=lambda lent: guarded(name, partial(make, given), lent),
        prune_log=lambda entries, _head: tuple(entries),
        genesis_extra=genesis_extra,
        registry="votes",
    )


def _maker(name: str) -> Any:  # noqa: ANN401 - a class that nobody here knows
    module_name, _, class_name = name.partition(":")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)  # behind what is installed: nothing of wardnet is shadowed
    try:
        module = import_module(module_name)
    except (Exception, SystemExit) as error:  # a module is a program: anything may come
        what = str(error) if isinstance(error, ImportError) else raised(error)
        raise ConfigError(f"engine {name}: cannot import {module_name}: {what}") from error
    found = getattr(module, class_name, None)
    if found is None:
        raise ConfigError(f"engine {name}: {module_name} has no {class_name}")
    missing = [method for method in _METHODS if not callable(getattr(found, method, None))]
    if missing:
        raise ConfigError(f"engine {name}: {class_name} has no {', '.join(missing)}")
    return found
