"""The choice of an executor by its name in settings (ledger.md section 6).

The executors themselves are imported when one is made: whether one is installed can be asked
without loading an interpreter.
"""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Final

from node.base.errors import ConfigError
from node.evm.executor import Executor
from node.evm.genesis import Genesis


def executor_named(name: str, genesis: Genesis) -> Executor:
    """Give a new executor for one ledger on a genesis.

    ``name``      ``py-evm``, ``revm``, or ``fast``, which is revm.
    raises        ConfigError: no such name, or the package behind it is not installed.
    """
    require_executor(name)
    return _MAKERS[name](genesis)


def require_executor(name: str) -> None:
    """Make sure that an executor can be made.

    raises        ConfigError: as ``executor_named``.
    """
    if name not in _MAKERS:
        raise ConfigError(f"no executor is called {name!r}, choose one of {', '.join(_MAKERS)}")
    if _MAKERS[name] is _revm and find_spec("pyrevm") is None:
        raise ConfigError(
            "the executor revm needs the package pyrevm: pip install 'wardnet[fast]', "
            "or in a checkout .venv/bin/python -m pip install -e '.[fast]'"
        )


def _pyevm(genesis: Genesis) -> Executor:
    from node.evm.executor_pyevm import PyevmExecutor  # noqa: PLC0415 - see the module's docstring

    del genesis
    return PyevmExecutor()


def _revm(genesis: Genesis) -> Executor:
    from node.evm.executor_revm import RevmExecutor  # noqa: PLC0415 - an optional package

    return RevmExecutor({address: account.storage for address, account in genesis.alloc.items()})


_MAKERS: Final[dict[str, Callable[[Genesis], Executor]]] = {
    "py-evm": _pyevm,
    "revm": _revm,
    "fast": _revm,
}
EXECUTOR_NAMES: Final = tuple(_MAKERS)
"""What settings may say."""
