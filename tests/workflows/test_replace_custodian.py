import pytest

from node.sss.shares import decode_container
from node.workflows.errors import ContractRevertError
from node.workflows.replace_custodian import replace_by_authority, replace_custodian
from tests.workflows.stage import Stage


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage(validators=5).onboard("d0").register("p0")


def by_authority(stage: Stage, visit, leaver: str, newcomer: str):
    member = next(iter(stage.cast.regulators.values()))
    names = (stage.hospital(leaver).signer.address, stage.hospital(newcomer).signer.address)
    return replace_by_authority(stage.ward, member, visit.filed.manifest, *names)


def test_the_authority_moves_no_seat_of_an_active_hospital(stage: Stage) -> None:
    visit = stage.visit()
    holder = stage.cast.name_of(visit.filed.custodians[0])
    other = next(n for n in stage.cast.hospitals if n != holder)
    assert isinstance(stage.play(by_authority(stage, visit, holder, other)).error,
                      ContractRevertError)  # fmt: skip


def test_who_holds_no_share_has_no_seat_to_leave(stage: Stage) -> None:
    visit = stage.visit()
    dealt = visit.filed.custodians
    free = next(n for n, one in stage.cast.hospitals.items() if one.signer.address not in dealt)
    error = stage.play(by_authority(stage, visit, free, "h0")).error
    assert (error.name, error.values) == ("SeatUnknown", (stage.hospital(free).signer.address,))


def test_a_patient_hands_a_seat_over_and_the_newcomer_takes_part(stage: Stage) -> None:
    visit = stage.visit()
    dealt = visit.filed.custodians
    free = next(n for n, one in stage.cast.hospitals.items() if one.signer.address not in dealt)
    newcomer = stage.hospital(free).signer.address
    flow = replace_custodian(
        stage.ward,
        visit.patient,
        visit.filed.deal_id,
        leaver=dealt[1],
        newcomer=newcomer,
        entropy=stage.entropy(),
    )
    done = stage.do(flow)
    assert (done.index, done.newcomer) == (2, newcomer)
    assert done.refreshed.taken == 4
    share = stage.world.nodes[free].custody.custodian.share(visit.filed.deal_id)
    assert decode_container(share).epoch == visit.patient.wallet.epoch(visit.filed.deal_id) == 1


def test_a_custodian_of_the_deal_gets_no_second_seat(stage: Stage) -> None:
    visit = stage.visit()
    dealt = visit.filed.custodians
    flow = replace_custodian(
        stage.ward,
        visit.patient,
        visit.filed.deal_id,
        leaver=dealt[1],
        newcomer=dealt[2],
        entropy=stage.entropy(),
    )
    error = stage.play(flow).error
    assert isinstance(error, ContractRevertError)
    assert (error.name, error.values) == ("SeatTaken", (dealt[2],))
