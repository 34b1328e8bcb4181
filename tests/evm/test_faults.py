import pytest
from eth.exceptions import VMError

from node.base.types import Address
from node.evm.faults import fault_name, revert_reason
from node.evm.forks import CANCUN, LONDON
from node.evm.genesis import GenesisAccount
from node.evm.simulate import Proposal, simulate
from tests.evm.asm import BURNER, REVERTER, asm, initcode
from tests.evm.chains import ALICE, context, ledger

TARGET = Address(b"\x0e" * 20)
PANIC = bytes.fromhex("4e487b71")
ERROR = bytes.fromhex("08c379a0")


def _word(number):
    return number.to_bytes(32)


def _error(text, size=None):
    data = text if isinstance(text, bytes) else text.encode()
    length = len(data) if size is None else size
    return ERROR + _word(32) + _word(length) + data.ljust(-(-len(data) // 32) * 32, b"\0")


def _fails(code, gas=200_000, profile=LONDON):
    book = ledger({TARGET: GenesisAccount(nonce=1, code=code)})
    proposal = Proposal(to=TARGET, sender=ALICE.address)
    return simulate(context(book, profile=profile), book.state(), proposal, gas=gas).error


def _create_fails(runtime, gas=20_000_000):
    book = ledger()
    proposal = Proposal(to=None, sender=ALICE.address, data=initcode(runtime))
    return simulate(context(book), book.state(), proposal, gas=gas).error


STATIC = "PUSH 0 PUSH 0 PUSH 0 PUSH 0 ADDRESS GAS STATICCALL PUSH 0 MSTORE "


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (REVERTER, "execution reverted"),
        (BURNER, "out of gas"),
        (asm("ADD"), "stack underflow"),
        (asm("JUMPDEST PUSH 1 PUSH 0 JUMP"), "stack limit reached 1024"),
        (asm("PUSH 1 JUMP"), "invalid jump destination"),
        (asm("PUSH 4 JUMP PUSH 0x5b"), "invalid jump destination"),
        (asm("PUSH 1 PUSH 0 PUSH 0 RETURNDATACOPY"), "return data out of bounds"),
        (asm("INVALID"), "invalid opcode: INVALID"),
        (b"\x0c", "invalid opcode: opcode 0xc not defined"),
        (b"\xef", "invalid opcode: opcode 0xef not defined"),
    ],
)
def test_a_fault_has_the_words_of_go_ethereum(code, name):
    assert _fails(code) == name


def test_an_opcode_of_a_later_fork_is_not_defined():
    assert _fails(asm("PUSH0")) == "invalid opcode: opcode 0x5f not defined"
    assert _fails(asm("PUSH0"), profile=CANCUN) is None


@pytest.mark.parametrize(
    ("runtime", "gas", "name"),
    [
        (b"\xef\x00", 200_000, "invalid code: must not begin with 0xef"),
        (bytes(24_577), 20_000_000, "max code size exceeded"),
        (bytes(24_576), 20_000_000, None),
        (bytes(1_000), 100_000, "contract creation code storage out of gas"),
    ],
)
def test_a_creation_that_cannot_keep_its_code_says_why(runtime, gas, name):
    assert _create_fails(runtime, gas) == name


def test_a_fault_that_nobody_named_is_its_own_text():
    assert fault_name(VMError("something else")) == "something else"
    assert fault_name(VMError()) == "VMError"


@pytest.mark.parametrize("text", ["", "no", "a" * 31, "a" * 32, "a" * 33, "grüß dich"])
def test_the_reason_of_a_revert_is_read(text):
    assert revert_reason(_error(text)) == text


def test_a_reason_that_is_no_utf8_is_still_shown():
    assert revert_reason(_error(b"a\xffb")) == "a\ufffdb"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0x00, "generic panic"),
        (0x01, "assert(false)"),
        (0x11, "arithmetic underflow or overflow"),
        (0x12, "division or modulo by zero"),
        (0x21, "enum overflow"),
        (0x22, "invalid encoded storage byte array accessed"),
        (0x31, "out-of-bounds array access; popping on an empty array"),
        (0x32, "out-of-bounds access of an array or bytesN"),
        (0x41, "out of memory"),
        (0x51, "uninitialized function"),
        (0x13, "unknown panic code: 0x13"),
        (2**256 - 1, f"unknown panic code: {2**256 - 1:#x}"),
    ],
)
def test_a_panic_is_named(code, text):
    assert revert_reason(PANIC + _word(code)) == text


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x08\xc3\x79",
        ERROR,
        ERROR + _word(32),
        ERROR + _word(2**255) + _word(1) + b"a",
        ERROR + _word(64) + _word(1),
        _error("ab", size=33),
        _error("ab", size=2**256 - 1),
        PANIC,
        PANIC + bytes(31),
        PANIC + bytes(33),
        bytes.fromhex("deadbeef") + _word(1),
    ],
)
def test_other_data_gives_no_reason(data):
    assert revert_reason(data) is None
