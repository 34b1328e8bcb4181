from node.workflows.custodian_errors import CustodiansMissingError
from node.workflows.recovery import cancel_recovery, set_guardian
from node.workflows.ward import Guardian
from tests.workflows.stage import Stage


def guardian_of(stage: Stage) -> Guardian:
    return Guardian("g", stage.doctor("d3").signer, stage.hospital("h2"))


def test_a_guardian_keeps_a_share_and_hospitals_the_others() -> None:
    stage = Stage().register("p0")
    patient, guardian = stage.patient("p0"), guardian_of(stage)
    hospitals = [stage.hospital("h1"), stage.hospital("h3")]
    done = stage.do(set_guardian(stage.ward, patient, guardian, hospitals, stage.entropy()))
    assert done.holders == tuple(one.signer.address for one in hospitals)
    kept = guardian.kept[patient.patient_id]
    assert (kept.account, kept.share.index) == (patient.wallet.address, 1)
    registered = stage.view(stage.contracts.patients.guardian_of(patient.patient_id))
    assert registered == guardian.signer.address
    for hospital in hospitals:
        core = stage.world.nodes[hospital.name]
        assert core.custody.custodian.store.entrusted(patient.wallet.address) is not None


def test_without_a_hospital_that_keeps_a_share_nothing_could_come_back() -> None:
    stage = Stage().register("p0")
    patient, guardian = stage.patient("p0"), guardian_of(stage)
    stage.world.stop_node("h3")
    flow = set_guardian(stage.ward, patient, guardian, [stage.hospital("h3")], stage.entropy())
    error = stage.play(flow).error
    assert isinstance(error, CustodiansMissingError)
    assert guardian.kept == {}


def test_where_no_recovery_runs_there_is_none_to_object_to() -> None:
    stage = Stage().register("p0")
    error = stage.revert(cancel_recovery(stage.ward, stage.patient("p0")))
    assert error.name == "RecoveryUnknown"
