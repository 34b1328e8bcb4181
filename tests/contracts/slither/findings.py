"""What slither finds in our Solidity, and the list of findings that are justified.

Slither is AGPL: CI runs it in an environment of its own, and no part of it is imported here.  It
compiles with the pinned npm package (``solc.mjs`` stands in for the program), so nothing else is
downloaded.  A finding is known by its detector and by what it is about, not by a line number.
"""

import json
import re
import subprocess
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CONTRACTS = Path(__file__).parents[3] / "node" / "contracts"
COMPILER = HERE / "solc.mjs"
JUSTIFIED = HERE / "justified.toml"
SETTINGS = {"evmVersion": "london", "optimizer": {"enabled": True, "runs": 200}}


@dataclass(frozen=True, order=True)
class Finding:
    detector: str
    where: str
    """``Contract.function``, ``Contract.variable``, ``Contract``, or a free function."""
    what: str = ""
    """Slither's own sentence, for people."""

    def __str__(self) -> str:
        return f"{self.detector} {self.where}: {self.what}"


@dataclass(frozen=True)
class Justified:
    detector: str
    where: tuple[str, ...]
    """Regular expressions; each must match the whole of some finding's ``where``."""
    why: str

    def covers(self, finding: Finding) -> bool:
        return self.detector == finding.detector and any(
            re.fullmatch(pattern, finding.where) for pattern in self.where
        )


def standard_json() -> dict[str, Any]:
    """Give all sources of the product, as the compiler takes them; not those of benchmarks."""
    sources = sorted((CONTRACTS / "sources").glob("*.sol"))
    return {
        "language": "Solidity",
        "sources": {
            f"sources/{path.name}": {"content": path.read_text("utf-8")} for path in sources
        },
        "settings": dict(SETTINGS),
    }


def run(slither: Path, folder: Path) -> list[Finding]:
    """Run slither on our sources; ``folder`` takes what goes in and comes out."""
    request, answer = folder / "contracts.json", folder / "slither.json"
    request.write_text(json.dumps(standard_json()))
    answer.unlink(missing_ok=True)
    done = subprocess.run(
        [
            *(slither, request, "--compile-force-framework", "solc-json", "--solc", COMPILER),
            *("--json", answer, "--exclude-dependencies"),
        ],
        cwd=CONTRACTS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.is_file(), done.stderr  # it exits with the count of findings, so no code helps
    return read(json.loads(answer.read_text()))


def read(answer: dict[str, Any]) -> list[Finding]:
    """Give the findings that are about our own sources, sorted."""
    assert answer["success"], answer["error"]
    found = {
        Finding(each["check"], _where(first), " ".join(each["description"].split()))
        for each in answer["results"].get("detectors", [])
        for first in each["elements"][:1]
        if first["source_mapping"]["filename_relative"].startswith("sources/")
    }
    return sorted(found)


def justified(text: str) -> list[Justified]:
    return [
        Justified(each["detector"], tuple(each["where"]), each["why"])
        for each in tomllib.loads(text)["justified"]
    ]


def open_findings(found: Iterable[Finding], listed: Sequence[Justified]) -> list[str]:
    """Give the findings that nothing justifies."""
    return [str(each) for each in found if not any(one.covers(each) for one in listed)]


def idle_justifications(found: Sequence[Finding], listed: Iterable[Justified]) -> list[str]:
    """Give what is justified and no longer found."""
    return [
        f"{one.detector} {pattern}"
        for one in listed
        for pattern in one.where
        if not any(Justified(one.detector, (pattern,), "").covers(each) for each in found)
    ]


def _where(element: dict[str, Any]) -> str:
    parent = element.get("type_specific_fields", {}).get("parent")
    if element["type"] in ("node", "variable") and parent and parent["type"] == "function":
        return _where(parent)  # a line or a local of a function
    if parent and parent["type"] == "contract":
        return f"{parent['name']}.{element['name']}"
    return str(element["name"])
