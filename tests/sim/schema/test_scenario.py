"""The whole: time zone, resolved form, JSON schema."""

import json

import pytest

from node.sim.schema.scenario import Scenario
from tests.sim.schema.texts import CAST, HEAD, VISIT, lines, scenario


@pytest.mark.parametrize(
    ("zone", "epoch", "offset_s"),
    [
        ("UTC", "2026-01-01T00:00:00Z", 0),
        ("Asia/Kolkata", "2026-01-01T00:00:00Z", 19_800),
        ("Europe/Berlin", "2026-01-01T00:00:00Z", 3_600),
        ("Europe/Berlin", "2026-07-01T00:00:00Z", 7_200),
        ("America/New_York", "2026-01-01T00:00:00Z", -18_000),
    ],
)
def test_offset_is_that_of_the_day_of_the_epoch(zone: str, epoch: str, offset_s: int) -> None:
    text = HEAD + f"records: {{timezone: {zone}}}\nrun: {{epoch: '{epoch}'}}\n"
    assert scenario(text).utc_offset_s == offset_s


def test_resolved_form_is_plain_json_and_the_same_for_equal_texts() -> None:
    text = CAST + VISIT.replace("id: v", "id: v, date: 2026-01-26, at: {after: }").replace(
        ", at: {after: }", ""
    )
    first, second = scenario(text).resolved(), scenario(text).resolved()
    assert json.dumps(first) == json.dumps(second)
    assert json.loads(json.dumps(first))["steps"][0]["date"] == "2026-01-26"


def test_resolved_form_has_every_default_written_out() -> None:
    resolved = scenario(HEAD).resolved()
    assert resolved["network"]["validators"] == ["h0", "h1", "h2", "h3"]
    assert list(resolved["actors"]["regulators"]) == ["reg-1", "reg-2", "reg-3"]


def test_words_about_the_scenario_are_kept() -> None:
    found = scenario(HEAD + "title: T\nabout: A\ntags: [a, b]\nrefs: [r]\n")
    assert (found.title, found.about, found.tags, found.refs) == ("T", "A", ("a", "b"), ("r",))


def test_schema_shows_the_forms_that_a_file_may_use() -> None:
    schema = Scenario.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["wardnet", "name"]
    assert {"type": "integer"} in definitions["Actors"]["properties"]["doctors"]["anyOf"]
    assert {"type": "integer"} in definitions["Network"]["properties"]["validators"]["anyOf"]
    assert definitions["Run"]["properties"]["until"]["type"] == "string"
    assert definitions["Consult"]["properties"]["doctor"]["x-refers-to"] == "doctor"


def test_schema_shows_defaults_as_a_file_has_them() -> None:
    definitions = Scenario.model_json_schema(by_alias=True)["$defs"]
    assert definitions["Run"]["properties"]["until"]["default"] == "2m"
    assert definitions["Run"]["properties"]["epoch"]["default"] == "2026-01-01T00:00:00Z"
    assert definitions["Chain"]["properties"]["period"]["default"] == "5s"
    assert definitions["Network"]["properties"]["link"]["default"] == "lan"


def test_schema_names_every_predicate() -> None:
    definitions = Scenario.model_json_schema(by_alias=True)["$defs"]
    named, with_arguments, _ = definitions["Expectation"]["properties"]["always"]["anyOf"]
    assert "heads_agree" in named["enum"]
    assert "step_ok" not in named["enum"]
    assert with_arguments["properties"]["step_ok"]["required"] == ["step"]


def test_verdicts_name_engines_and_what_each_comes_to() -> None:
    found = scenario(HEAD + "verdicts: {qbft: valid, ibft1: invalid}\n")
    assert found.verdicts == {"qbft": "valid", "ibft1": "invalid"}


@pytest.mark.parametrize("text", ["{pow: valid}", "{qbft: fine}", "[qbft]"])
def test_a_verdict_of_no_engine_or_no_kind_is_a_fault(text: str) -> None:
    assert len(lines(HEAD + f"verdicts: {text}\n")) == 1
