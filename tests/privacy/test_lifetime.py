"""The life of a deal in any order of events, held against what must always be true."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from node.sss.derivation import commitment_of
from node.sss.gf256 import add
from node.sss.record_key import find_key
from node.sss.shamir import combine
from tests.privacy.ward import Ward


class Lifetime(RuleBasedStateMachine):
    """Deposits, ends, renewals, exclusions and repairs in any order, against what must hold."""

    @initialize()
    def start(self) -> None:
        self.ward = Ward(derived=True)
        self.open = [self.ward.grant_id]
        self.released = {self.ward.grant_id: self.ward.released(self.ward.grant_id)}
        self.absent: set[int] = set()
        self.nonce = 0

    @property
    def present(self) -> list[int]:
        return [x for x in (1, 2, 3, 4) if x not in self.absent]

    @rule()
    @precondition(lambda self: not self.absent)
    def lend(self) -> None:
        self.nonce += 1
        signed = self.ward.grant(self.nonce)
        self.ward.lend(signed.grant_id)
        self.open.append(signed.grant_id)
        self.released[signed.grant_id] = self.ward.released(signed.grant_id)

    @rule(data=st.data())
    @precondition(lambda self: self.open and not self.absent)
    def end(self, data) -> None:
        grant_id = data.draw(st.sampled_from(self.open))
        self.open.remove(grant_id)
        self.ward.end(grant_id)

    @rule(without=st.frozensets(st.integers(1, 4), max_size=2), swap=st.booleans())
    @precondition(lambda self: not self.absent)
    def renew(self, without, swap) -> None:
        self.nonce += 1
        master = self.nonce.to_bytes(32) if swap else None
        self.ward.renew(without=without, master=master)
        self.absent = set(without)

    @rule(data=st.data())
    @precondition(lambda self: self.absent)
    def repair(self, data) -> None:
        x = data.draw(st.sampled_from(sorted(self.absent)))
        shares = self.ward.shares(self.present[:2])
        payload = combine({y: one.payload for y, one in shares.items()}, at=x)
        made = replace(shares[self.present[0]], index=x, salt=b"s" * 32, payload=payload)
        self.ward.custodians[x].adopt(self.ward.manifest.encode(), made.encode())
        self.absent.remove(x)
        if not self.absent:  # the repaired have no steps before the next renewal
            self.ward.renew()

    @invariant()
    def any_two_present_custodians_and_e_open(self) -> None:
        e = self.ward.wallet.essential(self.ward.deal_id).payload
        shares = self.ward.shares(self.present)
        assert {one.epoch for one in shares.values()} == {self.ward.wallet.epoch(self.ward.deal_id)}
        for chosen in combinations(shares, 2):
            assert (
                find_key(
                    self.ward.deal.header, {x: add(shares[x].payload, e) for x in chosen}
                ).liars
                == ()
            )

    @invariant()
    def e_of_the_epoch_before_opens_nothing(self) -> None:
        epoch = self.ward.wallet.epoch(self.ward.deal_id)
        if epoch:
            e = self.ward.wallet.essential(self.ward.deal_id, epoch - 1).payload
            shares = self.ward.shares(self.present[:2])
            key = combine({x: add(share.payload, e) for x, share in shares.items()})
            assert commitment_of(key) != self.ward.deal.header.commitment

    @invariant()
    def what_is_lent_never_changes_and_what_has_ended_is_gone(self) -> None:
        for grant_id in self.open:
            now = self.ward.released(grant_id, self.present)
            assert now == {x: self.released[grant_id][x] for x in self.present}
        for x in self.present:
            held = {grant for grant, _ in self.ward.custodians[x].store.deposits()}
            assert held == set(self.open)

    @invariant()
    def a_step_is_left_for_every_grant(self) -> None:
        if not self.absent:
            for custodian in self.ward.custodians.values():
                assert len(custodian.store.steps(self.ward.deal_id)) >= len(self.open)


Lifetime.TestCase.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
TestLifetime = pytest.mark.slow(Lifetime.TestCase)
