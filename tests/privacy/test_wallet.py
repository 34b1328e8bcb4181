from dataclasses import replace

import pytest

from node.base.keys import recover
from node.base.rng import TreeEntropy
from node.privacy.deposits import split_deposit
from node.privacy.release_errors import (
    CustodyError,
    SealedBoxError,
    UnknownDealError,
)
from node.privacy.release_messages import deposit_info
from node.privacy.sealing import open_sealed
from node.privacy.wallet import seal_essential
from node.sss.derivation import EssentialContext, essential_of
from node.sss.errors import (
    SeedReuseError,
    ShareFormatError,
    WrongEssentialShareError,
)
from node.sss.shamir import combine
from node.sss.shares import Kind
from node.sss.ssms import open_record
from node.sss.terms import Profile
from tests.privacy.ward import (
    DOMAIN,
    KEYS,
    PATIENT,
    PMR_ID,
    RECORD,
    SEALING,
    Ward,
    make_wallet,
)


def _sealed(ward: Ward, container=None, key=None) -> bytes:
    essential = ward.deal.essential if container is None else container
    return seal_essential(essential, key or ward.wallet.sealing_public, TreeEntropy(3))


def test_a_sealed_essential_share_arrives_and_opens_the_record():
    ward, wallet = Ward(), make_wallet()
    deal_id = wallet.accept(ward.manifest.encode(), _sealed(ward))
    assert wallet.deals == (deal_id,) == (ward.deal_id,)
    shares = [wallet.essential(deal_id).encode()]
    shares += [share.encode() for share in ward.deal.custodians[:2]]
    opened = open_record(
        wallet.manifest(deal_id), shares, ward.deal.fragments, profile=Profile.SIMULATION
    )
    assert opened.record == RECORD


def test_the_same_share_twice_is_once():
    ward = Ward()
    ward.wallet.accept(ward.manifest.encode(), _sealed(ward))
    assert ward.wallet.deals == (ward.deal_id,)


def test_a_share_sealed_to_somebody_else_does_not_open():
    ward = Ward()
    with pytest.raises(SealedBoxError):
        make_wallet().accept(ward.manifest.encode(), _sealed(ward, key=KEYS[0]))


def test_a_share_sealed_for_another_deal_does_not_open():
    ward = Ward()
    other = replace(ward.manifest, header=replace(ward.manifest.header, generation=1))
    with pytest.raises(SealedBoxError):
        make_wallet().accept(other.encode(), _sealed(ward))


def test_a_custodians_share_is_no_essential_share():
    ward = Ward()
    with pytest.raises(WrongEssentialShareError, match="no index 0"):
        make_wallet().accept(ward.manifest.encode(), _sealed(ward, ward.deal.custodians[0]))


@pytest.mark.parametrize("changes", [{"payload": bytes(32)}, {"epoch": 1}])
def test_a_share_that_the_manifest_does_not_list_is_refused(changes):
    ward = Ward()
    with pytest.raises(WrongEssentialShareError, match="manifest"):
        make_wallet().accept(
            ward.manifest.encode(), _sealed(ward, replace(ward.deal.essential, **changes))
        )


def test_another_share_of_a_known_deal_is_refused():
    ward = Ward()
    other = replace(ward.deal.essential, salt=bytes(32))
    listed = replace(ward.manifest, digests=(other.digest(), *ward.manifest.digests[1:]))
    with pytest.raises(CustodyError, match="twice"):
        ward.wallet.accept(listed.encode(), _sealed(ward, other))


def test_a_malformed_manifest_is_refused():
    with pytest.raises(ShareFormatError):
        make_wallet().accept(b"noise", b"")


def test_a_deal_that_never_came_is_unknown():
    with pytest.raises(UnknownDealError):
        make_wallet().essential(bytes(32))


def test_the_first_e_is_the_dealers_and_later_ones_come_from_the_master():
    ward = Ward()
    assert ward.wallet.essential(ward.deal_id) == ward.deal.essential
    later = ward.wallet.essential(ward.deal_id, 3)
    derived = essential_of(b"m" * 32, EssentialContext(7, PMR_ID.to_bytes(32), 1, 0, 3))
    assert (later.payload, later.salt) == (derived.share, derived.salt)
    assert (later.kind, later.index, later.epoch) == (Kind.ESSENTIAL, 0, 3)


def test_there_is_no_e_before_the_first():
    ward = Ward()
    with pytest.raises(WrongEssentialShareError, match="epoch -1"):
        ward.wallet.essential(ward.deal_id, -1)


def _plains(ward: Ward, letters):
    return {
        letter.index: split_deposit(
            open_sealed(
                SEALING[letter.index], deposit_info(ward.grant_id, letter.index), letter.sealed
            )
        )
        for letter in letters
    }


def test_deposits_lend_e_and_step_into_the_next_epoch():
    ward = Ward()
    plains = _plains(ward, ward.letters)
    e = ward.deal.essential.payload
    assert combine({x: plains[x][0].payload for x in (1, 4)}) == e
    delta = combine({x: plains[x][1].payload for x in (2, 3)})
    following = ward.wallet.essential(ward.deal_id, 1).payload
    assert bytes(a ^ b for a, b in zip(e, following, strict=True)) == delta


def test_each_deposit_brings_the_step_after_the_last_one():
    ward = Ward()
    letters = ward.wallet.deposit(bytes(32), ward.deal_id, KEYS, TreeEntropy(8))
    plains = {
        letter.index: split_deposit(
            open_sealed(SEALING[letter.index], deposit_info(bytes(32), letter.index), letter.sealed)
        )
        for letter in letters
    }
    assert {pair[1].epoch for pair in plains.values()} == {2}
    delta = combine({x: plains[x][1].payload for x in (1, 2)})
    first, second = (ward.wallet.essential(ward.deal_id, epoch).payload for epoch in (1, 2))
    assert bytes(a ^ b for a, b in zip(first, second, strict=True)) == delta


def test_all_letters_carry_one_signature_over_one_root():
    letters = Ward().letters
    assert len({letter.signature for letter in letters}) == 1
    assert len({letter.typed() for letter in letters}) == 1
    assert [letter.index for letter in letters] == [1, 2, 3, 4]
    digest = DOMAIN.digest(letters[0].typed().struct_hash())
    assert recover(digest, letters[0].signature) == PATIENT.address


def test_a_deposit_needs_a_key_for_each_custodian():
    ward = Ward()
    with pytest.raises(ValueError, match="4 custodians"):
        ward.wallet.deposit(ward.grant_id, ward.deal_id, KEYS[:3], TreeEntropy(8))


def test_equal_entropy_twice_is_refused_and_spends_no_step():
    ward = Ward()
    ward.wallet.deposit(bytes(32), ward.deal_id, KEYS, TreeEntropy(8))
    with pytest.raises(SeedReuseError):
        ward.wallet.deposit(bytes(32), ward.deal_id, KEYS, TreeEntropy(8))
    letters = ward.wallet.deposit(ward.grant_id, ward.deal_id, KEYS, TreeEntropy(9))
    assert {pair[1].epoch for pair in _plains(ward, letters).values()} == {3}


def test_the_wallet_follows_only_steps_that_were_deposited():
    ward = Ward()
    assert ward.wallet.advance(ward.deal_id) == 1
    assert ward.wallet.epoch(ward.deal_id) == 1
    with pytest.raises(CustodyError, match="step"):
        ward.wallet.advance(ward.deal_id)


def test_repr_of_a_wallet_shows_no_secret():
    shown = repr(Ward().wallet)
    assert "1 deals" in shown
    assert (b"m" * 32).hex() not in shown
    assert PATIENT.address.hex() in shown
