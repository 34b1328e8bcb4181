"""``wardnet consent show-qr`` and ``scan``: what people show each other, and whether it is so."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from node.base.errors import UsageError
from node.commands import output, qr_out

if TYPE_CHECKING:
    from node.commands.run_ledger import RunLedger
    from node.privacy.person_codes import Code, DoctorCode, GrantLink, PatientCode

_TEXT_BYTES_MAX: Final = 65_536


def show_qr(
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="A code as text, or the file of a signed Consent.")
    ],
    *,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="A new SVG.")] = None,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="A new PNG.")] = None,
    as_text: Annotated[bool, typer.Option("--text", help="The line instead of the code.")] = False,
) -> None:
    """Show a person's code or the link of a grant as a QR code: in the terminal, or in a file.

    A patient is wardnet:patient/CHAIN/ID/0xADDRESS, a doctor the same with doctor and the X25519
    key behind another slash, a grant the EIP-681 link of its id.
    """
    qr_out.check_forms(svg, png, as_text=as_text)
    line = str(_code(what))
    qr_out.show(line, svg, png, as_text=as_text)


def scan(
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="What a scanner read, or a signed Consent's file.")
    ],
    *,
    source: Annotated[
        Path | None, typer.Option(metavar="RUN", help="A run's folder, to ask its registries.")
    ] = None,
    node: Annotated[
        str | None, typer.Option(metavar="ID", help="Whose chain; default: the first node's.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Say what a code or a signed Consent claims, and with --source whether the ledger agrees.

    The picture itself is for the camera of a phone or any scanner: this reads its text. Exit 1 if
    the registries say otherwise.
    """
    from node.commands.run_ledger import open_run

    code = _code(what)
    facts = _facts(code)
    ledger = None if source is None else open_run(source, node)
    verdict = None if ledger is None else _verdict(ledger, code)
    facts["ledger"] = "not asked" if ledger is None else verdict or "agrees"
    if as_json:
        output.write_json(facts)
    else:
        for line in output.columns(facts.items(), indent=0):
            output.say(line)
    raise typer.Exit(1 if verdict else 0)


def _code(what: str) -> "Code":
    from node.privacy.consent_file import read_signed
    from node.privacy.person_codes import GrantLink, read_code

    path = Path(what)
    if ":" in what and not path.is_file():
        return read_code(what)
    try:
        with path.open("rb") as file:
            text = file.read(_TEXT_BYTES_MAX).decode("utf-8", "replace")
    except (OSError, ValueError) as error:
        raise UsageError(f"{what}: neither a code nor a file that can be read") from error
    if not text.lstrip().startswith("{"):
        return read_code(text)
    signed, domain = read_signed(text)
    return GrantLink(domain.chain_id, domain.verifying_contract, signed.grant_id)


def _facts(code: "Code") -> dict[str, object]:
    from node.privacy.person_codes import DoctorCode, PatientCode, checksum

    match code:
        case PatientCode(chain_id, number, address):
            return {
                "what": "patient",
                "chain": chain_id,
                "patient_id": number,
                "address": checksum(address),
            }
        case DoctorCode(chain_id, number, address, key):
            return {
                "what": "doctor",
                "chain": chain_id,
                "doctor_id": number,
                "address": checksum(address),
                "key": f"0x{key.hex()}",
            }
        case _:
            return {
                "what": "grant",
                "chain": code.chain_id,
                "contract": checksum(code.contract),
                "grant_id": f"0x{code.grant_id.hex()}",
            }


def _verdict(ledger: "RunLedger", code: "Code") -> str:
    """Give what the ledger says against a code, empty if nothing."""
    from node.privacy.person_codes import DoctorCode, PatientCode

    chain_id = ledger.ledger.chain_id
    if code.chain_id != chain_id:
        return f"this is chain {chain_id}"
    match code:
        case PatientCode():
            return _patient_verdict(ledger, code)
        case DoctorCode():
            return _doctor_verdict(ledger, code)
        case _:
            return _grant_verdict(ledger, code)


def _patient_verdict(ledger: "RunLedger", code: "PatientCode") -> str:
    known = ledger.ask(ledger.contracts.patients.id_of(code.address))
    if known == 0:
        return "nobody is registered under this address"
    return "" if known == code.patient_id else f"the address is of patient {known}"


def _doctor_verdict(ledger: "RunLedger", code: "DoctorCode") -> str:
    doctors = ledger.contracts.doctors
    known = ledger.ask(doctors.id_of(code.address))
    if known == 0:
        return "no doctor has this address"
    if known != code.doctor_id:
        return f"the address is of doctor {known}"
    if ledger.ask(doctors.doctor(known)).key != code.key:
        return "the key is not the doctor's"
    return "" if ledger.ask(doctors.is_active(code.address)) else "the doctor is not active"


def _grant_verdict(ledger: "RunLedger", code: "GrantLink") -> str:
    from node.contracts.grant_book import GrantBook

    if code.contract != ledger.contracts.consents.address:
        return "the contract is not this network's ConsentRegistry"
    grant = GrantBook(ledger.events()).grant(code.grant_id)
    if grant is None:
        return "no such grant stands on the ledger"
    if grant.is_revoked:
        return "the grant was revoked"
    at_s = ledger.ledger.head.timestamp
    return "" if grant.is_open_at(at_s) else f"the grant is not open at block time {at_s}"
