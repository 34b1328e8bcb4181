"""``wardnet bench store``, called as the command line calls it."""

import json
from pathlib import Path

import pytest
import typer

from node.base.errors import UsageError
from node.commands import bench_store


def _call(words: list[str]) -> int:
    app = typer.Typer(add_completion=False)
    app.command("store")(bench_store.store)
    status = app(args=words, standalone_mode=False)
    return status if isinstance(status, int) else 0


def test_the_table_shows_figures_targets_and_who_is_absent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--rounds", "1", "--mib", "1", "--disk", str(tmp_path), "--peers-dir", str(tmp_path)]
    assert _call(words) == 0
    said = capsys.readouterr()
    assert said.out.startswith("store: best and median of 1\n")
    assert "ratio >= 0.6" in said.out
    assert "absent   ipfs-unixfs-importer" in said.out
    assert "round 1/1  durable add" in said.err


def test_json_is_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _call(["--rounds", "1", "--mib", "1", "--disk", str(tmp_path), "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["bench"] == "store"
    assert said.err == ""


@pytest.mark.parametrize("option", ["--disk", "--peers-dir"])
def test_a_folder_that_is_not_there_is_refused(option: str) -> None:
    with pytest.raises(UsageError, match=f"{option}: nowhere is no folder"):
        _call([option, "nowhere"])
