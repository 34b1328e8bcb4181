from dataclasses import dataclass

import pytest

from node.contracts.research_pool import Standing
from node.ipfs_lite.blocks import BlockClass
from node.privacy.errors import ExportTooSmallError
from node.privacy.record import Diagnosis, PmrEntry
from node.privacy.release_errors import GrantNotActiveError
from node.privacy.research_export import COLUMNS
from node.privacy.synthetic import canaries
from node.workflows.access import revoke
from node.workflows.asking import fetch
from node.workflows.consult import Visit
from node.workflows.errors import NoGrantError
from node.workflows.read_record import read_record
from node.workflows.requests import Submit
from node.workflows.research import (
    FundedStudy,
    Joined,
    collect_share,
    export_dataset,
    fund_study,
    join_study,
    leave_study,
    pay_out,
    refund_study,
)
from node.workflows.transacting import transact
from tests.workflows.stage import Stage

PEOPLE = ("p0", "p2", "p3", "p4", "p5")
PRICE = 700
SHARE = 70


@dataclass
class Clinic:
    """A stage on which five patients of h0 were seen, and words for what studies need."""

    stage: Stage
    visits: dict[str, Visit]

    def __post_init__(self) -> None:
        self.ward = self.stage.ward
        self.do, self.revert = self.stage.do, self.stage.revert
        self.pool = self.stage.contracts.research
        self.researcher = self.stage.cast.researchers["r0"]

    def fund(self, *, seconds: int = 300, places: int = 6, purpose: str = "cough") -> FundedStudy:
        return self.do(self.funding(seconds=seconds, places=places, purpose=purpose))

    def funding(self, *, seconds: int = 300, places: int = 6, purpose: str = "cough", k: int = 2):
        return fund_study(
            self.ward,
            self.researcher,
            purpose=purpose,
            k=k,
            places=places,
            price_wei=PRICE,
            share_percent=10,
            seconds=seconds,
        )

    def joining(self, study: FundedStudy, name: str):
        patient, pmr_id = self.stage.patient(name), self.visits[name].pmr_id
        return join_study(self.ward, patient, study, pmr_id, self.stage.entropy())

    def join(self, study: FundedStudy, *names: str) -> list[Joined]:
        return [self.do(self.joining(study, name)) for name in names]

    def exporting(self, study: FundedStudy, joined: list[Joined]):
        return export_dataset(
            self.ward, self.researcher, study, joined, diversity=2, entropy=self.stage.entropy()
        )

    def end(self, study: FundedStudy) -> None:
        self.stage.until(lambda: self.stage.head_s() >= study.terms.deadline_s, 600)

    def pay(self, study: FundedStudy, name: str):
        return pay_out(self.ward, self.stage.patient(name), study)

    def reading(self, name: str):
        pmr_id = self.visits[name].pmr_id
        return read_record(self.ward, self.researcher, pmr_id, self.stage.entropy())

    def balance(self, account: bytes) -> int:
        return self.stage.world.nodes["h0"].ledger.state().get_balance(account)

    def study(self, study: FundedStudy):
        return self.stage.view(self.pool.study(study.study_id))

    def standing(self, study: FundedStudy, name: str) -> Standing:
        patient_id = self.stage.patient(name).patient_id
        return self.stage.view(self.pool.participation(study.study_id, patient_id)).standing


@pytest.fixture(scope="module")
def clinic() -> Clinic:
    stage = Stage().onboard("d0").register(*PEOPLE)
    codes = ("J45.9", "E11.9", "I10", "J45.1", "E11.2")
    visits = {}
    for name, code in zip(PEOPLE, codes, strict=True):
        person = stage.patient(name).person
        text = f"{person.details.name}, file {person.marker}"
        entry = PmrEntry(present_illness=text, diagnosis=(Diagnosis(code, text),))
        visits[name] = stage.visit(patient=name, entry=entry)
    return Clinic(stage, visits)


def cut_before_submitting(flow):
    """The same flow, dropped when it would send its first transaction."""
    ask = next(flow)
    while not isinstance(ask.request, Submit):
        try:
            answer = yield ask
        except Exception as error:  # noqa: BLE001 - handed on to the flow, whatever it is
            ask = flow.throw(error)
        else:
            ask = flow.send(answer)
    flow.close()


def test_the_price_of_all_places_goes_into_escrow(clinic: Clinic) -> None:
    mine, escrow = clinic.researcher.signer.address, clinic.pool.address
    before = clinic.balance(mine), clinic.balance(escrow)
    study = clinic.fund()
    assert study.terms.escrow_wei == 6 * (PRICE + SHARE)
    moved = study.terms.escrow_wei
    assert (clinic.balance(mine), clinic.balance(escrow)) == (before[0] - moved, before[1] + moved)
    assert clinic.study(study).terms == study.terms


def test_joining_opens_one_visit_and_leaving_closes_it(clinic: Clinic) -> None:
    study = clinic.fund()
    (joined,) = clinic.join(study, "p0")
    assert clinic.standing(study, "p0") is Standing.JOINED
    assert [one.index for one in clinic.do(clinic.reading("p0")).entries] == [0]
    with pytest.raises(NoGrantError):
        clinic.do(clinic.reading("p2"))
    assert clinic.revert(clinic.joining(study, "p0")).name == "AlreadyJoined"
    clinic.do(leave_study(clinic.ward, joined))
    assert clinic.standing(study, "p0") is Standing.LEFT
    with pytest.raises(GrantNotActiveError, match="REVOKED"):
        clinic.do(clinic.reading("p0"))
    assert clinic.revert(leave_study(clinic.ward, joined)).name == "NotJoined"
    clinic.join(study, "p0")
    assert clinic.study(study).participants == 1


def test_a_device_tells_bands_and_no_value(clinic: Clinic) -> None:
    study = clinic.fund()
    (joined,) = clinic.join(study, "p3")
    details = clinic.stage.patient("p3").person.details
    told = joined.demographics
    assert told.gender == details.gender
    assert told.age == 1 + min(details.age, 90) // 5
    assert not {details.name, details.contact, details.weight_g} & set(vars_of(told))


def vars_of(told) -> tuple[object, ...]:
    return tuple(getattr(told, name) for name in type(told).__slots__)


def test_a_join_that_was_cut_off_only_consents(clinic: Clinic) -> None:
    study, patient = clinic.fund(), clinic.stage.patient("p2")
    data = clinic.pool.join(study.study_id)
    clinic.do(transact(clinic.ward, patient.node, patient.signer, clinic.pool.address, data))
    clinic.join(study, "p2")
    assert clinic.study(study).participants == 1
    assert clinic.do(clinic.reading("p2")).entries


def test_a_leave_that_was_cut_off_is_finished(clinic: Clinic) -> None:
    study = clinic.fund()
    (joined,) = clinic.join(study, "p4")
    clinic.do(revoke(clinic.ward, joined.grant))
    clinic.do(leave_study(clinic.ward, joined))
    assert clinic.standing(study, "p4") is Standing.LEFT


def test_a_leave_whose_patient_did_not_see_the_consent_end_is_finished(clinic: Clinic) -> None:
    """Cut off while the revocation was on its way: the ledger has it, the wallet does not."""
    study = clinic.fund()
    (joined,) = clinic.join(study, "p5")
    patient = clinic.stage.patient("p5")
    noted = patient.granted[joined.grant.grant_id].ends_s
    clinic.do(revoke(clinic.ward, joined.grant))
    patient.granted[joined.grant.grant_id].ends_s = noted
    clinic.do(leave_study(clinic.ward, joined))
    assert clinic.standing(study, "p5") is Standing.LEFT
    assert patient.granted[joined.grant.grant_id].ends_s < noted


def test_a_researcher_without_the_money_funds_nothing(clinic: Clinic) -> None:
    count = clinic.stage.view(clinic.pool.study_count())
    ended = clinic.stage.play(clinic.funding(places=10_000))
    assert "insufficient funds" in str(ended.error)
    assert clinic.stage.view(clinic.pool.study_count()) == count


def test_from_funding_to_the_last_coin(clinic: Clinic) -> None:
    pool, ward = clinic.pool, clinic.ward
    before = clinic.balance(pool.address)
    study = clinic.fund(purpose="first look")
    joined = clinic.join(study, *PEOPLE)
    clinic.do(leave_study(ward, joined[-1]))
    early = clinic.stage.play(clinic.exporting(study, joined))
    assert early.error.name == "StudyRunning"
    assert early.transactions == ()
    assert clinic.revert(clinic.pay(study, "p0")).name == "StudyRunning"
    clinic.end(study)

    clinic.do(cut_before_submitting(clinic.exporting(study, joined)))
    assert not clinic.study(study).is_released
    exported = clinic.do(clinic.exporting(study, joined))
    assert clinic.study(study).is_released
    assert (exported.unread, exported.warnings) == ((), ())
    assert len(exported.dataset.rows) == 4
    where = COLUMNS.index("region")
    assert {row[where] for row in exported.dataset.rows} == {"unspecified"}
    node = clinic.stage.hospital("h3").node
    holders = (clinic.researcher.node,)
    fetching = fetch(node, (exported.content.cid,), holders, BlockClass.PUBLIC)
    assert clinic.do(fetching) == (exported.dataset.data,)
    for name in PEOPLE:
        for canary in canaries(clinic.stage.patient(name).person):
            assert canary not in exported.dataset.data + exported.dataset.table
    assert clinic.revert(clinic.exporting(study, joined)).name == "StudyClosed"

    for name in PEOPLE[:-1]:
        assert clinic.do(clinic.pay(study, name)).amount_wei == PRICE
        assert clinic.revert(clinic.pay(study, name)).name == "NothingToPay"
    assert clinic.revert(clinic.pay(study, PEOPLE[-1])).name == "NothingToPay"
    hospital = clinic.stage.hospital("h0")
    assert clinic.do(collect_share(ward, hospital, study)).amount_wei == 4 * SHARE
    rest = clinic.do(refund_study(ward, clinic.researcher, study)).amount_wei
    assert rest == 2 * (PRICE + SHARE)
    assert clinic.balance(pool.address) == before
    again(clinic)


def again(clinic: Clinic) -> None:
    """The same four in another study: a warning; one of them closed the record: it is named."""
    study = clinic.fund(purpose="second look")
    people = clinic.join(study, *PEOPLE)
    patient = people[-1].patient
    clinic.do(revoke(clinic.ward, people[-1].grant))
    clinic.end(study)
    exported = clinic.do(clinic.exporting(study, people))
    assert exported.unread == ((patient.patient_id, "GrantNotActiveError"),)
    (warning,) = exported.warnings
    assert "'first look'" in warning
    assert clinic.do(clinic.pay(study, PEOPLE[-1])).amount_wei == PRICE


def test_a_failed_study_and_one_too_small_to_export(clinic: Clinic) -> None:
    ward, failed, small = clinic.ward, clinic.fund(seconds=150), clinic.fund(seconds=150)
    alone, two = clinic.join(failed, "p0"), clinic.join(small, "p0", "p2")
    clinic.end(small)
    assert clinic.revert(clinic.exporting(failed, alone)).name == "TooFewParticipants"
    refund = clinic.do(refund_study(ward, clinic.researcher, failed))
    assert refund.amount_wei == failed.terms.escrow_wei
    with pytest.raises(ExportTooSmallError, match="2 participants"):
        clinic.do(clinic.exporting(small, two))
    assert not clinic.study(small).is_released
