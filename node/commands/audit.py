"""``wardnet audit SOURCE``: whether ledger, stores and custody of a run say the same.

Exit 0: nothing found.  1: findings, one line each.  2: the words.  3: the source cannot be read.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from node.base.errors import UsageError
from node.commands import output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.app.audit.disclosures import Disclosure
    from node.app.audit.evidence import Evidence
    from node.app.audit.findings import Finding, Report


def audit(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="Folder of a run.")],
    *,
    patient: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="ID", help="Account for this Patient-ID's disclosures; findings on them."
        ),
    ] = None,
    no_execute: Annotated[
        bool,
        typer.Option(
            "--no-execute",
            help="Do not execute the blocks again: believe receipts that fit the headers.",
        ),
    ] = False,
    executor: Annotated[str, typer.Option(metavar="NAME", help="py-evm, revm or fast.")] = "py-evm",
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout, no progress.")
    ] = False,
) -> None:
    """Audit every record of a run: ledger, stores, shares, releases, erasures against each other.

    Each finding is a line: the record, the rule, what differs.  Exit 1 if there is any.
    """
    if not source.is_dir():
        raise UsageError(f"{source}: no such folder; wants that of a run")
    from node.app.audit.disclosures import disclosures_of
    from node.app.audit.run import audit as judge
    from node.commands.chain_io import progress_lines
    from node.sim.audit_folder import RunFolder

    tell = None if as_json else progress_lines()
    folder = RunFolder(source, executor=executor, executes=not no_execute, tell=tell)
    report, evidence = judge(folder)
    found: Sequence[Finding] = report.findings
    listed: Sequence[Disclosure] | None = None
    if patient is not None and evidence is not None:
        if patient not in evidence.facts.accounts:
            raise UsageError(f"--patient {patient}: nobody was registered under this Patient-ID")
        found = [one for one in found if is_about(evidence, one.record, patient)]
        listed = disclosures_of(evidence, patient)
    if as_json:
        document = _document(report, found, listed)
        output.write_json(
            document | {"executed": not no_execute, "seals_checked": folder.checks_seals}
        )
    else:
        _print(report, evidence, found, listed, seals_checked=folder.checks_seals)
    raise typer.Exit(1 if found else 0)


def is_about(evidence: "Evidence", record: str, patient: int) -> bool:
    """Say whether a finding is about a patient's records; of the chain it is about everybody's."""
    filings = evidence.facts.filings.values()
    own = {f"PMR {one.pmr_id}" for one in filings if one.patient_id == patient and one.pmr_id}
    name = record.partition(" entry ")[0].partition(",")[0].partition(" (")[0]
    return name in own or name.startswith((f"patient {patient} ", "chains/", "head of "))


def _document(
    report: "Report", found: "Sequence[Finding]", listed: "Sequence[Disclosure] | None"
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "exit_code": 1 if found else 0,
        "seed": None,
        "counts": report.counts.as_dict(),
        "findings": [one._asdict() for one in found],
    }
    if listed is not None:
        document["disclosures"] = [one._asdict() for one in listed]
    return document


def _print(
    report: "Report",
    evidence: "Evidence | None",
    found: "Sequence[Finding]",
    listed: "Sequence[Disclosure] | None",
    *,
    seals_checked: bool,
) -> None:
    if listed is not None:
        output.say("disclosures")
        rows = [_cells(one) for one in listed]
        for line in output.columns([_HEAD, *rows]):
            output.say(line)
    if evidence is not None:
        output.say("looked at")
        figures = [
            (f"{count:,}", name.replace("_", " "))
            for name, count in report.counts.as_dict().items()
        ]
        for line in output.columns(figures):
            output.say(line)
    else:
        output.say("the chain cannot be believed: nothing else was judged")
    if not seals_checked:
        output.say(
            "seals were not checked: a contract names who may seal, so leave --no-execute out"
        )
    for one in found:
        output.say(output.printable(str(one)))
    told = "1 finding" if len(found) == 1 else f"{len(found)} findings"
    output.say(told if found else "nothing found")


_HEAD = ("time (UTC)", "record", "custodian", "who", "purpose", "under", "outcome", "on ledger")


def _cells(one: "Disclosure") -> tuple[object, ...]:
    when = datetime.fromtimestamp(one.time_s, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return (when, *one[1:-1], "yes" if one.is_on_ledger else "no")
