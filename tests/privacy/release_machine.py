"""Random histories of one custodian beside the model of ``release_world``."""

from collections import Counter
from dataclasses import replace
from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from node.base.keys import PrivateKey
from node.privacy.consent import LATER_BIT, Purpose, scope_of
from node.privacy.custody_epochs import GrantEnded, Stepped
from node.privacy.emergency import emergency_grant_id
from node.privacy.release_errors import CustodyError
from node.privacy.release_messages import (
    OWNER_GRANT_ID,
    Request,
    Status,
    check_chain,
    release_info,
)
from node.privacy.sealing import derive_private_key, open_sealed, public_key_of
from tests.privacy.release_world import Asked, Grant, World, facts_of, forked
from tests.privacy.ward import (
    DOCTOR,
    DOCTOR_SEALING,
    FROM_S,
    HOSPITALS,
    PATIENT,
    PATIENT_SEALING,
    PMR_ID,
    SEALING,
    UNTIL_S,
    Ward,
    hash_of,
)

LOCUM = PrivateKey.from_bytes(b"\x55" * 32)
"""A second doctor."""
WHO = {one.address: one for one in (DOCTOR, LOCUM, PATIENT)}
OPENS = {
    DOCTOR.address: DOCTOR_SEALING,
    LOCUM.address: derive_private_key(b"l" * 32),
    PATIENT.address: PATIENT_SEALING,
}
KEYS = {account: public_key_of(private) for account, private in OPENS.items()}
SCOPE = scope_of(["lab_reports"]) | LATER_BIT
GRANTS_MAX = 6
DAY_S = 86_400
LEFT_ID = emergency_grant_id(7, PMR_ID // 10**8)
TOGGLES = ("licence", "current", "active", "registered")
TWISTS = (
    *("none",) * 8,
    *("epoch + 1", "epoch - 1", "fork", "lag 1", "lag 64", "lag 65", "ahead"),
    *("other deal", "other index", "other signer", "no such grant", "somebody else"),
)


class ReleaseMachine(RuleBasedStateMachine):
    """One custodian, two doctors, a patient; every answer is compared with the model's."""

    seen: ClassVar[Counter[Status | None]] = Counter()
    """Over all histories: a model that is never asked proves nothing."""
    released_in_emergencies: ClassVar[Counter[bool]] = Counter()

    @initialize()
    def start(self) -> None:
        self.ward = Ward()
        self.custodian = self.ward.custodians[1]
        self.world = World(registered={*WHO}, active={DOCTOR.address, LOCUM.address})
        self.world.grants[self.ward.grant_id] = Grant(DOCTOR.address, FROM_S, UNTIL_S)
        self.world.lent.add(self.ward.grant_id)
        self.deposited = {self.ward.grant_id}
        self.sent: list[tuple[Request, Asked]] = []
        self.points: dict[bytes, bytes] = {}
        self.receipts = 0

    def _view(self):
        records = {
            deal_id: replace(record, is_current=self.world.is_current)
            for deal_id, record in self.ward.view.records.items()
        }
        facts = {
            grant_id: facts_of(grant, KEYS[grant.grantee], SCOPE, PMR_ID)
            for grant_id, grant in self.world.grants.items()
        }
        doctors = [(one.address, KEYS[one.address]) for one in (DOCTOR, LOCUM)]
        return self.world.view(records, facts, KEYS[PATIENT.address], doctors)

    # ---- what patients and the chain do

    @precondition(lambda self: len(self.world.grants) < GRANTS_MAX)
    @rule(
        doctor=st.sampled_from([DOCTOR, LOCUM]),
        start=st.sampled_from([-10, 0, 1, 30]),
        length=st.sampled_from([1, 20, 400, 5_000]),
    )
    def grant(self, doctor, start, length) -> None:
        made = Grant(doctor.address, self.world.time_s + start, self.world.time_s + start + length)
        signed = self.ward.wallet.consent(
            pmr_id=PMR_ID,
            grantee=doctor.address,
            grantee_key=KEYS[doctor.address],
            purpose=Purpose.TREATMENT,
            scope=SCOPE,
            valid_from_s=made.from_s,
            valid_until_s=made.until_s,
            nonce=len(self.world.grants),
        )
        self.world.grants[signed.grant_id] = made

    @precondition(lambda self: self.world.is_current and set(self.world.grants) - self.deposited)
    @rule(data=st.data())
    def deposit(self, data) -> None:
        grant_id = data.draw(st.sampled_from(sorted(set(self.world.grants) - self.deposited)))
        held = self.ward.wallet._held[self.ward.deal_id]
        before = held.steps, held.lent
        keys = [public_key_of(SEALING[x]) for x in range(1, 5)]
        letter = self.ward.wallet.deposit(grant_id, self.ward.deal_id, keys, self.ward.entropy)[0]
        grant = self.world.grants[grant_id]
        if grant.is_revoked or self.world.time_s >= grant.until_s:
            with pytest.raises(CustodyError, match="grant"):
                self.custodian.take_deposit(letter, self._view())
            held.steps, held.lent = before
            return
        self.custodian.take_deposit(letter, self._view())
        self.deposited.add(grant_id)
        self.world.lent.add(grant_id)

    @precondition(lambda self: self.world.is_current and not self.world.is_left)
    @rule()
    def leave_for_emergencies(self) -> None:
        keys = [public_key_of(SEALING[x]) for x in range(1, 5)]
        letter = self.ward.wallet.deposit(LEFT_ID, self.ward.deal_id, keys, self.ward.entropy)[0]
        self.custodian.take_deposit(letter, self._view())
        self.world.is_left = True

    @precondition(lambda self: len(self.world.emergencies) < GRANTS_MAX)
    @rule(
        doctor=st.sampled_from([DOCTOR, LOCUM]),
        length=st.sampled_from([1, 20, 400, DAY_S]),
    )
    def break_the_glass(self, doctor, length) -> None:
        emergency_id = b"\xe0" * 31 + bytes([len(self.world.emergencies)])
        until_s = self.world.time_s + length
        self.world.emergencies[emergency_id] = Grant(doctor.address, self.world.time_s, until_s)

    @rule(data=st.data())
    def revoke(self, data) -> None:
        grant_id = data.draw(st.sampled_from(sorted(self.world.grants)))
        self.world.grants[grant_id].is_revoked = True

    @rule(blocks=st.sampled_from([1, 1, 2, 64, 65]), seconds=st.sampled_from([0, 1, 1, 2, 20, 300]))
    def advance(self, blocks, seconds) -> None:
        self.world.number += blocks
        self.world.time_s += seconds
        self.world.now_us += 10**6
        self.world.advanced_us = self.world.now_us

    @rule(us=st.sampled_from([1, 250_000, 20_000_000, 20_000_001, 400_000_000]))
    def wait(self, us) -> None:
        self.world.now_us += us

    @rule()
    def set_the_clock_back(self) -> None:
        self.world.now_us -= 10**6

    @rule()
    def follow(self) -> None:
        gone = self.world.settle()
        events = self.custodian.follow(self._view())
        assert {one.grant_id for one in events if isinstance(one, GrantEnded)} == gone
        stepped = [one for one in events if isinstance(one, Stepped)]
        assert len(stepped) == len(gone)
        for _ in stepped:
            self.ward.wallet.advance(self.ward.deal_id)

    @rule(
        what=st.sampled_from(TOGGLES),
        doctor=st.sampled_from([DOCTOR, LOCUM]),
    )
    def toggle(self, what, doctor) -> None:
        match what:
            case "licence":
                self.world.is_licensed = not self.world.is_licensed
            case "current":
                self.world.is_current = not self.world.is_current
            case "active":
                self.world.active ^= {doctor.address}
            case "registered":
                self.world.registered ^= {doctor.address}

    @rule()
    def all_is_well_again(self) -> None:
        """Else most histories end behind a refusal that hides all others."""
        self.world.is_licensed = self.world.is_current = True
        self.world.active = {DOCTOR.address, LOCUM.address}
        self.world.registered = {*WHO}
        self.world.now_us = max(self.world.now_us, self.world.advanced_us) + 2 * 10**6
        self.advance(1, 0)

    # ---- requests

    @rule(data=st.data(), twist=st.sampled_from(TWISTS), is_well=st.booleans())
    def ask(self, data, twist, is_well) -> None:
        if is_well:
            self.all_is_well_again()
        grant_id = self._draw_grant(data)
        self._ask(grant_id, self.world.all()[grant_id].grantee, twist)

    @rule(data=st.data(), count=st.integers(2, 5))
    def ask_in_a_row(self, data, count) -> None:
        grant_id = self._draw_grant(data)
        self.all_is_well_again()
        for _ in range(count):
            self._ask(grant_id, self.world.all()[grant_id].grantee, "none")

    @rule(data=st.data(), what=st.sampled_from(TOGGLES))
    def ask_while_one_thing_is_wrong(self, data, what) -> None:
        grant_id = self._draw_grant(data)
        grantee = self.world.all()[grant_id].grantee
        self.all_is_well_again()
        self.toggle(what, WHO[grantee])
        self._ask(grant_id, grantee, "none")

    @rule(data=st.data(), off=st.sampled_from([-1, 0]), wait_s=st.sampled_from([0, 0, 2, 19]))
    def ask_at_a_border(self, data, off, wait_s) -> None:
        """Ask in the first or last second of a grant, while the local clock runs on."""
        grant_id = data.draw(st.sampled_from(sorted(self.world.all())))
        grant = self.world.all()[grant_id]
        seconds = [border + off - self.world.time_s for border in (grant.from_s, grant.until_s)]
        if max(seconds) < 0:
            return
        self.all_is_well_again()
        self.advance(1, min(one for one in seconds if one >= 0))
        self.wait(wait_s * 10**6)
        self._ask(grant_id, grant.grantee, "none")

    @rule(twist=st.sampled_from(TWISTS))
    def ask_as_owner(self, twist) -> None:
        self._ask(OWNER_GRANT_ID, PATIENT.address, twist)

    @precondition(lambda self: self.world.emergencies)
    @rule()
    def ask_under_what_was_left(self) -> None:
        """The id of the deposit itself is nobody's emergency, and no grant."""
        self._ask(LEFT_ID, DOCTOR.address, "none")

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def replay(self, data) -> None:
        """Send old bytes again, from this epoch or an earlier one."""
        self._send(*data.draw(st.sampled_from(self.sent)))

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def use_a_nonce_again(self, data) -> None:
        """Sign an old nonce anew: fresh head, fresh epoch."""
        _, old = data.draw(st.sampled_from(self.sent))
        self._ask(old.grant_id, old.grantee, "none", nonce=old.nonce)

    def _draw_grant(self, data) -> bytes:
        """Draw from the grants and emergencies that would release now, else from all of them."""
        lent = {*self.world.lent, *(self.world.emergencies if self.world.is_left else ())}
        open_now = [one for one in sorted(lent) if self.world.is_inside(one)]
        return data.draw(st.sampled_from(open_now or sorted(self.world.all())))

    def _ask(self, grant_id: bytes, grantee, twist: str, nonce: bytes | None = None) -> None:
        other = LOCUM.address if grantee == DOCTOR.address else DOCTOR.address
        lag = {"lag 1": 1, "lag 64": 64, "lag 65": 65, "ahead": -1}.get(twist, 0)
        step = {"epoch + 1": 1, "epoch - 1": -1}.get(twist, 0)
        asked = Asked(
            signer=other if twist in ("other signer", "somebody else") else grantee,
            grantee=other if twist == "somebody else" else grantee,
            index=2 if twist == "other index" else 1,
            grant_id=b"\xee" * 32 if twist == "no such grant" else grant_id,
            is_own_deal=twist != "other deal",
            epoch=max(self.world.epoch + step, 0),
            head_number=max(self.world.number - lag, 0),
            is_forked=twist == "fork",
            nonce=nonce or len(self.sent).to_bytes(32),
        )
        number = asked.head_number
        request = Request(
            index=asked.index,
            chain_id=7,
            grant_id=asked.grant_id,
            deal_id=self.ward.deal_id if asked.is_own_deal else b"\xdd" * 32,
            epoch=asked.epoch,
            grantee=asked.grantee,
            head_number=number,
            head_hash=forked(number) if asked.is_forked else hash_of(number),
            nonce=asked.nonce,
        ).signed(WHO[asked.signer])
        self._send(request, asked)

    def _send(self, request: Request, asked: Asked) -> None:
        # a deal that is not held has no own index: rule 1 lets it pass, rule 8 refuses it
        wanted = self.world.verdict(asked)
        answer = self.custodian.handle(request.encode(), self._view(), self.world.now_us)
        self.sent.append((request, asked))
        got = None if answer is None else answer.receipt.status
        if got is Status.RELEASED:
            self._check_release(request, asked, answer)
        assert got == wanted, (asked, self.world)
        self.seen[got] += 1
        self.world.note(asked, wanted)
        self.receipts += answer is not None

    def _check_release(self, request: Request, asked: Asked, answer) -> None:
        """Hold whatever the model says: inside the interval, and for the grantee of the chain."""
        if asked.grant_id != OWNER_GRANT_ID:
            assert self.world.is_inside(asked.grant_id)
            assert self.world.all()[asked.grant_id].grantee == asked.signer
        info = release_info(request.request_id(), request.index)
        point = open_sealed(OPENS[asked.signer], info, answer.sealed)
        if asked.grant_id != OWNER_GRANT_ID:
            # what is lent stays the same point of K over all epochs
            is_emergency = asked.grant_id in self.world.emergencies
            lent_id = LEFT_ID if is_emergency else asked.grant_id
            assert self.points.setdefault(lent_id, point) == point
            self.released_in_emergencies[is_emergency] += 1

    @invariant()
    def every_answer_has_one_receipt(self) -> None:
        if hasattr(self, "receipts"):
            assert len(self.custodian.store.receipts()) == self.receipts

    def teardown(self) -> None:
        if hasattr(self, "custodian"):
            check_chain(self.custodian.store.receipts(), HOSPITALS[0].address)
