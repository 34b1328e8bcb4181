"""What the block after the head demands, and what a paid replacement must offer."""

import pytest

from node.evm.errors import ReplacementUnderpricedError, UnderpricedError
from node.evm.forks import LONDON
from node.evm.pool_checks import NextBlock, check_raise, is_free
from node.evm.transactions import decode_transaction, sign_dynamic_fee
from tests.evm.chains import ALICE, BOB, CHAIN_ID, VERIFIER, decoded, ledger, legacy
from tests.evm.pool_chain import State


def _paid(max_fee, max_tip):
    raw = sign_dynamic_fee(
        ALICE,
        chain_id=CHAIN_ID,
        nonce=0,
        to=BOB.address,
        data=b"",
        gas=21_000,
        max_fee=max_fee,
        max_tip=max_tip,
    )
    return decode_transaction(raw, VERIFIER)


def test_the_next_block_has_the_target_of_half_the_gas_limit():
    book = ledger(gas_limit=8_001)
    assert NextBlock.after(book.head, CHAIN_ID, LONDON).gas_target == 4_000


def test_the_base_fee_is_that_of_the_next_block():
    demands = NextBlock.after(ledger(base_fee=8).head, CHAIN_ID, LONDON)
    assert demands.base_fee == 7
    demands.check(decoded(legacy(ALICE, 0, gas_price=7)), State({}))
    with pytest.raises(UnderpricedError):
        demands.check(decoded(legacy(ALICE, 0, gas_price=6)), State({}))


@pytest.mark.parametrize(
    ("old", "new"),
    [((100, 100), (110, 110)), ((100, 0), (110, 0)), ((1, 1), (2, 2)), ((0, 0), (1, 0))],
)
def test_ten_percent_more_in_both_fields_is_enough(old, new):
    check_raise(_paid(*old), _paid(*new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ((100, 100), (109, 109)),
        ((100, 100), (200, 109)),
        ((100, 50), (109, 100)),
        ((100, 100), (100, 100)),
        ((1, 0), (1, 1)),
        ((5, 5), (0, 0)),
    ],
)
def test_less_than_that_in_one_field_is_not(old, new):
    with pytest.raises(ReplacementUnderpricedError):
        check_raise(_paid(*old), _paid(*new))


def test_only_two_free_ones_are_free():
    assert is_free(_paid(0, 0), _paid(0, 0))
    assert not is_free(_paid(0, 0), _paid(1, 0))
    assert not is_free(_paid(1, 0), _paid(0, 0))
