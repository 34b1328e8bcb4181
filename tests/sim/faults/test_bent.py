"""What stands between an engine and its driver changes what passes, and nothing else."""

import pytest

from node.consensus_poa.effects import trace
from node.consensus_poa.events import PauseSealing, ResumeSealing
from node.sim.faults.bent import Behaviour, Bends


class Engine:
    def __init__(self):
        self.heard = []

    def handle(self, event, now):
        self.heard.append((event, now))
        return (trace("Engine.Did"),)

    def __getattr__(self, name):
        return lambda *given: (name, *given)


class Later(Behaviour):
    def hear(self, event, now):
        return ResumeSealing(), now + 1

    def bend(self, event, effects):
        return (*effects, trace("Later.Bent"))

    def pick(self, candidates):
        return [one for one in candidates if one != "censored"]

    def gas_limit(self, parent):
        return 9


@pytest.fixture
def bent():
    bends, engine = Bends(is_honest=False), Engine()
    return bends, engine, bends.wrap("h0", engine)


def test_a_node_without_a_behaviour_is_its_engine(bent):
    _, engine, wrapped = bent
    assert wrapped.handle(PauseSealing(), 5) == (trace("Engine.Did"),)
    assert engine.heard == [(PauseSealing(), 5)]


def test_a_behaviour_changes_what_is_heard_and_what_leaves(bent):
    bends, engine, wrapped = bent
    behaviour = Later()
    bends.add("h0", behaviour)
    assert wrapped.handle(PauseSealing(), 5) == (trace("Engine.Did"), trace("Later.Bent"))
    assert engine.heard == [(ResumeSealing(), 6)]
    bends.remove("h0", behaviour)
    assert wrapped.handle(PauseSealing(), 5) == (trace("Engine.Did"),)


def test_behaviours_outlive_the_engine_of_a_restart(bent):
    bends, _, _ = bent
    bends.add("h0", Later())
    again = bends.wrap("h0", Engine())
    assert trace("Later.Bent") in again.handle(PauseSealing(), 5)
    assert bends.is_byzantine("h0")
    assert not bends.is_byzantine("h1")


@pytest.mark.parametrize(
    ("name", "given"),
    [
        *[("verify_header", ("header", "parent")), ("signer_of", ("header",))],
        *[("validators_after_block", (b"hash",)), ("fork_choice", ("one", "two"))],
        ("snapshot", ()),
    ],
)
def test_questions_go_to_the_engine(bent, name, given):
    _, _, wrapped = bent
    assert getattr(wrapped, name)(*given) == (name, *given)


def test_habits_of_building_follow_the_behaviours():
    bends = Bends(is_honest=False)
    habits = bends.habits("h0")
    assert list(habits.pick(["one", "censored"])) == ["one", "censored"]
    assert habits.gas_limit(None) is None
    bends.add("h0", Later())
    assert list(habits.pick(["one", "censored"])) == ["one"]
    assert habits.gas_limit(None) == 9


def test_an_honest_world_has_bare_engines_and_no_habits():
    bends, engine = Bends(is_honest=True), Engine()
    assert bends.wrap("h0", engine) is engine
    assert bends.engine("h0") is engine
    assert bends.habits("h0") is None
