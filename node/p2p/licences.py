"""What a hospital's licence means for its node: one decision for consensus, peers and certificates.

The facts are those of a final block, so nothing here acts before finality.  A key that is in the
validator set is a validator to everybody, whatever became of its hospital: the set alone decides
when it leaves (cap, queue, minimum), and cutting it off sooner could take the quorum with it.
Source: consensus.md section 8, network.md sections 4 to 7.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final, NamedTuple

from node.base.types import Address
from node.p2p.messages import Reason


class LicenceStatus(IntEnum):
    """Where a hospital stands; the numbers are those of ``HospitalRegistry``."""

    UNKNOWN = 0
    APPLIED = 1
    VERIFIED = 2
    SUSPENDED = 3
    REVOKED = 4


class Standing(Enum):
    """What a node is to its peers."""

    VALIDATOR = "validator"
    OBSERVER = "observer"
    CLOSED = "closed"


class CertificateStatus(Enum):
    """What the authority says of a certificate; all but GOOD stand in the CRL by RFC 5280's names.

    A hold ends; every other entry is for good.
    """

    GOOD = "good"
    HOLD = "certificateHold"
    CEASED = "cessationOfOperation"
    WITHDRAWN = "privilegeWithdrawn"
    SUPERSEDED = "superseded"


class Licence(NamedTuple):
    """What the state after a final block says of one key."""

    status: LicenceStatus
    """Of the hospital behind the key."""
    is_expired: bool
    """Whether the hospital's licence has ended by the time of that block."""
    in_set: bool
    """Whether the key may seal the next block."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a licence means."""

    standing: Standing
    certificate: CertificateStatus


VALIDATOR: Final = Verdict(Standing.VALIDATOR, CertificateStatus.GOOD)
_OBSERVER = Verdict(Standing.OBSERVER, CertificateStatus.GOOD)
_HELD = Verdict(Standing.OBSERVER, CertificateStatus.HOLD)
_WITHDRAWN = Verdict(Standing.CLOSED, CertificateStatus.WITHDRAWN)
_CEASED = Verdict(Standing.CLOSED, CertificateStatus.CEASED)


def judge_licence(licence: Licence) -> Verdict:
    """Decide on standing and certificate at once, so that the two cannot disagree."""
    if licence.in_set:
        return VALIDATOR
    match licence.status:
        case LicenceStatus.VERIFIED:
            return _HELD if licence.is_expired else _OBSERVER
        case LicenceStatus.SUSPENDED:
            return _HELD
        case LicenceStatus.REVOKED:
            return _WITHDRAWN
        case LicenceStatus.UNKNOWN | LicenceStatus.APPLIED:
            return _CEASED


@dataclass(frozen=True, slots=True)
class StandingChanged:
    """A node is something else to its peers since the newest final block."""

    address: Address
    verdict: Verdict

    @property
    def close(self) -> Reason | None:
        """Why a live connection to it ends now; None: it stays."""
        return Reason.NOT_ADMITTED if self.verdict.standing is Standing.CLOSED else None


class Standings:
    """What each node is, as the newest final block has it."""

    def __init__(self) -> None:
        self._verdicts: dict[Address, Verdict] = {}

    def verdict(self, address: Address) -> Verdict | None:
        """Give the verdict on a node; None: no final block was read for it."""
        return self._verdicts.get(address)

    def update(self, licences: Mapping[Address, Licence]) -> tuple[StandingChanged, ...]:
        """Take the facts of a newer final block; give what changed, by ascending address.

        Who is in none of them any more is forgotten.
        """
        verdicts = {key: judge_licence(licences[key]) for key in sorted(licences)}
        changed = tuple(
            StandingChanged(key, verdict)
            for key, verdict in verdicts.items()
            if self._verdicts.get(key) != verdict
        )
        self._verdicts = verdicts
        return changed
