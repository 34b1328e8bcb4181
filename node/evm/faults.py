"""What a failed frame is called, and why a contract says that it reverted.

Clients show these texts to people and match on them, so they are go-ethereum's (core/vm/errors.go).
"""

from typing import Final

from eth.exceptions import (
    ContractCreationCollision,
    FullStack,
    InsufficientFunds,
    InsufficientStack,
    InvalidInstruction,
    InvalidJumpDestination,
    OutOfBoundsRead,
    OutOfGas,
    ReservedBytesInCode,
    Revert,
    StackDepthLimit,
    VMError,
    WriteProtection,
)

REVERTED: Final = "execution reverted"
COLLISION: Final = "contract address collision"
_NAMES: Final[dict[type[VMError], str]] = {
    Revert: REVERTED,
    OutOfGas: "out of gas",
    InsufficientStack: "stack underflow",
    FullStack: "stack limit reached 1024",
    InvalidJumpDestination: "invalid jump destination",
    WriteProtection: "write protection",
    OutOfBoundsRead: "return data out of bounds",
    ContractCreationCollision: COLLISION,
    InsufficientFunds: "insufficient balance for transfer",
    StackDepthLimit: "max call depth exceeded",
    ReservedBytesInCode: "invalid code: must not begin with 0xef",
}
_OUT_OF_GAS: Final = (
    # py-evm raises one class for these; only its sentence tells them apart
    ("Contract code size exceeds", "max code size exceeded"),
    ("Write contract code", "contract creation code storage out of gas"),
    ("nonce has max value", "nonce uint64 overflow"),
)
_UNDEFINED: Final = "Invalid opcode "
_ERROR: Final = bytes.fromhex("08c379a0")
"""Selector of Error(string): the reason of ``require`` and ``revert``."""
_PANIC: Final = bytes.fromhex("4e487b71")
"""Selector of Panic(uint256): a check that the compiler put in."""
_PANICS: Final = {
    0x00: "generic panic",
    0x01: "assert(false)",
    0x11: "arithmetic underflow or overflow",
    0x12: "division or modulo by zero",
    0x21: "enum overflow",
    0x22: "invalid encoded storage byte array accessed",
    0x31: "out-of-bounds array access; popping on an empty array",
    0x32: "out-of-bounds access of an array or bytesN",
    0x41: "out of memory",
    0x51: "uninitialized function",
}


def fault_name(error: VMError) -> str:
    """Give go-ethereum's words for the end of a frame; without its counts of stack items."""
    text = str(error)
    if isinstance(error, OutOfGas):
        for part, name in _OUT_OF_GAS:
            if part in text:
                return name
    if isinstance(error, InvalidInstruction):
        if not text.startswith(_UNDEFINED):  # a jump to 0x5b that is data of a PUSH
            return _NAMES[InvalidJumpDestination]
        opcode = int(text.removeprefix(_UNDEFINED).partition(" ")[0], 16)
        shown = "INVALID" if opcode == 0xFE else f"opcode {opcode:#x} not defined"
        return f"invalid opcode: {shown}"
    for kind, name in _NAMES.items():
        if isinstance(error, kind):
            return name
    return text or type(error).__name__


def revert_reason(data: bytes) -> str | None:
    """Read Error(string) or Panic(uint256) from return data; None: it is neither.

    source        Solidity 0.8, "Error handling"; the words for panics are go-ethereum's.
    """
    selector, body = data[:4], data[4:]
    if selector == _PANIC and len(body) == 32:
        code = int.from_bytes(body)
        return _PANICS.get(code, f"unknown panic code: {code:#x}")
    if selector != _ERROR or len(body) < 64:
        return None
    start = int.from_bytes(body[:32])
    size = int.from_bytes(body[start : start + 32]) if start + 32 <= len(body) else len(body)
    text = body[start + 32 : start + 32 + size]
    if len(text) != size:
        return None
    return text.decode(errors="replace")
