import pytest

from node.sim.schema.selectors import Links, Nodes, read_links, read_nodes


@pytest.mark.parametrize(
    ("value", "nodes"),
    [
        ("h0", Nodes(kind="ids", ids=("h0",))),
        (("h0", "h1"), Nodes(kind="ids", ids=("h0", "h1"))),
        ("all", Nodes(kind="all")),
        ("validators", Nodes(kind="validators")),
        ("proposer", Nodes(kind="proposer")),
        ("not(h0)", Nodes(kind="not", ids=("h0",))),
        ("random(2)", Nodes(kind="random", count=2)),
    ],
)
def test_a_selector_is_read(value, nodes):
    assert read_nodes(value) == nodes


@pytest.mark.parametrize(
    "value",
    [
        None,
        3,
        (),
        ("h0", 3),
        (("h0",),),
        "H0",
        "not(all nodes)",
        "random(0)",
        "random(101)",
        "random()",
    ],
)
def test_what_is_no_selector_is_none(value):
    assert read_nodes(value) is None


def test_links_are_those_of_nodes_or_pairs():
    assert read_links("h0") == Links(nodes=Nodes(kind="ids", ids=("h0",)))
    assert read_links((("h0", "h1"), ("h0", "h2"))) == Links(pairs=(("h0", "h1"), ("h0", "h2")))


@pytest.mark.parametrize("value", [(("h0", "h1", "h2"),), (("h0",),), (("h0", 1),), 5])
def test_what_are_no_links_is_none(value):
    assert read_links(value) is None
