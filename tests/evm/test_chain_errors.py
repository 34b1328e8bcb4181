import pickle

import pytest

from node.base.types import Hash32
from node.evm.chain_errors import (
    FinalityViolationError,
    MemoMismatchError,
    PrunedStateError,
    ReplayMismatchError,
    SnapshotError,
)

ERRORS = [
    MemoMismatchError(Hash32(b"\x01" * 32), "gas_used"),
    SnapshotError(3, "truncated"),
    FinalityViolationError(9, 7, Hash32(b"\x02" * 32)),
    PrunedStateError(17, 872, 1000),
    ReplayMismatchError(Hash32(b"\x03" * 32), 4),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_survives_pickling_with_its_sentence(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)


def test_the_sentence_names_the_record():
    assert str(SnapshotError(3, "truncated")) == "snapshot record 3: truncated"


def test_a_pruned_state_names_what_is_kept():
    assert str(PrunedStateError(17, 872, 1000)) == "state of block 17 is pruned, kept: 872..1000"
