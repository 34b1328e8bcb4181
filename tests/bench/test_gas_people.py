"""The worlds of the gas report are as large as they say."""

import pytest

from node.bench.errors import CandidateFaultError
from node.bench.gas_people import MEMBERS_MAX, VALIDATORS_MAX, lowest_key
from node.bench.gas_world import PMR_ID, account
from node.contracts.government_actions import AddMember, AdmitValidator
from tests.bench.gas_rows import vote, world


def test_clinic_has_its_people_and_one_record() -> None:
    here = world()
    suite = here.suite
    assert here.view(suite.pmr.owner_of(PMR_ID)) == account("p1")
    assert here.view(suite.doctors.is_active(account("d2")))
    assert here.view(suite.labs.hospital_of(account("l1"))) == 1


def test_full_set_has_no_place_left() -> None:
    here = world("full")
    assert len(here.view(here.suite.government.get_validators())) == VALIDATORS_MAX
    more = AdmitValidator(account("v0"), account("one more"), bytes(32), bytes(32))  # type: ignore[arg-type]
    with pytest.raises(CandidateFaultError, match="ValidatorLimit"):
        here.send(here.enact(more))


def test_crowd_has_no_place_left() -> None:
    here = world("crowd")
    members = here.view(here.suite.government.members())
    assert len(members) == MEMBERS_MAX
    here.send(here.enact(AddMember(account("n"))))
    number = here.view(here.suite.government.proposal_count())
    for place in range(2, MEMBERS_MAX // 2):
        here.send(vote(here, f"m{place}", number))
    with pytest.raises(CandidateFaultError, match="MemberLimit"):
        here.send(vote(here, f"m{MEMBERS_MAX // 2}", number))


def test_lowest_key_is_below_every_other() -> None:
    here = world("full")
    assert lowest_key() < min(here.view(here.suite.government.get_validators()))
