from dataclasses import replace

import pytest

from node.sss import errors
from node.sss.holders import checked_holders
from tests.sss.deals import custodian_addresses, holders, make_deal

DEAL = make_deal()
MANIFEST = DEAL.manifest(custodian_addresses(4))


def test_payloads_come_in_the_order_of_the_indices():
    essential, custodians = checked_holders(MANIFEST, holders(DEAL, (4, 0, 2)))
    assert essential == DEAL.essential.payload
    assert list(custodians.items()) == [(x, DEAL.custodians[x - 1].payload) for x in (2, 4)]


def test_too_few_are_reported_before_any_digest_is_compared():
    forged = replace(DEAL.essential, payload=bytes(32)).encode()
    with pytest.raises(errors.ShareMissingError):
        checked_holders(MANIFEST, [forged, *holders(DEAL, (1,))])


def test_two_epochs_are_reported_before_too_few():
    later = replace(DEAL.custodians[0], epoch=1).encode()
    with pytest.raises(errors.MixedEpochsError):
        checked_holders(MANIFEST, [*holders(DEAL, (0,)), later])
