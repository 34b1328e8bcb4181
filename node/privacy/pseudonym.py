"""Names that only a holder of the site key can link to people (privacy-and-interop.md, 3 and 8).

Everything is HMAC-SHA256 under the 32-byte site key, with a label per purpose: two purposes
cannot be joined, and nobody can try all phone numbers without the key.  Equal in all files,
processes and runs, because nothing is remembered.
"""

import hmac
from base64 import b32encode
from dataclasses import dataclass
from enum import Enum
from typing import Final

from node.privacy.errors import MissingSiteKeyError
from node.privacy.unshown import Unshown

SITE_KEY_BYTES: Final = 32
_PATIENT: Final = b"wardnet/pid/v1"
_UID: Final = b"wardnet/uid/v1"
_STANDARD_ROOT: Final = b"1.2.840.10008."


class Domain(Enum):
    """Where a pseudonym is used; the value is the label under the HMAC."""

    CHAIN = b"wardnet/chain/v1"
    RESEARCH = b"wardnet/research/v1"
    DICOM = b"wardnet/dicom/v1"
    FHIR = b"wardnet/fhir/v1"


@dataclass(frozen=True, slots=True, repr=False)
class PatientIdentity(Unshown):
    """The hospital's own number of a patient and who issued it."""

    issuer: str
    identifier: str


def check_site_key(site_key: bytes) -> None:
    """Refuse a key that is not 32 bytes.

    raises        MissingSiteKeyError
    """
    if len(site_key) != SITE_KEY_BYTES:
        raise MissingSiteKeyError(len(site_key))


def _mac(site_key: bytes, *parts: bytes) -> bytes:
    check_site_key(site_key)
    return hmac.digest(site_key, b"\0".join(parts), "sha256")


def domain_pseudonym(site_key: bytes, domain: Domain, identifier: bytes) -> str:
    """Give 26 letters and digits (130 bits): base32(HMAC(site key, domain 00 id))."""
    return b32encode(_mac(site_key, domain.value, identifier)).decode()[:26]


def patient_pseudonym(site_key: bytes, issuer: bytes, identifier: bytes) -> str:
    """Give 16 letters and digits (80 bits) for a Patient ID and its issuer.

    NULs inside the two are dropped, so that no pair can be read as another pair.
    """
    issuer, identifier = issuer.replace(b"\0", b""), identifier.replace(b"\0", b"")
    return b32encode(_mac(site_key, _PATIENT, issuer, identifier)).decode()[:16]


def replacement_uid(site_key: bytes, uid: bytes) -> bytes:
    """Give a UID below 2.25 (a version 8 UUID in decimal) of at most 44 characters.

    Empty values and the standard's own UIDs below 1.2.840.10008 stay.
    """
    uid = uid.strip(b" \0")
    if not uid or uid.startswith(_STANDARD_ROOT):
        return uid
    drawn = bytearray(_mac(site_key, _UID, uid)[:16])
    drawn[6] = drawn[6] & 0x0F | 0x80
    drawn[8] = drawn[8] & 0x3F | 0x80
    return b"2.25.%d" % int.from_bytes(drawn)
