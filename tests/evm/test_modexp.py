"""Our MODEXP against revm, and against square and multiply over bits; its price is py-evm's."""

import random
from types import SimpleNamespace

import pytest
from eth.exceptions import OutOfGas
from eth.precompiles.modexp import modexp as stock_modexp
from eth.vm.forks.berlin.computation import BERLIN_PRECOMPILES
from eth.vm.forks.byzantium.computation import BYZANTIUM_PRECOMPILES
from eth.vm.gas_meter import GasMeter

from node.evm import modexp
from node.evm.forks import Fork, Profile
from node.evm.machine import LedgerCancunComputation, LedgerLondonComputation, state_class
from node.evm.traced_machine import TracedLondonComputation
from tests.evm.precompile_inputs import _modexp

BYZANTIUM = modexp.charged_as(BYZANTIUM_PRECOMPILES[modexp.ADDRESS])
BERLIN = modexp.charged_as(BERLIN_PRECOMPILES[modexp.ADDRESS])
GAS = 2_000_000
CALLER = b"\xca" * 20
HUGE = (1_025, 2**32, 2**64 - 1, 2**64, 2**255, 2**256 - 1)


class Frame:
    """What a precompiled contract sees of its frame."""

    def __init__(self, data, gas=GAS):
        self.msg = SimpleNamespace(data_as_bytes=data)
        self.meter = GasMeter(gas)
        self.output = b""

    def consume_gas(self, amount, reason):
        self.meter.consume_gas(amount, reason)


def _run(function, data, gas=GAS):
    """Give output and gas, or None if it runs out."""
    frame = Frame(data, gas)
    try:
        assert function(frame) is frame
    except OutOfGas:
        return None
    return frame.output, gas - frame.meter.gas_remaining


def _input(base=b"", exponent=b"", modulus=b""):
    sizes = b"".join(len(part).to_bytes(32) for part in (base, exponent, modulus))
    return sizes + base + exponent + modulus


def _edges():
    """Every edge in each of three lengths; numbers that are 0, 1, or of ones only."""
    for base in (b"", b"\0", b"\1", b"\2", b"\xff" * 32, bytes(33)):
        for exponent in (b"", b"\0", b"\1", b"\3", bytes(33), b"\xff" * 5, bytes(32) + b"\1"):
            for modulus in (b"", b"\0", b"\1", b"\2", b"\5", b"\xfb" * 32, bytes(40), b"\0\1"):
                yield _input(base, exponent, modulus)
    for position in range(3):
        for size in HUGE:
            for other in (0, 1):
                sizes = [other] * 3
                sizes[position] = size
                yield b"".join(each.to_bytes(32) for each in sizes) + b"\3\0\5"


def _inputs(count):
    rng = random.Random(198)
    yield from _edges()
    for _ in range(count):
        data = _modexp(rng)
        if rng.random() < 0.3:
            data = data[: rng.randrange(len(data) + 1)]
        yield data


def _by_squaring(data):
    """Give the answer bit by bit, over an input that has room for all that it claims."""
    padded = data + bytes(96)
    sizes = [int.from_bytes(padded[at : at + 32]) for at in (0, 32, 64)]
    if sizes[2] == 0:
        return b""
    body = data[96:].ljust(sum(sizes), b"\0")
    base_raw, exponent = body[: sizes[0]], body[sizes[0] : sizes[0] + sizes[1]]
    modulus = int(body[sizes[0] + sizes[1] : sum(sizes)].hex(), 16)
    if modulus == 0:
        return bytes(sizes[2])
    base = 0
    for byte in base_raw:
        base = (base * 256 + byte) % modulus
    answer = 1 % modulus
    for byte in exponent:
        for bit in f"{byte:08b}":
            answer = answer * answer % modulus
            if bit == "1":
                answer = answer * base % modulus
    return bytes.fromhex(f"{answer:0{2 * sizes[2]}x}")


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (_input(b"", b"", b"\5"), 1),
        (_input(b"", b"\0\0", b"\5"), 1),
        (_input(b"", b"\1", b"\5"), 0),
        (_input(b"\0", b"", b"\5"), 1),
        (_input(b"\7", b"", b"\5"), 1),
        (_input(b"", b"", b"\1"), 0),
        (_input(b"\3", b"\4", b"\5"), 1),
        (_input(b"\3", b"\5", b"\7"), 5),
    ],
)
def test_nothing_to_the_power_of_nothing_is_one(data, answer):
    assert modexp.power(data) == answer.to_bytes(1)


def test_the_answer_is_as_long_as_the_modulus():
    assert modexp.power(_input(b"\2", b"\3", b"\0" * 39 + b"\7")) == (1).to_bytes(40)
    assert modexp.power(_input(b"\2", b"\3", bytes(40))) == bytes(40)
    assert modexp.power(_input(b"\2", b"\3")) == b""
    assert modexp.power(b"") == b""


def test_lengths_that_nothing_pays_for_are_free_only_without_an_answer():
    claim = bytes(32) + (2**256 - 1).to_bytes(32) + bytes(32)
    assert _run(BERLIN, claim) == (b"", 200)
    assert _run(BYZANTIUM, claim) == (b"", 0)
    assert _run(BERLIN, claim[:64] + (1).to_bytes(32) + b"\5") is None


def test_a_square_and_multiply_agrees():
    judged = 0
    for data in _inputs(600):
        if max(int.from_bytes(data[at : at + 32].ljust(32, b"\0")) for at in (0, 32, 64)) < 2_000:
            judged += 1
            assert modexp.power(data) == _by_squaring(data), data.hex()
    assert judged > 800


@pytest.mark.parametrize(
    ("ours", "fork"), [(BYZANTIUM, BYZANTIUM_PRECOMPILES), (BERLIN, BERLIN_PRECOMPILES)]
)
def test_py_evm_agrees_but_where_the_base_has_no_bytes(ours, fork):
    stock = fork[modexp.ADDRESS]
    for data in _inputs(600):
        for gas in (100, 3_000, GAS):
            mine, other = _run(ours, data, gas), _run(stock, data, gas)
            if any(data[:32]):
                assert mine == other, data.hex()
            else:
                assert (mine and mine[1]) == (other and other[1]), data.hex()


def test_revm_agrees_on_answer_and_price():
    pyrevm = pytest.importorskip("pyrevm", reason="needs pyrevm: pip install 'wardnet[fast]'")
    evm = pyrevm.EVM(gas_limit=30_000_000, spec_id="Cancun")
    target = f"0x{modexp.ADDRESS.hex()}"
    caller = f"0x{CALLER.hex()}"
    outcomes = set()
    for data in _inputs(1_000):
        intrinsic = 21_000 + sum(16 if byte else 4 for byte in data)
        mark = evm.snapshot()
        try:
            said = evm.message_call(caller, target, calldata=data, gas=GAS + intrinsic)
        except RuntimeError:
            said = None
        theirs = None if said is None else (bytes(said), evm.result.gas_used - intrinsic)
        evm.revert(mark)
        assert _run(BERLIN, data) == theirs, data.hex()
        outcomes.add(theirs is None)
    assert outcomes == {True, False}


@pytest.mark.parametrize("fork", [fork for fork in Fork if fork >= Fork.BYZANTIUM])
def test_every_machine_that_has_it_runs_ours(fork):
    machine = state_class(Profile(fork.name.lower(), fork, is_foreign=True)).computation_class
    want = BERLIN if fork >= Fork.BERLIN else BYZANTIUM
    assert machine.get_precompiles()[modexp.ADDRESS] == want


def test_our_two_machines_and_a_traced_one_run_ours():
    for machine in (LedgerLondonComputation, LedgerCancunComputation, TracedLondonComputation):
        assert machine.get_precompiles()[modexp.ADDRESS] == BERLIN


def test_before_byzantium_there_is_none():
    for fork in (fork for fork in Fork if fork < Fork.BYZANTIUM):
        machine = state_class(Profile(fork.name.lower(), fork, is_foreign=True)).computation_class
        assert modexp.ADDRESS not in machine.get_precompiles()


def test_py_evm_still_differs():
    """Should this fail, py-evm has the rule and this file has little left to do."""
    assert _run(stock_modexp, _input(b"", b"", b"\5"))[0] == b"\0"
