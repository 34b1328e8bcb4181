"""Slither over the contracts: each finding is fixed or justified, each justification is needed."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.contracts.slither.findings import (
    COMPILER,
    CONTRACTS,
    JUSTIFIED,
    Finding,
    Justified,
    idle_justifications,
    justified,
    open_findings,
    read,
    run,
    standard_json,
)

SENTENCE_CHARS_MIN = 40


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Finding]:
    program = os.environ.get("WARDNET_SLITHER")
    if program is None:
        pytest.skip("WARDNET_SLITHER names no slither: README.md of this folder says how")
    return run(Path(program).absolute(), tmp_path_factory.mktemp("slither"))


@pytest.mark.judge
def test_every_finding_is_fixed_or_justified(found: list[Finding]) -> None:
    assert open_findings(found, justified(JUSTIFIED.read_text("utf-8"))) == []


@pytest.mark.judge
def test_no_justification_outlives_its_finding(found: list[Finding]) -> None:
    assert idle_justifications(found, justified(JUSTIFIED.read_text("utf-8"))) == []


@pytest.mark.judge
def test_slither_sees_a_planted_fault(
    found: list[Finding], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way works: a contract that trusts tx.origin does not stay unseen."""
    planted = (
        "// SPDX-License-Identifier: Apache-2.0\npragma solidity 0.8.28;\n"
        "contract Planted {\n    address private owner = msg.sender;\n"
        "    function take() external {\n"
        "        require(tx.origin == owner);\n        owner = msg.sender;\n    }\n}\n"
    )
    request = {**standard_json(), "sources": {"sources/Planted.sol": {"content": planted}}}
    monkeypatch.setattr("tests.contracts.slither.findings.standard_json", lambda: request)
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "Planted.sol").write_text(planted)
    monkeypatch.setattr("tests.contracts.slither.findings.CONTRACTS", tmp_path)
    seen = run(Path(os.environ["WARDNET_SLITHER"]).absolute(), tmp_path)
    assert ("tx-origin", "Planted.take") in [(each.detector, each.where) for each in seen]


@pytest.mark.clients
def test_the_stand_in_answers_as_the_pinned_compiler() -> None:
    if shutil.which("node") is None or not (CONTRACTS / "node_modules" / "solc").exists():
        pytest.skip("needs Node.js and `npm ci` in node/contracts")
    version = subprocess.run([COMPILER, "--version"], capture_output=True, text=True, check=True)
    assert "Version: 0.8.28+commit.7893614a" in version.stdout
    source = {"language": "Solidity", "sources": {"a.sol": {"content": "contract A {"}}}
    answer = subprocess.run(
        [COMPILER, "--standard-json"],
        input=json.dumps(source),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(answer.stdout)["errors"][0]["severity"] == "error"


def test_every_justification_is_a_sentence() -> None:
    for one in justified(JUSTIFIED.read_text("utf-8")):
        assert one.where, one.detector
        assert len(one.why) >= SENTENCE_CHARS_MIN, one.detector
        assert one.why.endswith("."), one.detector


def _answer(*places: tuple[str, dict[str, object]]) -> dict[str, object]:
    detectors = [
        {"check": "timestamp", "description": f"{file}\n\tline", "elements": [element]}
        for file, element in places
    ]
    for (file, _), each in zip(places, detectors, strict=True):
        each["elements"][0]["source_mapping"] = {"filename_relative": file}  # type: ignore[index]
    return {"success": True, "error": None, "results": {"detectors": detectors}}


def test_a_finding_is_named_after_its_function_and_not_its_line() -> None:
    contract = {"type": "contract", "name": "A"}
    function = {"type": "function", "name": "f", "type_specific_fields": {"parent": contract}}
    node = {"type": "node", "name": "x == 1", "type_specific_fields": {"parent": function}}
    found = read(_answer(("sources/A.sol", node), ("node_modules/B.sol", dict(function))))
    assert found == [Finding("timestamp", "A.f", "sources/A.sol line")]


def test_a_justification_covers_its_own_places_only() -> None:
    one = Justified("timestamp", (r"A\.f", r"A\.g"), "")
    found = [Finding("timestamp", "A.f"), Finding("timestamp", "A.ff"), Finding("assembly", "A.g")]
    assert open_findings(found, [one]) == ["timestamp A.ff: ", "assembly A.g: "]
    assert idle_justifications(found, [one]) == [r"timestamp A\.g"]
