"""What a piece of code could do, found without running it: one linear scan, kept per contract."""

from functools import lru_cache
from typing import Final

from node.base.limits import CODE_BYTES_MAX, CODE_SCANS_MAX

BLOCKHASH: Final = 0x40
CREATE: Final = 0xF0
CREATE2: Final = 0xF5
FRAMES: Final = frozenset((CREATE, 0xF1, 0xF2, 0xF4, CREATE2, 0xFA))
"""Opcodes that begin another frame; should that one revert, no trace of it is left in revm."""

_JUMPDEST: Final = 0x5B
_PUSH1: Final = 0x60
_PUSH32: Final = 0x7F
_ENDS: Final = frozenset((0x00, 0x56, 0xF3, 0xFD, 0xFE, 0xFF))
"""STOP, JUMP, RETURN, REVERT, INVALID, SELFDESTRUCT: what follows runs only after a JUMPDEST."""


def opcodes(code: bytes) -> frozenset[int]:
    """Give every opcode that can run, perhaps some more, never one too few.

    Data of a PUSH is skipped, and so is what stands behind an end of the program up to the next
    JUMPDEST: the metadata that the Solidity compiler appends, for the most part.
    """
    found: set[int] = set()
    is_live = True
    at = 0
    while at < len(code):
        opcode = code[at]
        if opcode == _JUMPDEST:
            is_live = True
        elif is_live:
            found.add(opcode)
            is_live = opcode not in _ENDS
        if _PUSH1 <= opcode <= _PUSH32:
            at += opcode - _PUSH1 + 1
        at += 1
    return frozenset(found)


_remembered: Final = lru_cache(maxsize=CODE_SCANS_MAX)(opcodes)


def contract_opcodes(code: bytes) -> frozenset[int]:
    """Give ``opcodes`` of an account's code, found once.

    Initcode is not for this: each creation may bring another one, as long as a transaction.
    """
    return _remembered(code) if len(code) <= CODE_BYTES_MAX else opcodes(code)
