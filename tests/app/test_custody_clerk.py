"""What a custodian owes the ledger is posted: soon, once, and again if a branch took it along."""

import pytest

from node.app.custody_clerk import POST_AFTER_BLOCKS
from node.contracts.custody_ledger import NOTES_COUNT_MAX
from node.evm.errors import NonceError
from node.evm.transactions import sign_legacy
from node.privacy.erasure import ErasureCertificate
from node.privacy.release_messages import Status
from node.workflows.requests import NextNonce, Submit
from tests.app.clinic import GRANT_SECONDS, opened
from tests.app.forging import child, extend, hash_of, take
from tests.app.ward import CHAIN_ID, HOSPITALS

ONE, TWO = HOSPITALS[:2]
KEEPER = 1


@pytest.fixture
def clinic():
    return opened()


def posted(clinic, n=KEEPER):
    return clinic.net.noted(n, "custody.posted")


def recorded(clinic, n=KEEPER):
    """Give how many receipts of a custodian stand on the ledger at the head."""
    return clinic.view(clinic.contracts.custody.next_sequence(clinic.net.cores[n].address))


def owed(clinic, n=KEEPER):
    return len(clinic.net.cores[n].custody.custodian.store.receipts())


def epoch(clinic, n=KEEPER):
    core = clinic.net.cores[n]
    return clinic.view(clinic.contracts.custody.epoch_of(clinic.deal_id, core.address))


# -- receipts


def test_a_receipt_stands_on_the_ledger_within_ten_blocks(clinic):
    signed = clinic.grant(seconds=600)
    assert clinic.release(signed.grant_id, clinic.second) is Status.RELEASED
    height = clinic.net.height
    while recorded(clinic) == 0:
        clinic.net.grow(1)
        assert clinic.net.height <= height + 10
    assert recorded(clinic) == 1


def test_receipts_that_come_together_are_posted_together_and_in_order(clinic):
    signed = clinic.grant(seconds=600)
    for _ in range(3):
        clinic.release(signed.grant_id, clinic.second)
    clinic.net.grow(POST_AFTER_BLOCKS + 4)
    (told,) = posted(clinic)
    assert (told["notes"], recorded(clinic), owed(clinic)) == (3, 3, 3)


def test_a_refusal_is_posted_like_a_release(clinic):
    signed = clinic.grant(seconds=600)
    clinic.revoke(signed)
    assert clinic.release(signed.grant_id, clinic.second) is Status.REVOKED
    clinic.net.grow(POST_AFTER_BLOCKS + 4)
    assert recorded(clinic) == 1


def test_nothing_is_posted_where_nothing_is_owed(clinic):
    clinic.grant(seconds=600)
    clinic.net.grow(12)
    assert [posted(clinic, n) for n in (0, 1)] == [[], []]


def test_what_is_posted_is_not_posted_again(clinic):
    signed = clinic.grant(seconds=600)
    clinic.release(signed.grant_id, clinic.second)
    clinic.net.grow(3 * POST_AFTER_BLOCKS)
    assert len(posted(clinic)) == 1


def test_after_a_restart_the_next_receipt_follows_the_last_on_the_ledger(clinic):
    signed = clinic.grant(seconds=600)
    clinic.release(signed.grant_id, clinic.second)
    clinic.net.grow(POST_AFTER_BLOCKS + 4)
    clinic.net.restart(KEEPER)
    clinic.net.grow(1)
    clinic.release(signed.grant_id, clinic.second)
    clinic.net.grow(POST_AFTER_BLOCKS + 4)
    assert [told["notes"] for told in posted(clinic)] == [1, 1]
    assert recorded(clinic) == 2


def test_a_receipt_that_was_signed_before_a_restart_is_posted_after_it(clinic):
    signed = clinic.grant(seconds=600)
    clinic.release(signed.grant_id, clinic.second)
    clinic.net.restart(KEEPER)
    clinic.net.grow(POST_AFTER_BLOCKS + 4)
    assert recorded(clinic) == 1


def test_a_full_batch_waits_for_nothing(clinic, monkeypatch):
    monkeypatch.setattr("node.app.custody_clerk.NOTES_COUNT_MAX", 2)
    signed = clinic.grant(seconds=600)
    for _ in range(3):
        clinic.release(signed.grant_id, clinic.second)
    clinic.net.grow(1)
    assert [told["notes"] for told in posted(clinic)] == [2]
    assert NOTES_COUNT_MAX == 64


# -- a branch that is left


def test_what_a_reorganisation_took_out_is_posted_again(clinic):
    """The test makes the blocks: a posting becomes final, and a heavier branch leaves it."""
    core, order = owing(clinic)
    fork = core.ledger.head_hash
    first = extend(clinic.net, order[:4])
    (raw,) = [one.raw for one in core.chain.pool.candidates()]
    second = extend(clinic.net, order[4:5], parent=hash_of(first[-1]), raws=[raw])
    extend(clinic.net, order[5:8], parent=hash_of(second[-1]))
    stood = core.custody.book.receipts_of(core.address)
    other = child(core, order[0], parent=fork, timestamp=core.ledger.header(fork).timestamp + 2)
    take(clinic.net, other)
    extend(clinic.net, order[1:10], parent=hash_of(other))
    (again,) = core.chain.pool.candidates()
    assert (stood, core.custody.book.receipts_of(core.address)) == (1, 0)
    assert again.to == custody(clinic)
    last = extend(clinic.net, order[:1], parent=core.ledger.head_hash, raws=[again.raw])
    assert recorded(clinic, 0) == 1
    assert hash_of(last[0]) == core.ledger.head_hash


def owing(clinic):
    """Let core 0 owe a receipt; give it, and who may seal on from its head, in their order."""
    signed = clinic.grant(seconds=600)
    clinic.release(signed.grant_id, 3 - clinic.second)
    clinic.net.grow(POST_AFTER_BLOCKS - 2)
    assert posted(clinic, 0) == []
    clinic.net.pause()
    clinic.net.part(0, 1)
    core = clinic.net.cores[0]
    sealed = core.chain._engine.signer_of(core.ledger.head)
    return core, ((ONE, TWO) if sealed == TWO.address else (TWO, ONE)) * 5


# -- epochs and certificates


def test_the_epoch_of_a_share_stands_on_the_ledger_after_its_step(clinic):
    clinic.grant()
    clinic.net.sleep(GRANT_SECONDS + 8)
    assert [epoch(clinic, n) for n in (0, 1)] == [1, 1]


def test_an_epoch_that_was_reached_before_a_restart_is_posted_after_it(clinic):
    clinic.grant()
    core = clinic.net.cores[KEEPER]
    core.clerk.head_moved = lambda turn: None
    clinic.net.sleep(GRANT_SECONDS + 8)
    before = epoch(clinic)
    clinic.net.restart(KEEPER)
    clinic.net.grow(4)
    assert (before, clinic.share(KEEPER).epoch, epoch(clinic)) == (0, 1, 1)


def test_a_certificate_of_erasure_stands_on_the_ledger(clinic):
    clinic.erase()
    clinic.net.grow(8)
    for n, core in enumerate(clinic.net.cores):
        (told,) = clinic.net.noted(n, "custody.erased")
        certificate = ErasureCertificate.decode(told["certificate"])
        assert core.custody.book.is_destruction_recorded(certificate.deal_id, core.address)


def test_a_certificate_that_was_signed_before_a_restart_is_posted_after_it(clinic):
    clinic.net.cores[KEEPER].clerk.head_moved = lambda turn: None
    clinic.erase()
    clinic.net.grow(4)
    clinic.net.restart(KEEPER)
    clinic.net.grow(8)
    core = clinic.net.cores[KEEPER]
    assert core.custody.book.is_destruction_recorded(clinic.deal_id, core.address)
    assert len(posted(clinic)) == 1


# -- beside the hospital's own transactions


def test_the_clerk_takes_the_nonce_behind_the_hospitals_own_transactions(clinic):
    core, order = owing(clinic)
    nonce = clinic.net.answer(clinic.net.ask(0, NextNonce(core.address)))
    clinic.net.answer(clinic.net.ask(0, Submit(own(nonce))))
    extend(clinic.net, order[:4])
    (mine,) = [one for one in core.chain.pool.transactions() if one.to == custody(clinic)]
    assert mine.nonce == nonce + 1


def test_a_transaction_of_the_hospital_never_replaces_the_clerks(clinic):
    core, order = owing(clinic)
    nonce = clinic.net.answer(clinic.net.ask(0, NextNonce(core.address)))
    extend(clinic.net, order[:4])
    with pytest.raises(NonceError) as refused:
        clinic.net.answer(clinic.net.ask(0, Submit(own(nonce))))
    assert (refused.value.want, refused.value.got) == (nonce + 1, nonce)
    assert [one.to for one in core.chain.pool.transactions()] == [custody(clinic)]


def custody(clinic):
    return clinic.contracts.custody.address


def own(nonce):
    return sign_legacy(ONE, chain_id=CHAIN_ID, nonce=nonce, to=b"\x99" * 20, data=b"", gas=100_000)
