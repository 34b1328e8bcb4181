"""Scenario files that cannot be read are told in a sentence."""

from pathlib import Path

import pytest

from node.base.errors import UsageError
from node.base.limits import SCENARIO_BYTES_MAX
from node.commands.files import read_scenario


def test_text_comes_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_bytes("a: \u00e4\r\n".encode())
    assert read_scenario(tmp_path / "s.yaml") == "a: \u00e4\r\n"


def test_empty_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").touch()
    assert read_scenario(tmp_path / "s.yaml") == ""


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.yaml: No such file"):
        read_scenario(tmp_path / "none.yaml")


def test_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Is a directory"):
        read_scenario(tmp_path)


def test_bytes_that_are_no_utf8_are_refused_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_bytes(b"abc\xff")
    with pytest.raises(UsageError, match="byte 3 is no UTF-8"):
        read_scenario(tmp_path / "s.yaml")


def test_file_may_fill_the_limit_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(b"#" * SCENARIO_BYTES_MAX)
    assert len(read_scenario(path)) == SCENARIO_BYTES_MAX
    path.write_bytes(b"#" * (SCENARIO_BYTES_MAX + 1))
    with pytest.raises(UsageError, match="larger than 1048576 bytes"):
        read_scenario(path)
