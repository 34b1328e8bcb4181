"""The choice of an executor by its name in settings (ledger.md section 6)."""

from collections.abc import Callable
from typing import Final

from node.base.errors import ConfigError
from node.evm.executor import Executor
from node.evm.executor_pyevm import PyevmExecutor
from node.evm.genesis import Genesis


def executor_named(name: str, genesis: Genesis) -> Executor:
    """Give a new executor for one ledger on a genesis.

    ``name``      ``py-evm``, ``revm``, or ``fast``, which is revm.
    raises        ConfigError: no such name, or the package behind it is not installed.
    """
    make = _MAKERS.get(name)
    if make is None:
        raise ConfigError(f"no executor is called {name!r}, choose one of {', '.join(_MAKERS)}")
    return make(genesis)


def _pyevm(genesis: Genesis) -> Executor:
    del genesis
    return PyevmExecutor()


def _revm(genesis: Genesis) -> Executor:
    try:
        from node.evm.executor_revm import RevmExecutor  # noqa: PLC0415 - an optional package
    except ModuleNotFoundError as error:
        if error.name != "pyrevm":
            raise
        raise ConfigError(
            "the executor revm needs the package pyrevm: pip install 'wardnet[fast]'"
        ) from error
    return RevmExecutor({address: account.storage for address, account in genesis.alloc.items()})


_MAKERS: Final[dict[str, Callable[[Genesis], Executor]]] = {
    "py-evm": _pyevm,
    "revm": _revm,
    "fast": _revm,
}
EXECUTOR_NAMES: Final = tuple(_MAKERS)
"""What settings may say."""
