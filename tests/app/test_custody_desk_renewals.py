"""Renewals at a custodian, and shares of a wallet's master: taken, refused, given back."""

from dataclasses import replace

import pytest

from node.app.custody_desk import LETTER_WAIT_PERIODS
from node.base.rng import TreeEntropy
from node.privacy.entrusting import open_reclaimed, seal_entrusted
from node.privacy.release_messages import Status
from node.privacy.sealing import public_key_of
from node.sss.drbg import SeedsUsed, fresh_stream
from node.sss.recovery import split_master
from node.workflows.errors import CustodianRefusedError, CustodianSilentError
from node.workflows.requests import EntrustShare, ReclaimShare
from node.workflows.transacting import transact
from tests.app.clinic import GRANT_SECONDS, opened
from tests.app.ward import CHAIN_ID, HOSPITALS, key_of, sealing_of

ONE, TWO = HOSPITALS[:2]
KEEPER = 1


@pytest.fixture
def clinic():
    return opened()


def letter(clinic):
    """Give the letter of a renewal for core 1."""
    return clinic.renewals()[clinic.second - 1]


# -- renewals


def test_a_renewal_moves_the_share_and_is_acknowledged_by_its_digest(clinic):
    mine = letter(clinic)
    assert clinic.net.answer(clinic.renew(mine)) == mine.digests[mine.index - 1]
    assert clinic.share(KEEPER).epoch == 1
    (told,) = clinic.net.noted(KEEPER, "custody.renewed")
    assert (told["deal"], told["index"], told["epoch"]) == (clinic.deal_id, mine.index, 1)


def test_the_epoch_of_a_renewal_stands_on_the_ledger(clinic):
    clinic.renew(letter(clinic))
    clinic.net.grow(4)
    question = clinic.contracts.custody.epoch_of(clinic.deal_id, TWO.address)
    assert clinic.view(question) == 1


def test_the_same_renewal_again_is_acknowledged_and_moves_nothing(clinic):
    mine = letter(clinic)
    clinic.renew(mine)
    assert clinic.net.answer(clinic.renew(mine)) == mine.digests[mine.index - 1]
    assert clinic.share(KEEPER).epoch == 1


def test_a_renewal_after_a_restart_is_still_the_same(clinic):
    mine = letter(clinic)
    clinic.renew(mine)
    clinic.net.restart(KEEPER)
    assert clinic.net.answer(clinic.renew(mine)) == mine.digests[mine.index - 1]
    assert clinic.share(KEEPER).epoch == 1


def test_a_renewal_of_an_epoch_that_is_past_is_refused_at_once(clinic):
    clinic.grant()
    late = letter(clinic)
    clinic.net.sleep(GRANT_SECONDS + 4)
    with pytest.raises(CustodianRefusedError, match="epoch 0"):
        clinic.net.answer(clinic.renew(late))


def test_a_renewal_for_an_epoch_to_come_waits_for_it(clinic):
    first = letter(clinic)
    second = letter(clinic)
    call = clinic.renew(second)
    assert clinic.net.is_open(call)
    clinic.renew(first)
    clinic.net.grow(1)
    assert clinic.net.answer(call) == second.digests[second.index - 1]
    assert clinic.share(KEEPER).epoch == 2


def test_a_renewal_of_a_stranger_moves_nothing(clinic):
    forged = replace(letter(clinic), signature=bytes(65))
    call = clinic.renew(forged)
    clinic.net.sleep(LETTER_WAIT_PERIODS + 1)
    with pytest.raises(CustodianSilentError):
        clinic.net.answer(call)
    assert clinic.share(KEEPER).epoch == 0


def test_an_owner_who_asks_without_a_grant_gets_the_share(clinic):
    """The answer is sealed to the key that the ledger has for the patient."""
    assert clinic.release(bytes(32), clinic.second) is Status.UNKNOWN_GRANT  # the doctor
    assert clinic.net.cores[KEEPER].custody.view().owner_key(clinic.patient.wallet.address) == (
        public_key_of(sealing_of("patient"))
    )


# -- shares of a master

NEW = "the patient's new account"


def entrusted(clinic, *, patient="patient", epoch=0):
    """Give a share of a master, sealed for core 1."""
    signer = key_of(patient)
    shares = split_master(
        bytes(range(32)),
        chain_id=CHAIN_ID,
        patient=signer.address,
        needed=2,
        holders=2,
        stream=fresh_stream(TreeEntropy(1, "master", epoch), SeedsUsed()),
        epoch=epoch,
    )
    key = public_key_of(sealing_of("hospital 1"))
    entropy = TreeEntropy(1, "sealing", epoch)
    return shares[1], seal_entrusted(shares[1], key, signer=signer, entropy=entropy)


def leave(clinic, sealed, patient="patient"):
    call = clinic.net.ask(0, EntrustShare(TWO.address, key_of(patient).address, sealed))
    clinic.net.settle()
    return call


def reclaim(clinic):
    call = clinic.net.ask(0, ReclaimShare(TWO.address, key_of("patient").address))
    clinic.net.settle()
    return call


def recover(clinic):
    """Recover the patient to a new account, by the guardian and a hospital, until it is final."""
    net, patients = clinic.net, clinic.contracts.patients
    guardian, hospital = clinic.doctor, clinic.hospitals[0]
    key = public_key_of(sealing_of(NEW))
    patient_id = clinic.view(patients.id_of(key_of("patient").address))
    terms = {"new_account": key_of(NEW).address, "new_key": key}
    clinic.act(patients.set_guardian(guardian.signer.address), contract=patients)

    def act(signer, data):
        net.run(transact(clinic.parties, hospital.node, signer, patients.address, data))

    act(guardian.signer, patients.start_recovery(patient_id, **terms))
    act(hospital.signer, patients.confirm_recovery(patient_id, **terms))
    ready = clinic.view(patients.recovery_of(patient_id)).ready_at
    net.now = max(net.now, ready * 1_000_000)
    net.grow(1)
    act(hospital.signer, patients.finish_recovery(patient_id))
    net.grow(1)


def test_a_share_of_a_master_is_kept_and_acknowledged_by_its_digest(clinic):
    share, sealed = entrusted(clinic)
    assert clinic.net.answer(leave(clinic, sealed)) == share.digest()


def test_a_share_of_nobodys_master_is_not_kept(clinic):
    _, sealed = entrusted(clinic, patient="stranger")
    call = leave(clinic, sealed, "stranger")
    clinic.net.sleep(LETTER_WAIT_PERIODS)
    with pytest.raises(CustodianSilentError):
        clinic.net.answer(call)
    store = clinic.net.cores[KEEPER].custody.custodian.store
    assert store.entrusted(key_of("stranger").address) is None


def test_an_older_split_is_refused(clinic):
    _, older = entrusted(clinic)
    leave(clinic, entrusted(clinic, epoch=1)[1])
    with pytest.raises(CustodianRefusedError):
        clinic.net.answer(leave(clinic, older))


def test_a_share_of_a_master_is_not_given_back_without_a_recovery(clinic):
    leave(clinic, entrusted(clinic)[1])
    with pytest.raises(CustodianRefusedError):
        clinic.net.answer(reclaim(clinic))


def test_after_a_final_recovery_the_share_goes_to_the_key_of_the_ledger_and_no_other(clinic):
    share, sealed = entrusted(clinic)
    leave(clinic, sealed)
    recover(clinic)
    given = clinic.net.answer(reclaim(clinic))
    lost = key_of("patient").address
    assert open_reclaimed(sealing_of(NEW), lost, CHAIN_ID, given) == share
    view = clinic.net.cores[KEEPER].custody.view()
    assert view.record(clinic.deal_id).patient == key_of(NEW).address
