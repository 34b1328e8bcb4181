"""``wardnet records durability`` as a person calls it."""

import json

import pytest

from node.commands.main import main


def test_formula_and_simulation_stand_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["records", "durability", "-t", "3", "-n", "5", "--loss", "0.1"]) == 0
    said = capsys.readouterr().out
    assert "2 of 4 custodians (t=3, n=5)" in said
    assert "0.9963" in said
    assert "deals lost: agrees with the formula" in said


def test_json_has_both_and_the_seed(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["-t", "3", "-n", "5", "--loss", "0.3", "--essential-loss", "0.1", "--trials", "5000"]
    assert main(["records", "durability", *words, "--seed", "9", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["seed"], document["exit_code"]) == (9, 0)
    assert document["opens"] == pytest.approx(0.9 * (1 - 0.3**4 - 4 * 0.3**3 * 0.7))
    seen = document["simulation"]
    assert seen["low"] <= document["lost"] <= seen["high"]
    assert document["agrees"] is True


def test_what_is_rare_is_said_to_be_unseen(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["-t", "3", "-n", "9", "--loss", "0.001", "--trials", "1000"]
    assert main(["records", "durability", *words]) == 0
    assert "too few of one kind to say anything" in capsys.readouterr().out


def test_a_formula_that_is_wrong_is_called_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("node.sss.durability.shut", lambda _budget: 0.9)
    assert main(["records", "durability", "-t", "3", "-n", "5", "--loss", "0.3"]) == 1
    assert "WRONG" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-t", "6", "-n", "5", "--loss", "0.1"], "t=6, n=5: more shares are needed"),
        (["-t", "1", "-n", "5", "--loss", "0.1"], "t >= 2"),
        (["-t", "2", "-n", "256", "--loss", "0.1"], "at most 255 holders"),
        (["-t", "2", "-n", "5", "--loss", "1.5"], "loss: wants a probability from 0 to 1"),
        (["-t", "2", "-n", "5"], "--loss"),
        (["-t", "2", "-n", "5", "--loss", "0.1", "--trials", "0"], "--trials"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["records", "durability", *words]) == 2
    assert said in capsys.readouterr().err
