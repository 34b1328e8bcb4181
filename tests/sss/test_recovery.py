from dataclasses import replace
from itertools import combinations

import pytest

from node.base.types import Address
from node.sss import errors
from node.sss.drbg import SeedsUsed, Stream
from node.sss.recovery import combine_master, master_deal_id, read_recovery_share, split_master
from node.sss.shares import Kind, decode_container
from tests.sss.deals import cases, make_deal, unhex

PATIENT = Address(b"\xaa" * 20)
MASTER = bytes(range(32))
PLACE = {"chain_id": 7, "patient": PATIENT}


def _split(needed: int = 2, holders: int = 3, *, master: bytes = MASTER, epoch: int = 0, seed=0):
    stream = Stream(bytes(47) + bytes([seed]), SeedsUsed())
    return split_master(master, **PLACE, needed=needed, holders=holders, stream=stream, epoch=epoch)


def _combine(shares) -> bytes:
    return combine_master([share.encode() for share in shares], **PLACE)


@pytest.mark.conformance
def test_the_recovery_shares_of_the_vectors_are_made_and_combine():
    for case in cases("repair"):
        want = [unhex(share) for share in case["recovery_shares"]]
        first = decode_container(want[0])
        place = {"chain_id": case["chain_id"], "patient": Address(unhex(case["patient"]))}
        made = split_master(
            unhex(case["master"]),
            **place,
            needed=first.t - 1,
            holders=first.n - 1,
            stream=Stream(unhex(case["recovery_seed"]), SeedsUsed()),
        )
        assert [share.encode() for share in made] == want
        for chosen in combinations(want, first.t - 1):
            assert combine_master(chosen, **place) == unhex(case["master"])


@pytest.mark.parametrize(("needed", "holders"), [(k, n) for n in range(1, 7) for k in range(1, n)])
def test_every_set_of_enough_holders_gives_the_master_and_no_smaller_one(needed, holders):
    shares = _split(needed, holders)
    for count in range(holders + 1):
        for chosen in combinations(shares, count):
            if count >= needed:
                assert _combine(chosen) == MASTER
            else:
                with pytest.raises(errors.ShareMissingError):
                    _combine(chosen)


def test_a_container_shows_its_kind_plan_and_whose_master_it_is():
    share = read_recovery_share(_split()[2].encode(), **PLACE)
    assert (share.kind, share.index, share.t, share.n) == (Kind.RECOVERY, 3, 3, 4)
    assert share.deal_id == master_deal_id(7, PATIENT)


def test_the_same_index_twice_is_refused_even_if_equal():
    first, second, _ = _split()
    with pytest.raises(errors.DuplicateShareError) as caught:
        _combine((first, second, first))
    assert caught.value.x == 1


@pytest.mark.parametrize(
    "place", [{"chain_id": 8, "patient": PATIENT}, {"chain_id": 7, "patient": Address(bytes(20))}]
)
def test_shares_of_another_patient_or_chain_are_refused(place):
    with pytest.raises(errors.MixedRecordsError):
        combine_master([share.encode() for share in _split()], **place)


def test_shares_of_two_splits_are_told_apart_by_their_epoch():
    old, new = _split(), _split(epoch=1, seed=1)
    with pytest.raises(errors.MixedEpochsError, match="0, 1"):
        _combine((old[0], new[1]))
    assert _combine(new[1:]) == MASTER


def test_shares_of_two_plans_are_refused():
    with pytest.raises(errors.ShareFormatError, match=r"threshold \(index 2\)"):
        _combine((_split()[0], _split(2, 4, seed=1)[1]))


def test_a_wrong_share_among_more_than_enough_is_seen():
    first, second, third = _split()
    wrong = replace(third, payload=bytes(32))
    with pytest.raises(errors.InconsistentSharesError, match="1, 2, 3"):
        _combine((first, second, wrong))


def test_a_wrong_share_among_just_enough_gives_another_master():
    """Said in the docstring: the containers commit to nothing, the manifest's index 0 does."""
    first, second, _ = _split()
    assert _combine((first, replace(second, payload=bytes(32)))) != MASTER


def test_a_share_of_a_deal_is_no_share_of_a_master():
    with pytest.raises(errors.ShareFormatError, match="kind"):
        combine_master([make_deal().custodians[0].encode()], **PLACE)


def test_a_payload_of_another_length_is_refused():
    long = replace(_split()[0], payload=bytes(33))
    with pytest.raises(errors.ShareFormatError, match="length"):
        read_recovery_share(long.encode(), **PLACE)


def test_one_share_less_than_needed_leaves_every_master_possible():
    """A share of 2-of-3 is the same under every master that the other draw makes up for."""
    share = _split(master=MASTER)[0]
    other = _split(master=bytes(32))[0]
    assert share.payload == other.payload


@pytest.mark.parametrize(("needed", "holders"), [(0, 3), (4, 3), (2, 255)])
def test_a_plan_that_cannot_be_is_refused(needed, holders):
    with pytest.raises(errors.SharingPlanError):
        _split(needed, holders)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_master_of_another_length_is_refused(length):
    with pytest.raises(ValueError, match="32 bytes"):
        _split(master=bytes(length))
