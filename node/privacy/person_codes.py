"""What a person carries as a QR code: who they are, or where a grant stands.

    wardnet:patient/<chain id>/<Patient-ID>/<address>
    wardnet:doctor/<chain id>/<Doctor-ID>/<address>/<X25519 public key>
    ethereum:<contract>@<chain id>/grant?bytes32=<grant id>           (EIP-681)

A code says what somebody claims to be; the registries say whether it is so.  Source:
privacy-and-interop.md section 9; EIP-681; EIP-55 for addresses with capitals.
"""

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from node.base.errors import OperatorError
from node.base.keccak import keccak256
from node.base.types import Address, Hash32

FORMS: Final = (
    "wardnet:patient/CHAIN/ID/0xADDRESS, wardnet:doctor/CHAIN/ID/0xADDRESS/0xKEY "
    "or ethereum:0xCONTRACT@CHAIN/grant?bytes32=0xID"
)
_PATIENT: Final = re.compile(r"wardnet:patient/(\d{1,20})/(\d{1,20})/(0x[0-9a-fA-F]{40})")
_DOCTOR: Final = re.compile(
    r"wardnet:doctor/(\d{1,20})/(\d{1,20})/(0x[0-9a-fA-F]{40})/0x([0-9a-f]{64})"
)
_GRANT: Final = re.compile(
    r"ethereum:(0x[0-9a-fA-F]{40})@(\d{1,20})/grant\?bytes32=0x([0-9a-f]{64})"
)
_UINT64_MAX: Final = 2**64 - 1


@dataclass(eq=False)
class CodeTextError(OperatorError):
    """A text is no code of a person or a grant."""

    text: str
    what: str

    def __str__(self) -> str:
        return f"{self.text[:80]!r}: {self.what}"


@dataclass(frozen=True, slots=True)
class PatientCode:
    """A patient, to be asked for access."""

    chain_id: int
    patient_id: int
    address: Address

    def __str__(self) -> str:
        return f"wardnet:patient/{self.chain_id}/{self.patient_id}/{checksum(self.address)}"


@dataclass(frozen=True, slots=True)
class DoctorCode:
    """A doctor, to be granted access: a Consent needs no more of them."""

    chain_id: int
    doctor_id: int
    address: Address
    key: bytes
    """X25519."""

    def __str__(self) -> str:
        number = f"{self.chain_id}/{self.doctor_id}"
        return f"wardnet:doctor/{number}/{checksum(self.address)}/0x{self.key.hex()}"


@dataclass(frozen=True, slots=True)
class GrantLink:
    """A grant and the ConsentRegistry where it stands."""

    chain_id: int
    contract: Address
    grant_id: Hash32

    def __str__(self) -> str:
        where = f"{checksum(self.contract)}@{self.chain_id}"
        return f"ethereum:{where}/grant?bytes32=0x{self.grant_id.hex()}"


Code: TypeAlias = PatientCode | DoctorCode | GrantLink


def read_code(text: str) -> Code:
    """Read what a scanner has read; white space around it does not count.

    raises        CodeTextError: of no known form, a number out of range, an address whose capitals
                  are not those of EIP-55.
    """
    line = text.strip()
    if found := _PATIENT.fullmatch(line):
        chain, number, address = found.groups()
        return PatientCode(_chain(text, chain), _number(text, number), _address(text, address))
    if found := _DOCTOR.fullmatch(line):
        chain, number, address, key = found.groups()
        return DoctorCode(
            _chain(text, chain),
            _number(text, number),
            _address(text, address),
            bytes.fromhex(key),
        )
    if found := _GRANT.fullmatch(line):
        address, chain, grant_id = found.groups()
        return GrantLink(
            _chain(text, chain), _address(text, address), Hash32(bytes.fromhex(grant_id))
        )
    raise CodeTextError(text, f"is no code, wants {FORMS}")


def checksum(address: Address) -> str:
    """Give an address as people compare it: hex whose capitals are a checksum (EIP-55)."""
    plain = address.hex()
    digits = keccak256(plain.encode()).hex()
    return "0x" + "".join(
        letter.upper() if int(digit, 16) > 7 else letter
        for letter, digit in zip(plain, digits, strict=False)
    )


def read_address(text: str) -> Address:
    """Read an address: all small, all capitals, or capitals as in EIP-55.

    raises        CodeTextError.
    """
    if re.fullmatch("0x[0-9a-fA-F]{40}", text) is None:
        raise CodeTextError(text, "is no address, wants 0x and 40 hexadecimal digits")
    return _address(text, text)


def _address(text: str, word: str) -> Address:
    letters = word[2:]
    address = Address(bytes.fromhex(letters))
    is_plain = letters in (letters.lower(), letters.upper())
    if not is_plain and word != checksum(address):
        raise CodeTextError(text, "the capitals of the address are not its checksum (EIP-55)")
    return address


def _chain(text: str, digits: str) -> int:
    return _number(text, digits, "chain id")


def _number(text: str, digits: str, what: str = "number") -> int:
    number = int(digits)
    if not 0 < number <= _UINT64_MAX or digits != str(number):
        raise CodeTextError(text, f"the {what} {digits} wants 1 to 2**64-1, without leading zeros")
    return number
