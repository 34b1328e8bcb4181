"""Which opcodes a piece of code can reach."""

import pytest

from node.base.limits import CODE_BYTES_MAX
from node.evm import revm_code
from node.evm.revm_code import BLOCKHASH, CREATE2, FRAMES, contract_opcodes, opcodes
from tests.evm.asm import asm


def test_an_opcode_in_the_open_is_found():
    assert BLOCKHASH in opcodes(asm("PUSH 1 BLOCKHASH"))


def test_data_of_a_push_is_no_opcode():
    assert opcodes(asm("PUSH 0x40 MLOAD")) == {0x60, 0x51}


def test_data_that_a_cut_push_lacks_is_no_opcode():
    assert opcodes(bytes([0x7F, 0x40, 0x40])) == {0x7F}


@pytest.mark.parametrize("end", ["STOP", "JUMP", "RETURN", "REVERT", "INVALID", "SELFDESTRUCT"])
def test_what_stands_behind_an_end_cannot_run(end):
    assert BLOCKHASH not in opcodes(asm(f"{end} BLOCKHASH"))


@pytest.mark.parametrize("end", ["STOP", "JUMP", "RETURN", "REVERT", "INVALID", "SELFDESTRUCT"])
def test_what_stands_behind_a_jumpdest_can_run(end):
    assert BLOCKHASH in opcodes(asm(f"{end} ADD JUMPDEST BLOCKHASH"))


def test_a_conditional_jump_goes_on():
    assert BLOCKHASH in opcodes(asm("PUSH 1 PUSH 1 JUMPI BLOCKHASH"))


def test_a_jumpdest_that_is_data_lets_nothing_run():
    assert BLOCKHASH not in opcodes(asm("STOP PUSH 0x5b BLOCKHASH"))


def test_no_code_has_no_opcodes():
    assert opcodes(b"") == frozenset()


def test_every_opcode_that_begins_a_frame_is_known():
    names = "CREATE CALL CALLCODE DELEGATECALL CREATE2 STATICCALL"
    assert opcodes(asm(names)) == FRAMES
    assert CREATE2 in FRAMES


@pytest.mark.parametrize("extra", [0, 1])
def test_a_contract_is_remembered_and_longer_code_is_not(extra):
    code = asm("CALLER") * (CODE_BYTES_MAX + extra)
    revm_code._remembered.cache_clear()
    assert contract_opcodes(code) == contract_opcodes(code) == opcodes(code) == {0x33}
    seen = revm_code._remembered.cache_info()
    assert (seen.hits, seen.misses) == ((0, 0) if extra else (1, 1))
