"""Logs: JSON lines on stderr, without the fields that could carry a secret."""

import json
from collections.abc import Iterator

import pytest
import structlog

from node.base import log


@pytest.fixture(autouse=True)
def _defaults() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_line_is_json_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("info")
    structlog.get_logger().info("block.sealed", number=7)
    said = capsys.readouterr()
    assert json.loads(said.err) == {"event": "block.sealed", "level": "info", "number": 7}
    assert said.out == ""


def test_event_below_the_level_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure()
    structlog.get_logger().info("block.sealed")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("field", ["payload", "key", "share", "e", "salt", "secret", "record"])
def test_field_that_could_carry_a_secret_is_blanked(
    field: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure("debug")
    structlog.get_logger().debug("share.released", **{field: "canary"})
    said = capsys.readouterr().err
    assert "canary" not in said
    assert json.loads(said)[field] == "?"


def test_unknown_level_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        log.configure("loud")
