"""ConsentRegistry beside a model: who may read what at any second, nonces, lists of eight."""

from dataclasses import dataclass
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from node.base.types import Hash32
from node.contracts.consent_registry import Consent
from node.contracts.government_actions import SuspendHospital, UpholdComplaint, VerifyHospital
from node.contracts.pmr_id import encode_pmr_id
from tests.contracts.machines.machine import ContractMachine, as_tests, first_of
from tests.contracts.world import MEMBERS, PMR_ID, STRANGER, TODAY, account, content

NEXT_ID = encode_pmr_id(85_437, TODAY + timedelta(days=1))
OF_P2 = encode_pmr_id(85_438, TODAY)
WORDS_MAX = 8
GRANTEES = ("d1", "d2")
Place = tuple[str, str, int]
"""(patient, grantee, record or 0): what has a list of its own."""


@dataclass(frozen=True)
class Word:
    """A grant where the contract keeps it."""

    grant_id: Hash32
    from_s: int
    until_s: int
    granted_s: int
    is_later: bool


class ConsentsMachine(ContractMachine):
    """Two patients, two doctors, a record that stands and one that comes later."""

    def start(self) -> None:
        self.nonces = {"p1": 0, "p2": 0}
        self.lists: dict[Place, list[Word | None]] = {}
        self.given: list[tuple[Place, Hash32]] = []
        self.minted = {PMR_ID: self.view(self.suite.pmr.minted_at(PMR_ID))}
        self.h2_is_verified = True
        self.complained: dict[Hash32, Place] = {}
        self.upheld: set[Hash32] = set()

    def is_active(self, grantee: str) -> bool:
        return grantee == "d1" or (grantee == "d2" and self.h2_is_verified)

    def free_place(self, place: Place) -> int | None:
        words = self.lists.setdefault(place, [])
        for at, word in enumerate(words):
            if word is None or word.until_s <= self.next_s:
                return at
        return len(words) if len(words) < WORDS_MAX else None

    @rule(
        patient=st.sampled_from(("p1", "p1", "p1", "p2")),
        grantee=st.sampled_from((*GRANTEES, "d2", "stranger")),
        pmr_id=st.sampled_from((PMR_ID, PMR_ID, 0, NEXT_ID, OF_P2)),
        window=st.sampled_from(((-60, 1), (-60, 65), (-60, 66), (0, 40), (5, 20), (30, 3_600))),
        is_later=st.booleans(),
    )
    def grant(
        self,
        patient: str,
        grantee: str,
        pmr_id: int,
        window: tuple[int, int],
        is_later: bool,
    ) -> None:
        """``window``: begins so many seconds from now, lasts so many."""
        from_s, length_s = window
        begins_s = self.world.chain.time_s + from_s
        consent: Consent = self.world.consent(
            patient=account(patient),
            grantee=account(grantee),
            pmr_id=pmr_id,
            scope=(1 | is_later << 255).to_bytes(32),
            valid_from_s=begins_s,
            valid_until_s=begins_s + length_s,
            nonce=self.nonces[patient],
        )
        place = (patient, grantee, pmr_id)
        free = self.free_place(place)
        now_s = self.next_s
        error = first_of(
            (pmr_id != 0 and (pmr_id == OF_P2) != (patient == "p2"), "NotPatient"),
            (consent.valid_until_s <= now_s, "ConsentPeriod"),
            (not self.is_active(grantee), "GranteeNotActive"),
            (free is None, "GrantLimit"),
        )
        data = self.suite.consents.grant(consent, self.world.signed(consent, patient))
        done = self.expect(error, STRANGER, self.suite.consents.address, data)
        if done and free is not None:
            word = Word(Hash32(done.output), begins_s, begins_s + length_s, now_s, is_later)
            self.lists[place][free : free + 1] = [word]
            self.given.append((place, word.grant_id))
            self.nonces[patient] += 1

    @rule(patient=st.sampled_from(("p1", "p2")), off=st.sampled_from((-1, 1, 2)))
    def grant_out_of_turn(self, patient: str, off: int) -> None:
        nonce = max(0, self.nonces[patient] + off)
        if nonce != self.nonces[patient]:
            consent = self.world.consent(patient=account(patient), pmr_id=0, nonce=nonce)
            data = self.suite.consents.grant(consent, self.world.signed(consent, patient))
            self.expect("ConsentNonce", STRANGER, self.suite.consents.address, data)

    @rule(
        which=st.integers(0, 30),
        sender=st.sampled_from(("p1", "p1", "p2", "relay", "relay late")),
    )
    def revoke(self, which: int, sender: str) -> None:
        if not self.given:
            return
        place, grant_id = self.given[which % len(self.given)]
        patient, grantee, pmr_id = place
        is_relayed = sender.startswith("relay")
        who = patient if is_relayed else sender
        words = self.lists.get((who, grantee, pmr_id), [])
        at = next((i for i, word in enumerate(words) if word and word.grant_id == grant_id), None)
        word = None if at is None else words[at]
        nonce = self.nonces[patient] - (sender == "relay late")
        error = first_of(
            (word is None, "GrantUnknown"),
            (word is not None and word.until_s <= self.next_s, "GrantNotActive"),
            (sender == "relay late", "ConsentNonce"),
        )
        consents = self.suite.consents
        terms = {"grantee": account(grantee), "pmr_id": pmr_id}
        data = consents.revoke(grant_id, **terms)  # type: ignore[arg-type]
        if is_relayed:
            signature = self.world.signed_revoke(grant_id, nonce, patient)
            data = consents.revoke_signed(
                grant_id,
                grantee=account(grantee),
                pmr_id=pmr_id,
                nonce=nonce,
                signature=signature,
            )
        if self.expect(error, sender, consents.address, data) and at is not None:
            words[at] = None
            self.nonces[patient] += is_relayed

    def standing(self, place: Place, grant_id: Hash32) -> int | None:
        """Where in its list a grant stands that the next block still finds running."""
        words = self.lists.get(place, [])
        return next(
            (
                at
                for at, word in enumerate(words)
                if word and word.grant_id == grant_id and word.until_s > self.next_s
            ),
            None,
        )

    @rule(which=st.integers(0, 30), sender=st.sampled_from(("p1", "p2", "h1", "h2", "d1")))
    def complain(self, which: int, sender: str) -> None:
        if not self.given:
            return
        place, grant_id = self.given[which % len(self.given)]
        patient, grantee, pmr_id = place
        is_hospital = sender == "h1" or (sender == "h2" and self.h2_is_verified)
        error = first_of(
            (sender != patient and not is_hospital, "NotParticipant"),
            (self.standing(place, grant_id) is None, "GrantNotActive"),
        )
        data = self.suite.consents.complain_of_grant(
            grant_id,
            patient_id={"p1": 85_437, "p2": 85_438}[patient],
            grantee=account(grantee),
            pmr_id=pmr_id,
            evidence=Hash32(b"\x0e" * 32),
        )
        if self.expect(error, sender, self.suite.consents.address, data):
            self.complained[grant_id] = place

    @rule(which=st.integers(0, 30))
    def uphold(self, which: int) -> None:
        if not self.given:
            return
        place, grant_id = self.given[which % len(self.given)]
        error = first_of(
            (grant_id not in self.complained, "ComplaintUnknown"),
            (grant_id in self.upheld, "AlreadyUpheld"),
        )
        number = self.world.propose(UpholdComplaint(grant_id))
        at = self.standing(place, grant_id)
        government = self.suite.government
        if self.expect(error, MEMBERS[1], government.address, government.vote(number)):
            self.upheld.add(grant_id)
            if at is not None:
                self.lists[place][at] = None

    @rule()
    def the_next_record_is_made(self) -> None:
        if NEXT_ID not in self.minted:
            pmr = self.suite.pmr
            data = pmr.consult(NEXT_ID, hospital_id=1, content=content("next"))
            self.expect(None, "d1", pmr.address, data)
            self.minted[NEXT_ID] = self.world.chain.time_s

    @rule()
    def the_other_hospital_falls_or_stands_again(self) -> None:
        action = SuspendHospital if self.h2_is_verified else VerifyHospital
        assert self.decide(None, action(account("h2")))
        self.h2_is_verified = not self.h2_is_verified

    @rule(which=st.integers(0, 30), late_s=st.sampled_from((-1, 0)))
    def wait_for_the_end_of_a_grant(self, which: int, late_s: int) -> None:
        words = [word for words in self.lists.values() for word in words if word]
        if words:
            chain = self.world.chain
            chain.set_block(
                chain.number, max(chain.time_s, words[which % len(words)].until_s + late_s)
            )

    @invariant()
    def who_may_read_is_who_the_model_says(self) -> None:
        now_s = self.world.chain.time_s
        for pmr_id, minted_s in self.minted.items():
            for grantee in GRANTEES:
                found = self.view(self.suite.consents.is_allowed(account(grantee), pmr_id, now_s))
                assert found == self.may_read(grantee, pmr_id, minted_s, now_s), (grantee, pmr_id)

    def may_read(self, grantee: str, pmr_id: int, minted_s: int, now_s: int) -> bool:
        of_record = self.lists.get(("p1", grantee, pmr_id), [])
        of_all = self.lists.get(("p1", grantee, 0), [])
        return any(word and word.from_s <= now_s < word.until_s for word in of_record) or any(
            word
            and word.from_s <= now_s < word.until_s
            and (word.is_later or minted_s <= word.granted_s)
            for word in of_all
        )

    def teardown(self) -> None:
        """Every patient's nonce counts exactly what was taken."""
        for patient, nonce in self.nonces.items():
            assert self.view(self.suite.consents.nonce(account(patient))) == nonce


TestConsents = as_tests(ConsentsMachine)
