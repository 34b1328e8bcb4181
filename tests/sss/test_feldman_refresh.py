"""What is lent and refreshed in ``ssms-feldman`` can be checked by whoever is handed it."""

from dataclasses import replace

import pytest

from node.sss import errors
from node.sss.bn128 import ORDER, product
from node.sss.commitments import Manifest
from node.sss.drbg import SeedsUsed, Stream
from node.sss.feldman import Fit, judge, open_record
from node.sss.feldman_refresh import (
    delta_shares,
    grant_shares,
    is_fitting_grant,
    is_fitting_release,
    is_fitting_step,
    lent_key,
    stepped_manifest,
)
from node.sss.refresh import apply_delta, released_point
from node.sss.refresh import grant_shares as lent_bytes
from node.sss.shares import Scheme
from node.sss.ssms import decrypt
from tests.sss.deals import SIMULATION, custodian_addresses, files_of, scheme_deal
from tests.sss.precompiles import share_is_proved

FELDMAN = Scheme.SSMS_FELDMAN
RECORD = b"blood group O negative"
NEXT_E = (12_345).to_bytes(32)
DEAL = scheme_deal(FELDMAN, RECORD)
MANIFEST = DEAL.manifest(custodian_addresses(4))


def _stream(number=1):
    return Stream(bytes((number,)) * 48, SeedsUsed())


GRANT = grant_shares(MANIFEST, DEAL.essential.payload, stream=_stream(1))
STEP = delta_shares(MANIFEST, DEAL.essential.payload, NEXT_E, stream=_stream(2))
MOVED = tuple(apply_delta(*pair) for pair in zip(DEAL.custodians, STEP.shares, strict=True))
ESSENTIAL = replace(DEAL.essential, epoch=1, salt=b"n" * 32, payload=NEXT_E)
NEXT = stepped_manifest(MANIFEST, STEP.points, [share.digest() for share in (ESSENTIAL, *MOVED)])


def _released(shares=DEAL.custodians, grants=GRANT.shares):
    pairs = zip(shares, grants, strict=True)
    return {share.index: released_point(share, grant) for share, grant in pairs}


def _with_payload(share, value):
    return replace(share, payload=value.to_bytes(32))


def test_the_grant_commits_to_the_essential_share():
    assert GRANT.points[0] == MANIFEST.points[-1]
    assert all(is_fitting_grant(MANIFEST, GRANT.points, share) for share in GRANT.shares)
    assert [share.epoch for share in GRANT.shares] == [0] * 4


def test_a_grant_share_is_proved_by_the_precompiled_contracts():
    value = int.from_bytes(GRANT.shares[2].payload)
    assert share_is_proved(GRANT.points, 3, value)[0]


def test_a_grant_of_another_essential_share_does_not_fit():
    other = grant_shares(MANIFEST, NEXT_E, stream=_stream(3))
    assert not is_fitting_grant(MANIFEST, other.points, other.shares[0])


def test_a_changed_grant_share_does_not_fit():
    first = GRANT.shares[0]
    changed = _with_payload(first, int.from_bytes(first.payload) ^ 1)
    assert not is_fitting_grant(MANIFEST, GRANT.points, changed)


@pytest.mark.parametrize("points", [(), GRANT.points[:1], (*GRANT.points, GRANT.points[0])])
def test_other_numbers_of_points_commit_to_nothing(points):
    assert not is_fitting_grant(MANIFEST, points, GRANT.shares[0])
    assert not is_fitting_step(MANIFEST, points, STEP.shares[0])
    assert not is_fitting_release(MANIFEST, points, 1, _released()[1])
    with pytest.raises(errors.ShareFormatError, match="point"):
        stepped_manifest(MANIFEST, points, [bytes(32)] * 5)


@pytest.mark.parametrize("chosen", [(1, 2), (2, 4), (1, 3, 4)])
def test_released_points_are_checked_one_by_one_and_make_the_key(chosen):
    released = {x: _released()[x] for x in chosen}
    assert all(is_fitting_release(MANIFEST, GRANT.points, x, z) for x, z in released.items())
    assert decrypt(MANIFEST, lent_key(MANIFEST, released), DEAL.fragments) == RECORD


def test_a_custodian_who_lies_in_a_release_is_known_from_that_answer_alone():
    released = _released()
    lie = ((int.from_bytes(released[2]) + 1) % ORDER).to_bytes(32)
    assert not is_fitting_release(MANIFEST, GRANT.points, 2, lie)
    assert not is_fitting_release(MANIFEST, GRANT.points, 2, released[1])
    with pytest.raises(errors.WrongKeyError):
        lent_key(MANIFEST, {1: released[1], 2: lie})


def test_a_release_above_r_is_no_release():
    value = int.from_bytes(_released()[1]) + ORDER
    assert not is_fitting_release(MANIFEST, GRANT.points, 1, value.to_bytes(32))


def test_too_few_released_points_are_refused():
    with pytest.raises(errors.ShareMissingError):
        lent_key(MANIFEST, {3: _released()[3]})


def test_every_share_fits_the_manifest_of_the_next_epoch():
    assert all(is_fitting_step(MANIFEST, STEP.points, share) for share in STEP.shares)
    holders = (ESSENTIAL, *MOVED)
    assert {judge(NEXT, share) for share in holders} == {Fit.COMMITTED}
    assert NEXT.points[-1] == product(12_345)
    assert Manifest.decode(NEXT.encode(), schemes=(FELDMAN,)) == NEXT


def test_the_record_opens_in_the_next_epoch_and_its_key_is_the_same():
    shares = [share.encode() for share in (ESSENTIAL, *MOVED[1:3])]
    opened = open_record(NEXT, shares, DEAL.fragments, profile=SIMULATION)
    assert opened.record == RECORD


def test_what_is_lent_stays_the_same_over_a_step():
    grants = tuple(apply_delta(*pair) for pair in zip(GRANT.shares, STEP.shares, strict=True))
    assert _released(MOVED, grants) == _released()


@pytest.mark.parametrize(("essential", "epoch"), [(DEAL.essential, 1), (ESSENTIAL, 0)])
def test_the_essential_share_and_shares_of_different_epochs_do_not_open(essential, epoch):
    """Even if somebody writes one epoch into all of them."""
    shares = MOVED if epoch else DEAL.custodians
    files = files_of(replace(DEAL, essential=replace(essential, epoch=0), custodians=shares))
    given = [replace(file.share, epoch=0) for file in files]
    manifest = replace(MANIFEST, digests=tuple(share.digest() for share in given))
    encoded = [share.encode() for share in given[:3]]
    with pytest.raises((errors.WrongKeyError, errors.WrongEssentialShareError)):
        open_record(manifest, encoded, DEAL.fragments, profile=SIMULATION)


def test_a_changed_step_does_not_fit():
    first = STEP.shares[0]
    changed = _with_payload(first, int.from_bytes(first.payload) ^ 1)
    assert not is_fitting_step(MANIFEST, STEP.points, changed)


def test_a_step_changes_the_essential_share():
    e = DEAL.essential.payload
    with pytest.raises(ValueError, match="changes the essential share"):
        delta_shares(MANIFEST, e, e, stream=_stream())


def test_a_step_needs_one_digest_for_each_holder():
    with pytest.raises(ValueError, match="5 holders"):
        stepped_manifest(MANIFEST, STEP.points, [bytes(32)] * 4)


@pytest.mark.parametrize(
    ("share", "error"),
    [
        (STEP.shares[0], errors.ShareFormatError),
        (replace(GRANT.shares[0], deal_id=bytes(32)), errors.MixedRecordsError),
        (replace(GRANT.shares[0], epoch=1), errors.MixedEpochsError),
        (replace(GRANT.shares[0], payload=b"\xff" * 32), errors.ShareFormatError),
    ],
)
def test_another_share_is_no_grant_share(share, error):
    with pytest.raises(error):
        is_fitting_grant(MANIFEST, GRANT.points, share)


def test_other_schemes_have_no_points():
    other = scheme_deal(Scheme.SSMS).manifest(custodian_addresses(4))
    with pytest.raises(errors.ShareFormatError, match="scheme"):
        grant_shares(other, bytes(32), stream=_stream())
    with pytest.raises(errors.ShareFormatError, match="scheme"):
        lent_key(other, {})


@pytest.mark.parametrize("scheme", [FELDMAN, Scheme.XOR, Scheme.NLSS_Q])
def test_only_the_default_scheme_lends_byte_by_byte(scheme):
    header = replace(MANIFEST.header, scheme=scheme)
    with pytest.raises(errors.SharingPlanError, match="byte by byte"):
        lent_bytes(header, bytes(32), epoch=0, stream=_stream())
