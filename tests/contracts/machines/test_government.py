"""GovernmentRegistry beside a model: votes of present members, deadlines, and the validator set."""

from dataclasses import dataclass, field, replace

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from node.contracts.government_actions import (
    Action,
    AddMember,
    AdmitValidator,
    RemoveMember,
    VerifyHospital,
    WithdrawValidator,
)
from tests.contracts.machines.machine import ContractMachine, as_tests, first_of
from tests.contracts.validators import LICENCE, NODE_ID
from tests.contracts.world import SETTINGS, World, account

NAMES = ("m0", "m1", "m2", "m3", "m4", "m5")
KEYS = ("v0", "v1", "v2", "v3", "k0", "k1", "k2")
MINIMUM = 3
VOTING_S = SETTINGS.voting_seconds


def authority() -> World:
    """Four members, four validators of which three must stay, one Verified hospital."""
    settings = replace(
        SETTINGS,
        members=tuple(account(f"m{place}") for place in range(4)),
        validators=tuple(account(f"v{place}") for place in range(4)),
        min_validators=MINIMUM,
    )
    world = World.deployed(settings)
    world.send("h1", world.suite.hospitals.address, world.application("h1"))
    world.enact(VerifyHospital(account("h1")), *(account(f"m{place}") for place in range(3)))
    return world


@dataclass
class Proposal:
    """What is proposed; ``what`` is (kind, name)."""

    what: tuple[str, str]
    deadline_s: int
    voters: set[str] = field(default_factory=set)
    is_enacted: bool = False


class GovernmentMachine(ContractMachine):
    """Six people of whom some are members; seven keys of which some are validators."""

    build = staticmethod(authority)

    def start(self) -> None:
        self.members = ["m0", "m1", "m2", "m3"]
        self.open_keys = {"v0", "v1", "v2", "v3"}
        self.waiting: list[str] = []
        self.ever = set(self.open_keys)
        self.proposals: list[Proposal] = []
        self.offset = self.view(self.suite.government.proposal_count())
        self.sets: dict[int, frozenset[bytes]] = {}

    @rule(
        who=st.sampled_from(NAMES),
        kind=st.sampled_from(("add", "remove", "admit", "withdraw")),
        name=st.integers(0, 6),
    )
    def propose(self, who: str, kind: str, name: int) -> None:
        of_member = kind in ("add", "remove")
        what = (kind, NAMES[name % 6] if of_member else KEYS[name])
        proposal = Proposal(what, self.next_s + VOTING_S, {who})
        error = first_of(
            (who not in self.members, "NotAuthorityMember"),
            (self.carries(proposal), self.objection(what) or ""),
        )
        error = error or None
        government = self.suite.government
        data = government.propose(_action(what))
        if self.expect(error, who, government.address, data):
            self.proposals.append(proposal)
            self.settle(proposal)

    @rule(who=st.sampled_from(NAMES), which=st.integers(0, 20), is_newest=st.booleans())
    def vote(self, who: str, which: int, is_newest: bool) -> None:
        place = len(self.proposals) - 1 if is_newest else which
        known = 0 <= place < len(self.proposals)
        proposal = self.proposals[place] if known else Proposal(("add", "m0"), 0)
        after = replace(proposal, voters=proposal.voters | {who})
        error = first_of(
            (who not in self.members, "NotAuthorityMember"),
            (not known, "ProposalUnknown"),
            (proposal.is_enacted, "ProposalClosed"),
            (self.next_s >= proposal.deadline_s, "ProposalExpired"),
            (who in proposal.voters, "AlreadyVoted"),
        )
        if error is None and self.carries(after):
            error = self.objection(proposal.what)
        government = self.suite.government
        number = self.offset + place + 1 if known else 10**6
        if self.expect(error, who, government.address, government.vote(number)):
            proposal.voters.add(who)
            self.settle(proposal)

    @rule(
        kind=st.sampled_from(("add", "remove", "admit", "withdraw", "withdraw")),
        name=st.integers(0, 6),
    )
    def decide_together(self, kind: str, name: int) -> None:
        """A majority votes at once: draws of single votes seldom come that far."""
        voters = list(self.members)
        self.propose(who=voters[0], kind=kind, name=name)
        for who in voters[1 : len(voters) // 2 + 1]:
            self.vote(who=who, which=0, is_newest=True)

    @rule(which=st.integers(0, 20), late_s=st.sampled_from((-1, 0)))
    def wait_for_a_deadline(self, which: int, late_s: int) -> None:
        if self.proposals:
            proposal = self.proposals[which % len(self.proposals)]
            self.wait_until(proposal.deadline_s + late_s)

    def carries(self, proposal: Proposal) -> bool:
        votes = len(proposal.voters & set(self.members))
        return 2 * votes > len(self.members)

    def objection(self, what: tuple[str, str]) -> str | None:
        """Give why the contract cannot do what a majority wants."""
        kind, name = what
        return first_of(
            (kind == "add" and name in self.members, "MemberKnown"),
            (kind == "remove" and name not in self.members, "MemberUnknown"),
            (kind == "remove" and len(self.members) == 1, "LastMember"),
            (kind == "admit" and self.is_listed(name), "ValidatorKnown"),
            (
                kind == "withdraw" and (name not in self.open_keys or name in self.waiting),
                "ValidatorUnknown",
            ),
        )

    def is_listed(self, name: str) -> bool:
        """Say whether a key is in the set of the next block's parent, or of a later one."""
        record = self.view(self.suite.government.validator(account(name)))
        if name in self.open_keys:
            return True
        return name in self.ever and record.active_until > self.next_block

    def settle(self, proposal: Proposal) -> None:
        if not self.carries(proposal):
            return
        proposal.is_enacted = True
        kind, name = proposal.what
        if kind == "add":
            self.members.append(name)
        elif kind == "remove":
            self.members.remove(name)
        elif kind == "admit":
            self.open_keys.add(name)
            self.ever.add(name)
            while self.waiting and len(self.open_keys) > MINIMUM:
                self.open_keys.discard(self.waiting.pop(0))
        elif len(self.open_keys) > MINIMUM:
            self.open_keys.discard(name)
        else:
            self.waiting.append(name)

    @invariant()
    def the_members_are_those_of_the_model(self) -> None:
        found = self.view(self.suite.government.members())
        assert sorted(found) == sorted(map(account, self.members))

    @invariant()
    def the_set_keeps_its_minimum_and_its_order(self) -> None:
        government = self.suite.government
        listed = self.view(government.get_validators())
        assert list(listed) == sorted(set(listed))
        assert len(listed) >= MINIMUM
        assert {account(name) for name in self.open_keys} <= set(listed)
        assert self.view(government.waiting_withdrawals()) == tuple(map(account, self.waiting))
        block = self.world.chain.number + 1
        before = self.sets.get(block - 1)
        now = frozenset(listed)
        self.sets[block] = now
        if before is not None:
            cap = max(1, (len(before) - 1) // 3)
            assert len(before - now) <= cap, "more keys leave at once than the cap"

    def teardown(self) -> None:
        for place, proposal in enumerate(self.proposals):
            found = self.view(self.suite.government.proposal(self.offset + place + 1))
            assert found.is_enacted == proposal.is_enacted
            assert found.votes == len(proposal.voters & set(self.members))


def _action(what: tuple[str, str]) -> Action:
    kind, name = what
    if kind == "add":
        return AddMember(account(name))
    if kind == "remove":
        return RemoveMember(account(name))
    if kind == "admit":
        return AdmitValidator(account("h1"), account(name), NODE_ID, LICENCE)
    return WithdrawValidator(account(name))


TestGovernment = as_tests(GovernmentMachine, share=8)
