"""A Consent as a file: EIP-712 typed data as wallets take it, and the signature once it is there.

    {"typedData": {types, primaryType, domain, message}, "grantId": "0x..", "signature": "0x.."}

``typedData`` is the argument of ``eth_signTypedData_v4``; whoever holds the file can relay it, and
nobody can change a field of it.  Source: EIP-712; privacy-and-interop.md section 9.
"""

import json
from dataclasses import dataclass
from typing import Any, Final, cast

from node.base.errors import OperatorError
from node.base.keys import recover
from node.base.types import Address, Hash32
from node.privacy.consent import Consent, Domain, Purpose, grant_id_of
from node.privacy.person_codes import CodeTextError, checksum, read_address
from node.privacy.release_errors import ConsentFieldError
from node.privacy.wallet_consents import SignedConsent

_FIELDS: Final = (
    ("pmrId", "uint256"),
    ("patient", "address"),
    ("grantee", "address"),
    ("purpose", "bytes32"),
    ("scope", "bytes32"),
    ("granteeKey", "bytes32"),
    ("validFrom", "uint64"),
    ("validUntil", "uint64"),
    ("nonce", "uint256"),
)
_BRACKETS_COUNT_MAX: Final = 64
"""A Consent has 20.  Deep nesting overflows the stack of the JSON reader, whatever Python's own
limit, which py-evm raises for the whole process."""
_DOMAIN: Final = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)


@dataclass(eq=False)
class ConsentFileError(OperatorError):
    """A text is no Consent, or its signature is not the patient's."""

    path: str
    """Where in the text."""
    what: str

    def __str__(self) -> str:
        return f"consent: {self.path}: {self.what}"


def typed_data(consent: Consent, domain: Domain) -> dict[str, Any]:
    """Give a Consent as the argument of ``eth_signTypedData_v4``; large numbers are texts."""
    return {
        "types": {
            "EIP712Domain": [{"name": name, "type": kind} for name, kind in _DOMAIN],
            "Consent": [{"name": name, "type": kind} for name, kind in _FIELDS],
        },
        "primaryType": "Consent",
        "domain": {
            "name": "wardnet",
            "version": "1",
            "chainId": domain.chain_id,
            "verifyingContract": checksum(domain.verifying_contract),
        },
        "message": {
            "pmrId": str(consent.pmr_id),
            "patient": checksum(consent.patient),
            "grantee": checksum(consent.grantee),
            "purpose": f"0x{consent.purpose.encode().hex()}",
            "scope": f"0x{consent.scope:064x}",
            "granteeKey": f"0x{consent.grantee_key.hex()}",
            "validFrom": consent.valid_from_s,
            "validUntil": consent.valid_until_s,
            "nonce": str(consent.nonce),
        },
    }


def consent_text(consent: Consent, domain: Domain, signature: bytes | None = None) -> str:
    """Give the text of the file; ``signature`` None: it is still to be signed."""
    content: dict[str, Any] = {
        "typedData": typed_data(consent, domain),
        "grantId": f"0x{grant_id_of(consent, domain).hex()}",
    }
    if signature is not None:
        content["signature"] = f"0x{signature[:64].hex()}{signature[64] % 27 + 27:02x}"
    return json.dumps(content, indent=1) + "\n"


def read_consent(text: str) -> tuple[Consent, Domain]:
    """Read the Consent of a file, signed or not.

    raises        ConsentFileError.
    """
    return _read(text)[:2]


def read_signed(text: str) -> tuple[SignedConsent, Domain]:
    """Read a signed Consent; the signature is checked.

    raises        ConsentFileError: also when nobody or somebody else has signed.
    """
    consent, domain, content = _read(text)
    grant_id = grant_id_of(consent, domain)
    signature = _bytes(content, "signature", 65)
    v = signature[64]
    normal = signature[:64] + bytes((v - 27 if v >= 27 else v,))
    signer = recover(grant_id, normal)
    if signer != consent.patient:
        whose = "of nobody" if signer is None else f"of {checksum(signer)}"
        raise ConsentFileError("signature", f"is {whose}, wants {checksum(consent.patient)}")
    return SignedConsent(consent, grant_id, normal), domain


def _read(text: str) -> tuple[Consent, Domain, dict[str, Any]]:
    if text.count("[") + text.count("{") > _BRACKETS_COUNT_MAX:
        raise ConsentFileError("text", "has more brackets than a Consent needs")
    try:
        content: Any = json.loads(text)
    except ValueError as error:
        raise ConsentFileError("text", f"is no JSON: {error}") from error
    outer = _object(content, "text")
    data = _object(outer.get("typedData"), "typedData")
    if data.get("primaryType") != "Consent":
        raise ConsentFileError("typedData.primaryType", "wants Consent")
    domain = _domain(_object(data.get("domain"), "typedData.domain"))
    message = _object(data.get("message"), "typedData.message")
    consent = _consent(message)
    try:
        wanted = typed_data(consent, domain)["types"]
        grant_id = grant_id_of(consent, domain)
    except ConsentFieldError as error:
        raise ConsentFileError("typedData.message", str(error)) from error
    if data.get("types") != wanted:
        raise ConsentFileError("typedData.types", "are not those of a Consent: the order is law")
    if "grantId" in outer and _bytes(outer, "grantId", 32) != grant_id:
        raise ConsentFileError("grantId", f"is not that of the message, 0x{grant_id.hex()}")
    return consent, domain, outer


def _domain(found: dict[str, Any]) -> Domain:
    if (found.get("name"), found.get("version")) != ("wardnet", "1"):
        raise ConsentFileError("typedData.domain", "wants name wardnet, version 1")
    return Domain(
        _number(found, "chainId", "typedData.domain"),
        _account(found, "verifyingContract", "typedData.domain"),
    )


def _consent(found: dict[str, Any]) -> Consent:
    where = "typedData.message"
    try:
        purpose = Purpose.decode(_bytes(found, "purpose", 32, where))
    except ConsentFieldError as error:
        raise ConsentFileError(f"{where}.purpose", str(error)) from error
    return Consent(
        pmr_id=_number(found, "pmrId", where),
        patient=_account(found, "patient", where),
        grantee=_account(found, "grantee", where),
        purpose=purpose,
        scope=int.from_bytes(_bytes(found, "scope", 32, where)),
        grantee_key=_bytes(found, "granteeKey", 32, where),
        valid_from_s=_number(found, "validFrom", where),
        valid_until_s=_number(found, "validUntil", where),
        nonce=_number(found, "nonce", where),
    )


def _object(value: Any, where: str) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    if not isinstance(value, dict):
        raise ConsentFileError(where, "wants an object")
    return cast("dict[str, Any]", value)


def _number(found: dict[str, Any], key: str, where: str) -> int:
    value = found.get(key)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 78:
        return int(value)
    if type(value) is not int or value < 0:
        raise ConsentFileError(f"{where}.{key}", "wants a whole number")
    return value


def _account(found: dict[str, Any], key: str, where: str) -> Address:
    value = found.get(key)
    try:
        return read_address(value if isinstance(value, str) else "")
    except CodeTextError as error:
        raise ConsentFileError(f"{where}.{key}", error.what) from error


def _bytes(found: dict[str, Any], key: str, count: int, where: str = "") -> bytes:
    value = found.get(key)
    path = f"{where}.{key}" if where else key
    try:
        data = bytes.fromhex(value[2:]) if isinstance(value, str) and value[:2] == "0x" else b""
    except ValueError:
        data = b""
    if len(data) != count:
        raise ConsentFileError(path, f"wants 0x and {2 * count} hexadecimal digits")
    return Hash32(data)
