"""InsuranceRegistry beside a model: policies, claims of each entry once, decisions once."""

from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import rule

from node.contracts.government_actions import ListInsurer, StrikeInsurer
from node.contracts.insurance_registry import ClaimStatus, PolicyStatus
from node.contracts.pmr_token import EntryKind
from tests.contracts import insured
from tests.contracts.machines.machine import ContractMachine, as_tests, first_of
from tests.contracts.recovering import P1
from tests.contracts.world import PMR_ID, World, account, content

INSURERS = ("i1", "i2")
ENTRIES = 4
"""Consultation of h1, opinion of h2, consultation of h1 that is amended, its amendment."""
KINDS = (EntryKind.CONSULTATION, EntryKind.SECOND_OPINION, EntryKind.AMENDMENT)
WRITTEN = (*KINDS[:2], EntryKind.CONSULTATION, EntryKind.AMENDMENT)
HOSPITALS = ("h1", "h2", "h1", "h1")
AMOUNT = 500


def care_of(entry: int) -> set[int]:
    """Give an entry and what it amends: they tell of the same care."""
    return {2, 3} if entry == 3 else {entry}


@dataclass
class Policy:
    """What the registry knows of one."""

    insurer: str
    kinds: tuple[EntryKind, ...]
    from_s: int
    until_s: int
    status: PolicyStatus = PolicyStatus.OFFERED
    claimed: set[int] = field(default_factory=set)


@dataclass
class Claim:
    """The same of a claim."""

    policy: int
    status: ClaimStatus = ClaimStatus.FILED
    approved: int = 0


def with_record() -> World:
    """A record of four entries; i1 and i2 are insurers; i1 may read for a day, and insures."""
    world = insured.insurer(insured.insurer(World.deployed()), "i2")
    for name in ("h1", "h2"):
        world.add_hospital(name)
        world.add_doctor(name.replace("h", "d"), name)
    world.add_patient("p1", "h1")
    pmr = world.suite.pmr
    world.send("d1", pmr.address, pmr.consult(PMR_ID, hospital_id=1, content=content("1")))
    world.grant()
    opinion = pmr.add_second_opinion(PMR_ID, hospital_id=2, content=content("2"))
    world.send("d2", pmr.address, opinion)
    world.send("d1", pmr.address, pmr.consult(PMR_ID, hospital_id=1, content=content("3")))
    world.send("d1", pmr.address, pmr.amend(PMR_ID, 2, hospital_id=1, content=content("4")))
    insured.readable(world)
    insured.insured(world, valid_from_s=0, kinds=KINDS)
    return world


class InsuranceMachine(ContractMachine):
    """Two insurers, one patient, two hospitals that treated, one record."""

    build = staticmethod(with_record)

    def start(self) -> None:
        self.listed = set(INSURERS)
        until_s = self.view(self.suite.insurance.policy(1)).valid_until_s
        self.policies = [Policy("i1", KINDS, 0, until_s, PolicyStatus.BOUND)]
        self.claims: list[Claim] = []
        self.filed_entries = ENTRIES
        self.times = [one.time_s for one in self.view(self.suite.pmr.entries(PMR_ID))]
        self.grant_ends_s = self.world.chain.time_s - 15 + 86_400

    def number(self, back: int, status: PolicyStatus | None = None) -> int:
        """Give the number of a policy, of those that stand so, from the newest; 0: none is left."""
        found = [
            number
            for number, one in enumerate(self.policies, start=1)
            if status in (None, one.status)
        ]
        return found[-1 - back] if back < len(found) else 0

    def policy(self, number: int) -> Policy | None:
        return self.policies[number - 1] if 0 < number <= len(self.policies) else None

    @rule(
        insurer=st.sampled_from(("i1", "i1", "i1", "i2", "stranger")),
        kinds=st.sampled_from((KINDS, KINDS[:1], KINDS[1:], ())),
        first=st.integers(0, ENTRIES),
        lasts=st.sampled_from((86_400 * 9, 60, -1)),
    )
    def offer(self, insurer: str, kinds: tuple[EntryKind, ...], first: int, lasts: int) -> None:
        from_s = 0 if first == ENTRIES else self.times[first]
        until_s = self.next_s + lasts
        error = first_of(
            (insurer not in self.listed, "NotInsurer"),
            (not kinds or from_s >= until_s or until_s <= self.next_s, "PolicyTerms"),
        )
        data = insured.offer(self.world, kinds=kinds, valid_from_s=from_s, valid_until_s=until_s)
        if self.expect(error, insurer, self.suite.insurance.address, data):
            self.policies.append(Policy(insurer, kinds, from_s, until_s))

    @rule(caller=st.sampled_from(("p1", "p1", "i1")), back=st.integers(0, 2))
    def bind(self, caller: str, back: int) -> None:
        number = self.number(back, PolicyStatus.OFFERED)
        policy = self.policy(number)
        error = "PolicyUnknown"
        if policy is not None:
            error = first_of(
                (policy.status is not PolicyStatus.OFFERED, "OfferClosed"),
                (caller != "p1", "NotPatient"),
                (policy.until_s <= self.next_s, "PolicyEnded"),
                (policy.insurer not in self.listed, "NotInsurer"),
            )
        data = self.suite.insurance.bind_policy(number)
        if self.expect(error, caller, self.suite.insurance.address, data) and policy is not None:
            policy.status = PolicyStatus.BOUND

    @rule(caller=st.sampled_from(INSURERS), back=st.integers(0, 2))
    def withdraw(self, caller: str, back: int) -> None:
        number = self.number(back)
        policy = self.policy(number)
        error = "PolicyUnknown"
        if policy is not None:
            error = first_of(
                (policy.status is not PolicyStatus.OFFERED, "OfferClosed"),
                (policy.insurer != caller, "NotInsurer"),
            )
        data = self.suite.insurance.withdraw_policy(number)
        if self.expect(error, caller, self.suite.insurance.address, data) and policy is not None:
            policy.status = PolicyStatus.WITHDRAWN

    @rule(
        caller=st.sampled_from(("p1", "p1", "h1", "h2", "stranger")),
        back=st.integers(0, 2),
        entries=st.sampled_from(((0,), (1,), (3,), (0, 3), (3, 1, 0), (2,), (4,), (1, 1))),
    )
    def claim(self, caller: str, back: int, entries: tuple[int, ...]) -> None:
        number = self.number(back, PolicyStatus.BOUND) or len(self.policies)
        policy = self.policy(number)
        error = "PolicyUnknown"
        if policy is not None and policy.status is PolicyStatus.BOUND:
            error = self.claim_refused(policy, caller, entries)
        data = insured.claim(self.world, number, entries=entries, amount=AMOUNT)
        if self.expect(error, caller, self.suite.insurance.address, data) and policy is not None:
            policy.claimed |= set().union(*map(care_of, entries))
            self.claims.append(Claim(number))
            self.filed_entries += 1

    def claim_refused(self, policy: Policy, caller: str, entries: tuple[int, ...]) -> str | None:
        error = first_of(
            (policy.insurer not in self.listed, "NotInsurer"),
            (caller == "stranger", "HospitalNotVerified"),
        )
        seen = set(policy.claimed)
        for entry in entries:
            if error is None:
                treated = entry < ENTRIES and caller in ("p1", HOSPITALS[entry])
                error = first_of(
                    (bool(care_of(entry) & seen), "AlreadyClaimed"),
                    (entry >= self.filed_entries, "EntryUnknown"),
                    (not self.covers(policy, entry), "ClaimNotCovered"),
                    (not treated, "NotTreating"),
                )
            seen |= care_of(entry)
        may_read = policy.insurer == "i1" and self.next_s < self.grant_ends_s
        return error or first_of((not may_read, "GrantNotActive"))

    def covers(self, policy: Policy, entry: int) -> bool:
        """The third entry is amended, and what follows the fourth are claims."""
        return (
            entry < ENTRIES
            and entry != 2
            and WRITTEN[entry] in policy.kinds
            and policy.from_s <= self.times[min(care_of(entry))] < policy.until_s
        )

    @rule(
        caller=st.sampled_from(("i1", "i1", "i2", "p1")),
        back=st.integers(0, 1),
        approved=st.sampled_from((0, 1, AMOUNT, AMOUNT + 1)),
        reason=st.sampled_from(("PART", "")),
    )
    def decide(self, caller: str, back: int, approved: int, reason: str) -> None:
        number = len(self.claims) - back if len(self.claims) > back else 0
        claim = self.claims[number - 1] if 0 < number <= len(self.claims) else None
        error = "ClaimUnknown"
        if claim is not None:
            insurer = self.policies[claim.policy - 1].insurer
            error = first_of(
                (caller != insurer or insurer not in self.listed, "NotInsurer"),
                (claim.status is ClaimStatus.DECIDED, "AlreadyDecided"),
                (approved > AMOUNT, "AmountWrong"),
                (approved < AMOUNT and not reason, "ReasonMissing"),
            )
        data = self.suite.insurance.decide_claim(number, approved=approved, reason=reason)
        if self.expect(error, caller, self.suite.insurance.address, data) and claim is not None:
            claim.status, claim.approved = ClaimStatus.DECIDED, approved

    @rule(insurer=st.sampled_from(INSURERS), strikes=st.booleans())
    def list_or_strike(self, insurer: str, *, strikes: bool) -> None:
        if strikes != (insurer in self.listed):
            return
        action = StrikeInsurer if insurer in self.listed else ListInsurer
        self.world.enact(action(account(insurer)))
        self.listed ^= {insurer}

    @rule(early_s=st.sampled_from((1, 0)), back=st.integers(0, 2))
    def wait_for_the_end_of_a_policy(self, early_s: int, back: int) -> None:
        policy = self.policy(self.number(back))
        if policy is not None and policy.until_s < self.grant_ends_s:
            self.wait_until(policy.until_s - early_s)

    @rule(early_s=st.sampled_from((1, 0)))
    def wait_for_the_end_of_the_grant(self, early_s: int) -> None:
        if len(self.claims) > 2:  # or most examples would claim nothing
            self.wait_until(self.grant_ends_s - early_s)

    def teardown(self) -> None:
        """All policies and claims are as the model has them, and the record shows each claim."""
        insurance = self.suite.insurance
        assert self.view(insurance.policy_count()) == len(self.policies)
        for number, policy in enumerate(self.policies, start=1):
            found = self.view(insurance.policy(number))
            assert (found.insurer, found.patient_id) == (account(policy.insurer), P1)
            assert (found.status, found.kinds) == (policy.status, policy.kinds)
            claimed = self.view(insurance.claimed_entries(number, PMR_ID))
            assert set(claimed) == policy.claimed
        assert self.view(insurance.claim_count()) == len(self.claims)
        for number, claim in enumerate(self.claims, start=1):
            standing = self.view(insurance.claim(number))
            assert (standing.policy_id, standing.amount) == (claim.policy, AMOUNT)
            assert (standing.status, standing.approved) == (claim.status, claim.approved)
        entries = self.view(self.suite.pmr.entries(PMR_ID))
        kinds = [one.kind for one in entries[ENTRIES:]]
        assert kinds == [EntryKind.INSURANCE] * len(self.claims)


TestInsurance = as_tests(InsuranceMachine)
