"""``wardnet store loss``, called as the command line calls it."""

import json

import pytest
import typer

from node.base.errors import ConfigError, UsageError
from node.commands import store_loss


def _call(words: list[str]) -> int:
    app = typer.Typer(add_completion=False)
    app.command("loss")(store_loss.loss)
    status = app(args=words, standalone_mode=False)
    return status if isinstance(status, int) else 0


def test_the_table_shows_loss_and_reachability(capsys: pytest.CaptureFixture[str]) -> None:
    assert _call(["--needed", "2", "--copies", "4"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 of 4 pieces needed, AFR 0.02, node up 0.95"
    assert lines[2].split()[:6] == ["as", "asked", "0.0202", "24", "h", "7.4e-10"]
    assert "0.00048" in lines[2]


def test_rare_loss_is_played_again_with_worse_nodes(capsys: pytest.CaptureFixture[str]) -> None:
    assert _call(["--needed", "1", "--copies", "3", "--simulate", "1000"]) == 0
    said = capsys.readouterr().out
    assert "saw 0 losses in 1,000 years: too few losses to say anything" in said
    assert "agrees with the formula" in said


def test_json_has_both_rows(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--needed", "1", "--copies", "2", "--simulate", "500", "--seed", "3", "--json"]
    assert _call(words) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["seed"] == 3
    assert [row["name"] for row in document["rows"]] == ["as asked", "worse nodes"]
    asked, worse = document["rows"]
    assert asked["agrees"] is None
    assert worse["agrees"] is True
    assert worse["simulation"]["low"] <= worse["loss_per_year"] <= worse["simulation"]["high"]


def test_what_is_not_rare_is_played_once(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--needed", "1", "--copies", "1", "--afr", "0.5", "--simulate", "400", "--json"]
    assert _call(words) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["agrees"] is True


def test_a_formula_that_is_wrong_is_called_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("node.ipfs_lite.loss.loss_within", lambda _plan: 0.9)
    words = ["--needed", "1", "--copies", "1", "--afr", "0.5", "--simulate", "400"]
    assert _call(words) == 1
    assert "WRONG    as asked" in capsys.readouterr().out


def test_nodes_that_never_fail_never_lose(capsys: pytest.CaptureFixture[str]) -> None:
    assert _call(["--needed", "1", "--copies", "2", "--afr", "0"]) == 0
    assert "never" in capsys.readouterr().out


@pytest.mark.parametrize("repair", ["24", "0h", "soon", "-1h"])
def test_a_repair_time_needs_a_unit(repair: str) -> None:
    with pytest.raises(UsageError, match="--repair"):
        _call(["--needed", "1", "--copies", "2", f"--repair={repair}"])


def test_more_pieces_needed_than_stored_is_refused() -> None:
    with pytest.raises(ConfigError, match="needed: wants 1 to 2"):
        _call(["--needed", "3", "--copies", "2"])
