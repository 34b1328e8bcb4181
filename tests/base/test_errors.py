"""The tree of errors: sentences, exit codes, pickling, and use as exceptions."""

import contextlib
import copy
import pickle
from collections.abc import Iterator

import pytest

from node.base import errors
from node.base.errors import (
    CallRevertedError,
    CodecError,
    ConfigError,
    CorruptStoreError,
    FrameError,
    InvalidBlockError,
    InvalidMessageError,
    OperatorError,
    PeerError,
    RefusedError,
    StorageError,
    UnavailableError,
    UnknownBlockError,
    UsageError,
    ValidatorSetUnavailableError,
    WardnetError,
)

SENTENCES = [
    (
        ValidatorSetUnavailableError("0xab", "the registry answers nothing"),
        "no validator set after block 0xab: the registry answers nothing",
    ),
    (ConfigError("period: wants 1s or more"), "period: wants 1s or more"),
    (UsageError("no such command"), "no such command"),
    (FrameError("too long"), "too long"),
    (CodecError("rlp", "truncated"), "rlp: truncated"),
    (InvalidMessageError("two heads"), "two heads"),
    (InvalidBlockError("gas", "1", "2"), "block breaks gas: wants 1, got 2"),
    (CallRevertedError(b"\x08\xc3"), "execution reverted: 0x08c3"),
    (UnknownBlockError("0xab"), "block 0xab is not known here"),
    (CorruptStoreError("blocks", "bafy", "hash differs"), "blocks: bafy: hash differs"),
]


@pytest.mark.parametrize(("error", "sentence"), SENTENCES)
def test_error_makes_its_sentence(error: WardnetError, sentence: str) -> None:
    assert str(error) == sentence


@pytest.mark.parametrize("error", [error for error, _ in SENTENCES])
def test_error_survives_pickling(error: WardnetError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))


def test_error_made_with_keywords_survives_pickling() -> None:
    error = InvalidBlockError(rule="gas", want="1", got="2")
    assert pickle.loads(pickle.dumps(error)).rule == "gas"


def test_every_concrete_error_of_the_tree_has_its_sentence_here() -> None:
    branches = {"OperatorError", "PeerError", "RefusedError", "UnavailableError", "StorageError"}
    classes = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, WardnetError)
    }
    tested = {type(error).__name__ for error, _ in SENTENCES}
    assert classes - branches - {"WardnetError"} == tested


@pytest.mark.parametrize(
    ("branch", "status"),
    [
        (WardnetError, 3),
        (OperatorError, 2),
        (PeerError, 3),
        (RefusedError, 1),
        (UnavailableError, 3),
        (StorageError, 3),
    ],
)
def test_branch_has_its_exit_code(branch: type[WardnetError], status: int) -> None:
    assert branch.exit_code == status


def test_equal_fields_do_not_make_errors_equal() -> None:
    """Value equality would take the hash away, and tracebacks need it."""
    one, other = UsageError("x"), UsageError("x")
    assert one != other
    assert len({one, other}) == 2


def test_error_passes_through_a_context_manager() -> None:
    @contextlib.contextmanager
    def manager() -> Iterator[None]:
        yield

    with pytest.raises(UsageError), manager():
        raise UsageError("x")


def test_error_can_be_copied() -> None:
    assert copy.copy(CodecError("rlp", "x")).codec == "rlp"


def test_root_without_sentence_shows_its_fields() -> None:
    assert str(WardnetError()) == ""
