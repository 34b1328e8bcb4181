from dataclasses import replace

import pytest

from node.privacy.release_facts import covers, is_open
from tests.privacy.ward import STRANGER, Ward


def _pair():
    ward = Ward()
    return ward.view.grant(ward.grant_id), ward.view.record(ward.deal_id)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({}, True), ({"is_current": False}, False), ({"is_erased": True}, False)],
)
def test_only_the_current_deal_of_a_record_that_is_not_erased_is_open(changes, expected):
    grant, record = _pair()
    assert is_open(replace(record, **changes)) is expected
    assert covers(grant, replace(record, **changes)) is expected


def test_a_grant_covers_no_record_of_somebody_else():
    grant, record = _pair()
    assert not covers(grant, replace(record, patient=STRANGER.address))
