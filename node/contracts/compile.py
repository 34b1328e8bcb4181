"""The compiled contracts as files, and the checks that tie them to their sources.

Check 1 compares the sources with the SHA-256 values in the artifacts and needs nothing else.
Check 2 rebuilds with the pinned npm packages and compares byte for byte (``build.mjs``).
Users need neither Node nor npm.  Source: ledger.md section 12.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from node.contracts.errors import ArtifactError

COMPILER: Final = "0.8.28+commit.7893614a"
EVM_VERSION: Final = "london"
FORBIDDEN_OPCODES: Final = {
    0x40: "BLOCKHASH",
    0x44: "DIFFICULTY",
    0x5F: "PUSH0",
    0xF2: "CALLCODE",
    0xFF: "SELFDESTRUCT",
}
"""Absent in one of the rule profiles, or with another meaning in the other."""
_PUSH1: Final = 0x60
_PUSH32: Final = 0x7F


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled contract."""

    name: str
    abi: tuple[dict[str, Any], ...]
    bytecode: bytes
    deployed_bytecode: bytes
    """Runtime code with zeros where constructors put immutables."""
    storage_layout: dict[str, Any]
    metadata: str
    compiler: str
    settings: dict[str, Any]
    sources: dict[str, str]
    """Our source files that went in: name to SHA-256 in hex."""


@cache
def load_artifact(name: str) -> Artifact:
    """Read one artifact from the package.

    raises        ArtifactError: there is none of that name, or it is no artifact.
    """
    path = files("node.contracts") / "artifacts" / f"{name}.json"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return Artifact(
            name,
            tuple(raw["abi"]),
            bytes.fromhex(raw["bytecode"]),
            bytes.fromhex(raw["deployedBytecode"]),
            raw["storageLayout"],
            raw["metadata"],
            raw["compiler"],
            raw["settings"],
            raw["sources"],
        )
    except FileNotFoundError as error:
        raise ArtifactError(f"no compiled contract {name}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path}: no artifact: {error!r}") from error


def stale_sources(artifact: Artifact) -> tuple[str, ...]:
    """Give the sources whose content is not what the artifact was compiled from (check 1)."""
    folder = files("node.contracts") / "sources"
    stale: list[str] = []
    for name, digest in sorted(artifact.sources.items()):
        path = folder / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            stale.append(name)
    return tuple(stale)


def forbidden_opcodes(code: bytes) -> tuple[tuple[int, str], ...]:
    """Give (offset, name) of forbidden instructions in runtime code.

    Push data is skipped, and so is the metadata tail, whose length stands in the last two bytes.
    """
    tail = int.from_bytes(code[-2:]) + 2 if len(code) >= 2 else 0
    end = len(code) - tail if tail <= len(code) else len(code)
    found: list[tuple[int, str]] = []
    offset = 0
    while offset < end:
        opcode = code[offset]
        if opcode in FORBIDDEN_OPCODES:
            found.append((offset, FORBIDDEN_OPCODES[opcode]))
        if _PUSH1 <= opcode <= _PUSH32:
            offset += opcode - _PUSH1 + 1
        offset += 1
    return tuple(found)
