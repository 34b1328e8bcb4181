"""Every error of this folder pickles, says what is wrong, and lies on the right branch."""

import pickle
from dataclasses import fields

import pytest

from node.base.errors import InvalidBlockError, PeerError, RefusedError, WardnetError
from node.base.types import Address, Hash32
from node.evm import errors

CLASSES = [
    value
    for value in vars(errors).values()
    if isinstance(value, type)
    and issubclass(value, WardnetError)
    and value.__module__ == errors.__name__
]
SAMPLES = {
    "int": 7,
    "int | None": None,
    "str": "text",
    "Address": Address(b"\xaa" * 20),
    "Hash32": Hash32(b"\xbb" * 32),
}


def _sample(cls):
    names = [getattr(field.type, "__name__", str(field.type)) for field in fields(cls)]
    return cls(*(SAMPLES[name] for name in names))


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_an_error_survives_pickling_with_its_sentence(cls):
    error = _sample(cls)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is cls
    assert str(again) == str(error)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_the_sentence_names_every_field(cls):
    if not fields(cls):
        return
    error = _sample(cls)
    sentence = str(error)
    for field in fields(cls):
        value = getattr(error, field.name)
        shown = value.hex() if isinstance(value, bytes) else str(value)
        if cls is errors.InvalidBlockTransactionError and field.name == "want":
            continue
        assert shown.removesuffix("None") in sentence


def test_an_invalid_transaction_is_the_peers_fault():
    assert issubclass(errors.TransactionError, PeerError)
    assert issubclass(errors.InvalidBlockTransactionError, InvalidBlockError)


def test_what_only_the_pool_refuses_is_no_fault_of_a_peer():
    assert issubclass(errors.PoolRefusedError, RefusedError)
    assert not issubclass(errors.PoolRefusedError, PeerError)


@pytest.mark.parametrize(
    ("got", "word"),
    [(1, "nonce too low"), (9, "nonce too high"), (2**64 - 1, "nonce has max value")],
)
def test_a_nonce_error_uses_the_words_of_go_ethereum(got, word):
    assert str(errors.NonceError(Address(bytes(20)), 5, got)).startswith(word)
