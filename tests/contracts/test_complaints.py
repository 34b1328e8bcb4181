"""A grant that is misused: who may complain, who finds it proven, and what ends."""

from dataclasses import replace

import pytest

from node.base.types import ZERO_ADDRESS, Hash32
from node.contracts.bindings.consent_registry import ComplaintUpheld, GrantComplaint
from node.contracts.complaints import Complaint, complaints
from node.contracts.consent_registry import Revoked
from node.contracts.errors import AbiDataError
from node.contracts.government_actions import SuspendHospital, UpholdComplaint
from tests.contracts.consents import D1, D2, P1, is_allowed, revoke
from tests.contracts.recovering import P1 as P1_ID
from tests.contracts.recovering import recovered
from tests.contracts.world import DAY, MEMBERS, PMR_ID, STRANGER, World, account

EVIDENCE = Hash32(b"\x0e" * 32)
NOTHING = Complaint(ZERO_ADDRESS, 0, 0, 0)


def _garbled(grant_id: Hash32) -> Hash32:
    """Another id with the upper half, which is all that the contract keeps."""
    return Hash32(grant_id[:16] + bytes(16))


def _data(world: World, grant_id: Hash32, **changes: object) -> bytes:
    terms = {"patient_id": P1_ID, "grantee": D2, "pmr_id": PMR_ID, "evidence": EVIDENCE}
    return world.suite.consents.complain_of_grant(grant_id, **(terms | changes))  # type: ignore[arg-type]


def _complain(world: World, grant_id: Hash32, sender: str = "h1", **changes: object) -> list:
    data = _data(world, grant_id, **changes)
    return world.events(world.send(sender, world.suite.consents.address, data))


def _refused(world: World, grant_id: Hash32, sender: str = "h1", **changes: object) -> str:
    data = _data(world, grant_id, **changes)
    return world.refused(sender, world.suite.consents.address, data).name


def _uphold(world: World, grant_id: Hash32) -> list:
    outcome = world.enact(UpholdComplaint(grant_id))
    return [one for one in world.events(outcome) if isinstance(one, Revoked | ComplaintUpheld)]


def _noted(world: World, grant_id: Hash32) -> Complaint:
    return world.view(world.suite.consents.complaint_of(grant_id))


# complaining


@pytest.mark.parametrize("sender", ["p1", "h1", "h2"])
def test_patient_or_a_hospital_complains(world: World, sender: str) -> None:
    grant_id = world.grant()
    told = _complain(world, grant_id, sender)
    assert told == [GrantComplaint(grant_id, D2, account(sender), P1_ID, PMR_ID, EVIDENCE)]
    assert _noted(world, grant_id) == Complaint(D2, P1_ID, PMR_ID, 0)


def test_complaint_alone_ends_nothing(world: World) -> None:
    _complain(world, world.grant())
    assert is_allowed(world)


@pytest.mark.parametrize("sender", ["p2", "d1", "d2", "stranger", "member 0", "l1"])
def test_nobody_else_complains(world: World, sender: str) -> None:
    grant_id = world.grant()
    assert _refused(world, grant_id, sender) == "NotParticipant"
    if sender != "p2":
        assert _refused(world, grant_id, sender, patient_id=0) == "NotParticipant"


def test_suspended_hospital_does_not_complain(world: World) -> None:
    grant_id = world.grant()
    world.enact(SuspendHospital(account("h1")))
    assert _refused(world, grant_id, "h1") == "NotParticipant"


def test_evidence_must_be_named(world: World) -> None:
    assert _refused(world, world.grant(), evidence=Hash32(bytes(32))) == "FieldMissing"


def test_who_complains_first_keeps_nobody_elses_evidence_away(world: World) -> None:
    grant_id, other = world.grant(), Hash32(b"\x0f" * 32)
    _complain(world, grant_id, "h2")
    told = _complain(world, grant_id, "p1", evidence=other)
    assert told == [GrantComplaint(grant_id, D2, P1, P1_ID, PMR_ID, other)]
    assert len(_uphold(world, grant_id)) == 2


def test_complaint_under_a_garbled_id_is_of_the_same_grant(world: World) -> None:
    grant_id = world.grant()
    told = _complain(world, _garbled(grant_id), "h2") + _complain(world, grant_id, "p1")
    assert _noted(world, grant_id) == _noted(world, _garbled(grant_id)) != NOTHING
    told += _uphold(world, _garbled(grant_id))
    assert not is_allowed(world)
    assert world.enact_refused(UpholdComplaint(grant_id)).name == "AlreadyUpheld"
    assert [one.has_ended for one in complaints(told)] == [True, True]


@pytest.mark.parametrize(
    "changes",
    [{"patient_id": P1_ID + 1}, {"grantee": D1}, {"pmr_id": 0}, {"pmr_id": PMR_ID + 1}],
)
def test_complaint_names_the_grant_as_it_stands(world: World, changes: dict[str, object]) -> None:
    assert _refused(world, world.grant(), **changes) == "GrantNotActive"


def test_grant_that_never_was_is_not_complained_of(world: World) -> None:
    assert _refused(world, Hash32(b"\x01" * 32)) == "GrantNotActive"


def test_grant_that_was_taken_back_is_not_complained_of(world: World) -> None:
    grant_id = world.grant()
    revoke(world, grant_id)
    assert _refused(world, grant_id) == "GrantNotActive"


@pytest.mark.parametrize(("off_s", "is_late"), [(-1, False), (0, True)])
def test_grant_is_complained_of_until_its_end(world: World, off_s: int, is_late: bool) -> None:
    consent = world.consent()
    grant_id = world.grant(consent)
    world.chain.set_block(world.chain.number, consent.valid_until_s + off_s)
    data = _data(world, grant_id)
    address = world.suite.consents.address
    if is_late:
        world.chain.set_block(world.chain.number, consent.valid_until_s)
        assert world.refused("h1", address, data).name == "GrantNotActive"
    else:
        world.send("h1", address, data, block=False)
        assert _noted(world, grant_id) != NOTHING


# the authority


def test_proven_complaint_ends_the_grant_with_the_vote(world: World) -> None:
    consent = world.consent()
    grant_id = world.grant(consent)
    _complain(world, grant_id)
    assert is_allowed(world)
    told = _uphold(world, grant_id)
    assert told == [Revoked(grant_id), ComplaintUpheld(grant_id, D2, ended=True)]
    assert not is_allowed(world)
    assert not world.view(world.suite.consents.is_standing(consent))
    assert _noted(world, grant_id).upheld_s == world.chain.time_s


def test_grant_for_all_records_ends_too(world: World) -> None:
    grant_id = world.grant(world.consent(pmr_id=0))
    _complain(world, grant_id, pmr_id=0)
    _uphold(world, grant_id)
    assert not is_allowed(world)


def test_grant_that_has_yet_to_begin_ends_too(world: World) -> None:
    start = world.chain.time_s + DAY
    grant_id = world.grant(world.consent(valid_from_s=start, valid_until_s=start + DAY))
    _complain(world, grant_id)
    _uphold(world, grant_id)
    assert not is_allowed(world, at_s=start)


def test_other_grants_of_the_grantee_stay(world: World) -> None:
    misused, other = world.grant(), world.grant(world.consent(pmr_id=0, nonce=1))
    _complain(world, misused)
    _uphold(world, misused)
    assert is_allowed(world)
    revoke(world, other, pmr_id=0)
    assert not is_allowed(world)


def test_grant_that_ended_meanwhile_is_not_ended_again(world: World) -> None:
    grant_id = world.grant()
    _complain(world, grant_id)
    revoke(world, grant_id)
    assert _uphold(world, grant_id) == [ComplaintUpheld(grant_id, D2, ended=False)]


def test_recovered_account_is_the_same_patient(world: World) -> None:
    """Lists are the patient's, so a complaint finds its grant after a recovery."""
    until_s = world.chain.time_s + 20 * DAY
    grant_id = world.grant(world.consent(valid_until_s=until_s))
    recovered(world)
    assert _refused(world, grant_id, "p1") == "NotParticipant"
    _complain(world, grant_id, "p1 anew")
    assert _uphold(world, grant_id)[0] == Revoked(grant_id)


@pytest.mark.parametrize("sender", ["h1", "p1", "d2", "stranger", "member 0"])
def test_only_a_majority_finds_it_proven(world: World, sender: str) -> None:
    grant_id = world.grant()
    _complain(world, grant_id)
    consents = world.suite.consents
    data = consents.uphold_complaint(grant_id)
    who = MEMBERS[0] if sender == "member 0" else sender
    assert world.refused(who, consents.address, data).name == "NotGovernment"
    assert is_allowed(world)


def test_contract_of_the_authority_finds_it_proven(world: World) -> None:
    """As its own call sends it; what it refuses, a vote that completes a majority is refused."""
    grant_id = world.grant()
    government, consents = world.suite.government.address, world.suite.consents
    data = consents.uphold_complaint(grant_id)
    assert world.refused(government, consents.address, data).name == "ComplaintUnknown"
    _complain(world, grant_id)
    told = world.events(world.send(government, consents.address, data))
    assert told == [Revoked(grant_id), ComplaintUpheld(grant_id, D2, ended=True)]
    assert world.refused(government, consents.address, data).name == "AlreadyUpheld"


def test_one_vote_of_three_is_none(world: World) -> None:
    grant_id = world.grant()
    _complain(world, grant_id)
    world.propose(UpholdComplaint(grant_id))
    assert is_allowed(world)


def test_what_nobody_complained_of_is_not_upheld(world: World) -> None:
    grant_id = world.grant()
    assert world.enact_refused(UpholdComplaint(grant_id)).name == "ComplaintUnknown"
    assert is_allowed(world)


def test_complaint_is_upheld_once(world: World) -> None:
    grant_id = world.grant()
    _complain(world, grant_id)
    _uphold(world, grant_id)
    assert world.enact_refused(UpholdComplaint(grant_id)).name == "AlreadyUpheld"


def test_patient_grants_again_after_it(world: World) -> None:
    grant_id = world.grant()
    _complain(world, grant_id)
    _uphold(world, grant_id)
    world.grant(world.consent(nonce=1))
    assert is_allowed(world)


# the list of them


def test_list_tells_what_became_of_each() -> None:
    made = GrantComplaint(Hash32(b"\x01" * 32), D2, P1, P1_ID, PMR_ID, EVIDENCE)
    other = replace(made, grant_id=Hash32(b"\x02" * 32), complainant=STRANGER)
    upheld = ComplaintUpheld(other.grant_id, D2, ended=True)
    one, two = complaints([made, other, Revoked(other.grant_id), upheld])
    assert (one.is_upheld, two.is_upheld, two.has_ended) == (False, True, True)
    assert (one.complainant, two.complainant) == (P1, STRANGER)


def test_verdict_without_a_complaint_is_no_list() -> None:
    with pytest.raises(AbiDataError, match="upheld before"):
        complaints([ComplaintUpheld(EVIDENCE, D2, ended=True)])
