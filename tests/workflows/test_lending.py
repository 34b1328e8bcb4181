"""Deposits where custodians are silent, and the wallet's epochs around the ends of grants."""

import pytest

from node.sss.shares import decode_container
from node.workflows.access import direct_request, grant
from node.workflows.custodian_errors import CustodiansMissingError
from node.workflows.lending import SETTLING_PERIODS, follow_epochs, send_letters
from node.workflows.ward import GivenGrant
from tests.workflows.stage import Stage, drive


def holders(stage: Stage, visit) -> list[str]:
    return [stage.cast.name_of(one) for one in visit.filed.custodians]


def given(stage: Stage, visit, seconds: int = 600):
    request = direct_request(stage.doctor("d1"), visit.patient, visit.pmr_id)
    return grant(stage.ward, request, seconds=seconds, entropy=stage.entropy())


def test_a_grant_stands_while_enough_custodians_keep_their_deposits() -> None:
    stage = Stage(validators=5).onboard("d0", "d1").register("p0")
    visit = stage.visit()
    away = [name for name in holders(stage, visit) if name not in ("h0", "h1")][:1]
    stage.world.stop_node(away[0])
    made = stage.do(given(stage, visit))
    assert made.deposits == 3
    assert stage.read(visit.pmr_id).entries


def test_too_few_deposits_are_an_error_with_numbers() -> None:
    stage = Stage(t=4, validators=4).onboard("d0", "d1").register("p0")
    visit = stage.visit()
    for core in stage.world.nodes.values():
        if core.address in visit.filed.custodians[:2]:
            core.custody.custodian.store.delete_deal(visit.filed.deal_id)
    error = stage.play(given(stage, visit)).error
    assert isinstance(error, CustodiansMissingError)
    assert (error.have, error.need, [index for index, _ in error.faults]) == (2, 3, [1, 2])
    assert stage.doctor("d1").grants == []


def test_a_letter_that_is_not_there_is_not_sent() -> None:
    stage = Stage().onboard("d0").register("p0")
    visit, sent = stage.visit(), []

    def send(custodian, letter):
        yield from ()
        sent.append((custodian, letter))
        return b""

    flow = send_letters(visit.filed.manifest, ("a", None, "c", "d"), send, "x")
    assert drive(flow).value == 3
    assert [letter for _, letter in sent] == ["a", "c", "d"]
    with pytest.raises(CustodiansMissingError, match=r"1 of 2 needed .*index 2: it gets no letter"):
        drive(send_letters(visit.filed.manifest, ("a", None, None, None), send, "x"))


def test_around_the_end_of_an_own_grant_the_wallet_waits() -> None:
    stage = Stage().onboard("d0", "d1").register("p0")
    visit = stage.visit()
    patient, deal_id = visit.patient, visit.filed.deal_id
    made = stage.grant(visit, seconds=30)
    assert patient.lent == [(made.grant_id, deal_id)]
    stage.until(lambda: min(stage.final_times()) >= made.valid_until_s - 1)
    stage.do(follow_epochs(stage.ward, patient, deal_id))
    assert min(stage.final_times()) > made.valid_until_s + SETTLING_PERIODS - 2
    assert patient.lent == []


def test_an_end_that_is_far_away_costs_no_time() -> None:
    stage = Stage().onboard("d0", "d1").register("p0")
    visit = stage.visit()
    stage.grant(visit, seconds=600)
    before = stage.world.kernel.now
    stage.do(follow_epochs(stage.ward, visit.patient, visit.filed.deal_id))
    assert stage.world.kernel.now - before < 1_000_000
    assert len(visit.patient.lent) == 1


def test_a_grant_that_was_taken_back_ends_when_that_is_final() -> None:
    assert GivenGrant(0, 5).ends_s == 5


def test_the_end_of_a_grant_that_the_wallet_forgot_is_read_from_the_ledger() -> None:
    """A recovered wallet knows nothing of what the lost one had granted."""
    stage = Stage().onboard("d0", "d1").register("p0")
    visit = stage.visit()
    patient, deal_id = visit.patient, visit.filed.deal_id
    made = stage.grant(visit, seconds=30)
    patient.lent.clear()
    patient.granted.clear()
    stage.until(lambda: min(stage.final_times()) >= made.valid_until_s + 15)
    assert patient.wallet.epoch(deal_id) == 0
    assert stage.do(given(stage, visit)).deposits == 4
    assert patient.wallet.epoch(deal_id) == 1


# ---- letters that too few have taken


def mute(stage: Stage, visit, count: int):
    """Let custodians other than the patient's own node hear nothing; give their cores."""
    own = visit.patient.node
    found = [stage.world.nodes[name] for name in holders(stage, visit)]
    cores = [core for core in found if core.address != own][:count]
    for core in cores:
        core.custody.received = lambda turn, peer, message: None
    return cores


def speak(cores) -> None:
    for core in cores:
        del core.custody.received


def epochs(stage: Stage, visit) -> list[int]:
    cores = [stage.world.nodes[name] for name in holders(stage, visit)]
    shares = [core.custody.custodian.share(visit.filed.deal_id) for core in cores]
    return [decode_container(raw).epoch for raw in shares]


def test_deposits_that_too_few_kept_go_out_again_before_the_next_grants() -> None:
    stage = Stage(validators=5).onboard("d0", "d1").register("p0")
    visit = stage.visit()
    silent = mute(stage, visit, 3)
    error = stage.play(given(stage, visit)).error
    speak(silent)
    made = stage.do(given(stage, visit))
    assert isinstance(error, CustodiansMissingError)
    assert made.deposits == 4
    assert stage.read(visit.pmr_id).entries
    stage.until(lambda: min(stage.final_times()) > made.valid_until_s + 15, limit_s=900)
    assert epochs(stage, visit) == [2, 2, 2, 2]
    stage.do(follow_epochs(stage.ward, visit.patient, visit.filed.deal_id))
    assert visit.patient.wallet.epoch(visit.filed.deal_id) == 2


def test_a_grant_that_ended_before_enough_kept_it_takes_nobody_along() -> None:
    stage = Stage(validators=5).onboard("d0", "d1").register("p0")
    visit = stage.visit()
    silent = mute(stage, visit, 3)
    stage.play(given(stage, visit, seconds=30))
    speak(silent)
    stage.run(60)
    made = stage.do(given(stage, visit))
    assert made.deposits == 3  # whoever kept the first has stepped, and stays behind
    assert stage.read(visit.pmr_id).entries
    assert visit.patient.wallet.epoch(visit.filed.deal_id) == 0


def test_a_grant_that_enough_kept_takes_the_wallet_along_though_nobody_told_it() -> None:
    stage = Stage(validators=5).onboard("d0", "d1").register("p0")
    visit = stage.visit()
    made = stage.do(given(stage, visit, seconds=30))
    patient, deal_id = visit.patient, visit.filed.deal_id
    letters = patient.wallet.deposit(made.grant_id, deal_id, [bytes([9]) * 32] * 4, stage.entropy())
    patient.wallet.take_back(deal_id)
    patient.lent.clear()
    patient.depositing[deal_id] = letters  # as if the flow had been cut off before the last answer
    stage.until(lambda: min(stage.final_times()) > made.valid_until_s + 15)
    assert stage.do(given(stage, visit)).deposits == 4
    assert patient.wallet.epoch(deal_id) == 1
