from node.base.types import Cid
from node.contracts.pmr_token import Entry
from node.workflows.asking import view
from node.workflows.custody_facts import (
    current_cid,
    fetch_manifest,
    posted_epochs,
    reached_epoch,
    seated,
)
from node.workflows.transacting import transact
from tests.workflows.stage import Stage


def replace_custodian(stage: Stage, visit, index: int, new: str, old=None):
    custody = stage.contracts.custody
    data = custody.replace_custodian(
        visit.filed.deal_id,
        pmr_id=visit.pmr_id,
        index=index,
        old=old or visit.filed.custodians[index - 1],
        new=stage.hospital(new).signer.address,
    )
    patient = visit.patient
    stage.do(transact(stage.ward, patient.node, patient.signer, custody.address, data))


def test_what_the_ledger_says_of_a_record_that_nothing_happened_to() -> None:
    stage = Stage().onboard("d0").register("p0")
    visit = stage.visit()
    node, manifest = stage.hospital("h1").node, visit.filed.manifest
    (entry,) = stage.view(stage.contracts.pmr.entries(visit.pmr_id))
    assert isinstance(entry, Entry)
    cid = stage.do(current_cid(stage.ward, node, visit.pmr_id, 0, entry))
    assert cid == visit.filed.content.cid
    assert stage.do(fetch_manifest(stage.ward, node, cid)) == manifest
    assert stage.do(seated(stage.ward, node, manifest)) == manifest
    assert stage.do(posted_epochs(stage.ward, node, manifest)) == (0, 0, 0, 0)


def test_a_newer_generation_is_the_one_to_read() -> None:
    stage = Stage().onboard("d0").register("p0")
    visit = stage.visit()
    newer = Cid(visit.filed.content.cid[:4] + b"\x07" * 32)
    custody, patient = stage.contracts.custody, visit.patient
    data = custody.rotate(visit.pmr_id, 0, generation=1, manifest=newer)
    stage.do(transact(stage.ward, patient.node, patient.signer, custody.address, data))
    (entry,) = stage.do(view(patient.node, stage.contracts.pmr.entries(visit.pmr_id)))
    assert stage.do(current_cid(stage.ward, patient.node, visit.pmr_id, 0, entry)) == newer


def test_a_seat_that_was_handed_over_is_its_new_holders() -> None:
    stage = Stage(validators=5).onboard("d0").register("p0")
    visit = stage.visit()
    dealt = visit.filed.custodians
    free = next(n for n, one in stage.cast.hospitals.items() if one.signer.address not in dealt)
    replace_custodian(stage, visit, 2, free)
    now = stage.do(seated(stage.ward, visit.patient.node, visit.filed.manifest))
    assert now.custodians[1] == stage.hospital(free).signer.address
    assert (now.custodians[0], now.custodians[2:]) == (dealt[0], dealt[2:])


def test_a_replacement_of_somebody_who_never_held_the_share_counts_for_nothing() -> None:
    stage = Stage(validators=5).onboard("d0").register("p0")
    visit = stage.visit()
    dealt = visit.filed.custodians
    free = next(n for n, one in stage.cast.hospitals.items() if one.signer.address not in dealt)
    replace_custodian(stage, visit, 2, free, old=dealt[0])
    now = stage.do(seated(stage.ward, visit.patient.node, visit.filed.manifest))
    assert now.custodians == dealt


def test_fewer_than_the_needed_custodians_cannot_say_that_an_epoch_is_reached() -> None:
    assert reached_epoch((2**31, 3, 4, 0), 2) == 4
    assert reached_epoch((2**31, 2**31, 4, 0), 3) == 4
    assert reached_epoch((0, 0, 0, 7), 1) == 7
