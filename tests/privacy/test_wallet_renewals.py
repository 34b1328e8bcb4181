"""Derived e, renewals, another master, a recovered wallet, a forgotten deal."""

from dataclasses import replace

import pytest

from node.base.keys import recover
from node.base.rng import TreeEntropy
from node.privacy.release_errors import (
    CustodyError,
    RefreshMissingError,
    SealingKeyError,
    UnknownDealError,
)
from node.privacy.renewals import renewal_info
from node.privacy.sealing import open_sealed
from node.privacy.wallet import seal_essential
from node.privacy.wallet_deals import RestoredDeal
from node.sss.derivation import essential_of
from node.sss.errors import (
    WrongEssentialShareError,
    WrongKeyError,
)
from node.sss.gf256 import add
from node.sss.record_key import find_key
from node.sss.recovery import combine_master
from node.sss.ssms import decrypt
from tests.privacy.ward import (
    CONTEXT,
    DOMAIN,
    KEYS,
    PATIENT,
    RECORD,
    SEALING,
    Ward,
    make_wallet,
)


def _sealed(ward: Ward, container=None, key=None) -> bytes:
    essential = ward.deal.essential if container is None else container
    return seal_essential(essential, key or ward.wallet.sealing_public, TreeEntropy(3))


# ---- every e follows from the master


def test_a_dealer_is_told_e_and_the_wallet_takes_the_deal_without_being_sent_anything():
    ward, wallet = Ward(derived=True), make_wallet()
    assert wallet.accept(ward.manifest.encode()) == ward.deal_id
    assert wallet.essential(ward.deal_id) == ward.deal.essential
    assert wallet.essential(ward.deal_id).payload == essential_of(b"m" * 32, CONTEXT).share


def test_a_sealed_share_that_follows_from_the_master_is_taken_too():
    ward, wallet = Ward(derived=True), make_wallet()
    wallet.accept(ward.manifest.encode(), _sealed(ward))
    assert wallet.accept(ward.manifest.encode()) == ward.deal_id
    assert wallet.deals == (ward.deal_id,)


def test_a_deal_whose_e_the_dealer_drew_is_not_taken_without_it():
    with pytest.raises(WrongEssentialShareError, match="manifest"):
        make_wallet().accept(Ward().manifest.encode())


def test_the_dealer_is_told_e_of_the_first_epoch_only():
    with pytest.raises(ValueError, match="epoch 0"):
        make_wallet().essential_secret(replace(CONTEXT, epoch=1))


def test_no_two_deals_get_one_e():
    """With one e for two deals, custodians of both learn K1 xor K2."""
    ward = Ward(derived=True)
    with pytest.raises(CustodyError, match="twice"):
        ward.wallet.essential_secret(CONTEXT)
    ward.wallet.essential_secret(replace(CONTEXT, generation=1))


# ---- renewals


def test_one_signature_counts_for_all_letters_of_a_renewal():
    ward = Ward()
    letters = ward.wallet.renew(ward.deal_id, KEYS, ward.entropy)
    assert [letter.index for letter in letters] == [1, 2, 3, 4]
    assert len({(letter.signature, letter.digests) for letter in letters}) == 1
    digest = DOMAIN.digest(letters[0].typed().struct_hash())
    assert recover(digest, letters[0].signature) == PATIENT.address
    assert {letter.epoch for letter in letters} == {0}
    assert ward.wallet.epoch(ward.deal_id) == 1


@pytest.mark.parametrize(
    ("keys", "without", "match"),
    [
        (KEYS[:3], frozenset(), "4 custodians"),
        (KEYS, frozenset({5}), "4 custodians"),
        (KEYS, frozenset({0}), "4 custodians"),
        (KEYS, frozenset({1, 2, 3}), "2 custodians are needed"),
    ],
)
def test_a_renewal_that_would_lose_the_record_is_not_made(keys, without, match):
    ward = Ward()
    with pytest.raises(ValueError, match=match):
        ward.wallet.renew(ward.deal_id, keys, ward.entropy, without=without)
    assert ward.wallet.epoch(ward.deal_id) == 0


def test_a_renewal_that_fails_leaves_the_wallet_in_its_epoch():
    ward = Ward()
    with pytest.raises(SealingKeyError):
        ward.wallet.renew(ward.deal_id, (*KEYS[:3], bytes(32)), ward.entropy)
    assert ward.wallet.epoch(ward.deal_id) == 0


def test_the_key_of_an_excluded_custodian_is_not_used():
    ward = Ward()
    letters = ward.wallet.renew(
        ward.deal_id, (*KEYS[:3], b""), ward.entropy, without=frozenset({4})
    )
    assert letters[3] is None


def test_steps_between_two_epochs_differ_from_renewal_to_renewal():
    def steps(seed: int):
        ward = Ward()
        letter = ward.wallet.renew(ward.deal_id, KEYS, TreeEntropy(seed))[0]
        return open_sealed(SEALING[1], renewal_info(ward.deal_id, 1), letter.sealed)

    assert steps(1) != steps(2)


# ---- another master


def _custodians_open(ward: Ward, wallet=None) -> bytes:
    """Open the record with the shares that custodians hold now and the wallet's e."""
    wallet = wallet or ward.wallet
    e = wallet.essential(ward.deal_id).payload
    points = {x: add(share.payload, e) for x, share in ward.shares().items()}
    found = find_key(ward.deal.header, points)
    assert found.liars == ()
    return decrypt(ward.manifest, found.key, ward.deal.fragments)


@pytest.mark.parametrize("is_argument", [True, False])
def test_another_master_takes_over_with_the_next_renewal(is_argument):
    ward = Ward(derived=True)
    if is_argument:
        ward.renew(master=b"n" * 32)
    else:
        ward.wallet.use_master(b"n" * 32)
        assert ward.wallet.essential(ward.deal_id, 1).payload == _e_of(b"m" * 32, 1)
        ward.renew()
    assert _custodians_open(ward) == RECORD
    assert ward.wallet.essential(ward.deal_id).payload == _e_of(b"n" * 32, 1)
    assert ward.wallet.essential(ward.deal_id, 0).payload == _e_of(b"m" * 32, 0)


def _e_of(master: bytes, epoch: int) -> bytes:
    return essential_of(master, replace(CONTEXT, epoch=epoch)).share


def test_a_stolen_master_is_worth_nothing_after_a_renewal_under_another_one():
    ward = Ward(derived=True)
    ward.renew(master=b"n" * 32)
    for epoch in range(4):
        e = _e_of(b"m" * 32, epoch)
        points = {x: add(share.payload, e) for x, share in ward.shares().items()}
        with pytest.raises(WrongKeyError):
            find_key(ward.deal.header, points)


def test_steps_that_are_left_in_advance_follow_the_new_master():
    ward = Ward(derived=True)
    ward.renew(master=b"n" * 32)
    ward.end(ward.grant_id)
    assert ward.wallet.essential(ward.deal_id).payload == _e_of(b"n" * 32, 2)
    assert _custodians_open(ward) == RECORD


def test_a_master_has_32_bytes():
    with pytest.raises(ValueError, match="32 bytes, not 31"):
        make_wallet().use_master(bytes(31))


# ---- loss and end


def test_a_recovered_wallet_opens_every_record_and_renews_it_under_a_master_of_its_own():
    ward = Ward(derived=True)
    ward.renew()
    fresh = make_wallet()
    fresh.use_master(b"n" * 32)
    shares = ward.wallet.split_master(needed=2, holders=3, entropy=ward.entropy)
    master = combine_master(
        [share.encode() for share in shares[1:]], chain_id=7, patient=PATIENT.address
    )
    deals = [RestoredDeal(ward.manifest.encode(), epoch=1, lent=1)]
    assert fresh.restore(master, deals) == (ward.deal_id,)
    assert _custodians_open(ward, fresh) == RECORD
    with pytest.raises(RefreshMissingError):
        fresh.deposit(b"g" * 32, ward.deal_id, KEYS, ward.entropy)
    ward.wallet = fresh
    ward.renew()
    assert _custodians_open(ward) == RECORD
    assert fresh.essential(ward.deal_id).payload == _e_of(b"n" * 32, 2)
    ward.lend(ward.grant(1).grant_id)
    ward.end(ward.grant_id)
    assert _custodians_open(ward) == RECORD


def test_of_deals_that_do_not_all_follow_from_the_master_none_is_restored():
    wallet = make_wallet()
    deals = [RestoredDeal(one.manifest.encode(), 0) for one in (Ward(derived=True), Ward())]
    with pytest.raises(WrongEssentialShareError, match="recovered master"):
        wallet.restore(b"m" * 32, deals)
    assert wallet.deals == ()


def test_a_forgotten_deal_is_unknown_to_every_question():
    ward = Ward(derived=True)
    ward.wallet.forget(ward.deal_id)
    assert ward.wallet.deals == ()
    questions = [
        ward.wallet.manifest,
        ward.wallet.epoch,
        ward.wallet.essential,
        ward.wallet.advance,
        ward.wallet.forget,
        lambda deal_id: ward.wallet.renew(deal_id, KEYS, ward.entropy),
        lambda deal_id: ward.wallet.deposit(ward.grant_id, deal_id, KEYS, ward.entropy),
    ]
    for question in questions:
        with pytest.raises(UnknownDealError):
            question(ward.deal_id)


def test_a_wallet_follows_its_custodians_over_several_epochs_at_once():
    ward = Ward()
    ward.lend(ward.grant(1).grant_id)
    assert ward.wallet.advance(ward.deal_id, 2) == 2
    assert ward.wallet.advance(ward.deal_id, 2) == 2


def test_a_wallet_follows_custodians_by_steps_that_it_does_not_know():
    ward = Ward(derived=True)
    ward.wallet.follow(ward.deal_id, 2)
    assert ward.wallet.epoch(ward.deal_id) == 2
    with pytest.raises(CustodyError, match="epoch"):
        ward.wallet.follow(ward.deal_id, 1)
