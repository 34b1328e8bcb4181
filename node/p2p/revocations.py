"""The list of certificates that do not count any more: a CRL as it is made and as it is read.

Each list has a greater number and a greater thisUpdate than the one before: OpenSSL ignores a
second list of the same second without a word (network.md section 7).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from node.p2p.certificates import authority_key_id, moment
from node.p2p.errors import CertificateError
from node.p2p.licences import CertificateStatus

CRL_DAYS: Final = 7
CRL_AHEAD_S: Final = 60
"""How far in the future a list may have been made, by our clock."""


class Entry(NamedTuple):
    """Why a certificate does not count, and since when."""

    status: CertificateStatus
    since_s: int


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A CRL as it was read."""

    number: int
    this_update_s: int
    next_update_s: int
    entries: Mapping[int, Entry]
    """By serial number."""


def encode_crl(
    root: x509.Certificate, root_key: ec.EllipticCurvePrivateKey, wanted: RevocationList
) -> bytes:
    """Sign a list; give its DER."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root.subject)
        .last_update(moment(wanted.this_update_s))
        .next_update(moment(wanted.next_update_s))
        .add_extension(authority_key_id(root), critical=False)
        .add_extension(x509.CRLNumber(wanted.number), critical=False)
    )
    for serial in sorted(wanted.entries):
        entry = wanted.entries[serial]
        assert entry.status is not CertificateStatus.GOOD
        reason = x509.CRLReason(x509.ReasonFlags(entry.status.value))
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(serial)
            .revocation_date(moment(entry.since_s))
            .add_extension(reason, critical=False)
            .build()
        )
    crl = builder.sign(root_key, hashes.SHA256(), ecdsa_deterministic=True)
    return crl.public_bytes(Encoding.DER)


def read_crl(
    der: bytes, root: x509.Certificate, *, now_s: int, newest: RevocationList | None = None
) -> RevocationList:
    """Read a list that a peer sent, and judge whether to use it instead of ``newest``.

    raises        CertificateError: no list, not of this authority, no newer one, or of the future.
    """
    try:
        crl = x509.load_der_x509_crl(der)
        key = root.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        if crl.issuer != root.subject or not crl.is_signature_valid(key):
            raise CertificateError("crl", "not signed by this authority")
        number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        entries = {
            revoked.serial_number: Entry(
                _status_of(revoked), int(revoked.revocation_date_utc.timestamp())
            )
            for revoked in crl
        }
        next_update = crl.next_update_utc
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.ExtensionNotFound) as error:
        raise CertificateError("crl", str(error)) from error
    this_update_s = int(crl.last_update_utc.timestamp())
    if next_update is None:
        raise CertificateError("crl", "does not say when the next one comes")
    if this_update_s > now_s + CRL_AHEAD_S:
        raise CertificateError("crl", f"of {this_update_s - now_s} s in the future")
    if newest is not None and not (number > newest.number and this_update_s > newest.this_update_s):
        raise CertificateError("crl", f"number {number}, wants a newer one than {newest.number}")
    return RevocationList(number, this_update_s, int(next_update.timestamp()), entries)


def next_update_s(this_update_s: int) -> int:
    """Give until when a list of this second counts."""
    return this_update_s + int(timedelta(days=CRL_DAYS).total_seconds())


def _status_of(revoked: x509.RevokedCertificate) -> CertificateStatus:
    reason = revoked.extensions.get_extension_for_class(x509.CRLReason).value.reason
    return CertificateStatus(reason.value)
