import pytest

from node.sim.cast import fresh_account
from node.sss.errors import MixedEpochsError
from node.sss.recovery import combine_master
from node.workflows.custodian_errors import CustodiansMissingError
from node.workflows.own_record import read_own
from node.workflows.recovery import FreshAccount, cancel_recovery, recover_key, set_guardian
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


def test_a_patient_may_name_another_guardian_and_the_first_ones_share_is_worth_nothing() -> None:
    stage = Stage().register("p0")
    patient, first = stage.patient("p0"), guardian_of(stage)
    second = Guardian("g2", stage.doctor("d2").signer, stage.hospital("h1"))
    hospital = stage.hospital("h3")
    for guardian in (first, second):
        stage.do(set_guardian(stage.ward, patient, guardian, [hospital], stage.entropy()))
    account = patient.wallet.address
    custodian = stage.world.nodes["h3"].custody.custodian
    theirs = custodian.entrusted(account)
    shares = [one.kept[patient.patient_id].share for one in (first, second)]
    assert [one.epoch for one in (*shares, theirs)] == [0, 1, 1]
    encoded = [one.encode() for one in (shares[1], theirs)]
    combine_master(encoded, chain_id=stage.ward.chain_id, patient=account)
    with pytest.raises(MixedEpochsError):
        combine_master(
            [shares[0].encode(), theirs.encode()], chain_id=stage.ward.chain_id, patient=account
        )


def test_a_recovery_that_was_cut_off_after_the_account_moved_goes_on() -> None:
    stage = Stage(first_patient_id="1, recovery_wait: 10s").onboard("d0").register("p0")
    visit = stage.visit()
    patient, guardian = visit.patient, guardian_of(stage)
    stage.do(set_guardian(stage.ward, patient, guardian, [stage.hospital("h3")], stage.entropy()))
    fresh = FreshAccount(*fresh_account(stage.ward, stage.entropy()))

    def unheard(*_: object) -> None:
        pass

    def recover():
        return recover_key(
            stage.ward,
            patient,
            guardian,
            hospital=stage.hospital("h1"),
            fresh=fresh,
            entropy=stage.entropy(),
        )

    desks = [stage.world.nodes[name].custody for name in ("h1", "h2", "h3")]
    for deaf in (desks[2:], desks[:2] + desks[3:]):
        for desk in deaf:  # first no share of the master comes back, then nobody takes a renewal
            desk.received = unheard
        stage.world.nodes["h0"].custody.received = unheard
        error = stage.play(recover()).error
        for desk in (*deaf, stage.world.nodes["h0"].custody):
            del desk.received
        assert isinstance(error, CustodiansMissingError)
    done = stage.do(recover())
    assert guardian.kept == {}
    assert stage.revert(recover()).name == "DuplicateRegistration"
    assert (done.new, done.tokens) == (fresh.wallet.address, (visit.pmr_id,))
    assert done.old != done.new
    own = read_own(stage.ward, patient, visit.filed.deal_id, stage.entropy())
    assert stage.do(own).pmr_id == visit.pmr_id
