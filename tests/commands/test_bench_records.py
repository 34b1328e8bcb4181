import json

import pytest

from node.bench import records
from node.bench.records_registry import Registered
from node.commands.main import main


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    one = Registered(executor="revm", first_us=2.0, last_us=2.0)
    monkeypatch.setattr(records, "run_registrations", lambda _count, _tell: (one,))


def test_registrations_are_one_document(capsys):
    words = ["bench", "records", "--only", "registrations", "--rounds", "1"]
    assert main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["bench"], document["patients"]) == ("records", 50_000)


def test_registrations_are_one_table(capsys):
    assert main(["bench", "records", "--only", "registrations", "--rounds", "1"]) == 0
    said = capsys.readouterr().out
    assert "last 1,000 of 50,000" in said
    assert "met" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "consults"], "no group is called 'consults', choose one of visits"),
        (["--patients", "1999"], "should be greater than or equal to 2000"),
        (["--visits", "0"], "should be greater than or equal to 1"),
    ],
)
def test_wrong_words_are_answered(words, said, capsys):
    assert main(["bench", "records", *words]) == 2
    assert said in capsys.readouterr().err
