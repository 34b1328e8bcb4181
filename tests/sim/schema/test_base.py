"""What all models share."""

import pytest
from pydantic import ValidationError

from node.sim.schema.base import PlacedSection, is_id
from tests.sim.schema.texts import CAST, HEAD, VISIT, lines, scenario


@pytest.mark.parametrize("value", ["h0", "a", "0", "doc-1", "a" * 32, "a--b-"])
def test_id(value: str) -> None:
    assert is_id(value)


@pytest.mark.parametrize("value", ["", "-a", "A", "a_b", "a" * 33, "a b", "a\n", "ä", 7, None])
def test_no_id(value: object) -> None:
    assert not is_id(value)


def test_models_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        scenario(HEAD).run.seed = 5


def test_line_is_where_the_mapping_begins() -> None:
    assert scenario(CAST + VISIT).steps[0].line == 5


def test_line_without_a_file_is_zero() -> None:
    assert PlacedSection().line == 0


@pytest.mark.parametrize("error", ["EXPIRED", "GrantNotActive", "A"])
def test_error_name(error: str) -> None:
    text = CAST + VISIT.replace("id: v", f"id: v, expect: refused, error: {error}")
    assert scenario(text).steps[0].error == error


@pytest.mark.parametrize("error", ["5", "a b", "'0x00'", "''", "[a]"])
def test_no_error_name(error: str) -> None:
    text = CAST + VISIT.replace("id: v", f"id: v, expect: refused, error: {error}")
    assert "wants the name of an error" in lines(text)[0]
