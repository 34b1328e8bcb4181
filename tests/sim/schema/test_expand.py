"""Short forms to long forms."""

from typing import Any

from node.sim.schema.expand import expand, node_ids, step_ids
from tests.sim.schema.texts import HEAD, scenario


def _expanded(**data: Any) -> dict[str, Any]:
    expand(data)
    return data


def test_number_of_validators_becomes_ids_from_h0() -> None:
    assert _expanded(network={"validators": 2})["network"]["validators"] == ("h0", "h1")


def test_number_of_actors_is_spread_over_the_hospitals_in_turn() -> None:
    actors = scenario(HEAD + "network: {validators: [a, b]}\nactors: {doctors: 3}\n").actors
    assert {name: doctor.hospital for name, doctor in actors.doctors.items()} == {
        "doc-1": "a",
        "doc-2": "b",
        "doc-3": "a",
    }


def test_all_becomes_every_node() -> None:
    found = _expanded(network={"validators": 2, "links": ({"between": ("all", "h0")},)})
    assert found["network"]["links"] == ({"between": (("h0", "h1"), "h0")},)


def test_what_has_the_wrong_shape_stays_as_it_is() -> None:
    found = _expanded(network=5, actors=[1])
    assert found == {"network": 5, "actors": [1]}
    assert node_ids(found) is None


def test_actors_without_known_hospitals_get_none() -> None:
    found = _expanded(network={"validators": "many"}, actors={"labs": 1})
    assert found["actors"]["labs"] == {"lab-1": {}}


def test_ids_of_nodes_are_unknown_while_one_is_wrong() -> None:
    assert node_ids({"network": {"validators": ("a", "B")}}) is None


def test_step_without_id_is_named_after_its_action_and_its_place() -> None:
    steps = ({"do": "grant"}, {"do": "deny"}, {"do": "grant", "id": "mine"}, {"do": "grant"})
    assert step_ids(steps) == ("grant-1", "deny-1", "mine", "grant-3")


def test_name_that_somebody_has_is_not_given_again() -> None:
    assert step_ids(({"do": "grant"}, {"do": "deny", "id": "grant-1"})) == ("grant-2", "grant-1")
    assert step_ids(({"do": "grant", "id": "grant-2"}, {"do": "grant"})) == ("grant-2", "grant-3")


def test_given_names_are_all_different() -> None:
    steps = tuple(
        {"do": "grant", "id": f"grant-{k}"} if k % 2 else {"do": "grant"} for k in range(9)
    )
    assert len(set(step_ids(steps))) == 9


def test_what_is_no_step_still_counts() -> None:
    assert step_ids((5, {"do": 7}, {"id": "Bad Id", "do": "deny"})) == (
        "step-1",
        "step-2",
        "deny-1",
    )


def test_given_name_may_be_referred_to() -> None:
    text = (
        HEAD + "actors: {doctors: 1, patients: 1}\nsteps:\n"
        "  - {do: consult, doctor: doc-1, patient: pat-1}\n"
        "  - {do: read_record, doctor: doc-1, pmr: consult-1}\n"
    )
    assert [step.id for step in scenario(text).steps] == ["consult-1", "read_record-1"]
