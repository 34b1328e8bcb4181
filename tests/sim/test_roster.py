from node.sim.roster import Member, members
from tests.sim.faulty import scenario


def test_validators_come_first_then_others_then_clones():
    found = scenario(
        "do: clone_key, nodes: [h1, h0], at: 1s",
        "do: late_join, nodes: [h3, o1], at: 2s",
        nodes="o1: {role: observer}, c1: {role: candidate}",
    )
    assert members(found.network, found.faults) == (
        Member("h0", "h0", is_validator=True),
        Member("h1", "h1", is_validator=True),
        Member("h2", "h2", is_validator=True),
        Member("h3", "h3", is_validator=True, is_late=True),
        Member("o1", "o1", is_validator=False, is_late=True),
        Member("c1", "c1", is_validator=False),
        Member("h1-clone", "h1", is_validator=True, is_late=True),
        Member("h0-clone", "h0", is_validator=True, is_late=True),
    )


def test_only_a_clone_has_the_key_of_another():
    assert Member("h1-clone", "h1", is_validator=True).is_clone
    assert not Member("h1", "h1", is_validator=True).is_clone
