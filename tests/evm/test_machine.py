import random
import subprocess
import sys

import pytest
from eth.vm.code_stream import CodeStream

from node.base.limits import PYTHON_FRAMES_MAX
from node.evm.executor import Executor
from node.evm.executor_pyevm import PyevmExecutor
from node.evm.forks import CANCUN, LONDON
from node.evm.machine import (
    EvmTransaction,
    LedgerCancunComputation,
    LedgerCodeStream,
    LedgerLondonComputation,
    jump_targets,
    state_class,
)
from tests.evm.asm import asm
from tests.evm.chains import ALICE, decoded, legacy


@pytest.mark.parametrize(
    ("code", "targets"),
    [
        (b"", set()),
        (asm("JUMPDEST JUMPDEST"), {0, 1}),
        (asm("PUSH 0x5b JUMPDEST"), {2}),
        (asm("PUSH 0x5b5b5b JUMPDEST"), {4}),
        (b"\x7f" + b"\x5b" * 40, set(range(33, 41))),
        (b"\x5b\x60", {0}),
        (b"\x60\x7f\x5b", {2}),
    ],
)
def test_jump_targets_are_no_data_of_a_push(code, targets):
    assert jump_targets(code) == targets


@pytest.mark.parametrize("seed", range(20))
def test_jump_targets_are_those_of_py_evm(seed):
    rng = random.Random(seed)
    code = bytes(rng.choice([0x5B, 0x60, 0x61, 0x7F, 0x01, 0x6F]) for _ in range(300))
    stock = CodeStream(code)
    want = {at for at in range(300) if code[at] == 0x5B and stock.is_valid_opcode(at)}
    assert jump_targets(code) == want


def test_a_jump_past_the_end_is_not_valid():
    stream = LedgerCodeStream(asm("JUMPDEST"))
    assert stream.is_valid_opcode(0)
    assert not stream.is_valid_opcode(1)
    assert not stream.is_valid_opcode(2**256 - 1)


def test_the_longest_initcode_of_pushes_is_scanned_in_one_pass():
    code = b"\x7f" * 49_151 + b"\x5b"
    assert jump_targets(code) == frozenset()
    assert jump_targets(code[:49_137] + b"\x5b") == {49_137}


@pytest.mark.parametrize("machine", [LedgerLondonComputation, LedgerCancunComputation])
def test_every_byte_has_a_function(machine):
    assert len(machine.table) == 256
    known = machine.opcodes
    for byte in range(256):
        if byte in known and byte != 0xFF:
            assert machine.table[byte] is known[byte]


def test_cancun_knows_opcodes_that_london_does_not():
    for byte in (0x49, 0x4A, 0x5C, 0x5D, 0x5E, 0x5F):
        assert byte in LedgerCancunComputation.opcodes
        assert type(LedgerLondonComputation.table[byte]).__name__ == "InvalidOpcode"


def test_each_profile_has_its_state():
    assert state_class(LONDON).computation_class is LedgerLondonComputation
    assert state_class(CANCUN).computation_class is LedgerCancunComputation


def test_a_creation_has_no_recipient_for_py_evm():
    assert EvmTransaction(decoded(legacy(ALICE, 0, None))).to == b""


def test_the_reference_executor_has_a_name():
    executor: Executor = PyevmExecutor()
    assert executor.name == "py-evm"


def _fresh(program):
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_keccak_backend_is_pysha3():
    program = (
        "import node.evm.machine; from eth_hash.auto import keccak;"
        "keccak(b''); print(type(keccak._backend if hasattr(keccak, '_backend') else keccak),"
        "keccak.hasher.__module__)"
    )
    assert "pysha3" in _fresh(program)


def test_importing_the_machine_leaves_a_recursion_limit_that_c_code_survives():
    program = (
        "import node.evm.machine, json, sys; print(sys.getrecursionlimit());\n"
        "try: json.loads('[' * 10**6)\n"
        "except RecursionError: print('refused')"
    )
    assert _fresh(program).split() == [str(PYTHON_FRAMES_MAX), "refused"]


def test_importing_the_folder_does_not_import_py_evm():
    program = (
        "import node.evm, node.evm.transactions, node.evm.errors, sys; print('eth' in sys.modules)"
    )
    assert _fresh(program) == "False"
