"""Why a contract said no: the custom errors of all contracts, by selector.

Source: records.md section 3 for the names; Solidity 0.8.28 for Error(string) and Panic(uint256).
"""

from dataclasses import dataclass
from typing import Final

from node.contracts.abi import SELECTOR_BYTES, decode_values, selector, split_types
from node.contracts.bindings import custom_errors
from node.contracts.errors import AbiDataError

CUSTOM_ERRORS: Final = (*custom_errors.CUSTOM_ERRORS, "Error(string)", "Panic(uint256)")
"""Those of all contracts, and the two of the language."""
_BY_SELECTOR: Final = {selector(signature): signature for signature in CUSTOM_ERRORS}


@dataclass(frozen=True, slots=True)
class RevertReason:
    """A decoded revert; ``name`` is what a scenario's ``error:`` compares with."""

    name: str
    """Name of the custom error; empty when the call reverted without data, ``Unknown`` for data
    that none of the contracts makes."""
    args: tuple[object, ...] = ()

    def __str__(self) -> str:
        if not self.name:
            return "reverted without a reason"
        return f"{self.name}({', '.join(map(str, self.args))})" if self.args else self.name


def decode_error(data: bytes) -> RevertReason:
    """Give the reason in a revert's return data; never raises."""
    if not data:
        return RevertReason("")
    signature = _BY_SELECTOR.get(data[:SELECTOR_BYTES])
    if signature is None:
        return RevertReason("Unknown", (data,))
    name, _, types = signature.partition("(")
    try:
        return RevertReason(name, decode_values(name, split_types(types[:-1]), data[4:]))
    except AbiDataError:
        return RevertReason("Unknown", (data,))
