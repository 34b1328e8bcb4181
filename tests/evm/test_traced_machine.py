import random

import pytest

from node.base.types import Address
from node.evm.calls import call
from node.evm.forks import LONDON
from node.evm.genesis import GenesisAccount
from node.evm.machine import LedgerCancunComputation, LedgerLondonComputation, open_state
from node.evm.simulate import Proposal, simulate
from node.evm.traced_machine import (
    Frame,
    FrameEnd,
    TracedCancunComputation,
    TracedLondonComputation,
    Tracer,
    attach,
    detach,
)
from tests.evm.asm import COUNTER, asm, push
from tests.evm.chains import ALICE, KEYS, PROFILES, context, ledger
from tests.evm.programs import Author

TARGET = Address(b"\x0e" * 20)
OTHER = Address(b"\x0f" * 20)
CALL = asm("PUSH 0 PUSH 0 PUSH 0 PUSH 0 PUSH 0") + push(OTHER) + asm("PUSH 9 CALL")


class Frames(Tracer):
    """Writes down what it hears of frames."""

    def __init__(self):
        self.heard = []

    def begin(self, transaction):
        self.heard.append(("begin", transaction.gas))

    def enter(self, frame):
        self.heard.append(("enter", frame.kind))

    def step(self, computation, position, opcode):
        self.heard.append(("step", computation.names[opcode]))

    def stepped(self, gas_cost, error):
        self.heard.append(("stepped", gas_cost))

    def refunded(self, amount):
        self.heard.append(("refunded", amount))

    def leave(self, end):
        self.heard.append(("leave", end.error))

    def end(self, gas_used):
        self.heard.append(("end", gas_used))


class Steps(Frames):
    wants_steps = True


def _hear(tracer, code, other=b"", *, gas=100_000, profile=LONDON):
    book = ledger({
        TARGET: GenesisAccount(nonce=1, code=code, storage={7: 8}),
        OTHER: GenesisAccount(nonce=1, code=other),
    })  # fmt: skip
    proposal = Proposal(to=TARGET, sender=ALICE.address)
    simulate(context(book, profile=profile), book.state(), proposal, gas=gas, tracer=tracer)
    return tracer.heard


def test_a_step_ends_after_the_frame_that_it_made():
    heard = _hear(Steps(), CALL + asm("STOP"), asm("STOP"))
    assert heard[:2] == [("begin", 100_000), ("enter", "CALL")]
    assert heard[16:] == [
        ("step", "CALL"),
        ("enter", "CALL"),
        ("step", "STOP"),
        ("stepped", 0),
        ("leave", None),
        ("stepped", 2_609),
        ("step", "STOP"),
        ("stepped", 0),
        ("leave", None),
        ("end", 21_000 + 7 * 3 + 2_600),
    ]


def test_a_tracer_that_wants_no_steps_hears_of_frames_only():
    heard = _hear(Frames(), CALL + asm("PUSH 0 PUSH 7 SSTORE STOP"))
    assert [what for what, _ in heard] == ["begin", "enter", "enter", "leave", "leave", "end"]


def test_a_tracer_that_wants_steps_hears_of_refunds():
    heard = _hear(Steps(), asm("PUSH 0 PUSH 7 SSTORE STOP"))
    assert ("refunded", 4_800) in heard


def test_a_tracer_need_not_listen():
    class Deaf(Tracer):
        wants_steps = True
        heard = ()

    assert _hear(Deaf(), COUNTER) == ()


def test_values_of_frames_compare():
    frame = Frame("CALL", TARGET, OTHER, 0, 1, b"")
    assert frame == Frame("CALL", TARGET, OTHER, 0, 1, b"")
    assert FrameEnd(b"", 0, None) != FrameEnd(b"", 0, "out of gas")


def test_a_state_is_traced_from_attach_to_detach():
    book = ledger()
    state, other = (open_state(context(book), book.state()) for _ in range(2))
    attach(state, Frames())
    assert issubclass(state.computation_class, TracedLondonComputation)
    assert other.computation_class is LedgerLondonComputation
    detach(state)
    assert state.computation_class is LedgerLondonComputation


def test_after_a_trace_other_calls_are_heard_by_nobody():
    tracer = Frames()
    book = ledger({TARGET: GenesisAccount(nonce=1, code=COUNTER)})
    proposal = Proposal(to=TARGET, sender=ALICE.address)
    simulate(context(book), book.state(), proposal, gas=100_000, tracer=tracer)
    heard = list(tracer.heard)
    call(context(book), book.state(), sender=ALICE.address, to=TARGET, data=b"")
    assert tracer.heard == heard


@pytest.mark.parametrize(
    ("traced", "plain"),
    [
        (TracedLondonComputation, LedgerLondonComputation),
        (TracedCancunComputation, LedgerCancunComputation),
    ],
)
def test_a_nested_frame_runs_through_the_same_functions_as_ever(traced, plain):
    """One Python frame more per level, and 1,024 nested creations no longer fit."""
    for name in ("apply_message", "apply_create_message", "apply_computation"):
        assert getattr(traced, name).__func__ is getattr(plain, name).__func__
    assert traced.nested is traced


@pytest.mark.parametrize(
    ("traced", "plain"),
    [
        (TracedLondonComputation, LedgerLondonComputation),
        (TracedCancunComputation, LedgerCancunComputation),
    ],
)
def test_only_selfdestruct_runs_another_function(traced, plain):
    pairs = zip(traced.table, plain.table, strict=True)
    assert [byte for byte, (mine, theirs) in enumerate(pairs) if mine is not theirs] == [0xFF]
    assert len(traced.names) == 256


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
@pytest.mark.parametrize("tracer_class", [Frames, Steps])
@pytest.mark.parametrize("seed", range(6))
def test_what_begins_ends_in_random_programs(seed, tracer_class, profile):
    author = Author(random.Random(seed), KEYS[:2], 1337, cancun=profile is not LONDON)
    author.known.append(OTHER)
    heard = _hear(
        tracer_class(), author.program(10), author.program(4), gas=300_000, profile=profile
    )
    opened = []
    for what, _ in heard[1:-1]:
        if what in ("enter", "step"):
            opened.append(what)
        elif what == "leave":
            assert opened.pop() == "enter"
        elif what == "stepped":
            assert opened.pop() == "step"
    assert opened == []
    assert (heard[0][0], heard[-1][0]) == ("begin", "end")
