"""What follows from what in a city: rates of nothing, shares of all, moves and erasures."""

import pytest

from node.sim.lives_events import EVENTS, FOLLOW_UPS
from node.sim.loader import load
from node.sim.schema.lives import FOLLOW_UPS as FOLLOW_UP_NAMES
from node.sim.schema.lives import LIFE_EVENTS

QUIET_RATES = dict.fromkeys(LIFE_EVENTS, "0/y")
QUIET_SHARES = dict.fromkeys(FOLLOW_UP_NAMES, 0)


def town(rates=None, shares=None, more="", patients=10):
    """Give the steps of a month, by action; nothing happens but what is asked for."""
    rated = ", ".join(f"{key}: {one}" for key, one in (QUIET_RATES | (rates or {})).items())
    shared = ", ".join(f"{key}: {one}" for key, one in (QUIET_SHARES | (shares or {})).items())
    text = f"""\
wardnet: 1
name: town
run: {{seed: 1, until: 32d}}
chain: {{period: 5m}}
network: {{validators: 4}}
actors: {{doctors: 8, patients: {patients}, labs: 4}}
lives: {{span: 30d, enrol: 1d, rates: {{{rated}}}, shares: {{{shared}}}{more}}}
"""
    found = {}
    for step in load(text, "town.yaml").lived:
        found.setdefault(step.do, []).append(step)
    return found


def test_every_event_of_the_language_has_its_line_in_a_table():
    assert set(EVENTS) == set(LIFE_EVENTS)
    assert set(FOLLOW_UPS) == set(FOLLOW_UP_NAMES)


def test_where_nothing_happens_people_register_and_that_is_all():
    assert set(town()) == {"onboard_doctor", "register_patient"}


def test_visits_come_at_their_rate():
    assert 60 < len(town({"visit": "10/mo"})["consult"]) < 140


def test_controls_are_for_chronic_patients_only():
    assert "consult" not in town({"control": "10/mo"}, more=", chronic: 0")
    assert town({"control": "10/mo"}, more=", chronic: 1")["consult"]


def test_a_visit_is_to_a_doctor_of_the_own_hospital():
    steps = town({"visit": "5/mo"}, more=", stranger: 1")
    homes = {f"pat-{k}": (k - 1) % 4 for k in range(1, 11)}
    for visit in steps["consult"]:
        assert (int(visit.doctor.removeprefix("doc-")) - 1) % 4 == homes[visit.patient]


def test_a_study_is_ordered_after_its_visit_and_made_of_the_ordered_modality():
    steps = town({"visit": "5/mo"}, {"lab": 1})
    orders = {one.id: one for one in steps["order_lab"]}
    assert steps["perform_lab"]
    for study in steps["perform_lab"]:
        order = orders[study.order]
        assert study.at.after == order.id
        assert order.at.after == order.pmr
        assert study.study.name.startswith("MR") == (order.modality == "MR")


def test_a_referral_is_asked_granted_read_and_at_times_taken_back():
    steps = town({"visit": "5/mo"}, {"referral": 1}, ", revoked: 1")
    assert len(steps["request_access"]) >= len(steps["grant"]) >= len(steps["read_record"])
    homes = {one.id: one.doctor for one in steps["consult"]}
    for read in steps["read_record"]:
        assert read.doctor != homes[read.pmr]
        assert read.at.after.endswith("-refers-grant")
    assert all(one.at.after.endswith("-refers") for one in steps["revoke"])
    assert "revoke" not in town({"visit": "5/mo"}, {"referral": 1}, ", revoked: 0")


@pytest.mark.parametrize(
    ("share", "action"), [("second_opinion", "second_opinion"), ("refusal", "deny")]
)
def test_second_opinions_and_refusals_follow_a_request(share, action):
    steps = town({"visit": "5/mo"}, {share: 1})
    assert steps[action]
    assert steps["request_access"]


def test_who_moves_is_seen_elsewhere_from_then_on():
    steps = town({"visit": "8/mo", "move": "4/mo"})
    seen = {}
    for visit in steps["consult"]:
        hospital = (int(visit.doctor.removeprefix("doc-")) - 1) % 4
        seen.setdefault(visit.patient, set()).add(hospital)
    assert max(map(len, seen.values())) > 1
    assert all("-move-" in one.id for one in steps["read_record"])


def test_a_record_is_read_or_rotated_only_when_its_visit_is_over():
    steps = town({"visit": "5/mo", "own_read": "5/mo", "rotation": "2/mo"})
    begun = {one.id: one.at.delay_us for one in steps["consult"]}
    for one in (*steps["read_own"], *steps["rotate_key"]):
        assert begun[one.record] + 3_600_000_000 <= one.at.delay_us


def test_a_record_is_erased_once_and_long_after_its_visit():
    steps = town({"visit": "5/mo", "erasure": "4/mo", "own_read": "5/mo"})
    begun = {one.id: one.at.delay_us for one in steps["consult"]}
    erased = {one.pmr: one.at.delay_us for one in steps["erase"]}
    assert len(erased) == len(steps["erase"]) > 0
    assert all(at - begun[pmr] >= 14 * 86_400_000_000 for pmr, at in erased.items())
    for read in steps["read_own"]:
        assert read.at.delay_us < erased.get(read.record, 2**62)
