"""Gas budgets."""

from node.report.gas import BUDGETS, TOGETHER_MAX, together


def test_budgets_are_those_of_the_specification() -> None:
    assert BUDGETS == {
        "grant": 80_000,
        "first_grant": 100_000,
        "revoke": 35_000,
        "mint": 260_000,
        "append": 120_000,
        "file_report": 200_000,
    }
    assert TOGETHER_MAX == 400_000


def test_together_adds_the_dearest_of_each_kind() -> None:
    rows = [("register_patient", 5), ("onboard_doctor", 7), ("grant", 1), ("grant", 2)]
    assert together(rows) == 14


def test_first_grant_counts_as_a_grant() -> None:
    assert together([("register_patient", 5), ("onboard_doctor", 7), ("first_grant", 9)]) == 21


def test_together_is_unknown_while_one_is_missing() -> None:
    assert together([("register_patient", 5), ("onboard_doctor", 7)]) is None
    assert together([]) is None
