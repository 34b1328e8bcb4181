import pytest

from node.privacy.release_errors import UnknownDealError
from node.workflows.own_record import read_own
from tests.workflows.stage import Stage, note


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage().onboard("d0").register("p0", "p1")


def reading(stage: Stage, patient, deal_id: bytes):
    return read_own(stage.ward, patient, deal_id, stage.entropy())


def test_a_patient_reads_an_own_record_without_a_grant_and_leaves_no_copy(stage: Stage) -> None:
    visit = stage.visit(entry=note("own"))
    own = stage.do(reading(stage, visit.patient, visit.filed.deal_id))
    assert (own.pmr_id, own.index, own.receipts) == (visit.pmr_id, 0, 4)
    assert own.sealable.record == note("own")
    for index, entry in enumerate(visit.filed.manifest.fragments, start=1):
        holders = [one for one in stage.world.nodes.values() if one.store.store.has(entry.cid)]
        assert [one.address for one in holders] == [visit.filed.manifest.address_of(index)]


def test_what_the_wallet_does_not_hold_is_nobodys_own(stage: Stage) -> None:
    visit = stage.visit()
    error = stage.play(reading(stage, stage.patient("p1"), visit.filed.deal_id)).error
    assert isinstance(error, UnknownDealError)
