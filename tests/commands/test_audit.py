"""``wardnet audit`` as a person calls it: a run that is whole, and corruptions of it."""

import json
import shutil
from pathlib import Path

import pytest

from node.base.types import Hash32
from node.commands.main import main
from node.sim.runner import run_scenario
from node.workflows import dealing
from tests.commands.audit_corruptions import CORRUPTIONS, Victim, audited, flip_a_seal_bit
from tests.sim.audited import WARD, folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder(tmp_path_factory)


def document(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out)


def test_a_run_that_is_whole_is_clean_when_executed_again(run, capsys) -> None:
    assert main(["audit", str(run), "--json"]) == 0
    found = document(capsys)
    assert found["findings"] == []
    assert found["executed"] is True
    counts = found["counts"]
    assert (counts["records"], counts["entries"], counts["details"]) == (2, 4, 3)
    assert (counts["erased"], counts["opened"], counts["not_opened"]) == (1, 6, 0)
    assert counts["shares"] == counts["fragments"] == 18
    assert counts["releases"] > 0 < counts["refusals"]
    assert counts["certificates"] == 3


def test_the_table_says_what_was_looked_at(run, capsys) -> None:
    assert main(["audit", str(run), "--no-execute"]) == 0
    said = capsys.readouterr().out
    assert "6    opened" in said
    assert said.endswith("nothing found\n")


def test_a_patient_gets_every_disclosure_refusals_too(run, capsys) -> None:
    assert main(["audit", str(run), "--no-execute", "--patient", "1", "--json"]) == 0
    listed = document(capsys)["disclosures"]
    assert {one["outcome"] for one in listed} == {"RELEASED", "REVOKED"}
    read = [one for one in listed if one["who"].startswith("doctor 2")]
    assert {one["purpose"] for one in read} == {"TREAT"}
    assert all(one["is_on_ledger"] for one in listed)
    assert [one["time_s"] for one in listed] == sorted(one["time_s"] for one in listed)


def test_disclosures_survive_an_erasure(run, capsys) -> None:
    assert main(["audit", str(run), "--no-execute", "--patient", "2", "--json"]) == 0
    listed = document(capsys)["disclosures"]
    assert {(one["who"], one["under"]) for one in listed} == {("the patient", "owner")}
    assert all(one["record"].endswith("(erased)") for one in listed)


def test_disclosures_are_a_table_for_people(run, capsys) -> None:
    assert main(["audit", str(run), "--no-execute", "--patient", "1"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("disclosures\n")
    assert "doctor 2 (Doctor d1)" in said


@pytest.mark.parametrize("corrupt", CORRUPTIONS, ids=lambda one: one.__name__)
def test_a_corruption_is_named_by_its_rule_and_record(corrupt, run, tmp_path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    wanted = corrupt(Victim(copy))
    found = audited(copy)
    assert any(
        rule == wanted.rule and record.startswith(wanted.record) for record, rule in found
    ), found


def test_a_finding_is_a_line_and_exit_1(run, tmp_path, capsys) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    wanted = CORRUPTIONS[2](Victim(copy))
    assert main(["audit", str(copy), "--no-execute"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert any(line.startswith(f"{wanted.record}: {wanted.rule}: ") for line in said)
    assert said[-1].endswith((" finding", " findings"))


def test_a_finding_about_another_patient_is_not_told_to_this_one(run, tmp_path, capsys) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    victim = Victim(copy)
    deal = next(one for one in victim.deals() if one.filing.patient_id == 1)
    victim.hold(victim.shelf(deal, 1).name, deal.deal_id, None)
    assert main(["audit", str(copy), "--no-execute", "--patient", "2"]) == 0
    assert main(["audit", str(copy), "--no-execute", "--patient", "1"]) == 1
    assert deal.filing.name in capsys.readouterr().out


def test_a_chain_that_cannot_be_believed_is_all_that_is_judged(run, tmp_path, capsys) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    wanted = CORRUPTIONS[-1](Victim(copy))
    assert main(["audit", str(copy)]) == 1
    said = capsys.readouterr().out
    assert "the chain cannot be believed" in said
    assert f"{wanted.record}: chain: " in said


def test_a_false_seal_is_found_by_executing_and_else_said_not_to_be_checked(
    run, tmp_path, capsys
) -> None:
    """A contract names the validators here, so only who executes knows who may seal."""
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    victim = Victim(copy)
    flip_a_seal_bit(victim)
    assert main(["audit", str(copy), "--no-execute"]) == 0
    assert "seals were not checked" in capsys.readouterr().out
    assert ("chain", f"chains/{victim.chain.name}") in [
        (rule, record) for record, rule in audited(copy, executes=True)
    ]


def test_a_doctor_whose_commitment_is_a_lie_is_found(tmp_path, monkeypatch) -> None:
    told = dealing.commitment

    def lying(salt: bytes, body: bytes) -> Hash32:
        return Hash32(bytes(reversed(told(salt, body))))

    monkeypatch.setattr(dealing, "commitment", lying)
    file = tmp_path / "lie.yaml"
    head = WARD[: WARD.index("  - {do: register_patient, patient: p1}")]
    lie = "  - {do: consult, id: visit, doctor: d0, patient: p0}\n"
    step = "  - {do: audit, id: caught, expect: refused, error: AuditFindingsError}\n"
    file.write_text(head.replace("until: 4m", "until: 1m") + lie + step)
    result = run_scenario(file, out=tmp_path / "run")
    assert result.results["verdict"] == "valid"
    found = audited(tmp_path / "run")
    assert [rule for _, rule in found] == ["content"] * 3
    assert "PMR 101012026 entry 0" in [record for record, _ in found]


@pytest.fixture
def strange(run, tmp_path) -> Path:
    """Give a place with an empty folder, one with other results, and one without disks."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "results.json").write_text("{}")
    shutil.copytree(run, tmp_path / "older", ignore=shutil.ignore_patterns("nodes"))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("nowhere", 2, "no such folder"),
        ("empty", 3, "wants the folder of a finished run"),
        ("other", 3, "holds no results of a run"),
        ("older", 3, "has no nodes/"),
    ],
)
def test_what_is_no_run_folder_is_told_apart(name, status, said, strange, capsys) -> None:
    assert main(["audit", str(strange / name), "--no-execute"]) == status
    assert said in capsys.readouterr().err


def test_a_patient_whom_nobody_registered_is_a_usage_error(run, capsys) -> None:
    assert main(["audit", str(run), "--no-execute", "--patient", "77"]) == 2
    assert "nobody was registered" in capsys.readouterr().err
