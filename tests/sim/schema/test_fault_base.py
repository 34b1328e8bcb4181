from node.sim.schema.fault_base import FaultBase, InstantFault, LastingFault
from tests.sim.schema.texts import HEAD, lines


def test_a_fault_lasts_or_happens_at_an_instant() -> None:
    assert issubclass(LastingFault, FaultBase)
    assert issubclass(InstantFault, FaultBase)
    told = lines(HEAD + "faults: [{do: disconnect, at: 1s, lasting: 1s}]\n")
    assert told == [
        '3:35 faults[0].lasting: wants no such key: this fault happens at one instant, got "1s"'
    ]
