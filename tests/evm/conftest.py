"""Lets the ledger pick its keccak backend before a test imports py-evm."""

from functools import cache

import pytest

import node.evm  # noqa: F401


@pytest.fixture(autouse=True, scope="session")
def _stock_point_evaluation_reads_its_setup_once():
    """As it is, py-evm does so at every call: seconds each.  Nothing else changes."""
    from eth.precompiles import point_evaluation as stock

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stock, "load_trusted_setup", cache(stock.load_trusted_setup))
        yield
