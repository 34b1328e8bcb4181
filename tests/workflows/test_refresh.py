from node.workflows.custodian_errors import CustodiansMissingError
from node.workflows.dealing import file_again
from node.workflows.lending import record_deals
from node.workflows.own_record import read_own
from node.workflows.refresh import refresh_epoch
from tests.workflows.stage import Stage
from tests.workflows.test_lending import mute, speak


def share_epochs(stage: Stage, visit) -> list[int]:
    found = []
    for address in visit.filed.custodians:
        core = stage.world.nodes[stage.cast.name_of(address)]
        found.append(core.custody.custodian.share(visit.filed.deal_id))
    return [int.from_bytes(raw[12:16]) if raw else -1 for raw in found]


def refresh(stage: Stage, patient, deals, **options):
    return refresh_epoch(stage.ward, patient, deals, stage.entropy(), **options)


def test_all_custodians_and_the_wallet_are_in_the_next_epoch_and_grants_go_on() -> None:
    stage = Stage().onboard("d0", "d1").register("p0")
    visit = stage.visit()
    stage.grant(visit)
    patient, deal_id = visit.patient, visit.filed.deal_id
    before = share_epochs(stage, visit)
    done = stage.do(refresh(stage, patient, record_deals(patient)))
    assert (done.taken, done.epochs) == (4, {deal_id: 1})
    assert patient.wallet.epoch(deal_id) == 1
    assert share_epochs(stage, visit) != before
    assert stage.read(visit.pmr_id).entries


def test_who_gets_no_letter_stays_behind_and_too_few_are_an_error() -> None:
    stage = Stage().onboard("d0").register("p0")
    visit = stage.visit()
    patient, deal_id = visit.patient, visit.filed.deal_id
    left_out = frozenset(visit.filed.custodians[:1])
    done = stage.do(refresh(stage, patient, (deal_id,), without=left_out))
    assert done.taken == 3
    for address in visit.filed.custodians[1:]:
        stage.world.stop_node(stage.cast.name_of(address)) if address != (patient.node) else None
    error = stage.play(refresh(stage, patient, (deal_id,))).error
    assert isinstance(error, CustodiansMissingError)
    assert error.have < error.need == 2


def test_the_desks_own_deals_are_no_records() -> None:
    stage = Stage().onboard("d0").register("p0")
    patient = stage.patient("p0")
    assert record_deals(patient) == ()
    visit = stage.visit()
    assert record_deals(patient) == record_deals(patient, visit.pmr_id) == (visit.filed.deal_id,)
    assert record_deals(patient, visit.pmr_id + 1) == ()


def test_a_renewal_that_too_few_have_taken_goes_out_again_as_it_was() -> None:
    """The wallet is in the next epoch already: other letters would fit nobody."""
    stage = Stage(validators=5).onboard("d0", "d1").register("p0")
    visit = stage.visit()
    patient, deal_id = visit.patient, visit.filed.deal_id
    silent = mute(stage, visit, 3)
    error = stage.play(refresh(stage, patient, (deal_id,))).error
    assert isinstance(error, CustodiansMissingError)
    assert sorted(share_epochs(stage, visit)) == [0, 0, 0, 1]
    speak(silent)
    stage.grant(visit)
    assert share_epochs(stage, visit) == [1, 1, 1, 1]
    assert stage.read(visit.pmr_id).entries
    assert stage.do(refresh(stage, patient, (deal_id,))).epochs == {deal_id: 2}
    assert share_epochs(stage, visit) == [2, 2, 2, 2]


def test_a_deal_that_no_entry_names_keeps_no_other_from_its_refresh() -> None:
    """Its entry was refused, or a rotation came to no end: no custodian would renew it."""
    stage = Stage().onboard("d0").register("p0")
    visit = stage.visit()
    patient, deal_id = visit.patient, visit.filed.deal_id
    unnamed = stage.do(
        file_again(
            stage.ward,
            patient,
            stage.do(read_own(stage.ward, patient, deal_id, stage.entropy())).sealable,
            visit.filed.manifest,
            stage.entropy(),
        )
    )
    deals = (unnamed.deal_id, deal_id)
    assert stage.do(refresh(stage, patient, deals)).epochs == {deal_id: 1}
    assert patient.wallet.epoch(unnamed.deal_id) == 0


def test_the_ledger_is_told_of_a_study_and_of_no_visit() -> None:
    stage = Stage().onboard("d0").register("p0")
    visit = stage.visit()
    study = stage.scan(visit)
    patient, labs = visit.patient, stage.contracts.labs
    stage.do(refresh(stage, patient, (visit.filed.deal_id, study.filed.deal_id)))
    told = [stage.view(labs.epoch_of(visit.pmr_id, index)) for index in (0, study.entry_index)]
    assert told == [0, patient.wallet.epoch(study.filed.deal_id)] == [0, 1]
