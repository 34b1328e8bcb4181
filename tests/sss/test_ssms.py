from dataclasses import replace
from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.rng import TreeEntropy
from node.base.types import Address
from node.sss import errors, ssms
from node.sss.derivation import EssentialContext, essential_of
from node.sss.drbg import SeedsUsed
from node.sss.record_key import recover_key
from node.sss.shares import decode_container, share_digest
from node.sss.ssms import deal, deal_into, decrypt, decrypt_into, open_record
from node.sss.terms import DealTerms
from tests.sss.deals import (
    SIMULATION,
    FixedEntropy,
    cases,
    custodian_addresses,
    holders,
    make_deal,
    make_terms,
    unhex,
)

RECORD = b"blood group O negative"
DEAL = make_deal(RECORD)
MANIFEST = DEAL.manifest(custodian_addresses(4))


def _open(indices, fragments=(1, 2), made=DEAL, manifest=MANIFEST):
    chosen = [made.fragments[x - 1] for x in fragments]
    return open_record(manifest, holders(made, indices), chosen, profile=SIMULATION)


def _vector_deal(case):
    context = EssentialContext(
        case["chain_id"], unhex(case["pmr_id"]), case["record_version"], case["generation"], 0
    )
    terms = DealTerms(
        chain_id=case["chain_id"],
        pmr_id=unhex(case["pmr_id"]),
        record_version=case["record_version"],
        generation=case["generation"],
        dealer=Address(unhex(case["dealer"])),
        t=case["t"],
        n=case["n"],
    )
    return deal(
        unhex(case["record"]),
        terms,
        entropy=FixedEntropy(unhex(case["seed"])),
        seeds=SeedsUsed(),
        profile=SIMULATION,
        derived=essential_of(unhex(case["master"]), context) if "master" in case else None,
    )


@pytest.mark.conformance
@pytest.mark.parametrize("name", ["ssms", "lifecycle"])
def test_a_deal_gives_the_bytes_of_the_vectors(name):
    for case in cases(name):
        made = _vector_deal(case)
        assert made.header.encode() == unhex(case["deal"])
        every = (made.essential, *made.custodians)
        assert [share.encode().hex() for share in every] == case["shares"]
        assert [fragment.hex() for fragment in made.fragments] == case["fragments"]


@pytest.mark.conformance
def test_a_deal_gives_the_manifest_of_the_vectors():
    for case in cases("ssms"):
        made = _vector_deal(case)
        given = ssms.Manifest.decode(unhex(case["manifest"]))
        cids = [entry.cid for entry in given.fragments]
        manifest = made.manifest([Address(unhex(one)) for one in case["custodians"]], cids)
        assert manifest.encode() == unhex(case["manifest"])


@pytest.mark.conformance
def test_deals_of_the_vectors_open_from_every_qualified_set():
    for case in cases("ssms"):
        manifest = ssms.Manifest.decode(unhex(case["manifest"]))
        shares = [unhex(share) for share in case["shares"]]
        fragments = [unhex(fragment) for fragment in case["fragments"]]
        needed = case["t"] - 1
        for chosen in combinations(range(1, case["n"]), needed):
            opened = open_record(
                manifest,
                [shares[0], *(shares[x] for x in chosen)],
                [fragments[x - 1] for x in chosen],
                profile=SIMULATION,
            )
            assert opened.record == unhex(case["record"])


def test_every_qualified_set_of_three_of_five_opens():
    for count in (2, 3, 4):
        for chosen in combinations((1, 2, 3, 4), count):
            assert _open((0, *chosen), chosen[-2:]).record == RECORD


def test_every_set_with_e_and_fewer_than_two_custodians_is_too_small():
    for chosen in [(), (1,), (2,), (3,), (4,)]:
        with pytest.raises(errors.ShareMissingError) as caught:
            _open((0, *chosen))
        assert (caught.value.have, caught.value.need) == (len(chosen), 2)
        assert caught.value.present == chosen


def test_no_set_of_custodians_opens_without_the_essential_share():
    for count in range(5):
        for chosen in combinations((1, 2, 3, 4), count):
            with pytest.raises(errors.WrongEssentialShareError, match="no index 0"):
                _open(chosen)


def test_e_and_one_custodian_open_where_t_is_two():
    made = make_deal(t=2, n=3)
    manifest = made.manifest(custodian_addresses(2))
    assert _open((0, 2), (2,), made, manifest).record == b"a record"


def test_all_holders_are_needed_where_t_is_n():
    made = make_deal(t=4, n=4)
    manifest = made.manifest(custodian_addresses(3))
    assert _open((0, 1, 2, 3), (1, 2, 3), made, manifest).record == b"a record"
    with pytest.raises(errors.ShareMissingError):
        _open((0, 1, 2), (1, 2, 3), made, manifest)


@pytest.mark.parametrize(("t", "fragments"), [(3, (253, 254)), (128, range(128, 255))])
def test_255_holders_open(t, fragments):
    made = make_deal(RECORD, t=t, n=255)
    manifest = made.manifest(custodian_addresses(254))
    assert _open((0, *fragments), fragments, made, manifest).record == RECORD


@given(st.integers(1, 700), st.integers(2, 6), st.integers(0, 3), st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
def test_records_of_any_size_open_from_any_qualified_set(size, t, spare, seed):
    random = Random(seed)
    record, n = random.randbytes(size), t + spare
    made = make_deal(record, t=t, n=n, seed=seed)
    manifest = made.manifest(custodian_addresses(n - 1))
    chosen = random.sample(range(1, n), t - 1)
    assert _open((0, *chosen), random.sample(range(1, n), t - 1), made, manifest).record == record


@pytest.mark.parametrize("size", [1, 15, 16, 17, 262_143, 262_144, 262_145])
def test_odd_tails_open_from_the_last_fragments(size):
    record = Random(size).randbytes(size)
    made = make_deal(record)
    manifest = made.manifest(custodian_addresses(4))
    assert _open((0, 3, 4), (3, 4), made, manifest).record == record


@given(st.integers(0, 4), st.integers(0, 151), st.integers(1, 255))
@settings(max_examples=50, deadline=None)
def test_a_flipped_byte_in_any_share_is_refused(which, at, flip):
    shares = [bytearray(share) for share in holders(DEAL, range(5))]
    shares[which][at] ^= flip
    with pytest.raises(errors.ShareFormatError):
        open_record(MANIFEST, shares, DEAL.fragments, profile=SIMULATION)


@given(st.integers(0, len(DEAL.fragments[0]) - 1), st.integers(1, 255))
@settings(max_examples=50, deadline=None)
def test_a_flipped_byte_in_any_fragment_is_refused(at, flip):
    broken = bytearray(DEAL.fragments[0])
    broken[at] ^= flip
    with pytest.raises(errors.ShareFormatError):
        decrypt(MANIFEST, _key(), [broken, DEAL.fragments[1]])


def _key() -> bytes:
    return recover_key(MANIFEST, holders(DEAL, (0, 1, 2))).key


def _resealed(raw: bytes, at: int) -> bytes:
    changed = bytearray(raw)
    changed[at] ^= 1
    changed[-32:] = share_digest(bytes(changed[:-32]))
    return bytes(changed)


def test_a_fragment_with_a_right_digest_of_wrong_bytes_is_not_the_manifests():
    with pytest.raises(errors.FragmentMismatchError) as caught:
        decrypt(MANIFEST, _key(), [DEAL.fragments[0], _resealed(DEAL.fragments[1], 90)])
    assert caught.value.index == 2


def test_a_custodian_share_that_is_not_the_manifests_is_named():
    forged = _resealed(holders(DEAL, (2,))[0], 90)
    with pytest.raises(errors.FragmentMismatchError, match="index 2"):
        recover_key(MANIFEST, [*holders(DEAL, (0, 1)), forged])


def test_an_essential_share_that_is_not_the_manifests_is_refused():
    forged = _resealed(holders(DEAL, (0,))[0], 90)
    with pytest.raises(errors.WrongEssentialShareError, match="manifest"):
        recover_key(MANIFEST, [forged, *holders(DEAL, (1, 2))])


def test_two_shares_of_one_index_are_refused_even_if_equal():
    with pytest.raises(errors.DuplicateShareError) as caught:
        _open((0, 1, 1))
    assert caught.value.x == 1


def test_two_essential_shares_are_refused():
    with pytest.raises(errors.DuplicateShareError, match="index 0"):
        _open((0, 0, 1, 2))


def test_two_fragments_of_one_index_are_refused():
    with pytest.raises(errors.DuplicateShareError):
        _open((0, 1, 2), (1, 1))


def test_shares_of_another_deal_are_refused():
    other = make_deal(RECORD, seed=2)
    with pytest.raises(errors.MixedRecordsError):
        recover_key(MANIFEST, [*holders(DEAL, (0, 1)), *holders(other, (2,))])


def test_a_fragment_of_another_deal_is_refused():
    other = make_deal(RECORD, seed=2)
    with pytest.raises(errors.MixedRecordsError):
        decrypt(MANIFEST, _key(), [DEAL.fragments[0], other.fragments[1]])


def test_shares_of_two_epochs_are_refused():
    later = replace(DEAL.custodians[1], epoch=1).encode()
    with pytest.raises(errors.MixedEpochsError) as caught:
        recover_key(MANIFEST, [*holders(DEAL, (0, 1)), later])
    assert caught.value.epochs == (0, 1)


def test_shares_of_an_epoch_that_the_manifest_is_not_of_are_refused():
    with pytest.raises(errors.MixedEpochsError):
        recover_key(replace(MANIFEST, epoch=1), holders(DEAL, (0, 1, 2)))


def test_a_fragment_among_the_shares_is_refused():
    with pytest.raises(errors.ShareFormatError, match="kind"):
        recover_key(MANIFEST, [*holders(DEAL, (0, 1)), DEAL.fragments[1]])


def test_a_share_among_the_fragments_is_refused():
    with pytest.raises(errors.ShareFormatError, match="kind"):
        decrypt(MANIFEST, _key(), [DEAL.fragments[0], *holders(DEAL, (2,))])


def test_too_few_fragments_are_reported():
    with pytest.raises(errors.ShareMissingError):
        _open((0, 1, 2), (4,))


def _cheated(index: int):
    """A dealer who gives one custodian a wrong share and lists its digest."""
    wrong = replace(DEAL.custodians[index - 1], payload=bytes(32))
    shares = list(DEAL.custodians)
    shares[index - 1] = wrong
    made = replace(DEAL, custodians=tuple(shares))
    return made, made.manifest(custodian_addresses(4))


def test_a_cheating_dealer_is_seen_at_the_first_opening():
    made, manifest = _cheated(1)
    with pytest.raises(errors.WrongKeyError) as caught:
        _open((0, 1, 2), (1, 2), made, manifest)
    assert caught.value.liars == ()


def test_a_wrong_share_is_named_when_one_more_is_given():
    made, manifest = _cheated(1)
    with pytest.raises(errors.WrongKeyError) as caught:
        _open((0, 1, 2, 3), (1, 2), made, manifest)
    assert caught.value.liars == (1,)


def test_a_wrong_share_above_the_lowest_ones_is_reported_with_the_record():
    made, manifest = _cheated(4)
    opened = _open((0, 1, 2, 4), (1, 2), made, manifest)
    assert (opened.record, opened.liars) == (RECORD, (4,))


def test_fragments_that_fit_the_manifest_and_not_the_record_are_tampered():
    fragments = (DEAL.fragments[0], _resealed(DEAL.fragments[1], 90), *DEAL.fragments[2:])
    manifest = replace(DEAL, fragments=fragments).manifest(custodian_addresses(4))
    with pytest.raises(errors.TamperedRecordError) as caught:
        decrypt(manifest, _key(), fragments)
    assert caught.value.indices == (1, 2)


def test_a_wrong_key_decrypts_nothing():
    with pytest.raises(errors.WrongKeyError):
        decrypt(MANIFEST, bytes(32), DEAL.fragments)


def _deal_into(record, rooms, seed=1):
    return deal_into(
        record,
        make_terms(t=3, n=5),
        rooms,
        entropy=TreeEntropy(seed, "deal"),
        seeds=SeedsUsed(),
        profile=SIMULATION,
    )


def test_memory_that_serves_again_takes_the_same_bytes():
    rooms = []
    _deal_into(b"another".ljust(len(RECORD)), rooms, seed=2)
    first = list(map(id, rooms))
    dealt = _deal_into(RECORD, rooms)
    assert list(map(id, rooms)) == first
    assert tuple(map(bytes, rooms)) == DEAL.fragments
    assert dealt.essential == DEAL.essential


def test_memory_of_another_length_is_replaced():
    rooms = []
    _deal_into(b"a longer record" * 9, rooms)
    _deal_into(RECORD, rooms)
    assert tuple(map(bytes, rooms)) == DEAL.fragments


def test_a_record_is_decrypted_into_memory_that_serves_again():
    key = _deal_into(RECORD, []).key
    room, record = bytearray(), bytearray(len(RECORD))
    for chosen in ((0, 1), (2, 3), (3, 0)):
        record[:] = bytes(len(record))
        fragments = [DEAL.fragments[slot] for slot in chosen]
        decrypt_into(MANIFEST, key, fragments, room=room, record=record)
        assert record == RECORD


def test_a_wrong_tag_leaves_zeros():
    key = _deal_into(RECORD, []).key
    share = decode_container(DEAL.fragments[0])
    other = replace(share, payload=bytes(len(share.payload))).encode()
    entries = (replace(MANIFEST.fragments[0], digest=other[-32:]), *MANIFEST.fragments[1:])
    manifest = replace(MANIFEST, fragments=entries)
    record = bytearray(b"?" * len(RECORD))
    with pytest.raises(errors.TamperedRecordError):
        decrypt_into(manifest, key, [other, DEAL.fragments[1]], room=bytearray(), record=record)
    assert record == bytes(len(RECORD))
