import hashlib
import json
import shutil
import subprocess
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from node.base.limits import CODE_BYTES_MAX
from node.bench.workload import CONTRACT_NAMES as BENCH_NAMES
from node.contracts.compile import (
    COMPILER,
    EVM_VERSION,
    forbidden_opcodes,
    load_artifact,
    stale_sources,
)
from node.contracts.errors import ArtifactError
from node.contracts.names import ALL_CONTRACT_NAMES as CONTRACT_NAMES

HERE = Path(str(files("node.contracts")))
NAMES = (*CONTRACT_NAMES, *BENCH_NAMES)
TAIL = b"\x00\x00"
"""Metadata of length 0."""


@pytest.mark.parametrize("name", NAMES)
def test_artifact_is_compiled_from_the_sources_that_lie_here(name: str) -> None:
    artifact = load_artifact(name)
    assert f"{'bench/' * (name in BENCH_NAMES)}{name}.sol" in artifact.sources
    assert stale_sources(artifact) == ()


def test_every_source_file_went_into_an_artifact() -> None:
    folder = HERE / "sources"
    used = {name for each in NAMES for name in load_artifact(each).sources}
    assert used == {path.relative_to(folder).as_posix() for path in folder.rglob("*.sol")}


def test_hospital_and_benchmark_share_no_source() -> None:
    used = {name for each in CONTRACT_NAMES for name in load_artifact(each).sources}
    assert not used & {name for each in BENCH_NAMES for name in load_artifact(each).sources}


def test_changed_source_is_stale() -> None:
    artifact = load_artifact("PmrToken")
    digest = hashlib.sha256(b"another text").hexdigest()
    changed = replace(artifact, sources={**artifact.sources, "Dates.sol": digest})
    assert stale_sources(changed) == ("Dates.sol",)


def test_missing_source_is_stale() -> None:
    artifact = load_artifact("PmrToken")
    assert stale_sources(replace(artifact, sources={"Gone.sol": "00"})) == ("Gone.sol",)


@pytest.mark.parametrize("name", NAMES)
def test_compiler_and_settings_are_the_pinned_ones(name: str) -> None:
    artifact = load_artifact(name)
    said = json.loads(artifact.metadata)
    assert artifact.compiler == COMPILER == said["compiler"]["version"]
    assert said["settings"]["evmVersion"] == EVM_VERSION == artifact.settings["evmVersion"]
    assert said["settings"]["optimizer"] == {"enabled": True, "runs": 200}
    assert "viaIR" not in said["settings"]


@pytest.mark.parametrize("name", NAMES)
def test_runtime_code_passes_the_opcode_lint(name: str) -> None:
    assert forbidden_opcodes(load_artifact(name).deployed_bytecode) == ()


@pytest.mark.parametrize("name", NAMES)
def test_runtime_code_is_within_the_limit_of_eip_170(name: str) -> None:
    assert 0 < len(load_artifact(name).deployed_bytecode) <= CODE_BYTES_MAX


def test_unknown_contract_is_named() -> None:
    with pytest.raises(ArtifactError, match="NoSuch"):
        load_artifact("NoSuch")


@pytest.mark.parametrize("opcode", [0x40, 0x44, 0x5F, 0xF2, 0xFF])
def test_each_forbidden_opcode_is_found_with_its_offset(opcode: int) -> None:
    [(offset, _)] = forbidden_opcodes(b"\x01" + bytes([opcode]) + TAIL)
    assert offset == 1


def test_push_data_is_not_code() -> None:
    assert forbidden_opcodes(b"\x60\xff" + b"\x7f" + b"\xff" * 32 + TAIL) == ()


def test_opcode_behind_push_data_is_code() -> None:
    assert forbidden_opcodes(b"\x61\xff\xff\xff" + TAIL) == ((3, "SELFDESTRUCT"),)


def test_metadata_tail_is_not_code() -> None:
    assert forbidden_opcodes(b"\x01" + b"\xff\xff" + b"\x00\x02") == ()


def test_tail_longer_than_the_code_hides_nothing() -> None:
    assert forbidden_opcodes(b"\xff\xff\xff") == tuple((each, "SELFDESTRUCT") for each in range(3))


@pytest.mark.parametrize("code", [b"", b"\x01"])
def test_code_too_short_for_a_tail_is_read(code: bytes) -> None:
    assert forbidden_opcodes(code) == ()


def test_lock_file_names_versions_and_hashes_and_no_host() -> None:
    lock = (HERE / "package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(lock)["packages"]
    assert packages["node_modules/solc"]["version"] == "0.8.28"
    assert packages["node_modules/@openzeppelin/contracts"]["version"] == "5.0.2"
    assert all("integrity" in each for name, each in packages.items() if name)
    assert not any("resolved" in each for each in packages.values())


@pytest.mark.slow
@pytest.mark.judge
def test_rebuilding_gives_the_same_artifacts(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node.js: no program named node")
    if not (HERE / "node_modules" / "solc").is_dir():
        pytest.skip(f"needs the npm packages: run npm ci in {HERE}")
    command = [node, str(HERE / "build.mjs"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    assert {path.stem for path in tmp_path.iterdir()} == set(NAMES)
    for name in NAMES:
        kept = HERE / "artifacts" / f"{name}.json"
        assert (tmp_path / f"{name}.json").read_bytes() == kept.read_bytes(), name
