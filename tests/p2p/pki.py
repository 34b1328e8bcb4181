"""Keys and certificates for the tests, made once."""

from cryptography.hazmat.primitives.asymmetric import ec

from node.base.keccak import keccak256
from node.base.keys import PrivateKey
from node.base.rng import TreeEntropy
from node.p2p.authority import CertificateAuthority
from node.p2p.certificates import CertificateRequest, Identity
from node.p2p.licences import CertificateStatus, Standing, Verdict

NOW_S = 1_900_000_000
DAY_S = 86_400
GOOD = Verdict(Standing.VALIDATOR, CertificateStatus.GOOD)


def tls_key(n: int) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(n, ec.SECP256R1())


def validator_key(n: int) -> PrivateKey:
    return PrivateKey.from_bytes(keccak256(f"pki tests: {n}".encode()))


def identity(n: int) -> Identity:
    return Identity(f"h{n}", validator_key(n).address, f"GOV-{n}")


def request(n: int) -> CertificateRequest:
    return CertificateRequest.made(identity(n), tls_key(100 + n), validator_key(n))


def authority(seed: int = 1, now_s: int = NOW_S, root: int = 7) -> CertificateAuthority:
    entropy = TreeEntropy(seed, "authority")
    return CertificateAuthority.founded(tls_key(root), entropy, now_s=now_s)


def issued(made: CertificateAuthority, n: int, now_s: int = NOW_S) -> bytes:
    return made.issue(request(n), GOOD, identity(n), hospital=f"Hospital {n}", now_s=now_s)
