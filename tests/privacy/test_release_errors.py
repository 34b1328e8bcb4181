import pickle

import pytest

from node.base.errors import OperatorError, PeerError, RefusedError
from node.privacy import release_errors as errors

EVERY = [
    errors.SealedBoxError("why"),
    errors.SealingKeyError("why"),
    errors.ConsentFieldError("scope", "bits", "7"),
    errors.ReleaseFormatError("request", "length"),
    errors.CustodyError("step", "why"),
    errors.BadReceiptError(2, "why"),
    errors.UnknownDealError(b"\x01"),
    errors.CustodyKeyError("what"),
    errors.GrantNotActiveError("EXPIRED", ((1, "EXPIRED"), (2, "REPLAY"))),
    errors.RefreshMissingError(b"\x01", 3),
]


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
def test_errors_pickle_and_keep_their_text(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error) != ""


def test_the_branch_says_who_must_act():
    assert issubclass(errors.GrantNotActiveError, RefusedError)
    assert issubclass(errors.CustodyError, PeerError)
    assert issubclass(errors.ConsentFieldError, OperatorError)


def test_a_refused_grantee_reads_what_each_custodian_said():
    assert str(EVERY[-2]) == "custodians refuse (1: EXPIRED, 2: REPLAY)"
