"""``schema``: JSON Schema of the scenario language."""

import json

import pytest

from node.commands.main import main


def test_schema_is_one_json_document_that_knows_the_sections(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["schema"]) == 0
    properties = json.loads(capsys.readouterr().out)["properties"]
    assert {"wardnet", "name", "run", "chain", "network", "steps", "expect"} <= set(properties)


def test_schema_forbids_unknown_keys(capsys: pytest.CaptureFixture[str]) -> None:
    main(["schema"])
    assert json.loads(capsys.readouterr().out)["additionalProperties"] is False


def test_json_is_taken_like_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--json"]) == 0
    assert "properties" in json.loads(capsys.readouterr().out)
