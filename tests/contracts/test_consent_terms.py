"""What a Consent may say, and what a grant then covers."""

from datetime import timedelta

import pytest

from node.base.types import ZERO_ADDRESS
from node.contracts.consent_registry import (
    SCOPE_LATER,
    SCOPE_SECTIONS,
)
from node.contracts.government_actions import (
    SUSPENDED_FOR_GOOD,
    RevokeHospital,
    SuspendDoctor,
    SuspendHospital,
)
from node.contracts.pmr_id import encode_pmr_id
from tests.contracts.consents import D1, P1, P2, is_allowed, revoke
from tests.contracts.world import (
    DAY,
    PMR_ID,
    STRANGER,
    TODAY,
    World,
    account,
    content,
)

MAX_S = 30 * DAY


# the period


def test_longest_grant_is_taken_and_one_second_more_refused(world: World) -> None:
    start = world.chain.time_s
    longer = world.consent(valid_from_s=start, valid_until_s=start + MAX_S + 1)
    assert world.grant_refused(longer).name == "ConsentPeriod"
    world.grant(world.consent(valid_from_s=start, valid_until_s=start + MAX_S))


@pytest.mark.parametrize("length", [0, -1, -DAY])
def test_window_must_not_be_empty(world: World, length: int) -> None:
    start = world.chain.time_s + 2 * DAY
    consent = world.consent(valid_from_s=start, valid_until_s=start + length)
    assert world.grant_refused(consent).name == "ConsentPeriod"


def test_window_that_is_over_is_refused(world: World) -> None:
    start = world.chain.time_s - DAY
    over = world.consent(valid_from_s=start, valid_until_s=world.chain.time_s + 5)
    assert world.grant_refused(over).name == "ConsentPeriod"
    world.grant(world.consent(valid_from_s=start, valid_until_s=world.chain.time_s + 6))


@pytest.mark.parametrize("until", [2**40, 2**63, 2**64 - 1])
def test_window_that_does_not_fit_a_word_is_refused(world: World, until: int) -> None:
    consent = world.consent(valid_from_s=until - 60, valid_until_s=until)
    assert world.grant_refused(consent).name == "ConsentPeriod"


def test_last_window_that_fits_is_kept_exactly(world: World) -> None:
    until = 2**40 - 1
    world.grant(world.consent(valid_from_s=until - 60, valid_until_s=until))
    moments = (until - 61, until - 60, until - 1, until)
    answers = [is_allowed(world, at_s=moment) for moment in moments]
    assert answers == [False, True, True, False]


def test_window_is_half_open(world: World) -> None:
    consent = world.consent()
    world.grant(consent)
    start, end = consent.valid_from_s, consent.valid_until_s
    answers = [is_allowed(world, at_s=at) for at in (start - 1, start, end - 1, end)]
    assert answers == [False, True, True, False]


# scope, key, parties


@pytest.mark.parametrize("scope", [0, SCOPE_LATER, 1 << 7, 1 << 254, SCOPE_SECTIONS | 1 << 100])
def test_scope_without_a_section_or_with_unknown_bits_is_refused(world: World, scope: int) -> None:
    consent = world.consent(scope=scope.to_bytes(32))
    assert world.grant_refused(consent).name == "ConsentScope"


@pytest.mark.parametrize("scope", [1, SCOPE_SECTIONS, SCOPE_SECTIONS | SCOPE_LATER])
def test_known_scopes_are_taken(world: World, scope: int) -> None:
    world.grant(world.consent(scope=scope.to_bytes(32)))
    assert is_allowed(world)


def test_grant_without_a_key_is_refused(world: World) -> None:
    assert world.grant_refused(world.consent(grantee_key=bytes(32))).name == "FieldMissing"


@pytest.mark.parametrize("grantee", ["stranger", "p2", "l1", "member 0", "p1"])
def test_grantee_must_be_a_doctor_or_a_hospital(world: World, grantee: str) -> None:
    consent = world.consent(grantee=account(grantee))
    assert world.grant_refused(consent).name == "GranteeNotActive"


def test_zero_grantee_is_refused(world: World) -> None:
    assert world.grant_refused(world.consent(grantee=ZERO_ADDRESS)).name == "GranteeNotActive"


def test_patient_who_is_a_doctor_is_no_grantee_of_the_own_record(world: World) -> None:
    world.send("h1", world.suite.doctors.address, world.onboarding("p1"))
    assert world.grant_refused(world.consent(grantee=P1)).name == "GranteeNotActive"


def test_suspended_doctor_is_no_grantee(world: World) -> None:
    world.enact(SuspendDoctor(2, SUSPENDED_FOR_GOOD))
    assert world.grant_refused(world.consent()).name == "GranteeNotActive"


@pytest.mark.parametrize("grantee", ["d2", "h2"])
def test_suspended_hospital_and_its_doctors_are_no_grantees(world: World, grantee: str) -> None:
    world.enact(SuspendHospital(account("h2")))
    consent = world.consent(grantee=account(grantee))
    assert world.grant_refused(consent).name == "GranteeNotActive"


def test_revoked_hospital_is_no_grantee(world: World) -> None:
    world.enact(RevokeHospital(account("h2")))
    consent = world.consent(grantee=account("h2"))
    assert world.grant_refused(consent).name == "GranteeNotActive"


def test_stranger_has_no_records_to_grant(world: World) -> None:
    consent = world.consent(patient=STRANGER, pmr_id=0)
    assert world.grant_refused(consent, "stranger").name == "PatientUnknown"


def test_nobody_grants_the_record_of_another_patient(world: World) -> None:
    consent = world.consent(patient=P2, pmr_id=PMR_ID)
    assert world.grant_refused(consent, "p2").name == "NotPatient"
    world.grant(world.consent(patient=P2, pmr_id=0), "p2")
    again = world.consent(patient=P2, pmr_id=PMR_ID)
    assert world.grant_refused(again, "p2").name == "NotPatient"


# what a grant covers


def test_grant_covers_its_grantee_and_record_only(world: World) -> None:
    world.grant()
    other = encode_pmr_id(85_437, TODAY + timedelta(days=1))
    pmr = world.suite.pmr
    world.send("d1", pmr.address, pmr.consult(other, hospital_id=1, content=content("x")))
    assert is_allowed(world)
    assert not is_allowed(world, grantee=D1)
    assert not is_allowed(world, pmr_id=other)


def test_grant_for_all_covers_each_record_of_the_patient_only(world: World) -> None:
    pmr = world.suite.pmr
    of_p2 = encode_pmr_id(85_438, TODAY)
    world.send("d1", pmr.address, pmr.consult(of_p2, hospital_id=1, content=content("x")))
    world.grant(world.consent(pmr_id=0))
    assert is_allowed(world)
    assert not is_allowed(world, pmr_id=of_p2)


@pytest.mark.parametrize(("scope", "is_covered"), [(1, False), (1 | SCOPE_LATER, True)])
def test_record_made_later_needs_the_later_bit(world: World, scope: int, is_covered: bool) -> None:
    world.grant(world.consent(pmr_id=0, scope=scope.to_bytes(32)))
    later = encode_pmr_id(85_437, TODAY + timedelta(days=1))
    pmr = world.suite.pmr
    world.send("d1", pmr.address, pmr.consult(later, hospital_id=1, content=content("x")))
    assert is_allowed(world, pmr_id=later) is is_covered
    assert is_allowed(world)


@pytest.mark.parametrize("pmr_id", [0, encode_pmr_id(85_438, TODAY), 2**255])
def test_record_that_does_not_exist_is_not_allowed(world: World, pmr_id: int) -> None:
    world.grant(world.consent(pmr_id=0))
    assert not is_allowed(world, pmr_id=pmr_id)


def test_two_grants_for_one_record_stand_side_by_side(world: World) -> None:
    now = world.chain.time_s
    world.grant(world.consent(valid_from_s=now, valid_until_s=now + 100))
    world.grant(world.consent(valid_from_s=now + 200, valid_until_s=now + 300))
    answers = [is_allowed(world, at_s=now + after) for after in (99, 100, 200, 299, 300)]
    assert answers == [True, False, True, True, False]


def test_revoking_the_first_of_two_keeps_the_second(world: World) -> None:
    now = world.chain.time_s
    first = world.grant(world.consent(valid_until_s=now + 100))
    second = world.consent(valid_until_s=now + 200)
    world.grant(second)
    revoke(world, first)
    assert is_allowed(world, at_s=now + 199)
    assert world.view(world.suite.consents.is_standing(second))


def test_revoking_the_second_of_two_keeps_the_first(world: World) -> None:
    now = world.chain.time_s
    world.grant(world.consent(valid_until_s=now + 100))
    revoke(world, world.grant(world.consent(valid_until_s=now + 200)))
    assert is_allowed(world, at_s=now + 99)
    assert not is_allowed(world, at_s=now + 100)


def test_at_most_eight_grants_for_one_record_stand(world: World) -> None:
    ids = [world.grant() for _ in range(8)]
    assert len(set(ids)) == 8
    assert world.grant_refused(world.consent()).name == "GrantLimit"
    revoke(world, ids[3])
    world.grant()
    assert world.grant_refused(world.consent()).name == "GrantLimit"


def test_place_of_an_expired_grant_is_used_again(world: World) -> None:
    for _ in range(8):
        world.grant()
    world.chain.wait(2 * DAY)
    world.grant()
    assert is_allowed(world)


def test_every_one_of_eight_grants_can_be_revoked(world: World) -> None:
    ids = [world.grant() for _ in range(8)]
    for place in (7, 0, 3, 1, 2, 6, 5):
        revoke(world, ids[place])
    assert is_allowed(world)
    revoke(world, ids[4])
    assert not is_allowed(world)


def test_place_of_a_grant_is_free_in_the_second_of_its_end(world: World) -> None:
    until = world.chain.time_s + DAY
    for _ in range(8):
        world.grant(world.consent(valid_until_s=until))
    world.chain.set_block(world.chain.number, until - 5 - 1)
    assert world.grant_refused(world.consent(valid_until_s=until + DAY)).name == "GrantLimit"
    world.chain.set_block(world.chain.number, until - 5)
    world.grant(world.consent(valid_until_s=until + DAY))


def test_record_made_in_the_second_of_the_grant_is_not_later(world: World) -> None:
    consent = world.consent(pmr_id=0)
    pmr, consents = world.suite.pmr, world.suite.consents
    granting = consents.grant(consent, world.signed(consent))
    tomorrow = encode_pmr_id(85_437, TODAY + timedelta(days=1))
    visiting = pmr.consult(tomorrow, hospital_id=1, content=content("x"))
    world.send(STRANGER, consents.address, granting)
    world.send("d1", pmr.address, visiting, block=False)
    assert is_allowed(world, pmr_id=tomorrow)
