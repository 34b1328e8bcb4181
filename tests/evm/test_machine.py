import random
import subprocess
import sys

import pytest
from eth.vm.code_stream import CodeStream

from node.base.limits import CODE_BYTES_MAX, PYTHON_FRAMES_MAX
from node.evm.executor import Executor
from node.evm.executor_pyevm import PyevmExecutor
from node.evm.forks import CANCUN, LONDON
from node.evm.genesis import GenesisAccount
from node.evm.ledger import Ledger
from node.evm.machine import (
    EvmTransaction,
    LedgerCancunComputation,
    LedgerCodeStream,
    LedgerLondonComputation,
    contract_jump_targets,
    jump_targets,
    state_class,
)
from tests.evm.asm import asm, push
from tests.evm.chains import ALICE, BOB, VERIFIER, decoded, extend, genesis, legacy


def _positions(code):
    return {at for at, is_target in enumerate(jump_targets(code)) if is_target}


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
    assert _positions(code) == targets


@pytest.mark.parametrize("seed", range(20))
def test_jump_targets_are_those_of_py_evm(seed):
    rng = random.Random(seed)
    code = bytes(rng.choice([0x5B, 0x60, 0x61, 0x7F, 0x01, 0x6F]) for _ in range(300))
    stock = CodeStream(code)
    want = {at for at in range(300) if code[at] == 0x5B and stock.is_valid_opcode(at)}
    assert _positions(code) == want


def test_a_jump_past_the_end_is_not_valid():
    stream = LedgerCodeStream(asm("JUMPDEST"))
    assert stream.is_valid_opcode(0)
    assert not stream.is_valid_opcode(1)
    assert not stream.is_valid_opcode(2**256 - 1)


def test_the_longest_initcode_of_pushes_is_scanned_in_one_pass():
    code = b"\x7f" * 49_151 + b"\x5b"
    assert _positions(code) == set()
    assert _positions(code[:49_137] + b"\x5b") == {49_137}


def test_a_contract_is_scanned_once_and_initcode_is_not_remembered():
    """The contract jumps, and each of its creations jumps in initcode of its own."""
    initcode = asm("PUSH 3 JUMP JUMPDEST STOP")
    create = push(initcode) + asm("PUSH 0 MSTORE PUSH 6 PUSH 26 PUSH 0 CREATE POP")
    code = asm("PUSH 3 JUMP JUMPDEST") + create * 3 + asm("STOP")
    start = genesis({BOB.address: GenesisAccount(code=code, nonce=1)})
    book = Ledger(start, verifier=VERIFIER)
    contract_jump_targets.cache_clear()
    for nonce in range(2):
        extend(book, [legacy(ALICE, 2 * nonce), legacy(ALICE, 2 * nonce + 1, None, initcode)])
        assert [receipt.status for receipt in book.receipts(book.head_hash)] == [1, 1]
    seen = contract_jump_targets.cache_info()
    assert (seen.hits, seen.misses) == (1, 1)
    assert book.state().nonce(BOB.address) == 7


@pytest.mark.parametrize("extra", [0, 1])
def test_code_longer_than_any_contract_is_not_remembered(extra):
    code = b"\x5b" * (CODE_BYTES_MAX + extra)
    contract_jump_targets.cache_clear()
    for _ in range(2):
        assert LedgerCodeStream(code).is_valid_opcode(CODE_BYTES_MAX - 1)
    assert contract_jump_targets.cache_info().currsize == 1 - extra


def test_what_is_remembered_of_contracts_has_a_limit_in_bytes():
    """A code and a byte for each of its own: some dozen MB, however many JUMPDESTs it has."""
    assert len(jump_targets(b"\x5b" * CODE_BYTES_MAX)) == CODE_BYTES_MAX
    kept = contract_jump_targets.cache_info().maxsize
    assert kept * 2 * CODE_BYTES_MAX <= 50 * 2**20


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
