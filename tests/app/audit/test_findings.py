"""Findings and figures."""

import pytest

from node.app.audit.findings import RULES, Counts, Report


def test_a_finding_is_one_sentence() -> None:
    report = Report()
    report.find("PMR 1 entry 0", "share", "share 2 at h1 is missing")
    assert not report.is_clean
    assert str(report.findings[0]) == "PMR 1 entry 0: share: share 2 at h1 is missing"


def test_a_rule_has_to_be_a_known_one() -> None:
    with pytest.raises(AssertionError):
        Report().find("x", "whim", "y")
    assert all(RULES.values())


def test_figures_have_their_names() -> None:
    assert list(Counts(blocks=3).as_dict().items())[:2] == [("blocks", 3), ("records", 0)]
