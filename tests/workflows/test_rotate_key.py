from node.workflows.errors import ContractRevertError
from node.workflows.lending import record_deals
from node.workflows.rotate_key import rotate_key
from tests.workflows.stage import Stage, note


def test_a_new_generation_is_read_under_the_grants_that_go_on() -> None:
    stage = Stage().onboard("d0", "d1").register("p0")
    visit = stage.visit(entry=note("first"))
    made = stage.grant(visit)
    patient, old = visit.patient, visit.filed
    flow = rotate_key(stage.ward, patient, old.deal_id, stage.entropy(), without=None)
    done = stage.do(flow)
    assert (done.generation, done.deposits) == (1, 4)
    assert done.filed.deal_id != old.deal_id
    assert done.filed.content.commitment == old.content.commitment
    assert old.deal_id not in patient.wallet.deals
    assert patient.lent == [(made.grant_id, done.filed.deal_id)]
    assert stage.read(visit.pmr_id).entries[0].record == note("first")
    again = rotate_key(stage.ward, patient, done.filed.deal_id, stage.entropy(), without=None)
    assert stage.do(again).generation == 2


def test_a_rotation_that_came_to_no_end_can_be_ordered_again(monkeypatch) -> None:
    stage = Stage().onboard("d0", "d1").register("p0")
    visit = stage.visit(entry=note("first"))
    stage.grant(visit)
    patient, deal_id = visit.patient, visit.filed.deal_id

    def refused(*_: object):
        yield from ()
        raise ContractRevertError("PoolFull", ())

    with monkeypatch.context() as patched:
        patched.setattr("node.workflows.rotate_key.transact", refused)
        flow = rotate_key(stage.ward, patient, deal_id, stage.entropy(), without=None)
        assert stage.revert(flow).name == "PoolFull"
    again = rotate_key(stage.ward, patient, deal_id, stage.entropy(), without=None)
    done = stage.do(again)
    assert done.generation == 1
    records = [one for one in record_deals(patient) if one in patient.manifests]
    assert records == [done.filed.deal_id]
    assert stage.read(visit.pmr_id).entries[0].record == note("first")
