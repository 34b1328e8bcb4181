"""The precompiled contract of EIP-198, with 0 to the power of 0 as everybody else has it.

py-evm answers 0 wherever the base has no bytes; go-ethereum and revm answer 1 % modulus where the
exponent is 0 too.  What it costs is a fork's (EIP-198, from Berlin on EIP-2565) and stays py-evm's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from eth.precompiles.modexp import (
    _compute_modexp_gas_fee_eip_198,  # pyright: ignore[reportPrivateUsage]
    extract_lengths,
)

ADDRESS: Final = (5).to_bytes(20)
_HEAD_BYTES: Final = 96
"""The lengths of base, exponent and modulus, one word each."""


@dataclass(frozen=True, slots=True)
class Modexp:
    """The contract at the price of a fork."""

    gas_of: Callable[[bytes], int]

    def __call__(self, computation: Any) -> Any:  # noqa: ANN401 - py-evm's ComputationAPI
        """Run in a frame.

        raises        OutOfGas: the frame cannot pay, as for any length that memory cannot hold.
        """
        data = bytes(computation.msg.data_as_bytes)
        computation.consume_gas(self.gas_of(data), reason="MODEXP Precompile")
        computation.output = power(data)
        return computation


def charged_as(stock: Any) -> Modexp:  # noqa: ANN401 - py-evm's, curried
    """Give the contract at the price that the function of a fork has; one of ours as it is."""
    if isinstance(stock, Modexp):
        return stock
    return Modexp(stock.keywords.get("gas_calculator", _compute_modexp_gas_fee_eip_198))


def power(data: bytes) -> bytes:
    """Give base ** exponent % modulus in as many bytes as the modulus has; 0 if that is 0.

    ``data``      what is missing of it at the end is zeros.
    source        EIP-198, "Specification".
    """
    base_bytes, exponent_bytes, modulus_bytes = extract_lengths(data)
    if modulus_bytes == 0:  # two empty numbers are free, so the third may claim any length
        return b""
    modulus_at = _HEAD_BYTES + base_bytes + exponent_bytes
    modulus = _number(data, modulus_at, modulus_bytes)
    if modulus == 0:
        return bytes(modulus_bytes)
    base = _number(data, _HEAD_BYTES, base_bytes)
    exponent = _number(data, _HEAD_BYTES + base_bytes, exponent_bytes)
    return pow(base, exponent, modulus).to_bytes(modulus_bytes)


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size].ljust(size, b"\0"))
