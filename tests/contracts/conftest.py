"""Lets the ledger pick its keccak backend before a test imports py-evm; the shared world."""

import pytest

import node.evm  # noqa: F401
from tests.contracts.world import World, peopled


@pytest.fixture(scope="session")
def peopled_world() -> World:
    """Built once; tests get a fork of it."""
    return peopled()


@pytest.fixture
def world(peopled_world: World) -> World:
    return peopled_world.fork()
