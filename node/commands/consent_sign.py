"""``wardnet consent sign``: a Consent, signed offline; anybody can relay it."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from node.base.clock import WallClock
from node.base.errors import UsageError
from node.base.types import MICROS_PER_SECOND
from node.commands import output
from node.commands.new_files import NewFiles, naming

if TYPE_CHECKING:
    from node.base.keys import PrivateKey
    from node.base.types import Address
    from node.privacy.consent import Purpose

_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_KEY: Final = re.compile(r"(0x)?[0-9a-fA-F]{64}")
_KEY_CHARS_MAX: Final = 200


def sign(
    grantee: Annotated[
        str, typer.Argument(metavar="GRANTEE", help="A doctor's code, or 0xADDRESS:0xX25519KEY.")
    ],
    *,
    contract: Annotated[
        str, typer.Option(metavar="ADDRESS", help="ConsentRegistry, config.ward.contracts.")
    ],
    duration: Annotated[str, typer.Option("--for", metavar="TIME", help="Like 30m, 12h or 7d.")],
    nonce: Annotated[int, typer.Option(min=0, help="The patient's next one: nonces(patient).")],
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="64 hexadecimal digits: the patient's key.")
    ] = None,
    patient: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Instead of --key: unsigned, for a wallet."),
    ] = None,
    chain_id: Annotated[int, typer.Option(min=1, help="Of the network.")] = 85_437,
    pmr: Annotated[str, typer.Option(metavar="ID", help="A PMR-ID, or all.")] = "all",
    purpose: Annotated[
        str, typer.Option(help="TREAT, ETREAT, HPAYMT, HRESCH or PATRQT.")
    ] = "TREAT",
    scope: Annotated[
        str, typer.Option(metavar="NAMES", help="Sections with commas between; all: every one.")
    ] = "all",
    begin: Annotated[
        int | None, typer.Option("--from", metavar="SECONDS", help="Unix time; default: now.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="A new file.")] = None,
) -> None:
    """Sign a Consent (EIP-712) without any network, as a file that anybody can relay.

    With --patient instead of --key the file has no signature: its typedData is what a browser
    wallet signs (eth_signTypedData_v4). The key is read from a file, never from the command line.
    """
    from node.privacy.consent import Consent, Domain
    from node.privacy.consent import sign as signature_of
    from node.privacy.consent_file import consent_text
    from node.privacy.person_codes import read_address

    if (key is None) == (patient is None):
        raise UsageError("wants --key to sign with, or --patient to leave it to a wallet")
    signer = None if key is None else _key(key)
    account = signer.address if signer is not None else read_address(patient or "")
    who, reading_key = _grantee(grantee, chain_id)
    start = WallClock().now_us() // MICROS_PER_SECOND if begin is None else begin
    consent = Consent(
        pmr_id=_pmr(pmr),
        patient=account,
        grantee=who,
        purpose=_purpose(purpose),
        scope=_scope(scope),
        grantee_key=reading_key,
        valid_from_s=start,
        valid_until_s=start + _seconds(duration),
        nonce=nonce,
    )
    domain = Domain(chain_id, read_address(contract))
    signature = None if signer is None else signature_of(consent, domain, signer)
    text = consent_text(consent, domain, signature)
    if out is None:
        output.say(text.rstrip("\n"))
        return
    with NewFiles() as made:
        with naming(out):
            made.open(out).write(text.encode())
        made.publish()


def _key(path: Path) -> "PrivateKey":
    from node.base.keys import PrivateKey

    try:
        with path.open("rb") as file:
            text = file.read(_KEY_CHARS_MAX).decode("ascii", "replace").strip()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    if _KEY.fullmatch(text) is None:
        raise UsageError(f"{path}: wants 64 hexadecimal digits, the 32 bytes of a secp256k1 key")
    try:
        return PrivateKey.from_bytes(bytes.fromhex(text.removeprefix("0x")))
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from error


def _grantee(text: str, chain_id: int) -> "tuple[Address, bytes]":
    from node.privacy.person_codes import DoctorCode, read_address, read_code

    address, colon, key = text.partition(":0x")
    if text.startswith("0x") and colon:
        if re.fullmatch("[0-9a-fA-F]{64}", key) is None:
            raise UsageError(f"GRANTEE: the key {key[:16]!r} wants 64 hexadecimal digits")
        if not any(bytes.fromhex(key)):
            raise UsageError("GRANTEE: a key that is all zeros seals nothing, wants an X25519 key")
        return read_address(address), bytes.fromhex(key)
    code = read_code(text)
    if not isinstance(code, DoctorCode):
        raise UsageError("GRANTEE: wants a doctor's code, or 0xADDRESS:0xX25519KEY")
    if code.chain_id != chain_id:
        raise UsageError(f"GRANTEE: the code is of chain {code.chain_id}, --chain-id is {chain_id}")
    return code.address, code.key


def _pmr(text: str) -> int:
    from node.contracts.pmr_id import decode_pmr_id

    if text == "all":
        return 0
    if not text.isascii() or not text.isdigit():
        raise UsageError(f"--pmr: {text!r} is no PMR-ID, wants digits or all")
    decode_pmr_id(int(text))
    return int(text)


def _purpose(text: str) -> "Purpose":
    from node.privacy.consent import Purpose

    try:
        return Purpose(text)
    except ValueError as error:
        known = ", ".join(each.value for each in Purpose)
        raise UsageError(f"--purpose: {text!r} is none, choose one of {known}") from error


def _scope(text: str) -> int:
    from node.privacy.consent import ALL_SECTIONS, scope_of

    return ALL_SECTIONS if text == "all" else scope_of(text.split(","))


def _seconds(text: str) -> int:
    unit = _UNITS.get(text[-1:], 0)
    digits = text[:-1]
    if not unit or not digits.isascii() or not digits.isdigit() or not 0 < int(digits) < 10**9:
        raise UsageError(f"--for: {text!r} is no duration, wants a number and s, m, h or d")
    return int(digits) * unit
