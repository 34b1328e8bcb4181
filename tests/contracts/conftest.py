"""Lets the ledger pick its keccak backend before a test imports py-evm; the shared world."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

import node.evm  # noqa: F401
from node.contracts.names import ERC721
from tests.contracts.world import SETTINGS, World, peopled

_FOLDER = Path(__file__).parent
_DESELECTED = pytest.StashKey[int]()
_NOT_NEEDED = ("slow", "judge", "conformance")
"""Marks of tests that a quick run leaves out: none of them provokes what no other does."""


@cache
def _peopled(token: str) -> World:
    """Built once; tests get a fork of it."""
    return peopled(replace(SETTINGS, token=token))


@pytest.fixture
def token() -> str:
    """What stands for a record; tests of what both tokens do ask for both."""
    return ERC721


@pytest.fixture
def world(token: str) -> World:
    return _peopled(token).fork()


def _is_ours(item: pytest.Item) -> bool:
    return item.path.parent == _FOLDER


def _is_judge(item: pytest.Item) -> bool:
    return _is_ours(item) and "whole_folder" in getattr(item, "fixturenames", ())


@pytest.fixture
def whole_folder(request: pytest.FixtureRequest) -> None:
    """Skip a test that judges what all tests of this folder did, unless all of them ran."""
    ran = {item.path.name for item in request.session.items if _is_ours(item)}
    missing = {path.name for path in _FOLDER.glob("test_*.py")} - ran
    if missing or request.config.stash.get(_DESELECTED, 0):
        pytest.skip("judges the tests of this folder, and not all of them were selected")


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    for item in filter(_is_ours, items):
        if not any(item.get_closest_marker(mark) for mark in _NOT_NEEDED):
            item.config.stash[_DESELECTED] = 1 + item.config.stash.get(_DESELECTED, 0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_is_judge)  # stable: those that judge go to the end, the others stay
