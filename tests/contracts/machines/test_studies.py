"""ResearchPool beside a model: who joined, who is owed, and that no coin is made or lost."""

from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from node.contracts.research_pool import GRACE_SECONDS, Standing, StudyTerms
from tests.contracts.machines.machine import ContractMachine, as_tests, first_of
from tests.contracts.stock_chain import BLOCK_SECONDS
from tests.contracts.studies import FUNDS, PATIENTS, with_researcher
from tests.contracts.world import World, account, content, peopled

HOSPITAL_OF = {"p1": "h1", "p2": "h1", "p3": "h1", "p4": "h2", "p5": "h2"}
STUDIES = st.integers(1, 3)


@dataclass
class Study:
    """What the pool knows of one, and where its money is."""

    terms: StudyTerms
    standing: dict[str, Standing] = field(default_factory=dict)
    unpaid: dict[str, int] = field(default_factory=lambda: {"h1": 0, "h2": 0})
    is_released: bool = False
    is_refunded: bool = False
    held: int = 0

    @property
    def participants(self) -> int:
        return sum(one in (Standing.JOINED, Standing.PAID) for one in self.standing.values())

    @property
    def has_failed(self) -> bool:
        return self.participants < self.terms.k

    def is_due(self, time_s: int) -> bool:
        return self.is_released or time_s >= self.terms.deadline_s + GRACE_SECONDS


def studied() -> World:
    return with_researcher(peopled())


class StudiesMachine(ContractMachine):
    """Five patients of two hospitals, one researcher, up to three studies."""

    build = staticmethod(studied)

    def start(self) -> None:
        self.pool = self.suite.research
        self.studies: list[Study] = []
        self.purse = dict.fromkeys((*PATIENTS, "h1", "h2"), 0) | {"r1": FUNDS}

    def of(self, number: int) -> Study | None:
        return self.studies[number - 1] if number <= len(self.studies) else None

    def try_to(self, who: str, data: bytes, *rules: tuple[bool, str]) -> bool:
        return self.expect(first_of(*rules), who, self.pool.address, data) is not None

    @rule(
        seconds=st.sampled_from((60, 300)),
        k=st.integers(1, 3),
        places=st.integers(1, 4),
        price=st.sampled_from((0, 7, 1_000)),
        share=st.sampled_from((0, 3)),
    )
    def fund(self, seconds: int, k: int, places: int, price: int, share: int) -> None:
        terms = StudyTerms(self.next_s + seconds, k, places, price, share)
        if k < 2 or places < k or len(self.studies) == 3:
            return  # refused in tests of their own
        data = self.pool.fund("cough", terms)
        self.world.send("r1", self.pool.address, data, value=terms.escrow_wei)
        self.studies.append(Study(terms, held=terms.escrow_wei))
        self.purse["r1"] -= terms.escrow_wei

    @rule(number=STUDIES, who=st.sampled_from((*PATIENTS, "h1")))
    def join(self, number: int, who: str) -> None:
        study, now = self.of(number), self.next_s
        if self.try_to(
            who,
            self.pool.join(number),
            (study is None, "StudyUnknown"),
            (study is not None and now >= study.terms.deadline_s, "StudyClosed"),
            (who == "h1", "NotPatient"),
            (study is not None and study.standing.get(who) is Standing.JOINED, "AlreadyJoined"),
            (study is not None and study.participants >= study.terms.places, "StudyFull"),
        ):
            assert study is not None
            study.standing[who] = Standing.JOINED
            study.unpaid[HOSPITAL_OF[who]] += 1

    @rule(number=STUDIES, who=st.sampled_from(PATIENTS))
    def leave(self, number: int, who: str) -> None:
        study, now = self.of(number), self.next_s
        if self.try_to(
            who,
            self.pool.leave(number),
            (study is None, "StudyUnknown"),
            (study is not None and now >= study.terms.deadline_s, "StudyClosed"),
            (study is not None and study.standing.get(who) is not Standing.JOINED, "NotJoined"),
        ):
            assert study is not None
            study.standing[who] = Standing.LEFT
            study.unpaid[HOSPITAL_OF[who]] -= 1

    @rule(number=STUDIES, late_s=st.sampled_from((-1, 0, GRACE_SECONDS - 1, GRACE_SECONDS)))
    def wait(self, number: int, late_s: int) -> None:
        study = self.of(number)
        if study is not None:
            self.wait_until(study.terms.deadline_s + late_s)

    @rule(number=STUDIES, who=st.sampled_from(("r1", "r1", "p1")), rows=st.integers(1, 5))
    def release(self, number: int, who: str, rows: int) -> None:
        study, now = self.of(number), self.next_s
        data = self.pool.release(number, rows=rows, dataset=content("dataset"))
        if study is None:
            assert not self.try_to(who, data, (True, "StudyUnknown"))
            return
        if self.try_to(
            who,
            data,
            (now < study.terms.deadline_s, "StudyRunning"),
            (who != "r1", "NotResearcher"),
            (study.is_released, "StudyClosed"),
            (study.has_failed, "TooFewParticipants"),
            (not study.terms.k <= rows <= study.participants, "SettingOutOfRange"),
        ):
            study.is_released = True

    def _due(self, study: Study | None) -> list[tuple[bool, str]]:
        if study is None:
            return [(True, "StudyUnknown")]
        return [
            (self.next_s < study.terms.deadline_s, "StudyRunning"),
            (study.has_failed, "NothingToPay"),
            (not study.is_due(self.next_s), "StudyRunning"),
        ]

    @rule(number=STUDIES, who=st.sampled_from((*PATIENTS, "h1")))
    def pay_out(self, number: int, who: str) -> None:
        self._pay_out(number, who)

    def _pay_out(self, number: int, who: str) -> None:
        study = self.of(number)
        is_owed = study is not None and study.standing.get(who) is Standing.JOINED
        price = study.terms.price_wei if study is not None else 0
        nothing = (not is_owed or not price, "NothingToPay")
        if self.try_to(who, self.pool.pay_out(number), *self._due(study), nothing):
            assert study is not None
            study.standing[who] = Standing.PAID
            self._move(study, who, price)

    @rule(number=STUDIES, who=st.sampled_from(("h1", "h2", "p1")))
    def pay_hospital(self, number: int, who: str) -> None:
        self._pay_hospital(number, who)

    def _pay_hospital(self, number: int, who: str) -> None:
        study = self.of(number)
        owed = study.unpaid.get(who, 0) * study.terms.share_wei if study is not None else 0
        nothing = (not owed, "NothingToPay")
        if self.try_to(who, self.pool.pay_hospital(number), *self._due(study), nothing):
            assert study is not None
            study.unpaid[who] = 0
            self._move(study, who, owed)

    @rule(number=STUDIES, who=st.sampled_from(("r1", "r1", "p1")))
    def refund(self, number: int, who: str) -> None:
        self._refund(number, who)

    def _refund(self, number: int, who: str) -> None:
        study, now, data = self.of(number), self.next_s, self.pool.refund(number)
        if study is None:
            assert not self.try_to(who, data, (True, "StudyUnknown"))
            return
        unused = study.terms.places - (0 if study.has_failed else study.participants)
        amount = unused * (study.terms.price_wei + study.terms.share_wei)
        if self.try_to(
            who,
            data,
            (now < study.terms.deadline_s, "StudyRunning"),
            (who != "r1", "NotResearcher"),
            (study.is_refunded or not amount, "NothingToPay"),
        ):
            study.is_refunded = True
            self._move(study, who, amount)

    def _move(self, study: Study, who: str, amount: int) -> None:
        study.held -= amount
        self.purse[who] += amount
        assert study.held >= 0, "a study pays from its own escrow only"

    @invariant()
    def money_is_where_the_model_says_and_none_is_lost(self) -> None:
        chain = self.world.chain
        held = chain.balance(self.pool.address)
        assert held == sum(study.held for study in self.studies)
        purses = {who: chain.balance(account(who)) for who in self.purse}
        assert purses == self.purse
        assert held + sum(purses.values()) == FUNDS

    def teardown(self) -> None:
        """The pool says what the model says; then everybody pulls, and nothing is left."""
        for number, study in enumerate(self.studies, start=1):
            found = self.view(self.pool.study(number))
            assert found.terms == study.terms
            flags = (found.participants, found.is_released, found.is_refunded)
            assert flags == (study.participants, study.is_released, study.is_refunded)
        if not self.studies:
            return
        last = max(study.terms.deadline_s for study in self.studies)
        self.wait_until(last + GRACE_SECONDS + BLOCK_SECONDS)
        for number in range(1, len(self.studies) + 1):
            for who in PATIENTS:
                self._pay_out(number, who)
            for who in ("h1", "h2"):
                self._pay_hospital(number, who)
            self._refund(number, "r1")
        assert self.world.chain.balance(self.pool.address) == 0


TestStudies = as_tests(StudiesMachine)
