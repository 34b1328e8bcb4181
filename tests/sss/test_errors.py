import pickle

import pytest

from node.base.errors import OperatorError, PeerError, UnavailableError
from node.sss import errors

EVERY = [
    errors.SharingPlanError(1, 2, "rule"),
    errors.EmptyRecordError(),
    errors.RecordTooLongError(5, 4),
    errors.SeedReuseError(),
    errors.SeedExhaustedError(9),
    errors.SimulatedSecretError("what"),
    errors.StaleEpochError(1, 4),
    errors.WrongEssentialShareError("no index 0"),
    errors.ShareFormatError("digest", 3),
    errors.DuplicateShareError(2),
    errors.MixedRecordsError(b"a", b"b"),
    errors.MixedEpochsError((0, 1)),
    errors.UnknownSchemeError("rsa", ("ssms-1tn",)),
    errors.WrongKeyError((2,)),
    errors.WrongSecretError((2,)),
    errors.TamperedRecordError((1, 2)),
    errors.FragmentMismatchError(1),
    errors.ShareMissingError(1, 2, (4,)),
    errors.InconsistentSharesError((1, 2, 3)),
    errors.RepairPlanError(2, (1, 4), "rule"),
]


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
def test_errors_pickle_and_keep_their_text(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error) != ""


def test_the_branch_says_who_must_act():
    assert issubclass(errors.WrongEssentialShareError, OperatorError)
    assert issubclass(errors.ShareFormatError, PeerError)
    assert issubclass(errors.ShareMissingError, UnavailableError)


def test_a_plan_is_named_by_custodians_and_by_holders():
    assert errors.holders_text(3, 5) == "2 of 4 custodians (t=3, n=5)"


def test_a_format_error_without_an_index_names_the_code_alone():
    assert str(errors.ShareFormatError("magic")) == "malformed share data: magic"


def test_missing_shares_name_those_present():
    assert "present: 4" in str(errors.ShareMissingError(1, 2, (4,)))
    assert "present: none" in str(errors.ShareMissingError(0, 2, ()))


@pytest.mark.parametrize("wrong", [errors.WrongKeyError, errors.WrongSecretError])
def test_a_wrong_key_or_secret_names_liars_only_where_they_are_known(wrong):
    assert "wrong shares: 2" in str(wrong((2,)))
    assert "wrong shares" not in str(wrong())
