"""Which refusals the tests of this folder have provoked, and which events they have looked at.

``World`` writes down what happens; ``test_refusals.py`` runs last and compares it with what the
Solidity sources say can happen.  A new ``require`` without a test fails there.
"""

import os
from functools import cache
from typing import Final

from node.base.keccak import keccak256
from node.contracts.compile import load_artifact
from tests.contracts.abi_items import types_of

Key = tuple[str, str, str]

REFUSALS: Final[dict[Key, set[str]]] = {}
"""(contract, function, error) to the tests that saw it."""
EVENTS: Final[dict[Key, set[str]]] = {}
"""(contract that was called, function, event) to the tests that looked at it."""


def note_refusal(contract: str, data: bytes | None, error: str) -> None:
    """Write down that a function (None: the constructor) of a contract refused."""
    REFUSALS.setdefault((contract, function_of(contract, data), error), set()).add(_test())


def note_event(contract: str, data: bytes, event: str) -> None:
    """Write down that a test looks at an event that a call has left."""
    EVENTS.setdefault((contract, function_of(contract, data), event), set()).add(_test())


def function_of(contract: str, data: bytes | None) -> str:
    """Give the name of the function that calldata calls."""
    return "constructor" if data is None else _functions(contract).get(data[:4], "?")


def _test() -> str:
    return os.environ["PYTEST_CURRENT_TEST"].removesuffix(" (call)")


@cache
def _functions(contract: str) -> dict[bytes, str]:
    names = {}
    for item in load_artifact(contract).abi:
        if item["type"] == "function":
            signature = f"{item['name']}({','.join(types_of(item['inputs']))})"
            names[bytes(keccak256(signature.encode())[:4])] = item["name"]
    return names
