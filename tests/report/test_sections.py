"""The parts of the page about the run itself."""

from node.report import sections
from tests.report.markup import Markup
from tests.report.sample import extra, history, results


def _texts(part) -> list[str]:
    assert part is not None
    return Markup(part[2]).texts


def test_expectation_shows_result_reason_event_and_line() -> None:
    texts = _texts(sections.expectations(results()))
    assert texts[texts.index("never plaintext_leak") :][:5] == [
        "never plaintext_leak",
        "✕ violated",
        "canary 3 stands in frame 40 from h0 to h1",
        "12",
        "39",
    ]


def test_undecided_expectation_is_open() -> None:
    texts = _texts(sections.expectations(results()))
    assert texts[texts.index("eventually step_ok step=read-1 by 20m") + 1] == "? open"


def test_step_shows_status_time_and_gas() -> None:
    texts = _texts(sections.steps(results()))
    assert texts[texts.index("register_hospital-1") :][:5] == [
        "register_hospital-1",
        "register_hospital",
        "✓ ok",
        "31.500 s",
        "912,345",
    ]


def test_every_status_has_a_word() -> None:
    found = results()
    for status in ("ok", "refused", "revert", "timeout", "error", "skipped", "new"):
        found["steps"][0]["status"] = status
        assert any(status in text for text in _texts(sections.steps(found)))


def test_messages_have_a_diagram_and_a_table() -> None:
    part = sections.messages(extra()["messages"], ["h0"])
    assert part is not None
    assert part[2].count("<svg") == 1
    assert part[2].count("<tr>") == 31


def test_metrics_take_their_columns_from_the_data() -> None:
    texts = _texts(sections.metrics(results()))
    assert texts[1:6] == ["Metric", "count", "min", "mean", "p50"]
    assert "5,001.500" in texts


def test_history_is_cut_and_says_so() -> None:
    part = sections.history(history(1_001))
    assert part is not None
    assert part[2].count("<tr>") == 1_001
    assert "1 more events are left out here." in _texts(part)


def test_long_value_of_an_event_is_cut() -> None:
    events = history(1)
    events[0]["v"] = "x" * 500
    assert any(text.endswith("…") for text in _texts(sections.history(events)))


def test_claims_say_what_the_sharing_scheme_promises_and_no_more() -> None:
    texts = " ".join(_texts(sections.claims(extra())))
    assert "computational (AES-256, SHA-256, the random stream), tamper-evident." in texts
    assert "2 of 4 custodian shares" in texts
    assert "cannot open it unless k custodians misbehave" in texts
    assert "Clique has no finality" in texts


def test_claims_are_made_only_for_what_ran() -> None:
    texts = " ".join(_texts(sections.claims({})))
    assert "custodian" not in texts
    assert "One run with one seed" in texts


def test_command_that_repeats_the_run_is_shown() -> None:
    texts = _texts(sections.repeat(extra()))
    assert texts == ["python3 cli.py run scenarios/patient-journey.yaml --seed 7"]
    assert sections.repeat({}) is None
