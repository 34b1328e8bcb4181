"""What the runtime code of the contracts cannot do, because it has no instruction for it."""

import pytest

from node.contracts.compile import load_artifact
from node.contracts.names import CONTRACT_NAMES

NEVER = {
    0x32: "ORIGIN",  # a relayed call would be judged by who pays for it
    0xF0: "CREATE",
    0xF2: "CALLCODE",
    0xF4: "DELEGATECALL",  # foreign code on our storage
    0xF5: "CREATE2",
    0xFF: "SELFDESTRUCT",
}
PUSH1, PUSH32 = 0x60, 0x7F
MAY_SEND_ETHER = {"ResearchPool"}


def instructions(code: bytes) -> list[int]:
    """Give the opcodes, without push data and without the metadata behind the code."""
    end = len(code) - int.from_bytes(code[-2:]) - 2
    found, place = [], 0
    while place < end:
        found.append(code[place])
        place += 1 + (code[place] - PUSH1 + 1 if PUSH1 <= code[place] <= PUSH32 else 0)
    return found


@pytest.mark.parametrize("name", CONTRACT_NAMES)
def test_contract_has_none_of_the_dangerous_instructions(name: str) -> None:
    used = set(instructions(load_artifact(name).deployed_bytecode))
    assert [NEVER[code] for code in sorted(used & NEVER.keys())] == []


def test_planted_instructions_are_seen() -> None:
    tail = b"\xa2\x64" + (2).to_bytes(2)
    code = bytes.fromhex("6032") + bytes(sorted(NEVER)) + tail
    assert set(instructions(code)) == {0x60, *NEVER}
    assert instructions(bytes.fromhex("61f4ff00") + tail) == [0x61, 0x00]


@pytest.mark.parametrize("name", sorted(set(CONTRACT_NAMES) - MAY_SEND_ETHER))
def test_contract_takes_no_ether_by_its_abi(name: str) -> None:
    kinds = {item["type"]: item for item in load_artifact(name).abi}
    assert "receive" not in kinds
    assert "fallback" not in kinds
    assert all(item.get("stateMutability") != "payable" for item in load_artifact(name).abi)
