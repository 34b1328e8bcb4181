import pytest

from node.sim.schema.conditions import is_met, value_at
from tests.sim.schema.texts import CAST, VISIT, lines, scenario

FOUND = scenario(CAST + VISIT)


@pytest.mark.parametrize(
    ("path", "value"),
    [("chain.consensus", "qbft"), ("run.seed", 1), ("chain.period", 5_000_000), ("name", "x")],
)
def test_a_path_is_written_as_in_the_file(path, value):
    assert path == "name" or value_at(FOUND, path) == value
    assert value_at(FOUND, path) is not None


@pytest.mark.parametrize("path", ["chain.nothing", "chain.consensus.more", "chain.period_us", ""])
def test_a_path_that_leads_nowhere_is_an_error(path):
    with pytest.raises(KeyError):
        value_at(FOUND, path)


@pytest.mark.parametrize(
    ("when", "met"),
    [
        ({}, True),
        ({"chain.consensus": "qbft"}, True),
        ({"chain.consensus": "clique"}, False),
        ({"chain.consensus": ("qbft", "clique")}, True),
        ({"chain.consensus": "qbft", "run.seed": 2}, False),
        ({"chain.period": "5s"}, True),
        ({"chain.period": ("1s", "2s")}, False),
        ({"run.seed": True}, False),
    ],
)
def test_all_conditions_must_be_met(when, met):
    assert is_met(FOUND, when) is met


def test_a_condition_about_no_key_is_a_fault_with_its_place():
    text = CAST + VISIT + "expect: [{always: heads_agree, when: {chain.engine: qbft}}]\n"
    assert "chain.engine, where engine is no key" in " ".join(map(str, lines(text)))


@pytest.mark.parametrize("when", ["{}", "qbft", "[]"])
def test_conditions_are_a_mapping(when):
    text = CAST + VISIT + f"expect: [{{always: heads_agree, when: {when}}}]\n"
    assert "a mapping like" in " ".join(map(str, lines(text)))
