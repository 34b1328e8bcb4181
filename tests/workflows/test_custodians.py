"""Custodians that are silent or in another epoch, asked one after the other."""

import pytest

from node.privacy.release_messages import Head, Status
from node.workflows.custodians import EPOCHS_TRIED_MAX, _candidates, ask_custodians, custody_keys
from tests.workflows.stage import Stage


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage().onboard("d0", "d1").register("p0")


def asking(stage: Stage, visit, made, tried: list):
    doctor = stage.doctor("d1")

    def ask(index: int, epoch: int, head: Head):
        tried.append((index, epoch))
        (request,) = doctor.reader.requests(
            visit.filed.manifest,
            grant_id=made.grant_id,
            head=head,
            indices=(index,),
            entropy=stage.entropy(),
            epoch=epoch,
        )
        return request

    return ask_custodians(stage.ward, doctor.node, visit.filed.manifest, ask)


def test_each_custodian_is_asked_once_where_nothing_is_amiss(stage: Stage) -> None:
    visit = stage.visit()
    made, tried = stage.grant(visit), []
    answers = stage.do(asking(stage, visit, made, tried))
    assert tried == [(1, 0), (2, 0), (3, 0), (4, 0)]
    assert sorted(answers.by_index) == [1, 2, 3, 4]
    assert answers.silent == ()


def test_who_is_down_is_silent_and_the_others_answer() -> None:
    stage = Stage().onboard("d0", "d1").register("p0")
    visit = stage.visit()
    made = stage.grant(visit)
    index = next(
        x for x, one in enumerate(visit.filed.custodians, 1) if stage.cast.name_of(one) == "h3"
    )
    stage.world.stop_node("h3")
    answers = stage.do(asking(stage, visit, made, []))
    assert [one for one, _ in answers.silent] == [index]
    assert sorted(answers.by_index) == [x for x in (1, 2, 3, 4) if x != index]
    assert all(raw[6] == Status.RELEASED for raw in answers.by_index.values())


def test_a_custodian_of_another_epoch_is_asked_again_a_few_times(stage: Stage) -> None:
    visit = stage.visit("d0", "p0")
    made, tried = stage.grant(visit), []
    deal_id, patient = visit.filed.deal_id, visit.patient
    name = stage.cast.name_of(visit.filed.custodians[1])
    stage.world.nodes[name].custody.custodian.step(deal_id)
    answers = stage.do(asking(stage, visit, made, tried))
    assert tried == [(1, 0), (2, 0), (2, 1), (3, 0), (4, 0)]
    assert [one.epoch for one in answers.requests] == [0, 1, 0, 0]
    assert answers.by_index[2][6] == Status.RELEASED
    assert patient.wallet.epoch(deal_id) == 0


def test_epochs_are_tried_from_what_was_posted_on_and_where_others_are() -> None:
    assert _candidates((2, 7), 1) == [2, 3, 7, 4]
    assert _candidates((2, 7), 2) == [7, 8, 9, 10]
    assert len(_candidates((0, 0), 1)) == EPOCHS_TRIED_MAX


def test_letters_are_sealed_to_the_keys_of_who_holds_a_share_now(stage: Stage) -> None:
    visit = stage.visit()
    keys = stage.do(custody_keys(stage.ward, visit.patient.node, visit.filed.manifest))
    names = [stage.cast.name_of(one) for one in visit.filed.custodians]
    assert keys == tuple(stage.hospital(name).custody_key for name in names)
