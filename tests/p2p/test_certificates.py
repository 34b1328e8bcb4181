from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from node.base.keccak import keccak256
from node.p2p.certificates import (
    CertificateRequest,
    Identity,
    leaf_certificate,
    moment,
    read_leaf,
    request_digest,
    spki_of,
)
from node.p2p.errors import CertificateError
from tests.p2p.pki import (
    DAY_S,
    NOW_S,
    authority,
    identity,
    issued,
    request,
    tls_key,
    validator_key,
)

CA = authority()
LEAF = issued(CA, 1)


def _extension(kind):
    return x509.load_der_x509_certificate(LEAF).extensions.get_extension_for_class(kind)


def test_a_leaf_binds_node_validator_hospital_and_tls_key() -> None:
    leaf = read_leaf(LEAF, CA.root)
    assert leaf.identity == identity(1)
    assert leaf.tls_key == spki_of(tls_key(101).public_key())
    assert (leaf.not_before_s, leaf.not_after_s) == (NOW_S, NOW_S + 90 * DAY_S)


def test_a_leaf_has_the_names_of_the_specification_and_no_others() -> None:
    names = _extension(x509.SubjectAlternativeName).value
    address = validator_key(1).address.hex()
    assert [name.value for name in names] == [
        "h1.wardnet",
        f"wardnet:0x{address}",
        "wardnet-hospital:GOV-1",
    ]


def test_a_leaf_serves_tls_on_both_ends_and_signs_no_certificate() -> None:
    basic, usage = _extension(x509.BasicConstraints), _extension(x509.KeyUsage)
    assert (basic.critical, basic.value.ca) == (True, False)
    assert (usage.critical, usage.value.digital_signature) == (True, True)
    assert not usage.value.key_cert_sign
    assert set(_extension(x509.ExtendedKeyUsage).value) == {
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.CLIENT_AUTH,
    }
    serial = x509.load_der_x509_certificate(LEAF).serial_number
    assert 0 < serial < 2**127


def test_the_root_signs_leaves_and_lists_directly() -> None:
    basic = CA.root.extensions.get_extension_for_class(x509.BasicConstraints)
    usage = CA.root.extensions.get_extension_for_class(x509.KeyUsage)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)
    assert usage.critical
    assert (usage.value.key_cert_sign, usage.value.crl_sign) == (True, True)
    assert CA.root.not_valid_after_utc == moment(NOW_S + 3_650 * DAY_S)


def test_equal_input_gives_equal_bytes() -> None:
    assert issued(authority(), 1) == LEAF
    assert issued(authority(seed=2), 1) != LEAF
    assert request(1) == request(1)


# requests


def test_the_proof_covers_tls_key_and_registration() -> None:
    asked = request(1)
    assert asked.proven_key().public_numbers() == tls_key(101).public_key().public_numbers()
    spki = spki_of(tls_key(101).public_key())
    assert request_digest(spki, "GOV-1") != request_digest(spki, "GOV-2")
    assert request_digest(spki, "GOV-1") != request_digest(spki + b"1", "GOV-1")


def _csr(key, curve_signs=None) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def _broken_signature(csr: bytes) -> bytes:
    return csr[:-1] + bytes([csr[-1] ^ 1])


BAD = {
    "another validator": (
        lambda asked: replace(asked, identity=replace(asked.identity, validator=bytes(20))),
        "validator key",
    ),
    "another hospital": (
        lambda asked: replace(asked, identity=replace(asked.identity, registration="GOV-2")),
        "validator key",
    ),
    "no proof": (lambda asked: replace(asked, proof=b""), "validator key"),
    "no request": (lambda asked: replace(asked, csr=b"\x30"), "PKCS#10"),
    "broken": (lambda asked: replace(asked, csr=_broken_signature(asked.csr)), "TLS key"),
    "another TLS key": (lambda asked: replace(asked, csr=_csr(tls_key(9))), "validator key"),
    "the validators' curve": (
        lambda asked: replace(asked, csr=_csr(ec.derive_private_key(5, ec.SECP256K1()))),
        "P-256",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_request_without_both_proofs_is_refused(case: str) -> None:
    change, words = BAD[case]
    with pytest.raises(CertificateError, match=words):
        change(request(1)).proven_key()


# reading what a peer shows


def test_a_leaf_of_another_authority_of_the_same_name_is_refused() -> None:
    other = authority(root=8)
    assert other.root.subject == CA.root.subject
    with pytest.raises(CertificateError, match="authority"):
        read_leaf(issued(other, 1), CA.root)


def test_the_root_is_no_leaf() -> None:
    with pytest.raises(CertificateError):
        read_leaf(CA.root.public_bytes(Encoding.DER), CA.root)


@pytest.mark.parametrize("der", [b"", b"\x30\x00", LEAF[:-1], LEAF + b"\x00"])
def test_what_is_no_certificate_is_refused(der: bytes) -> None:
    with pytest.raises(CertificateError, match="leaf"):
        read_leaf(der, CA.root)


def _leaf(names, key=None) -> bytes:
    """Sign a leaf with other names, as an authority that errs would."""
    key = key or tls_key(5).public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(CA.root.subject)
        .issuer_name(CA.root.subject)
        .public_key(key)
        .serial_number(5)
        .not_valid_before(moment(NOW_S))
        .not_valid_after(moment(NOW_S + 1))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(tls_key(7), hashes.SHA256())
        .public_bytes(Encoding.DER)
    )


HOST = x509.DNSName("h1.wardnet")
WHO = x509.UniformResourceIdentifier("wardnet:0x" + "ab" * 20)
WHERE = x509.UniformResourceIdentifier("wardnet-hospital:GOV-1")


def test_the_three_names_make_an_identity() -> None:
    leaf = read_leaf(_leaf([HOST, WHO, WHERE]), CA.root)
    assert leaf.identity == Identity("h1", b"\xab" * 20, "GOV-1")


@pytest.mark.parametrize(
    "names",
    [
        [HOST, WHO],
        [HOST, WHERE],
        [WHO, WHERE],
        [HOST, WHO, WHO, WHERE],
        [HOST, HOST, WHO, WHERE],
        [x509.DNSName("h1.example"), WHO, WHERE],
        [x509.DNSName(".wardnet"), WHO, WHERE],
        [HOST, x509.UniformResourceIdentifier("wardnet:0x" + "AB" * 20), WHERE],
        [HOST, x509.UniformResourceIdentifier("wardnet:0x" + "ab" * 19), WHERE],
        [HOST, WHO, x509.UniformResourceIdentifier("wardnet-hospital:")],
    ],
)
def test_other_names_make_no_identity(names) -> None:
    with pytest.raises(CertificateError, match="leaf"):
        read_leaf(_leaf(names), CA.root)


def test_a_leaf_on_the_validators_curve_is_refused() -> None:
    key = ec.derive_private_key(5, ec.SECP256K1()).public_key()
    with pytest.raises(CertificateError, match="P-256"):
        read_leaf(_leaf([HOST, WHO, WHERE], key), CA.root)


@pytest.mark.parametrize(
    ("node", "registration"), [("", "GOV-1"), ("a.b", "GOV-1"), ("h1", ""), ("h1", "x" * 33)]
)
def test_names_that_no_leaf_can_carry_are_refused(node: str, registration: str) -> None:
    wrong = replace(identity(1), node=node, registration=registration)
    with pytest.raises(CertificateError, match="leaf"):
        leaf_certificate(
            CA.root,
            tls_key(7),
            wrong,
            tls_key(5).public_key(),
            hospital="H",
            now_s=NOW_S,
            serial=1,
        )


def test_a_request_names_its_makers_key() -> None:
    made = CertificateRequest.made(identity(3), tls_key(103), validator_key(3))
    digest = request_digest(spki_of(tls_key(103).public_key()), "GOV-3")
    assert made.proof == validator_key(3).sign(digest)
    assert len(keccak256(made.csr)) == 32
