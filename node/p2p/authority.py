"""The government's certificate authority: which leaves it gave out, and what became of them.

Pure state: nothing is written to disk here, and a certificate's status follows from the registry
by ``licences.judge_licence``, never from the authority's own view (network.md section 5).
"""

from dataclasses import dataclass, replace
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from node.base.ports import Entropy
from node.base.types import Address
from node.p2p.certificates import (
    CertificateRequest,
    Identity,
    leaf_certificate,
    read_leaf,
    root_certificate,
)
from node.p2p.errors import CertificateError
from node.p2p.licences import CertificateStatus, Standing, StandingChanged, Verdict
from node.p2p.revocations import Entry, RevocationList, encode_crl, next_update_s

ROOT_NAME: Final = "wardnet government CA"
_SERIAL_BYTES: Final = 16
_MAY_CHANGE: Final = (CertificateStatus.GOOD, CertificateStatus.HOLD)


@dataclass(frozen=True, slots=True)
class Issued:
    """A leaf that was given out."""

    serial: int
    identity: Identity
    not_after_s: int
    status: CertificateStatus = CertificateStatus.GOOD
    since_s: int = 0
    """When it got its status, by the authority's clock."""


class CertificateAuthority:
    """Issues leaves and lists what does not count any more."""

    def __init__(
        self, root: x509.Certificate, root_key: ec.EllipticCurvePrivateKey, entropy: Entropy
    ) -> None:
        self.root = root
        self._root_key = root_key
        self._entropy = entropy
        self._issued: dict[int, Issued] = {}
        self._crl_number = 0
        self._this_update_s = 0

    @classmethod
    def founded(cls, root_key: ec.EllipticCurvePrivateKey, entropy: Entropy, *, now_s: int) -> Self:
        """Begin with a self-signed certificate of ``root_key``, a key on P-256."""
        serial = _serial(entropy)
        root = root_certificate(root_key, name=ROOT_NAME, now_s=now_s, serial=serial)
        return cls(root, root_key, entropy)

    @property
    def issued(self) -> tuple[Issued, ...]:
        """All leaves, in the order of their making."""
        return tuple(self._issued.values())

    def issue(
        self,
        request: CertificateRequest,
        verdict: Verdict | None,
        registered: Identity,
        *,
        hospital: str,
        now_s: int,
    ) -> bytes:
        """Give a leaf to a node whose both keys asked for it; DER.

        ``verdict``     on its validator key, by the newest final block; None: never read.
        ``registered``  who the registry says it is; ``node`` is the node's own to choose.
        raises        CertificateError: not admitted, another one's key or hospital, a bad request.
        """
        if verdict is None or verdict.standing is Standing.CLOSED:
            raise CertificateError("request", "the registry admits no such node")
        if verdict.certificate is not CertificateStatus.GOOD:
            raise CertificateError("request", f"is on {verdict.certificate.value}")
        asked = request.identity
        if asked != replace(registered, node=asked.node):
            raise CertificateError("request", "the registry has another key or hospital")
        key = request.proven_key()
        serial = _serial(self._entropy)
        while serial in self._issued:
            serial = _serial(self._entropy)
        der = leaf_certificate(
            self.root,
            self._root_key,
            asked,
            key,
            hospital=hospital,
            now_s=now_s,
            serial=serial,
        )
        leaf = read_leaf(der, self.root)
        self._issued[serial] = Issued(serial, asked, leaf.not_after_s, since_s=now_s)
        return der

    def follow(self, change: StandingChanged, *, now_s: int) -> bool:
        """Give a node's leaves the status of its verdict; say whether a new list is due."""
        return self._set(change.address, change.verdict.certificate, now_s)

    def supersede(self, address: Address, *, now_s: int) -> bool:
        """End the leaves of a key that rotated; say whether a new list is due."""
        return self._set(address, CertificateStatus.SUPERSEDED, now_s)

    def crl(self, *, now_s: int) -> bytes:
        """Make the next list, DER: at least a second newer than the one before.

        Leaves that have expired are left out: they count nowhere anyway.
        """
        self._crl_number += 1
        self._this_update_s = max(now_s, self._this_update_s + 1)
        entries = {
            one.serial: Entry(one.status, one.since_s)
            for one in self._issued.values()
            if one.status is not CertificateStatus.GOOD and one.not_after_s >= now_s
        }
        at = self._this_update_s
        wanted = RevocationList(self._crl_number, at, next_update_s(at), entries)
        return encode_crl(self.root, self._root_key, wanted)

    def _set(self, address: Address, status: CertificateStatus, now_s: int) -> bool:
        """What was revoked stays so: a registry that goes back needs a new leaf."""
        changed = False
        for serial, one in self._issued.items():
            if one.identity.validator != address or one.status is status:
                continue
            if one.status in _MAY_CHANGE:
                self._issued[serial] = replace(one, status=status, since_s=now_s)
                changed = True
        return changed


def _serial(entropy: Entropy) -> int:
    """Draw 127 bits, the last one set: X.509 wants a number above zero."""
    return (int.from_bytes(entropy.take(_SERIAL_BYTES)) >> 1) | 1
