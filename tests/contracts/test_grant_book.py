from dataclasses import replace

import pytest

from node.base.types import Address, Hash32
from node.contracts.consent_registry import (
    SCOPE_LATER,
    AccessRequested,
    Denied,
    Granted,
    Revoked,
)
from node.contracts.errors import AbiDataError
from node.contracts.grant_book import AccessRequest, Grant, GrantBook
from node.contracts.patient_registry import PatientKeyChanged
from tests.contracts.world import TREAT, World, account, x25519

P1, P2, D1, D2 = (account(name) for name in ("p1", "p2", "d1", "d2"))
ID = Hash32(b"\x01" * 32)


def _granted(number: int = 1, patient: Address = P1, grantee: Address = D2) -> Granted:
    return Granted(
        Hash32(bytes([number]) * 32),
        patient,
        grantee,
        0,
        TREAT,
        (SCOPE_LATER | 1).to_bytes(32),
        x25519("d2"),
        100,
        200,
        number,
    )


def _requested() -> AccessRequested:
    return AccessRequested(ID, P1, D2, 0, TREAT, (1).to_bytes(32), x25519("d2"), 100, 200)


def test_grant_is_what_its_event_says() -> None:
    book = GrantBook([_granted()])
    assert book.grant(ID) == Grant(ID, P1, D2, 0, TREAT, SCOPE_LATER | 1, x25519("d2"), 100, 200, 1)


def test_empty_book_knows_nothing() -> None:
    book = GrantBook()
    assert book.grant(ID) is None
    assert book.request(ID) is None
    assert book.given_by(P1) == book.held_by(D2) == book.requests_to(P1) == ()


@pytest.mark.parametrize(("at_s", "is_open"), [(99, False), (100, True), (199, True), (200, False)])
def test_window_is_half_open(at_s: int, is_open: bool) -> None:
    grant = GrantBook([_granted()]).grant(ID)
    assert grant is not None
    assert grant.is_open_at(at_s) is is_open


def test_revoked_grant_is_kept_and_never_open() -> None:
    grant = GrantBook([_granted(), Revoked(ID)]).grant(ID)
    assert grant is not None
    assert grant.is_revoked
    assert not grant.is_open_at(150)


def test_later_bit_is_read_from_the_scope() -> None:
    grant = GrantBook([_granted()]).grant(ID)
    assert grant is not None
    assert grant.covers_later
    assert not replace(grant, scope=1).covers_later


def test_lists_stand_in_both_directions_oldest_first() -> None:
    events = [_granted(1, P1, D2), _granted(2, P1, D1), _granted(3, P2, D2)]
    book = GrantBook(events)
    assert [grant.nonce for grant in book.given_by(P1)] == [1, 2]
    assert [grant.nonce for grant in book.held_by(D2)] == [1, 3]


def test_request_is_kept_until_denied() -> None:
    book = GrantBook([_requested()])
    expected = AccessRequest(ID, P1, D2, 0, TREAT, 1, x25519("d2"), 100, 200)
    assert book.request(ID) == expected
    book.apply(Denied(ID, P1))
    assert book.request(ID) == replace(expected, is_denied=True)
    assert book.requests_to(P1) == (replace(expected, is_denied=True),)


def test_events_of_other_contracts_change_nothing() -> None:
    book = GrantBook([_granted()])
    book.apply(PatientKeyChanged(P1, bytes(32)))
    assert len(book.given_by(P1)) == 1


@pytest.mark.parametrize("event", [Revoked(ID), Denied(ID, P1)])
def test_answer_without_its_question_is_refused(event: Revoked | Denied) -> None:
    with pytest.raises(AbiDataError, match="0101"):
        GrantBook([event])


def test_book_agrees_with_the_contract(world: World) -> None:
    consents = world.suite.consents
    book = GrantBook()
    consent = world.consent()
    granting = consents.grant(consent, world.signed(consent))
    for event in world.events(world.send(D2, consents.address, granting)):
        book.apply(event)
    grant_id = world.view(consents.grant_id_of(consent))
    grant = book.grant(grant_id)
    assert grant is not None
    assert grant.is_open_at(world.chain.time_s)
    revoking = consents.revoke(grant_id, grantee=D2, pmr_id=consent.pmr_id)
    for event in world.events(world.send(P1, consents.address, revoking)):
        book.apply(event)
    [given] = book.given_by(P1)
    assert given.is_revoked
