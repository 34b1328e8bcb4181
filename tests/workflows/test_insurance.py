from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from node.base.types import Hash32
from node.contracts.insurance_registry import ClaimStatus, PolicyStatus
from node.contracts.pmr_token import EntryKind
from node.privacy.consent import Purpose
from node.privacy.record import ClaimDetails, PmrEntry
from node.sim.flow_driver import Ended
from node.workflows import insurance
from node.workflows.access import direct_request, grant
from node.workflows.consult import Visit
from node.workflows.errors import (
    ClaimDiffersError,
    ClaimUnreadError,
    CommitmentError,
    NoGrantError,
)
from node.workflows.insurance import (
    ClaimMade,
    Policy,
    bind_policy,
    claim_insurance,
    decide_claim,
    number_body,
)
from node.workflows.read_record import read_record
from tests.workflows.stage import Stage

AMOUNT = 125_000
LATER = ("diagnosis", "treatment_summary", "insurance", "later")


@pytest.fixture(scope="module")
def stage() -> Stage:
    stage = Stage().onboard("d0", "d1").register("p0", "p1", "p2", "p3", "p4")
    stage.people = iter(("p0", "p2", "p3", "p4"))
    return stage


def binding(stage: Stage, patient: str, insurer: str = "i0", kinds=None):
    who = stage.insurer(insurer), stage.patient(patient)
    return bind_policy(stage.ward, *who, seconds=3_600, kinds=kinds, entropy=stage.entropy())


def lending(stage: Stage, visit: Visit, sections=LATER, seconds: int = 600):
    request = direct_request(
        stage.insurer("i0"),
        visit.patient,
        visit.pmr_id,
        purpose=Purpose.PAYMENT,
        sections=sections,
    )
    return grant(stage.ward, request, seconds=seconds, entropy=stage.entropy())


def claiming(stage: Stage, policy: Policy, visit: Visit, *, hospital: str | None = "h0", **given):
    claimant = visit.patient if hospital is None else stage.hospital(hospital)
    entries = given.get("entries", (visit.entry_index,))
    return claim_insurance(
        stage.ward,
        policy,
        visit.pmr_id,
        entries,
        amount=AMOUNT,
        note="ECG",
        claimant=claimant,
        entropy=stage.entropy(),
    )


def deciding(stage: Stage, claim: ClaimMade, approved: int | None = None, reason: str = ""):
    return decide_claim(
        stage.ward, claim, approved=approved, reason=reason, entropy=stage.entropy()
    )


def standing(stage: Stage, claim: ClaimMade):
    return stage.view(stage.contracts.insurance.claim(claim.claim_id), "h2")


@pytest.fixture(scope="module")
def policy(stage: Stage) -> Policy:
    return stage.do(binding(stage, "p0"))


@pytest.fixture(scope="module")
def visit(stage: Stage, policy: Policy) -> Visit:
    """A visit of after the policy, that the insurer may read."""
    visit = stage.visit()
    stage.do(lending(stage, visit))
    return visit


@pytest.fixture(scope="module")
def claim(stage: Stage, policy: Policy, visit: Visit) -> ClaimMade:
    return stage.do(claiming(stage, policy, visit))


def test_a_policy_is_bound_and_its_number_opens_the_commitment(
    stage: Stage, policy: Policy
) -> None:
    found = stage.view(stage.contracts.insurance.policy(policy.policy_id), "h2")
    assert found.status is PolicyStatus.BOUND
    assert found.patient_id == policy.patient.patient_id
    assert number_body(policy.offer.number) == f'{{"policy":"{policy.offer.number}"}}'.encode()
    assert policy.offer.number not in repr(policy)


def test_a_claim_is_an_entry_that_only_its_readers_can_open(
    stage: Stage, policy: Policy, visit: Visit, claim: ClaimMade
) -> None:
    entry = stage.view(stage.contracts.pmr.entry(visit.pmr_id, claim.entry_index))
    assert (entry.kind, entry.content) == (EntryKind.INSURANCE, claim.filed.content)
    assert standing(stage, claim).status is ClaimStatus.FILED
    assert claim.lent == 4
    reading = stage.do(read_record(stage.ward, stage.insurer("i0"), visit.pmr_id, stage.entropy()))
    note, details = (one.record for one in reading.entries)
    assert isinstance(note, PmrEntry)
    assert details == ClaimDetails(policy.offer.number, "INR", AMOUNT, (0,), "ECG")


def test_an_insurer_without_a_grant_reads_nothing(
    stage: Stage, visit: Visit, claim: ClaimMade
) -> None:
    flow = read_record(stage.ward, stage.insurer("i1"), visit.pmr_id, stage.entropy())
    assert isinstance(stage.play(flow).error, NoGrantError)


def test_the_insurer_reads_first_and_then_decides(
    stage: Stage, visit: Visit, claim: ClaimMade
) -> None:
    decision = stage.do(deciding(stage, claim, 100_000, "CO-45"))
    assert [one.index for one in decision.reading.entries] == [0, claim.entry_index]
    found = standing(stage, claim)
    assert (found.approved, found.status) == (100_000, ClaimStatus.DECIDED)
    before = len(stage.world.receipts)
    assert stage.revert(deciding(stage, claim)).name == "AlreadyDecided"
    assert len(stage.world.receipts) == before, "custodians were asked for nothing"


def test_a_claim_without_a_grant_leaves_no_trace(stage: Stage, policy: Policy) -> None:
    other = stage.visit("d1", "p0", on=_yesterday(stage))
    before = stage.traces()
    refused = stage.revert(claiming(stage, policy, other, hospital=None))
    assert refused.name == "GrantNotActive"
    stage.run(3)
    assert stage.traces() == before


def _yesterday(stage: Stage) -> date:
    return (datetime.fromtimestamp(stage.head_s(), UTC) - timedelta(days=1)).date()


def test_what_a_policy_does_not_cover_is_not_sealed_either(stage: Stage) -> None:
    name = next(stage.people)
    visit = stage.visit("d0", name)
    policy = stage.do(binding(stage, name))
    stage.do(lending(stage, visit))
    before = stage.traces()
    assert stage.revert(claiming(stage, policy, visit)).name == "ClaimNotCovered"
    stage.run(3)
    assert stage.traces() == before


def test_kinds_that_were_named_are_covered_alone(stage: Stage) -> None:
    policy = stage.do(binding(stage, "p1", "i1", kinds=(EntryKind.LAB,)))
    found = stage.view(stage.contracts.insurance.policy(policy.policy_id), "h2")
    assert found.kinds == (EntryKind.LAB,)


def test_a_grant_of_earlier_records_shows_the_visit_and_not_the_claim(stage: Stage) -> None:
    name = next(stage.people)
    policy = stage.do(binding(stage, name))
    visit = stage.visit("d0", name)
    stage.do(lending(stage, visit, sections=("diagnosis",)))
    claim = stage.do(claiming(stage, policy, visit, hospital=None))
    assert claim.lent == 0
    decision = stage.do(deciding(stage, claim))
    assert [one.index for one in decision.reading.entries] == [0]
    assert standing(stage, claim).approved == AMOUNT


def test_nothing_is_decided_for_entries_that_the_grant_does_not_open(stage: Stage) -> None:
    """A second visit of the day, filed after the grant, lies outside of it."""
    name = next(stage.people)
    policy = stage.do(binding(stage, name))
    first = stage.visit("d0", name)
    stage.do(lending(stage, first, sections=("diagnosis",)))
    second = stage.visit("d0", name)
    claim = stage.do(claiming(stage, policy, second))
    error = stage.play(deciding(stage, claim)).error
    assert isinstance(error, ClaimUnreadError)
    assert str(error).endswith("does not open: 1")
    assert standing(stage, claim).status is ClaimStatus.FILED


def test_a_claim_whose_record_says_something_else_is_not_decided(
    stage: Stage, policy: Policy, claim: ClaimMade
) -> None:
    reading = stage.do(read_record(stage.ward, stage.insurer("i0"), claim.pmr_id, stage.entropy()))
    insurance._check(claim, AMOUNT, reading)
    with pytest.raises(ClaimDiffersError, match="another amount"):
        insurance._check(claim, AMOUNT + 1, reading)
    with pytest.raises(ClaimDiffersError, match="is no claim"):
        insurance._check(replace(claim, entry_index=0), AMOUNT, reading)
    foreign = replace(policy, offer=replace(policy.offer, number="POL-0"))
    with pytest.raises(ClaimDiffersError, match="another policy"):
        insurance._check(replace(claim, policy=foreign), AMOUNT, reading)


# flows that were cut off


def cut_off(stage: Stage, flow, node: str, reached: Callable[[], bool]) -> None:
    """Take the node of a flow down as soon as something is so, and up again."""
    ended: list[Ended] = []
    stage.world.flows.start("flow", flow, timeout_us=10**9, done=ended.append)
    stage.until(reached)
    stage.world.stop_node(node)
    stage.until(lambda: bool(ended))
    assert ended[0].value is None
    stage.world.start_node(node)
    stage.run(20)


@pytest.mark.parametrize("is_bound", [False, True])
def test_an_order_that_was_cut_off_is_gone_on_with(*, is_bound: bool) -> None:
    """Before the patient has bound the offer, and after."""
    stage = Stage().register("p0")
    insurer, count = stage.insurer("i0"), stage.contracts.insurance.policy_count()
    if is_bound:
        cut_off(stage, binding(stage, "p0"), "h0", lambda: bool(insurer.offers))
        found = stage.view(stage.contracts.insurance.policy(1))
        assert found.status is PolicyStatus.BOUND, "what was submitted went its way"
    else:
        stage.do(_offering(stage))
    policy = stage.do(binding(stage, "p0"))
    assert (policy.policy_id, stage.view(count)) == (1, 1)
    assert stage.do(binding(stage, "p0")).policy_id == 2, "a bound offer is no open one"


def _offering(stage: Stage):
    """The first half of an order."""
    return insurance._offer(
        stage.ward,
        stage.insurer("i0"),
        stage.patient("p0"),
        kinds=(EntryKind.LAB,),
        seconds=60,
        entropy=stage.entropy(),
    )


def test_an_offer_that_ended_meanwhile_is_not_bound_but_made_anew() -> None:
    stage = Stage().register("p0")
    stage.do(_offering(stage))
    stage.run(90)
    assert stage.do(binding(stage, "p0")).policy_id == 2


def test_an_offer_with_another_number_than_the_patient_was_told_is_not_bound() -> None:
    stage = Stage().register("p0")
    stage.do(_offering(stage))
    insurer = stage.insurer("i0")
    insurer.offers[1] = replace(insurer.offers[1], commitment=Hash32(bytes(32)))
    assert isinstance(stage.play(binding(stage, "p0")).error, CommitmentError)


def test_a_claim_that_was_cut_off_before_the_ledger_heard_of_it_can_be_filed_again() -> None:
    stage = Stage().onboard("d0").register("p0")
    policy = stage.do(binding(stage, "p0"))
    visit = stage.visit()
    stage.do(lending(stage, visit))
    shares = stage.traces().shares
    flow = claiming(stage, policy, visit, hospital="h0")
    cut_off(stage, flow, "h0", lambda: stage.traces().shares > shares)
    count = stage.contracts.insurance.claim_count()
    if stage.view(count):
        assert stage.revert(claiming(stage, policy, visit)).name == "AlreadyClaimed"
    else:
        stage.do(claiming(stage, policy, visit))
    assert stage.view(count) == 1
    entries = stage.view(stage.contracts.pmr.entries(visit.pmr_id))
    assert [one.kind for one in entries] == [EntryKind.CONSULTATION, EntryKind.INSURANCE]
