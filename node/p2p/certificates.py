"""Certificates of the government's authority: what a leaf binds, and how it is asked for.

A leaf binds a TLS key (P-256), a validator address and a hospital's registration id; the request
proves both keys (network.md section 5).  Pure: keys, time and randomness are passed in, and
signatures are RFC 6979, so equal input gives equal bytes.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final, Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from node.base.keccak import keccak256
from node.base.keys import recover
from node.base.ports import Signer
from node.base.types import Address, Hash32
from node.p2p.errors import CertificateError

LEAF_DAYS: Final = 90
ROOT_DAYS: Final = 3_650
_ADDRESS_URI: Final = re.compile(r"wardnet:0x([0-9a-f]{40})")
_HOSPITAL_URI: Final = re.compile(r"wardnet-hospital:([0-9A-Z./-]{1,32})")
_NODE_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_DOMAIN: Final = ".wardnet"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a leaf says about its holder."""

    node: str
    """One DNS label; the certificate's name is ``<node>.wardnet``."""
    validator: Address
    registration: str
    """The hospital's government registration id."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate as it was read."""

    identity: Identity
    serial: int
    not_before_s: int
    not_after_s: int
    tls_key: bytes
    """SubjectPublicKeyInfo, DER."""


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """A PKCS#10 request, which proves the TLS key, and the proof of the validator key."""

    csr: bytes
    """DER."""
    proof: bytes
    """65 bytes over ``request_digest``."""
    identity: Identity

    @classmethod
    def made(cls, identity: Identity, tls_key: ec.EllipticCurvePrivateKey, signer: Signer) -> Self:
        """Ask for a certificate with both keys."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, identity.node)])
        csr = (
            x509.CertificateSigningRequestBuilder()
            .subject_name(name)
            .sign(tls_key, hashes.SHA256(), ecdsa_deterministic=True)
        )
        proof = signer.sign(request_digest(spki_of(tls_key.public_key()), identity.registration))
        return cls(csr.public_bytes(Encoding.DER), proof, identity)

    def proven_key(self) -> ec.EllipticCurvePublicKey:
        """Give the TLS key, once both proofs hold.

        raises        CertificateError: no request, another curve, or a proof of neither key.
        """
        try:
            csr = x509.load_der_x509_csr(self.csr)
            key = csr.public_key()
            is_signed = csr.is_signature_valid
        except (ValueError, UnsupportedAlgorithm, InvalidSignature) as error:
            raise CertificateError("request", f"no PKCS#10 request: {error}") from error
        if not isinstance(key, ec.EllipticCurvePublicKey) or not is_p256(key):
            raise CertificateError("request", "wants a TLS key on P-256")
        if not is_signed:
            raise CertificateError("request", "the TLS key has not signed it")
        digest = request_digest(spki_of(key), self.identity.registration)
        if recover(digest, self.proof) != self.identity.validator:
            wanted = f"0x{self.identity.validator.hex()}"
            raise CertificateError("request", f"validator key {wanted} has not signed it")
        return key


def request_digest(spki: bytes, registration: str) -> Hash32:
    """Give what the validator key signs to ask for a certificate of a TLS key."""
    return keccak256(b"ward/1 csr" + sha256(spki).digest() + registration.encode())


def root_certificate(
    key: ec.EllipticCurvePrivateKey, *, name: str, now_s: int, serial: int
) -> x509.Certificate:
    """Make the authority's own certificate; it signs leaves directly."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    public = key.public_key()
    return (
        _builder(subject, subject, public, serial=serial, now_s=now_s, days=ROOT_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(is_authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    )


def leaf_certificate(
    root: x509.Certificate,
    root_key: ec.EllipticCurvePrivateKey,
    identity: Identity,
    tls_key: ec.EllipticCurvePublicKey,
    *,
    hospital: str,
    now_s: int,
    serial: int,
) -> bytes:
    """Sign a leaf; give its DER.

    raises        CertificateError: a name that no leaf can carry.
    """
    if not _NODE_NAME.fullmatch(identity.node):
        raise CertificateError("leaf", f"{identity.node!r} is no DNS label")
    if not _HOSPITAL_URI.fullmatch(f"wardnet-hospital:{identity.registration}"):
        raise CertificateError("leaf", f"{identity.registration!r} is no registration id")
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, hospital[:64] or identity.registration),
            x509.NameAttribute(NameOID.COMMON_NAME, identity.node),
        ]
    )
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName(identity.node + _DOMAIN),
            x509.UniformResourceIdentifier(f"wardnet:0x{identity.validator.hex()}"),
            x509.UniformResourceIdentifier(f"wardnet-hospital:{identity.registration}"),
        ]
    )
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate = (
        _builder(subject, root.subject, tls_key, serial=serial, now_s=now_s, days=LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(is_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(authority_key_id(root), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(tls_key), critical=False)
        .add_extension(names, critical=False)
        .sign(root_key, hashes.SHA256(), ecdsa_deterministic=True)
    )
    return certificate.public_bytes(Encoding.DER)


def read_leaf(der: bytes, root: x509.Certificate) -> Leaf:
    """Read a peer's certificate; its time and revocation are judged elsewhere.

    raises        CertificateError: no certificate, not of this authority, or of another form.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        certificate.verify_directly_issued_by(root)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        key = certificate.public_key()
    except InvalidSignature as error:
        raise CertificateError("leaf", "not signed by this authority") from error
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.ExtensionNotFound) as error:
        raise CertificateError("leaf", str(error)) from error
    if constraints.ca:
        raise CertificateError("leaf", "is an authority's certificate")
    if not isinstance(key, ec.EllipticCurvePublicKey) or not is_p256(key):
        raise CertificateError("leaf", "wants a key on P-256")
    return Leaf(
        _identity_of(names),
        certificate.serial_number,
        int(certificate.not_valid_before_utc.timestamp()),
        int(certificate.not_valid_after_utc.timestamp()),
        spki_of(key),
    )


def authority_key_id(root: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """Name the authority's key as leaves and CRLs do."""
    found = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(found.value)


def moment(seconds: int) -> datetime:
    """Give seconds since the Unix epoch as X.509 writes them."""
    return datetime.fromtimestamp(seconds, UTC)


def spki_of(key: ec.EllipticCurvePublicKey) -> bytes:
    """Give the SubjectPublicKeyInfo of a key, DER."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def is_p256(key: ec.EllipticCurvePublicKey) -> bool:
    """Say whether a key lies on P-256.

    A leaf on the validators' secp256k1 can be made, and TLS clients then silently send none.
    """
    return isinstance(key.curve, ec.SECP256R1)


def _identity_of(names: x509.SubjectAlternativeName) -> Identity:
    hosts = names.get_values_for_type(x509.DNSName)
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    validators = [found[1] for uri in uris if (found := _ADDRESS_URI.fullmatch(uri))]
    hospitals = [found[1] for uri in uris if (found := _HOSPITAL_URI.fullmatch(uri))]
    if len(names) != 3 or (len(hosts), len(validators), len(hospitals)) != (1, 1, 1):
        raise CertificateError("leaf", "wants one node, one validator and one hospital as names")
    node = hosts[0].removesuffix(_DOMAIN)
    if node == hosts[0] or not _NODE_NAME.fullmatch(node):
        raise CertificateError("leaf", f"{hosts[0]!r} is no node of wardnet")
    return Identity(node, Address(bytes.fromhex(validators[0])), hospitals[0])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    *,
    serial: int,
    now_s: int,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(moment(now_s))
        .not_valid_after(moment(now_s) + timedelta(days=days))
    )


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
