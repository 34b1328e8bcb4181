"""A small assembler: "PUSH 1 PUSH 0x2a SSTORE" becomes bytes."""

from eth.vm import opcode_values

_CODES = {name: value for name, value in vars(opcode_values).items() if name.isupper()} | {
    "PUSH0": 0x5F,
    "MCOPY": 0x5E,
    "TLOAD": 0x5C,
    "TSTORE": 0x5D,
    "INVALID": 0xFE,
}


def asm(text: str) -> bytes:
    """Assemble; ``PUSH n`` takes the shortest form of a number (0x.. keeps its length)."""
    code = b""
    words = iter(text.split())
    for word in words:
        if word == "PUSH":
            code += push(next(words))
        elif word.startswith("0x"):
            code += bytes.fromhex(word[2:])
        else:
            code += bytes((_CODES[word],))
    return code


def push(word: str | int | bytes) -> bytes:
    """Give a PUSH of a number or of bytes."""
    if isinstance(word, bytes):
        data = word
    elif isinstance(word, str) and word.startswith("0x"):
        data = bytes.fromhex(word[2:])
    else:
        number = int(word)
        data = number.to_bytes(max(1, (number.bit_length() + 7) // 8))
    return bytes((0x5F + len(data),)) + data


def initcode(runtime: bytes, constructor: bytes = b"") -> bytes:
    """Give initcode that runs a constructor and returns ``runtime``."""
    # PUSH2 size, DUP1, PUSH2 offset, PUSH1 0, CODECOPY, PUSH1 0, RETURN
    offset = len(constructor) + 13
    tail = push(len(runtime).to_bytes(2)) + b"\x80" + push(offset.to_bytes(2)) + push(0)
    tail += b"\x39" + push(0) + b"\xf3"
    return constructor + tail + runtime


COUNTER = asm("PUSH 0 SLOAD PUSH 1 ADD DUP1 PUSH 0 SSTORE PUSH 0 MSTORE PUSH 32 PUSH 0 RETURN")
"""Adds one to slot 0 and returns it."""
REVERTER = asm("PUSH 0xdeadbeef PUSH 0 MSTORE PUSH 4 PUSH 28 REVERT")
"""Reverts with 0xdeadbeef."""
LOGGER = asm("PUSH 7 PUSH 0 MSTORE PUSH 9 PUSH 32 PUSH 0 LOG1")
"""Emits 32 bytes with topic 9."""
BURNER = asm("JUMPDEST PUSH 0 JUMP")
"""Runs until its gas is gone."""
