import inspect
import pickle

import pytest

from node.base.errors import WardnetError
from node.ipfs_lite import errors

_FIELDS = {"str": "bafk", "int": 7, "tuple": ("bafk",)}
_CLASSES = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if kind.__module__ == errors.__name__
]


def _make(kind):
    names = inspect.signature(kind).parameters.values()
    return kind(*(_FIELDS[getattr(name.annotation, "__name__", "str")] for name in names))


@pytest.mark.parametrize("kind", _CLASSES)
def test_every_error_is_an_expected_one(kind):
    assert issubclass(kind, WardnetError)


@pytest.mark.parametrize("kind", _CLASSES)
def test_every_error_survives_pickling(kind):
    error = _make(kind)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (kind, str(error))


@pytest.mark.parametrize("kind", [errors.CorruptBlockError, errors.NotFoundError])
def test_a_block_error_names_the_block(kind):
    assert "bafkreiabc" in str(kind("bafkreiabc"))


def test_an_infeasible_placement_says_all_four_numbers_and_the_remedy():
    text = str(errors.PlacementInfeasibleError(6, 4, 4, 1, "2 more operators, or replicas 1"))
    assert text == (
        "6 copies of shares to place, 4 operators with at most 1 each take 4: "
        "needs 2 more operators, or replicas 1"
    )
