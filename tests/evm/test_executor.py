"""The types between executors and the ledger."""

import pytest

from node.evm.executor import AccountData, BlockDiff
from tests.evm.chains import context, ledger


def test_a_context_does_not_show_the_hashes_that_it_would_have_to_walk():
    shown = repr(context(ledger(), ancestor_hashes=iter([b"x"])))
    assert "ancestor" not in shown
    assert "number=1" in shown


def test_a_diff_cannot_be_given_other_tables():
    diff = BlockDiff({}, {}, frozenset(), {})
    with pytest.raises(AttributeError):
        diff.accounts = {}  # type: ignore[misc]


def test_account_data_has_the_order_of_the_state_trie_without_the_storage_root():
    assert AccountData._fields == ("nonce", "balance", "code_hash")
