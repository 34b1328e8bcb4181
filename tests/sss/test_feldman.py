"""``ssms-feldman``: shares that everybody can check against the public points."""

from dataclasses import replace
from hashlib import sha256
from itertools import combinations

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from node.base.limits_sharing import FILE_MANIFEST_BYTES_MAX
from node.base.rng import TreeEntropy
from node.sss import errors
from node.sss.bn128 import ORDER, product
from node.sss.bundle import Bundle
from node.sss.commitments import Manifest
from node.sss.derivation import EssentialSecret
from node.sss.drbg import SeedsUsed
from node.sss.feldman import Fit, judge
from node.sss.schemes import deal_record, open_holders
from node.sss.shares import Scheme, decode_container, share_digest
from tests.sss.curve import packed, plus, times, unpacked
from tests.sss.deals import (
    SIMULATION,
    FixedEntropy,
    custodian_addresses,
    files_of,
    make_terms,
    scheme_deal,
)
from tests.sss.precompiles import share_is_proved

FELDMAN = Scheme.SSMS_FELDMAN
RECORD = b"blood group O negative"
SEED = bytes(range(48))
R = 21888242871839275222246405745257275088548364400416034343698204186575808495617


def _hkdf(secret, info, length=32):
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(secret)


def _deal(*, t=3, n=5, derived=None):
    return deal_record(
        FELDMAN,
        RECORD,
        make_terms(t=t, n=n),
        entropy=FixedEntropy(SEED),
        seeds=SeedsUsed(),
        profile=SIMULATION,
        derived=derived,
    )


def _number(share):
    return int.from_bytes(share.payload)


def _cheated(made, index, value):
    """What a dealer makes who gives one custodian another scalar and lists it."""
    shares = list(made.custodians)
    shares[index - 1] = replace(shares[index - 1], payload=value.to_bytes(32))
    return replace(made, custodians=tuple(shares))


def _altered(file):
    payload = (_number(file.share) ^ 1).to_bytes(32)
    return replace(file, share=replace(file.share, payload=payload))


def test_a_deal_is_what_the_documented_draws_and_the_specification_make():
    """The construction a second time, from the keystream on."""
    made = _deal()
    keystream = Cipher(algorithms.AES256(SEED[:32]), modes.CTR(SEED[32:])).encryptor()

    def scalar():
        return 1 + int.from_bytes(keystream.update(bytes(48))) % (R - 1)

    nonce = keystream.update(bytes(12))
    e, a0, a1 = scalar(), scalar(), scalar()
    salts = [keystream.update(bytes(32)) for _ in range(5)]
    holders = (made.essential, *made.custodians)
    assert [one.salt for one in holders] == salts
    assert [_number(one) for one in holders] == [e, *((a0 + a1 * x) % R for x in (1, 2, 3, 4))]
    assert made.points == tuple(packed(times(one)) for one in (a0, a1, e))
    key = _hkdf(((a0 + e) % R).to_bytes(32), b"wardnet/sss/feldman-key/v1")
    header = made.header
    assert header.commitment == _hkdf(key, b"wardnet/sss/key-commit/v1")
    assert (header.scheme, header.nonce, header.encode()[9]) == (FELDMAN, nonce, 1)
    cipher = AESGCM(_hkdf(key, b"wardnet/sss/record-key/v1"))
    sealed = b"".join(one[88:-32] for one in made.fragments[:2])[: len(RECORD) + 16]
    assert cipher.decrypt(nonce, sealed, header.encode()) == RECORD


def test_a_wallets_share_becomes_a_scalar_through_48_bytes():
    made = _deal(derived=EssentialSecret(b"e" * 32, b"s" * 32))
    wide = _hkdf(b"e" * 32, b"wardnet/sss/feldman-essential/v1", 48)
    assert _number(made.essential) == 1 + int.from_bytes(wide) % (R - 1)
    assert made.essential.salt == b"s" * 32
    assert made.points[-1] == product(_number(made.essential))
    files = files_of(made)
    assert open_holders(files[0], files[3:], profile=SIMULATION).record == RECORD


def test_the_manifest_ends_with_the_points_and_is_read_again():
    manifest = scheme_deal(FELDMAN).manifest(custodian_addresses(4))
    raw = manifest.encode()
    assert len(raw) == 12 + 136 + 32 * 5 + 20 * 4 + 68 * 4 + 64 * 3
    assert raw[-64 * 3 :] == b"".join(manifest.points)
    assert Manifest.decode(raw, schemes=(FELDMAN,)) == manifest


def test_the_network_lends_no_scalars():
    raw = scheme_deal(FELDMAN).manifest(custodian_addresses(4)).encode()
    with pytest.raises(errors.ShareFormatError, match="scheme"):
        Manifest.decode(raw)


@pytest.mark.parametrize("bit", [0, 7, 255, 256, 511, 512, 1023, 1535])
def test_a_changed_bit_of_a_point_is_refused(bit):
    raw = bytearray(scheme_deal(FELDMAN).manifest(custodian_addresses(4)).encode())
    raw[-1 - bit // 8] ^= 1 << bit % 8
    with pytest.raises(errors.ShareFormatError, match="point"):
        Manifest.decode(raw, schemes=(FELDMAN,))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_infinity_is_no_commitment(place):
    manifest = scheme_deal(FELDMAN).manifest(custodian_addresses(4))
    points = list(manifest.points)
    points[place] = bytes(64)
    with pytest.raises(errors.ShareFormatError, match="point"):
        Manifest.decode(replace(manifest, points=tuple(points)).encode(), schemes=(FELDMAN,))


@pytest.mark.parametrize("count", [0, 2, 4])
def test_another_number_of_points_is_refused(count):
    manifest = scheme_deal(FELDMAN).manifest(custodian_addresses(4))
    points = (manifest.points * 2)[:count]
    with pytest.raises(errors.ShareFormatError, match="length"):
        Manifest.decode(replace(manifest, points=points).encode(), schemes=(FELDMAN,))


@pytest.mark.parametrize("value", [R, R + 1, 2**256 - 1])
@pytest.mark.parametrize("index", [0, 2])
def test_a_scalar_that_is_not_below_r_is_refused(index, value):
    made = scheme_deal(FELDMAN)
    share = (made.essential, *made.custodians)[index]
    big = replace(share, payload=value.to_bytes(32))
    with pytest.raises(errors.ShareFormatError) as caught:
        decode_container(big.encode(), made.header)
    assert (caught.value.code, caught.value.index) == ("scalar", index)


@pytest.mark.parametrize("index", [0, 1, 4])
def test_points_and_shares_agree_by_affine_arithmetic_and_by_the_precompiled_contracts(index):
    made = _deal()
    *coefficients, essential = made.points
    value = _number((made.essential, *made.custodians)[index])
    c0, c1 = map(unpacked, coefficients)
    want = packed(plus(c0, times(index, c1))) if index else essential
    assert packed(times(value)) == want
    points = coefficients if index else [essential]
    assert share_is_proved(points, index, value)[0]
    assert not share_is_proved(points, index, (value + 1) % R)[0]


def test_a_complaint_costs_a_contract_k_products_and_k_minus_1_sums():
    made = _deal()
    _, gas = share_is_proved(made.points[:-1], 3, _number(made.custodians[2]))
    assert gas == 2 * 6_000 + 150


@pytest.mark.parametrize(("t", "n"), [(t, n) for n in range(2, 6) for t in range(2, n + 1)])
def test_every_share_fits_and_exactly_the_qualified_sets_open(t, n):
    files = [Bundle.decode(one.encode()) for one in files_of(_deal(t=t, n=n))]
    manifest = files[0].manifest
    assert {judge(manifest, one.share) for one in files} == {Fit.COMMITTED}
    for count in range(1, n):
        for chosen in combinations(files[1:], count):
            if count >= t - 1:
                opened = open_holders(files[0], chosen, profile=SIMULATION)
                assert (opened.record, opened.liars) == (RECORD, ())
            else:
                with pytest.raises(errors.ShareMissingError):
                    open_holders(files[0], chosen, profile=SIMULATION)


@pytest.mark.parametrize("value", [0, 1, R - 1])
@pytest.mark.parametrize("wronged", [1, 4])
def test_a_dealer_who_cheats_is_seen_before_any_opening_and_by_one_custodian_alone(wronged, value):
    files = files_of(_cheated(_deal(), wronged, value))
    fits = [judge(one.manifest, one.share) for one in files]
    assert [index for index, fit in enumerate(fits) if fit is Fit.MISDEALT] == [wronged]
    assert set(fits) == {Fit.MISDEALT, Fit.COMMITTED}


def test_a_dealer_who_lists_a_scalar_above_r_is_seen():
    """The number is the right one modulo r, and its form is not."""
    made = _deal()
    value = _number(made.custodians[1]) + R
    file = files_of(_cheated(made, 2, value))[2]
    assert judge(file.manifest, file.share) is Fit.MISDEALT


def test_a_dealer_who_gives_the_patient_another_e_is_seen():
    made = _deal()
    essential = replace(made.essential, payload=(5).to_bytes(32))
    files = files_of(replace(made, essential=essential))
    assert judge(files[0].manifest, files[0].share) is Fit.MISDEALT
    with pytest.raises(errors.WrongEssentialShareError, match="point E"):
        open_holders(files[0], files[1:], profile=SIMULATION)


def test_a_holder_who_altered_a_share_is_told_from_a_dealer_who_lied():
    files = files_of(_deal())
    assert judge(files[0].manifest, _altered(files[2]).share) is Fit.ALTERED


def test_a_share_of_another_scheme_is_only_known_to_be_listed():
    for scheme in (Scheme.SSMS, Scheme.XOR, Scheme.NLSS_Q):
        files = files_of(scheme_deal(scheme))
        assert judge(files[0].manifest, files[1].share) is Fit.LISTED
        changed = replace(files[1].share, payload=bytes(len(files[1].share.payload)))
        assert judge(files[0].manifest, changed) is Fit.ALTERED


@pytest.mark.parametrize("wronged", [(1,), (2,), (1, 2)])
def test_the_points_name_every_wrong_share_even_if_none_is_to_spare(wronged):
    made = _deal()
    for index in wronged:
        made = _cheated(made, index, 9)
    files = files_of(made)
    with pytest.raises(errors.WrongKeyError) as caught:
        open_holders(files[0], files[1:3], profile=SIMULATION)
    assert caught.value.liars == wronged


def test_a_share_above_r_is_named_and_the_others_rebuild():
    files = files_of(_cheated(_deal(), 1, R))
    opened = open_holders(files[0], files[1:4], profile=SIMULATION)
    assert (opened.record, opened.liars) == (RECORD, (1,))


def test_right_shares_of_a_dealer_who_committed_to_another_key_name_nobody():
    made = scheme_deal(FELDMAN, RECORD)
    header = replace(made.header, commitment=sha256(b"another").digest())
    deal_id = header.deal_id()
    moved = replace(
        made,
        header=header,
        essential=replace(made.essential, deal_id=deal_id),
        custodians=tuple(replace(one, deal_id=deal_id) for one in made.custodians),
    )
    files = files_of(moved)
    assert {judge(one.manifest, one.share) for one in files} == {Fit.COMMITTED}
    with pytest.raises(errors.WrongKeyError) as caught:
        open_holders(files[0], files[1:], profile=SIMULATION)
    assert caught.value.liars == ()


def test_a_fragment_that_was_changed_is_named():
    files = list(files_of(_deal()))
    moved = bytearray(files[1].fragment)
    moved[90] ^= 1
    moved[-32:] = share_digest(bytes(moved[:-32]))
    files[1] = replace(files[1], fragment=bytes(moved))
    opened = open_holders(files[0], files[1:4], profile=SIMULATION)
    assert (opened.record, opened.liars) == (RECORD, (1,))


def test_two_deals_of_one_record_have_nothing_in_common():
    one, other = (scheme_deal(FELDMAN, RECORD, seed=seed) for seed in (1, 2))
    assert not set(one.points) & set(other.points)
    assert one.header.commitment != other.header.commitment


def test_the_order_is_that_of_the_curve():
    assert ORDER == R
    assert times(R) is None


def test_a_seed_serves_one_deal():
    seeds = SeedsUsed()

    def again():
        terms, entropy = make_terms(t=2, n=2), TreeEntropy(3)
        deal_record(FELDMAN, RECORD, terms, entropy=entropy, seeds=seeds, profile=SIMULATION)

    again()
    with pytest.raises(errors.SeedReuseError):
        again()


@pytest.mark.slow
@pytest.mark.parametrize(("t", "n"), [(255, 255), (2, 255)])
def test_the_largest_plans_go_through_files(t, n):
    files = [Bundle.decode(one.encode()) for one in files_of(_deal(t=t, n=n))]
    assert len(files[0].manifest.encode()) <= FILE_MANIFEST_BYTES_MAX
    assert judge(files[0].manifest, files[-1].share) is Fit.COMMITTED
    opened = open_holders(files[0], files[n - t + 1 :], profile=SIMULATION)
    assert (opened.record, opened.liars) == (RECORD, ())
