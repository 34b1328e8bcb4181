"""What attackers do get: rows of docs/threat-model.md that say "not protected", played to the end.

Beside each there is what the same attacker does not get, so that the border is where the page
draws it.
"""

import shutil
from itertools import combinations

import pytest

from node.privacy.consent import sign
from node.privacy.custody_store import Holding
from node.privacy.deposits import digests_of
from node.privacy.erasure import ErasureCertificate
from node.privacy.release_errors import CustodyError, SealedBoxError
from node.privacy.release_messages import Answer, Status, release_info
from node.privacy.renewals import join_renewal, renewal_letters, typed_renewal
from node.privacy.sealing import derive_private_key, open_sealed
from node.privacy.wallet import Wallet
from node.sss.commitments import Manifest
from node.sss.derivation import EssentialContext, essential_of
from node.sss.drbg import SeedsUsed, fresh_stream
from node.sss.errors import ShareMissingError, WrongEssentialShareError, WrongKeyError
from node.sss.gf256 import add
from node.sss.record_key import find_key
from node.sss.recovery import combine_master
from node.sss.refresh import renewal_shares
from node.sss.shares import decode_container
from node.sss.ssms import deal, decrypt
from node.sss.terms import DealTerms, Profile
from tests.privacy.custody_folder import opened
from tests.privacy.ward import (
    CONTEXT,
    DOCTOR_SEALING,
    DOMAIN,
    HOSPITALS,
    KEYS,
    PATIENT,
    RECORD,
    STRANGER,
    Ward,
)
from tests.sss.deals import make_deal

MASTER = b"m" * 32
PAIRS = list(combinations((1, 2, 3, 4), 2))


def _key(ward: Ward, points) -> bytes:
    return find_key(ward.deal.header, points).key


def _with_e(ward: Ward, shares, e: bytes):
    return {x: add(share.payload, e) for x, share in shares.items()}


def _read(ward: Ward, key: bytes) -> bytes:
    return decrypt(ward.manifest, key, ward.deal.fragments)


# ---- custodians together


@pytest.mark.parametrize("pair", PAIRS)
def test_k_custodians_open_while_a_grant_is_lent_and_no_receipt_tells(pair):
    ward = Ward()
    assert _read(ward, _key(ward, ward.released(ward.grant_id, pair))) == RECORD
    assert all(ward.custodians[x].store.receipts() == () for x in pair)


def test_one_custodian_does_not_open_while_a_grant_is_lent():
    ward = Ward()
    with pytest.raises(ShareMissingError):
        _key(ward, ward.released(ward.grant_id, (1,)))


@pytest.mark.parametrize("pair", PAIRS)
def test_k_custodians_that_kept_y_and_g_open_after_the_end(pair):
    ward = Ward()
    kept = ward.released(ward.grant_id, pair)
    ward.end(ward.grant_id)
    assert _read(ward, _key(ward, kept)) == RECORD


@pytest.mark.parametrize("keeper", [1, 2, 3, 4])
def test_one_custodian_that_kept_y_and_g_opens_nothing_with_the_others_after_the_end(keeper):
    ward = Ward()
    kept = ward.released(ward.grant_id, (keeper,))
    ward.end(ward.grant_id)
    others = [x for x in (1, 2, 3, 4) if x != keeper]
    assert all(ward.custodians[x].grant_share(ward.grant_id, ward.deal_id) is None for x in others)
    for x, share in ward.shares(others).items():
        with pytest.raises(WrongKeyError):
            _key(ward, {**kept, x: share.payload})


# ---- who has read


def test_a_key_that_was_fetched_opens_its_generation_whatever_ends_or_is_renewed():
    ward = Ward()
    cached = _key(ward, ward.released(ward.grant_id))
    ward.end(ward.grant_id)
    ward.renew()
    assert _read(ward, cached) == RECORD


def test_a_key_that_was_fetched_does_not_open_the_next_generation():
    ward = Ward()
    cached = _key(ward, ward.released(ward.grant_id))
    header = ward.deal.header
    terms = DealTerms(
        chain_id=7, pmr_id=header.pmr_id, record_version=1, generation=1, dealer=header.dealer,
        t=3, n=5,
    )  # fmt: skip
    anew = deal(RECORD, terms, entropy=ward.entropy, seeds=SeedsUsed(), profile=Profile.SIMULATION)
    listed = anew.manifest([one.address for one in HOSPITALS])
    with pytest.raises(WrongKeyError):
        decrypt(listed, cached, anew.fragments)


def test_recorded_answers_open_for_whoever_gets_the_grantees_key_later():
    """A quantum computer or a thief gets it; the end of the grant does not help any more."""
    ward = Ward()
    requests, recorded = ward.ask()
    ward.end(ward.grant_id)
    ward.renew()
    points = {}
    for request in requests:
        sealed = Answer.decode(recorded[request.index]).sealed
        info = release_info(request.request_id(), request.index)
        points[request.index] = open_sealed(DOCTOR_SEALING, info, sealed)
        with pytest.raises(SealedBoxError):
            open_sealed(derive_private_key(b"x" * 32), info, sealed)
    assert _read(ward, _key(ward, points)) == RECORD


def test_keys_lie_in_memory_that_python_cannot_overwrite():
    ward = Ward()
    key = _key(ward, ward.released(ward.grant_id))
    with pytest.raises(TypeError):
        key[0] = 0  # type: ignore[index]


# ---- the dealer, and what everybody sees


def test_a_dealer_that_kept_e_needs_k_custodians_and_nothing_after_a_renewal_helps():
    ward = Ward(derived=True)
    kept = essential_of(MASTER, CONTEXT).share
    old = ward.shares()
    assert _read(ward, _key(ward, _with_e(ward, {1: old[1], 3: old[3]}, kept))) == RECORD
    with pytest.raises(ShareMissingError):
        _key(ward, _with_e(ward, {1: old[1]}, kept))
    ward.renew()
    with pytest.raises(WrongKeyError):
        _key(ward, _with_e(ward, ward.shares(), kept))


def test_a_manifest_tells_everybody_whose_record_by_whom_how_long_and_with_whom():
    ward = Ward()
    seen = Manifest.decode(ward.manifest.encode())
    assert int.from_bytes(seen.header.pmr_id) == 42
    assert seen.header.dealer == HOSPITALS[0].address
    assert seen.header.plaintext_length == len(RECORD)
    assert seen.custodians == tuple(one.address for one in HOSPITALS)
    assert RECORD not in ward.manifest.encode()


def test_randomness_that_repeats_in_another_process_gives_one_key_to_two_records():
    """The guard against a repeated seed lasts as long as the process; the ledger shows it."""
    first, second, other = (
        make_deal(record, seed=seed) for record, seed in ((b"one", 1), (b"two", 1), (b"two", 2))
    )
    assert first.header.commitment == second.header.commitment != other.header.commitment


# ---- the wallet


def _thief(master: bytes) -> Wallet:
    """A wallet with the patient's signing key and nothing else of the patient's."""
    return Wallet(
        signer=PATIENT,
        sealing_private=derive_private_key(b"t" * 32),
        master=master,
        domain=DOMAIN,
        seeds=SeedsUsed(),
    )


def test_the_signing_key_alone_lends_nothing():
    """Not even with all custodian shares, which the owner's release would hand out."""
    ward = Ward(derived=True)
    with pytest.raises(WrongEssentialShareError):
        _thief(b"t" * 32).accept(ward.manifest.encode())
    with pytest.raises(WrongKeyError):
        _key(ward, {x: share.payload for x, share in ward.shares().items()})


def test_signing_key_and_master_are_the_patient():
    ward = Ward(derived=True)
    thief = _thief(MASTER)
    deal_id = thief.accept(ward.manifest.encode())
    e = thief.essential(deal_id).payload
    assert _read(ward, _key(ward, _with_e(ward, ward.shares(), e))) == RECORD


def test_a_thief_of_the_signing_key_can_lock_the_patient_out():
    """A renewal by an amount that nobody else knows: signed as it must be, so it is taken."""
    ward = Ward(derived=True)
    unknown = [bytes(32), b"\x5a" * 32, b"\x5a" * 32]
    steps = renewal_shares(
        ward.deal.header, unknown, epoch=0, stream=fresh_stream(ward.entropy, SeedsUsed())
    )
    plains = [join_renewal(one) for one in steps]
    typed = typed_renewal(ward.deal_id, 0, digests_of(plains))
    for signer, is_taken in ((STRANGER, False), (PATIENT, True)):
        letters = renewal_letters(
            typed, plains, KEYS, without=frozenset(),
            signature=sign(typed, DOMAIN, signer), entropy=ward.entropy,
        )  # fmt: skip
        assert _taken(ward, letters) is is_taken
    after = EssentialContext(7, CONTEXT.pmr_id, 1, 0, 1)
    for e in (essential_of(MASTER, CONTEXT).share, essential_of(MASTER, after).share):
        with pytest.raises(WrongKeyError):
            _key(ward, _with_e(ward, ward.shares(), e))


def _taken(ward: Ward, letters) -> bool:
    """Say whether custodians moved with these letters."""
    for letter in letters:
        try:
            ward.custodians[letter.index].take_renewal(letter, ward.view)
        except CustodyError:
            return False
    return True


def test_a_guardian_and_a_hospital_make_the_master_without_asking_the_ledger():
    """The ledger's waiting time binds honest hospitals; who holds two shares holds the master."""
    ward = Ward(derived=True)
    guardians, hospitals, _ = ward.wallet.split_master(needed=2, holders=3, entropy=ward.entropy)
    sealed = ward.wallet.entrust(hospitals, KEYS[0], ward.entropy)
    ward.custodians[1].entrust(PATIENT.address, sealed)
    kept = ward.custodians[1].entrusted(PATIENT.address)
    master = combine_master(
        [guardians.encode(), kept.encode()], chain_id=7, patient=PATIENT.address
    )
    e = essential_of(master, CONTEXT).share
    assert e == ward.deal.essential.payload
    with pytest.raises(ShareMissingError):
        _key(ward, _with_e(ward, ward.shares((1,)), e))


# ---- erasure


def test_custodians_that_kept_copies_sign_that_nothing_is_left_and_open_the_record():
    """A certificate is a signed statement about a store, and no proof of absence elsewhere."""
    ward = Ward()
    copies = {x: ward.custodians[x].share(ward.deal_id) for x in (1, 2)}
    for x in copies:
        destroyed = ward.custodians[x].erase(ward.deal_id)
        signed = ward.custodians[x].certify_erasure(
            ward.deal_id, index=x, head=ward.view.head, objects_destroyed=destroyed
        )
        ErasureCertificate.decode(signed.encode()).check(HOSPITALS[x - 1].address)
    _, answers = ward.ask((1, 2))
    assert all(Answer.decode(one).receipt.status is Status.STALE_STATE for one in answers.values())
    e = ward.wallet.essential(ward.deal_id).payload
    kept = {x: decode_container(raw) for x, raw in copies.items()}
    assert _read(ward, _key(ward, _with_e(ward, kept, e))) == RECORD


def test_a_whole_copy_of_a_custodians_folder_outlives_what_is_destroyed(tmp_path):
    """A backup, a snapshot or cells that an SSD has set aside: database and keys together."""
    deal_id, held = b"\x01" * 32, Holding(b"manifest", b"a custodian's share")
    with opened(tmp_path / "live") as store:
        store.put_holding(deal_id, held)
    shutil.copytree(tmp_path / "live", tmp_path / "copy")
    with opened(tmp_path / "live") as store:
        store.delete_deal(deal_id)
        assert store.holding(deal_id) is None
    with opened(tmp_path / "copy") as store:
        assert store.holding(deal_id) == held
