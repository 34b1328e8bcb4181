"""K among lies: the commitment decides, and whoever lied is named."""

import pytest

from node.sss import errors, record_key
from node.sss.gf256 import add
from node.sss.record_key import find_key, recover_key
from tests.sss.deals import custodian_addresses, holders, make_deal

DEAL = make_deal(b"blood group O negative")
MANIFEST = DEAL.manifest(custodian_addresses(4))


def _points() -> dict[int, bytes]:
    e = DEAL.essential.payload
    return {share.index: add(share.payload, e) for share in DEAL.custodians}


def test_the_key_is_found_among_lies_and_every_liar_is_named():
    points = _points()
    points[1] = points[3] = b"\xff" * 32
    found = find_key(DEAL.header, points)
    assert found.liars == (1, 3)
    assert found.key == recover_key(MANIFEST, holders(DEAL, (0, 1, 2))).key
    # sets 12, 13, 14, 23 come before 24
    assert found.sets_tried == 5


def test_lies_that_leave_fewer_than_k_true_points_hide_the_key():
    points = {**_points(), 1: bytes(32), 2: bytes(32), 3: bytes(32)}
    with pytest.raises(errors.WrongKeyError):
        find_key(DEAL.header, points)


def test_the_search_for_liars_is_bounded(monkeypatch):
    points = {**_points(), 1: bytes(32), 3: bytes(32)}
    monkeypatch.setattr(record_key, "SUBSETS_TRIED_COUNT_MAX", 4)
    with pytest.raises(errors.WrongKeyError):
        find_key(DEAL.header, points)


def test_too_few_points_are_counted_before_any_arithmetic():
    with pytest.raises(errors.ShareMissingError):
        find_key(DEAL.header, {1: b"not even 32 bytes"})
