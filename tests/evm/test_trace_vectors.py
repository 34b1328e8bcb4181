"""Published traces, proofs and estimates of another client as the judge.

The chain of these vectors starts under old rules, so a transaction runs here on its own under
London, with the gas that was left at its first opcode there.  What those rules price differently
(storage) is compared without gas.
"""

import json

import pytest

from node.base import rlp
from node.base.errors import CallRevertedError
from node.base.types import Address
from node.evm.estimate import estimate_gas
from node.evm.faults import revert_reason
from node.evm.genesis import GenesisAccount
from node.evm.opcode_tracer import OpcodeTracer
from node.evm.rules import machine_gas
from node.evm.simulate import Proposal, simulate
from node.evm.transactions import decode_transaction
from tests.evm.chains import ALICE, VERIFIER, context, ledger
from tests.vectors_dir import vectors

pytestmark = pytest.mark.conformance
FOLDER = vectors("execution-apis") / "tests"
ONE = "debug_traceBlockByNumber/trace-block-memory-encoding"
TWO = "debug_traceBlockByNumber/trace-block-storage-snapshot-timing"


def _exchange(name):
    """Give what was asked and answered."""
    lines = (FOLDER / f"{name}.io").read_text().splitlines()
    asked, answered = (
        json.loads(next(line[3:] for line in lines if line.startswith(mark)))
        for mark in (">>", "<<")
    )
    return asked["params"], answered


def _transactions(number):
    raw = (FOLDER / "chain.rlp").read_bytes()
    at = 0
    for _ in range(number):
        block, at = rlp.decode_prefix(raw, at)
    return [decode_transaction(rlp.encode(item), VERIFIER) for item in block[1]]


def _code(address):
    """Give the code of an account of the genesis, empty if it has none there."""
    accounts = json.loads((FOLDER / "genesis.json").read_text())["alloc"]
    return bytes.fromhex(accounts.get(address.hex(), {}).get("code", "0x")[2:])


def _trace(number, index, first_gas):
    """Give our trace of a transaction of the chain."""
    transaction = _transactions(number)[index]
    alloc = {transaction.sender: GenesisAccount(balance=10**18)}
    if transaction.to is not None:
        alloc[transaction.to] = GenesisAccount(code=_code(transaction.to))
    book = ledger(alloc)
    proposal = Proposal(
        to=transaction.to,
        sender=transaction.sender,
        data=transaction.data,
        value=transaction.value,
    )
    tracer = OpcodeTracer(with_memory=True, with_storage=True)
    simulate(
        context(book, number=number),
        book.state(),
        proposal,
        gas=first_gas + machine_gas(transaction),
        tracer=tracer,
    )
    return tracer


def _shown(step, *fields):
    words = {
        "stack": [f"{word:#x}" for word in step.stack],
        "memory": [f"0x{step.memory[at : at + 32].hex()}" for at in range(0, len(step.memory), 32)],
        "storage": None
        if step.storage is None
        else {f"{slot:#066x}": f"{value:#066x}" for slot, value in step.storage.items()},
    }
    plain = {
        "pc": step.pc,
        "op": step.name,
        "gas": step.gas,
        "gasCost": step.gas_cost,
        "depth": step.depth,
    }
    return {field: (plain | words)[field] for field in fields}


@pytest.mark.parametrize("index", range(4))
def test_creations_have_the_published_steps_with_memory(index):
    want = _exchange(ONE)[1]["result"][index]["result"]
    steps = want["structLogs"]
    tracer = _trace(1, index, steps[0]["gas"])
    fields = ("pc", "op", "gas", "gasCost", "depth", "stack", "memory")
    got = [_shown(step, *fields) for step in tracer.steps]
    assert got == [{field: step.get(field, []) for field in fields} for step in steps]
    assert f"0x{tracer.output.hex()}" == want["returnValue"]


def test_a_loop_of_logs_has_the_published_steps():
    steps = _exchange(TWO)[1]["result"][0]["result"]["structLogs"]
    tracer = _trace(2, 0, steps[0]["gas"])
    fields = ("pc", "op", "gas", "gasCost", "depth", "stack")
    assert [_shown(step, *fields) for step in tracer.steps] == [
        {field: step[field] for field in fields} for step in steps
    ]


def test_a_call_has_the_published_snapshots_of_its_storage():
    steps = _exchange(TWO)[1]["result"][2]["result"]["structLogs"]
    tracer = _trace(2, 2, steps[0]["gas"])
    fields = ("pc", "op", "depth", "stack", "storage")
    assert [_shown(step, *fields) for step in tracer.steps] == [
        {field: step.get(field) for field in fields} for step in steps
    ]


def test_a_transfer_has_no_steps_in_the_publication_either():
    want = _exchange("debug_traceTransaction/trace-legacy-transfer")[1]["result"]
    tracer = _trace(2, 3, 0)
    assert (tracer.gas_used, tracer.steps) == (want["gas"], want["structLogs"])


def _estimate(name, runtime):
    call = _exchange(name)[0][0]
    to = Address(bytes.fromhex(call["to"][2:]))
    book = ledger({to: GenesisAccount(nonce=1, code=runtime)})
    data = bytes.fromhex(call.get("input", "0x")[2:])
    proposal = Proposal(to=to, sender=ALICE.address, data=data)
    return estimate_gas(context(book), book.state(), proposal)


def _runtime(index):
    """Give the code of a contract that block 1 creates."""
    code = _exchange(ONE)[1]["result"][index]["result"]["returnValue"]
    return bytes.fromhex(code[2:])


def test_a_transfer_has_the_published_estimate():
    name = "eth_estimateGas/estimate-simple-transfer"
    assert f"{_estimate(name, b''):#x}" == _exchange(name)[1]["result"]


def test_a_call_has_the_published_estimate():
    name = "eth_estimateGas/estimate-successful-call"
    assert f"{_estimate(name, _runtime(1)):#x}" == _exchange(name)[1]["result"]


def test_an_estimate_that_reverts_has_the_published_data_and_reason():
    name = "eth_estimateGas/estimate-call-abi-error"
    want = _exchange(name)[1]["error"]
    with pytest.raises(CallRevertedError) as caught:
        _estimate(name, _runtime(2))
    data = caught.value.data
    assert f"0x{data.hex()}" == want["data"]
    assert f"execution reverted: {revert_reason(data)}" == want["message"]
