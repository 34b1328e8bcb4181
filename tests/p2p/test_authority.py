"""The authority's own rules, and OpenSSL as the judge of what it makes."""

import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from node.base.clock import WallClock
from node.p2p.authority import CertificateAuthority
from node.p2p.certificates import read_leaf
from node.p2p.errors import CertificateError
from node.p2p.licences import CertificateStatus, Standing, StandingChanged, Verdict
from node.p2p.revocations import read_crl
from tests.p2p.pki import (
    DAY_S,
    GOOD,
    NOW_S,
    authority,
    identity,
    issued,
    request,
    tls_key,
)

HELD = Verdict(Standing.OBSERVER, CertificateStatus.HOLD)
OBSERVER = Verdict(Standing.OBSERVER, CertificateStatus.GOOD)
REVOKED = Verdict(Standing.CLOSED, CertificateStatus.WITHDRAWN)


def _follow(made: CertificateAuthority, n: int, verdict: Verdict, now_s: int = NOW_S) -> bool:
    return made.follow(StandingChanged(identity(n).validator, verdict), now_s=now_s)


def _entries(made: CertificateAuthority, now_s: int = NOW_S) -> dict[int, CertificateStatus]:
    found = read_crl(made.crl(now_s=now_s), made.root, now_s=now_s + DAY_S)
    return {serial: entry.status for serial, entry in found.entries.items()}


def _serial(made: CertificateAuthority, der: bytes) -> int:
    return read_leaf(der, made.root).serial


def test_every_leaf_has_a_serial_of_its_own() -> None:
    made = authority()
    serials = {_serial(made, issued(made, n)) for n in range(1, 6)}
    assert len(serials) == 5
    assert {one.serial for one in made.issued} == serials


@pytest.mark.parametrize("verdict", [None, HELD, REVOKED])
def test_who_is_not_admitted_gets_no_leaf(verdict: Verdict | None) -> None:
    with pytest.raises(CertificateError, match="request"):
        authority().issue(request(1), verdict, identity(1), hospital="H", now_s=NOW_S)


def test_an_admitted_candidate_gets_a_leaf() -> None:
    authority().issue(request(1), OBSERVER, identity(1), hospital="H", now_s=NOW_S)


@pytest.mark.parametrize(
    "registered",
    [identity(2), replace(identity(1), registration="GOV-2")],
)
def test_the_registry_says_who_asks(registered) -> None:
    with pytest.raises(CertificateError, match="another key or hospital"):
        authority().issue(request(1), GOOD, registered, hospital="H", now_s=NOW_S)


def test_the_nodes_name_is_its_own_to_choose() -> None:
    registered = replace(identity(1), node="")
    der = authority().issue(request(1), GOOD, registered, hospital="H", now_s=NOW_S)
    assert read_leaf(der, authority().root).identity.node == "h1"


def test_a_hold_ends_and_a_revocation_does_not() -> None:
    made = authority()
    serial = _serial(made, issued(made, 1))
    assert _entries(made) == {}
    assert _follow(made, 1, HELD)
    assert _entries(made) == {serial: CertificateStatus.HOLD}
    assert _follow(made, 1, OBSERVER)
    assert _entries(made) == {}
    assert _follow(made, 1, REVOKED)
    assert not _follow(made, 1, GOOD)
    assert not _follow(made, 1, HELD)
    assert _entries(made) == {serial: CertificateStatus.WITHDRAWN}


def test_all_leaves_of_a_key_follow_its_verdict_and_no_others() -> None:
    made = authority()
    serials = {_serial(made, issued(made, 1)), _serial(made, issued(made, 1))}
    issued(made, 2)
    _follow(made, 1, REVOKED)
    assert set(_entries(made)) == serials


def test_the_same_verdict_twice_needs_no_list() -> None:
    made = authority()
    issued(made, 1)
    assert not _follow(made, 1, GOOD)
    assert _follow(made, 1, HELD)
    assert not _follow(made, 1, HELD)


def test_the_leaf_of_a_rotated_key_is_superseded() -> None:
    made = authority()
    serial = _serial(made, issued(made, 1))
    assert made.supersede(identity(1).validator, now_s=NOW_S)
    assert _entries(made) == {serial: CertificateStatus.SUPERSEDED}


def test_lists_of_one_second_differ_in_number_and_time() -> None:
    made = authority()
    one = read_crl(made.crl(now_s=NOW_S), made.root, now_s=NOW_S)
    two = read_crl(made.crl(now_s=NOW_S), made.root, now_s=NOW_S, newest=one)
    assert (two.number, two.this_update_s) == (one.number + 1, one.this_update_s + 1)


def test_an_expired_leaf_leaves_the_list() -> None:
    made = authority()
    serial = _serial(made, issued(made, 1))
    _follow(made, 1, REVOKED)
    assert set(_entries(made, NOW_S + 90 * DAY_S)) == {serial}
    assert _entries(made, NOW_S + 90 * DAY_S + 1) == {}


# OpenSSL: handshakes without sockets


def _context(
    side: int, folder: Path, made: CertificateAuthority, crl: bytes, *, n: int, der: bytes
):
    context = ssl.SSLContext(side)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = side == ssl.PROTOCOL_TLS_CLIENT
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF | ssl.VERIFY_X509_STRICT
    files = {
        "root.pem": made.root.public_bytes(Encoding.PEM),
        "crl.pem": x509.load_der_x509_crl(crl).public_bytes(Encoding.PEM),
        "leaf.pem": x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM),
        "key.pem": tls_key(100 + n).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    context.load_verify_locations(folder / "root.pem")
    context.load_verify_locations(folder / "crl.pem")
    context.load_cert_chain(folder / "leaf.pem", folder / "key.pem")
    return context


def _handshake(folder: Path, made: CertificateAuthority, crl: bytes, leaves: list[bytes]) -> None:
    """Let node 1 dial node 2; raises what OpenSSL raises on either end."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = _context(ssl.PROTOCOL_TLS_CLIENT, folder, made, crl, n=1, der=leaves[0])
    server = _context(ssl.PROTOCOL_TLS_SERVER, folder, made, crl, n=2, der=leaves[1])
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname="h2.wardnet"),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert all(end.version() == "TLSv1.3" for end in ends)


def test_openssl_takes_leaves_and_lists_and_refuses_who_is_on_hold(tmp_path: Path) -> None:
    now_s = WallClock().now_us() // 1_000_000 - 10
    made = authority(now_s=now_s - DAY_S)
    leaves = [issued(made, n, now_s) for n in (1, 2)]
    _handshake(tmp_path, made, made.crl(now_s=now_s), leaves)
    _follow(made, 1, HELD, now_s)
    with pytest.raises(ssl.SSLCertVerificationError, match="revoked"):
        _handshake(tmp_path, made, made.crl(now_s=now_s), leaves)
    _follow(made, 1, GOOD, now_s)
    _handshake(tmp_path, made, made.crl(now_s=now_s), leaves)
    _follow(made, 2, REVOKED, now_s)
    with pytest.raises(ssl.SSLCertVerificationError, match="revoked"):
        _handshake(tmp_path, made, made.crl(now_s=now_s), leaves)
