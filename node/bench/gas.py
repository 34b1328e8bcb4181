"""The gas report: every function that changes state, measured on stock py-evm (London).

The report is kept in the repository, as a table for people (``gas.md``) and as rows for the
check (``gas.json``).  The check fails for a case that takes more than 5 % above its stored figure
or more than its budget, for a function without a row, and for a row without its case.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from node.bench import (
    gas_care_cases,
    gas_cases,
    gas_pmr_cases,
    gas_record_cases,
    gas_research_cases,
    gas_service_cases,
)
from node.bench.errors import StoredReportError
from node.bench.gas_people import WORLDS, Case
from node.bench.gas_world import GasWorld
from node.contracts.abi import selector
from node.contracts.compile import load_artifact
from node.contracts.names import ALL_CONTRACT_NAMES, TOKENS

ALL_CASES: Final[tuple[Case, ...]] = (
    *gas_cases.CASES,
    *gas_care_cases.CASES,
    *gas_pmr_cases.CASES,
    *gas_record_cases.CASES,
    *gas_research_cases.CASES,
    *gas_service_cases.CASES,
)
SLACK_PERCENT: Final = 5
TABLE_NAME: Final = "gas.md"
ROWS_NAME: Final = "gas.json"

NOT_MEASURED: Final[Mapping[str, str]] = {
    "HospitalRegistry.verify": "inside GovernmentRegistry.vote",
    "HospitalRegistry.suspend": "inside GovernmentRegistry.vote",
    "HospitalRegistry.revoke": "inside GovernmentRegistry.vote",
    "DoctorRegistry.suspend": "inside GovernmentRegistry.vote",
    "InsuranceRegistry.list": "inside GovernmentRegistry.vote",
    "InsuranceRegistry.strike": "inside GovernmentRegistry.vote",
    "ResearchPool.list": "inside GovernmentRegistry.vote",
    "ResearchPool.strike": "inside GovernmentRegistry.vote",
    "PmrToken.fileEntry": "inside LabRegistry.file and others that file entries",
    "PmrToken.transferFrom": "always refused: the token is locked",
    "PmrToken.safeTransferFrom": "always refused: the token is locked",
    "PmrMultiToken.fileEntry": "inside LabRegistry.file",
    "ConsentRegistry.moveWallet": "inside PatientRegistry.finishRecovery",
    "ConsentRegistry.upholdComplaint": "inside GovernmentRegistry.vote",
}
"""Functions that only another contract of ours may call, or nobody: why they have no row."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one case took."""

    contract: str
    function: str
    case: str
    gas: int
    budget: int | None = None

    @property
    def name(self) -> str:
        """The row's own name."""
        return f"{self.contract}.{self.function}: {self.case}"


@dataclass(frozen=True, slots=True)
class Together:
    """A budget for several transactions."""

    name: str
    rows: tuple[str, ...]
    budget: int


TOGETHER: Final = (
    Together(
        "register patient + onboard doctor + grant",
        (
            "PatientRegistry.register: with an attendant",
            "DoctorRegistry.onboard: typical",
            "ConsentRegistry.grant: a patient's first",
        ),
        400_000,
    ),
)


def measure(cases: Iterable[Case] = ALL_CASES) -> tuple[Row, ...]:
    """Run every case in a fork of its world; rows in the order of deployment, then of cases.

    raises        CandidateFaultError: a contract refuses what a case sends.
    """
    worlds: dict[str, GasWorld] = {}
    rows: list[Row] = []
    for case in cases:
        if case.world not in worlds:
            worlds[case.world] = WORLDS[case.world]()
        rows.append(_measured(case, worlds[case.world].fork()))
    order = {name: place for place, name in enumerate(ALL_CONTRACT_NAMES)}
    return tuple(sorted(rows, key=lambda row: order[row.contract]))


def problems(rows: Sequence[Row], stored: Sequence[Row]) -> list[str]:
    """Say what is wrong with a measurement beside the stored one; nothing, if all is well."""
    now = {row.name: row for row in rows}
    before = {row.name: row for row in stored}
    found = [f"{name}: measured twice, wants another label" for name in _doubles(rows)]
    for name, row in now.items():
        if row.budget is not None and row.gas > row.budget:
            found.append(f"{name}: {row.gas:,} gas, over its budget of {row.budget:,}")
        if name not in before:
            found.append(f"{name}: new, not in the stored report")
        elif row.gas * 100 > before[name].gas * (100 + SLACK_PERCENT):
            found.append(f"{name}: {row.gas:,} gas, was {before[name].gas:,}: over 5 % more")
    found += [
        f"{name}: in the stored report, and no case measures it"
        for name in before.keys() - now.keys()
    ]
    for each in TOGETHER:
        total = sum(now[name].gas for name in each.rows)
        if total > each.budget:
            found.append(f"{each.name}: {total:,} gas, over its budget of {each.budget:,}")
    return found + _uncovered(rows)


def to_json(rows: Sequence[Row]) -> str:
    """Give the machine-readable report."""
    return json.dumps([asdict(row) for row in rows], indent=1) + "\n"


def from_json(text: str) -> tuple[Row, ...]:
    """Read the machine-readable report.

    raises        StoredReportError: it is none.
    """
    try:
        found: list[Any] = json.loads(text)
        return tuple(Row(**each) for each in found)
    except (ValueError, TypeError) as error:
        raise StoredReportError(ROWS_NAME, str(error)) from error


def to_markdown(rows: Sequence[Row]) -> str:
    """Give the report for people."""
    lines = [
        "# Gas of every function",
        "",
        "Generated by `wardnet bench gas --write`; `--check` fails for 5 % more than stands here.",
        "Stock py-evm, London rules, a block per transaction: intrinsic gas, execution, refund.",
        "Budgets are those of records.md section 3.",
        "",
        "| contract | function | case | gas | budget |",
        "|---|---|---|---:|---:|",
    ]
    lines += [
        f"| {row.contract} | {row.function} | {row.case} | {row.gas:,} | {_number(row.budget)} |"
        for row in rows
    ]
    lines += ["", "| together | gas | budget |", "|---|---:|---:|"]
    gas = {row.name: row.gas for row in rows}
    for each in TOGETHER:
        total = sum(gas[name] for name in each.rows)
        lines.append(f"| {each.name} | {total:,} | {each.budget:,} |")
    lines += _tokens_compared(rows)
    lines += ["", "| no row of its own | why |", "|---|---|"]
    lines += [f"| {name} | {why} |" for name, why in NOT_MEASURED.items()]
    return "\n".join(lines) + "\n"


def _tokens_compared(rows: Sequence[Row]) -> list[str]:
    """Give the two record tokens side by side."""
    one, other = TOKENS.values()
    gas = {(row.contract, row.function, row.case): row.gas for row in rows}
    lines = [
        "",
        "## Records as ERC-721 and as ERC-1155",
        "",
        "The same calls.  `PmrToken` keeps balances and the lists of ERC-721 Enumerable;",
        "`PmrMultiToken` keeps a record in one word and lists it in an eighth of another.",
        "",
        f"| function | case | {one} | {other} | change |",
        "|---|---|---:|---:|---:|",
    ]
    for (contract, function, case), first in gas.items():
        second = gas.get((other, function, case))
        if contract == one and second is not None:
            change = f"{(second - first) * 100 / first:+.1f} %"
            lines.append(f"| {function} | {case} | {first:,} | {second:,} | {change} |")
    return lines


def _measured(case: Case, world: GasWorld) -> Row:
    call = case.prepare(world)
    contract = world.suite.name_of(call.to)
    assert contract is not None, f"{case.label}: to no contract of ours"
    gas = world.send(call)
    return Row(contract, _functions(contract)[call.data[:4]], case.label, gas, case.budget)


def _uncovered(rows: Sequence[Row]) -> list[str]:
    """Say which functions have no row, and which of the exceptions are none."""
    measured = {f"{row.contract}.{row.function}" for row in rows}
    changing = {
        f"{name}.{each}" for name in ALL_CONTRACT_NAMES for each in _functions(name).values()
    }
    missing = sorted(changing - measured - NOT_MEASURED.keys())
    idle = sorted(NOT_MEASURED.keys() - changing) + sorted(NOT_MEASURED.keys() & measured)
    return [f"{name}: changes state and has no case" for name in missing] + [
        f"{name}: named in NOT_MEASURED for nothing" for name in idle
    ]


def _functions(contract: str) -> dict[bytes, str]:
    """Give the functions that change state: selector to name."""
    return {
        selector(f"{item['name']}({','.join(map(_type, item['inputs']))})"): item["name"]
        for item in load_artifact(contract).abi
        if item["type"] == "function" and item["stateMutability"] in ("nonpayable", "payable")
    }


def _type(item: Mapping[str, Any]) -> str:
    kind: str = item["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(map(_type, item['components']))}){kind.removeprefix('tuple')}"


def _doubles(rows: Sequence[Row]) -> list[str]:
    names = [row.name for row in rows]
    return sorted({name for name in names if names.count(name) > 1})


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
