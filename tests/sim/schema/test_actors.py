"""actors: forms and defaults."""

import pytest

from tests.sim.schema.texts import HEAD, lines, scenario


def test_default_is_three_regulators_and_nobody_else() -> None:
    actors = scenario(HEAD).actors
    assert list(actors.regulators) == ["reg-1", "reg-2", "reg-3"]
    assert (actors.doctors, actors.patients, actors.labs) == ({}, {}, {})


def test_mappings_are_read() -> None:
    actors = scenario(
        HEAD + "actors:\n"
        "  regulators: {r: {}}\n"
        "  doctors: {d: {hospital: h1, specialisation: radiology}, e: {hospital: h2}}\n"
        "  patients: {p: {hospital: h0, attendant: true}}\n"
        "  labs: {lab-a: {hospital: h3}}\n"
    ).actors
    assert list(actors.regulators) == ["r"]
    assert actors.doctors["d"].specialisation == "radiology"
    assert actors.doctors["e"].specialisation == "general medicine"
    assert (actors.patients["p"].hospital, actors.patients["p"].attendant) == ("h0", True)
    assert actors.labs["lab-a"].hospital == "h3"


@pytest.mark.parametrize(
    ("text", "is_fine"),
    [
        ("doctors: 0", True),
        ("doctors: 10000", True),
        ("doctors: 10001", False),
        ("doctors: -1", False),
        ("doctors: true", False),
        ("doctors: [d]", False),
        ("regulators: 0", False),
        ("regulators: {}", False),
        ("regulators: {r: {hospital: h0}}", False),
        ("patients: {p: {hospital: h0, attendant: 1}}", False),
        ("patients: {p: {}}", False),
        ("labs: {Lab: {hospital: h0}}", False),
        ("insurers: 1", True),
        ("researchers: {r: {hospital: h0, funds: 1000000000000000000}}", True),
        ("researchers: {r: {hospital: h0, funds: -1}}", False),
        ("researchers: {r: {hospital: h0, funds: 1.5}}", False),
        ("insurers: {i: {hospital: h0, funds: 1}}", False),
    ],
)
def test_bounds_and_shapes(text: str, is_fine: bool) -> None:
    assert len(lines(HEAD + f"actors: {{{text}}}\n")) == (0 if is_fine else 1)
