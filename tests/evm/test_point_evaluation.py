"""Our point evaluation against py-evm's own, which reads its setup at every call."""

import hashlib
import random
from types import SimpleNamespace

import pytest
from eth.exceptions import VMError
from eth.precompiles.point_evaluation import point_evaluation_precompile

from node.evm import point_evaluation as ours
from node.evm.forks import Fork, Profile
from node.evm.machine import LedgerCancunComputation, LedgerLondonComputation, state_class
from tests.evm.precompile_inputs import BLS_N, INFINITY, _evaluate

DIGEST = hashlib.sha256(INFINITY).digest()[1:]
ZERO = bytes(32)


class Frame:
    """What a precompiled contract sees of its frame."""

    def __init__(self, data):
        self.msg = SimpleNamespace(data_as_bytes=data)
        self.output = b""
        self.charged = []

    def consume_gas(self, amount, reason):
        self.charged.append(amount)


def _run(function, data):
    frame = Frame(data)
    try:
        assert function(frame) is frame
    except VMError:
        return "failed", frame.charged
    return frame.output, frame.charged


def _input(version=1, *, digest=DIGEST, z=ZERO, y=ZERO, proof=INFINITY):
    return bytes((version,)) + digest + z + y + INFINITY + proof


def test_a_true_value_gives_the_size_of_a_blob_and_the_modulus():
    output, charged = _run(ours.point_evaluation, _input())
    assert output == (4_096).to_bytes(32) + BLS_N.to_bytes(32)
    assert charged == [50_000]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        _input()[:-1],
        _input() + b"\0",
        _input(version=0),
        _input(digest=bytes(31)),
        _input(y=(1).to_bytes(32)),
        _input(z=BLS_N.to_bytes(32)),
        _input(y=BLS_N.to_bytes(32)),
        _input(proof=bytes(48)),
        _input(proof=b"\xff" * 48),
    ],
    ids=lambda data: f"{len(data)} bytes {hashlib.sha256(data).hexdigest()[:6]}",
)
def test_anything_else_fails_and_costs_the_same(data):
    assert _run(ours.point_evaluation, data) == ("failed", [50_000])
    assert _run(point_evaluation_precompile, data) == ("failed", [50_000])


def test_random_inputs_do_as_in_py_evm():
    rng = random.Random(4844)
    inputs = [_evaluate(rng) for _ in range(60)]
    outcomes = [_run(ours.point_evaluation, data) for data in inputs]
    assert outcomes == [_run(point_evaluation_precompile, data) for data in inputs]
    assert 5 < sum(output != "failed" for output, _ in outcomes) < 55


def test_the_setup_is_read_once():
    ours._setup.cache_clear()
    for _ in range(3):
        _run(ours.point_evaluation, _input())
    assert ours._setup.cache_info().misses == 1


@pytest.mark.parametrize("fork", [Fork.CANCUN, Fork.PRAGUE])
def test_every_machine_that_has_it_runs_ours(fork):
    machines = [state_class(Profile(fork.name.lower(), fork, is_foreign=True)).computation_class]
    if fork is Fork.CANCUN:
        machines.append(LedgerCancunComputation)
    for machine in machines:
        assert machine.get_precompiles()[ours.ADDRESS] is ours.point_evaluation


def test_before_cancun_there_is_none():
    assert ours.ADDRESS not in LedgerLondonComputation.get_precompiles()
