"""Our opcode traces against those of the executable specification (EIP-3155)."""

import json
import tempfile
from pathlib import Path

import pytest

from node.evm.forks import CANCUN, LONDON
from node.evm.genesis import GenesisAccount
from node.evm.opcode_tracer import OpcodeTracer
from node.evm.tracer import trace_block
from tests.evm import awkward
from tests.evm.chains import CHAIN_ID, KEYS, SIGNER, build, ledger, seal
from tests.evm.eels import SpecChain

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings("ignore:SELFDESTRUCT opcode present:DeprecationWarning"),
]
BOTH = pytest.mark.parametrize("profile", [LONDON, CANCUN], ids=lambda profile: profile.name)
GROUPS = (
    awkward._values, awkward._slots, awkward._calls, awkward._statics, awkward._answers,
    awkward._creations, awkward._deployments, awkward._endings, awkward._endings_of_new,
    awkward._newer,
)  # fmt: skip


def _world(profile):
    made = awkward.World(profile, dict(awkward._LIBRARY))
    made.alloc |= {key.address: GenesisAccount(balance=awkward.RICH) for key in KEYS}
    for add in GROUPS:
        add(made)
    return made


def _ours(step):
    cost = None if step.error else step.gas_cost
    stack = [hex(word) for word in step.stack]
    return step.pc, step.op, step.gas, cost, step.depth, stack, step.error is not None


def _theirs(line):
    """Without the cost of an opcode that fails: what of it was asked for differs by client."""
    has_failed = "error" in line
    cost = None if has_failed else int(line["gasCost"], 16)
    where = line["pc"], line["op"], int(line["gas"], 16), cost
    return *where, line["depth"], line["stack"], has_failed


@BOTH
def test_steps_of_awkward_transactions_are_as_specified(profile):
    """Position, opcode, gas before, cost, depth, stack; refunds are printed at another time."""
    made = _world(profile)
    book = ledger(made.alloc, profile=profile, gas_limit=2**40)
    built = build(book, [raw for _, raw in made.cases])
    block_hash = book.adopt(seal(built.block), built.result)
    tracers = trace_block(book, block_hash, OpcodeTracer, fee_recipient=SIGNER)
    spec = SpecChain(made.alloc, CHAIN_ID, profile)
    with tempfile.TemporaryDirectory() as folder:
        raws = built.block.transactions
        spec.run(book.context(block_hash, fee_recipient=SIGNER), raws, traces=folder)
        for at, (tracer, (name, _)) in enumerate(zip(tracers, made.cases, strict=True)):
            found = [path.read_text() for path in Path(folder).glob(f"trace-{at}-*.jsonl")]
            *lines, last = [json.loads(line) for line in "".join(found).splitlines()] or [None]
            steps = [_ours(step) for step in tracer.steps]
            assert steps == [_theirs(line) for line in lines], name
            assert last is None or tracer.output.hex() == last["output"], name
    assert sum(len(tracer.steps) for tracer in tracers) > 2_000
    assert sum(bool(tracer.steps) for tracer in tracers) > 100
