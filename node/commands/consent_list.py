"""``wardnet consent list``: access lists in both directions."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from node.base.errors import UsageError
from node.commands import output

if TYPE_CHECKING:
    from node.base.types import Address
    from node.commands.run_ledger import RunLedger
    from node.contracts.grant_book import Grant

_HEAD = ("grant", "patient", "grantee", "record", "purpose", "from", "until", "state")


def list_grants(
    source: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    *,
    patient: Annotated[
        str | None, typer.Option(metavar="ID", help="A Patient-ID or account: who may read theirs.")
    ] = None,
    grantee: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="An account: whose records it may read.")
    ] = None,
    node: Annotated[
        str | None, typer.Option(metavar="ID", help="Whose chain; default: the first node's.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """List who may read a patient's records until when, or whose records somebody may read.

    From the ledger alone, at the time of its head; grants that ended or were revoked are shown as
    such. Without --patient and --grantee: all grants.
    """
    from node.commands.run_ledger import open_run
    from node.contracts.grant_book import GrantBook

    if patient is not None and grantee is not None:
        raise UsageError("wants --patient or --grantee, not both")
    ledger = open_run(source, node)
    book = GrantBook(ledger.events())
    if patient is not None:
        grants = book.given_by(_patient(ledger, patient))
    elif grantee is not None:
        grants = book.held_by(_account(grantee))
    else:
        grants = book.all()
    at_s = ledger.ledger.head.timestamp
    rows = [_row(grant, at_s) for grant in grants]
    if as_json:
        output.write_json(
            {"block_time": at_s, "grants": [dict(zip(_HEAD, row, strict=True)) for row in rows]}
        )
        return
    for line in output.columns([_HEAD, *rows], indent=0):
        output.say(line)


def _row(grant: "Grant", at_s: int) -> tuple[Any, ...]:
    from node.privacy.person_codes import checksum

    if grant.is_revoked:
        state = "revoked"
    elif grant.is_open_at(at_s):
        state = f"open, {grant.valid_until_s - at_s} s left"
    else:
        state = "ended" if at_s >= grant.valid_until_s else "not yet"
    return (
        f"0x{grant.grant_id.hex()[:16]}",
        checksum(grant.patient),
        checksum(grant.grantee),
        grant.pmr_id or "all",
        grant.purpose.rstrip(b"\0").decode("ascii", "replace"),
        grant.valid_from_s,
        grant.valid_until_s,
        state,
    )


def _patient(ledger: "RunLedger", text: str) -> "Address":
    from node.base.types import ZERO_ADDRESS

    if text.startswith("0x"):
        return _account(text)
    if not text.isascii() or not text.isdigit():
        raise UsageError(f"--patient: {text!r} wants a Patient-ID or an address")
    account = ledger.ask(ledger.contracts.patients.account_of(int(text)))
    if account == ZERO_ADDRESS:
        raise UsageError(f"--patient: nobody has Patient-ID {text}")
    return account


def _account(text: str) -> "Address":
    from node.privacy.person_codes import read_address

    return read_address(text)
