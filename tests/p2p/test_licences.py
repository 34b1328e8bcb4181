from itertools import product

import pytest

from node.base.types import Address
from node.p2p.licences import (
    CertificateStatus,
    Licence,
    LicenceStatus,
    Standing,
    StandingChanged,
    Standings,
    Verdict,
    judge_licence,
)
from node.p2p.messages import Reason

A, B = Address(b"\x0a" * 20), Address(b"\x0b" * 20)
VERIFIED, SUSPENDED, REVOKED = (
    LicenceStatus.VERIFIED,
    LicenceStatus.SUSPENDED,
    LicenceStatus.REVOKED,
)
ALL = [
    Licence(status, expired, member)
    for status, expired, member in product(LicenceStatus, (False, True), (False, True))
]


@pytest.mark.parametrize(
    ("licence", "standing", "certificate"),
    [
        (Licence(VERIFIED, False, True), Standing.VALIDATOR, CertificateStatus.GOOD),
        (Licence(VERIFIED, False, False), Standing.OBSERVER, CertificateStatus.GOOD),
        (Licence(VERIFIED, True, False), Standing.OBSERVER, CertificateStatus.HOLD),
        (Licence(SUSPENDED, False, False), Standing.OBSERVER, CertificateStatus.HOLD),
        (Licence(REVOKED, False, False), Standing.CLOSED, CertificateStatus.WITHDRAWN),
        (Licence(LicenceStatus.UNKNOWN, False, False), Standing.CLOSED, CertificateStatus.CEASED),
        (Licence(LicenceStatus.APPLIED, False, False), Standing.CLOSED, CertificateStatus.CEASED),
    ],
)
def test_each_licence_has_its_verdict(
    licence: Licence, standing: Standing, certificate: CertificateStatus
) -> None:
    assert judge_licence(licence) == Verdict(standing, certificate)


@pytest.mark.parametrize("licence", ALL)
def test_a_key_in_the_set_is_a_validator_and_no_other_is(licence: Licence) -> None:
    """Whatever became of its hospital: queue and minimum decide when it leaves."""
    assert (judge_licence(licence).standing is Standing.VALIDATOR) == licence.in_set


@pytest.mark.parametrize("licence", ALL)
def test_peers_and_certificate_never_disagree(licence: Licence) -> None:
    verdict = judge_licence(licence)
    if verdict.standing is Standing.VALIDATOR:
        assert verdict.certificate is CertificateStatus.GOOD
    if verdict.standing is Standing.CLOSED:
        assert verdict.certificate not in (CertificateStatus.GOOD, CertificateStatus.HOLD)
    else:
        assert verdict.certificate in (CertificateStatus.GOOD, CertificateStatus.HOLD)


def test_only_changes_are_told_by_ascending_address() -> None:
    standings = Standings()
    assert standings.verdict(A) is None
    first = standings.update({B: Licence(VERIFIED, False, True), A: Licence(VERIFIED, False, True)})
    assert [change.address for change in first] == [A, B]
    second = standings.update(
        {A: Licence(VERIFIED, False, True), B: Licence(REVOKED, False, False)}
    )
    assert second == (StandingChanged(B, Verdict(Standing.CLOSED, CertificateStatus.WITHDRAWN)),)
    assert standings.verdict(A) == Verdict(Standing.VALIDATOR, CertificateStatus.GOOD)
    assert standings.verdict(B) == second[0].verdict


def test_a_suspended_node_stays_connected_and_a_revoked_one_does_not() -> None:
    standings = Standings()
    [held] = standings.update({A: Licence(SUSPENDED, False, False)})
    assert held.close is None
    [closed] = standings.update({A: Licence(REVOKED, False, False)})
    assert closed.close is Reason.NOT_ADMITTED


def test_who_is_in_no_final_block_is_forgotten() -> None:
    standings = Standings()
    standings.update({A: Licence(VERIFIED, False, True)})
    assert standings.update({}) == ()
    assert standings.verdict(A) is None
