from node.workflows.erase import erase
from node.workflows.transacting import transact
from tests.workflows.stage import Stage


def test_a_record_that_is_erased_is_forgotten_and_cannot_be_erased_twice() -> None:
    stage = Stage().onboard("d0", "d1").register("p0", "p1")
    visit = stage.visit()
    stage.grant(visit)
    patient = visit.patient
    assert stage.revert(erase(stage.ward, patient, visit.pmr_id, basis=None)).name == (
        "RetentionRunning"
    )
    done = stage.do(erase(stage.ward, patient, visit.pmr_id, basis="GDPR-17"))
    assert done.deals == (visit.filed.deal_id,)
    assert visit.filed.deal_id not in patient.wallet.deals
    assert patient.lent == []
    assert stage.view(stage.contracts.pmr.erased_at(visit.pmr_id)) > 0
    assert stage.revert(erase(stage.ward, patient, visit.pmr_id, basis="x")).name == "RecordErased"


def test_an_erasure_that_was_cut_off_is_finished_by_forgetting() -> None:
    """The ledger has the order, the wallet has the essential shares still."""
    stage = Stage().onboard("d0").register("p0")
    visit = stage.visit()
    patient, pmr = visit.patient, stage.contracts.pmr
    data = pmr.erase(visit.pmr_id, b"GDPR-17".ljust(32, b"\0"))
    stage.do(transact(stage.ward, patient.node, patient.signer, pmr.address, data))
    assert visit.filed.deal_id in patient.wallet.deals
    done = stage.do(erase(stage.ward, patient, visit.pmr_id, basis="GDPR-17"))
    assert done.deals == (visit.filed.deal_id,)
    assert visit.filed.deal_id not in patient.wallet.deals
    assert stage.revert(erase(stage.ward, patient, visit.pmr_id, basis="x")).name == "RecordErased"
