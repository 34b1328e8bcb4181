import pickle

import pytest

from node.base.errors import StorageError
from node.storage.errors import (
    BatchLostError,
    DamagedStoreError,
    StoreFailedError,
    StoreFullError,
    StoreLockedError,
    StoreMismatchError,
)

SENTENCES = [
    (StoreLockedError("f"), "f is open in another process: stop that one first"),
    (
        StoreFullError("f"),
        "f: no space is left on the disk; nothing of the last batch is kept",
    ),
    (StoreMismatchError("f", "schema", "at most 1", "2"), "f: schema is 2, wants at most 1"),
    (StoreFailedError("f", "disk I/O error"), "f: disk I/O error"),
    (BatchLostError("f"), "f: a part of this batch failed, so nothing of it is kept"),
    (DamagedStoreError("f", "the chain", "is broken", "d"), "f: the chain: is broken"),
]


@pytest.mark.parametrize(("error", "sentence"), SENTENCES)
def test_error_makes_its_sentence(error, sentence):
    assert str(error) == sentence
    assert isinstance(error, StorageError)
    assert error.exit_code == 3


def test_a_damaged_store_is_to_be_verified():
    error = DamagedStoreError("f", "the chain", "is broken", "d")
    assert error.hint == "wardnet chain verify d"
    assert pickle.loads(pickle.dumps(error)).hint == error.hint
