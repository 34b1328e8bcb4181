"""Each rule of ledger.md section 3: the border that holds, and one beyond it."""

from dataclasses import replace

import pytest

from node.base.types import EMPTY_CODE_HASH, Hash32
from node.evm.errors import (
    ChainIdError,
    FeeTooLowError,
    GasLimitError,
    InitcodeTooLargeError,
    InsufficientFundsError,
    IntrinsicGasError,
    NonceError,
    SenderHasCodeError,
)
from node.evm.forks import CANCUN, LONDON
from node.evm.rules import check_alone, check_in_place, intrinsic_gas
from tests.evm.chains import ALICE, BOB, CHAIN_ID, decoded, legacy

PLAIN = decoded(legacy(ALICE, 5))


class Sender:
    """An account as the rules see it."""

    def __init__(self, nonce=5, balance=0, code_hash=EMPTY_CODE_HASH):
        self.nonce, self.balance, self.code_hash = nonce, balance, code_hash

    def get_nonce(self, address):
        return self.nonce

    def get_balance(self, address):
        return self.balance

    def get_code_hash(self, address):
        return self.code_hash


def _alone(profile=LONDON, **changes):
    check_alone(replace(PLAIN, **changes), profile, CHAIN_ID)


def _in_place(sender=None, base_fee=0, gas_left=30_000_000, **changes):
    transaction = replace(PLAIN, **changes)
    check_in_place(transaction, sender or Sender(), base_fee=base_fee, gas_left=gas_left)


def test_a_plain_transaction_passes_all_rules():
    assert _alone() is None
    assert _in_place() is None


def test_another_chains_id_is_refused():
    with pytest.raises(ChainIdError, match="have 1 want 1337"):
        _alone(chain_id=1)


def test_a_legacy_transaction_without_chain_id_is_valid_in_a_block():
    assert _alone(chain_id=None) is None


def test_the_tip_may_reach_the_fee_and_not_pass_it():
    assert _alone(max_tip=9, max_fee=9) is None
    with pytest.raises(FeeTooLowError, match="priority fee"):
        _alone(max_tip=10, max_fee=9)


def test_the_last_nonce_is_never_used():
    assert _alone(nonce=2**64 - 2) is None
    with pytest.raises(NonceError, match="max value"):
        _alone(nonce=2**64 - 1)


@pytest.mark.parametrize(
    ("profile", "changes", "gas"),
    [
        (LONDON, {}, 21_000),
        (LONDON, {"data": b"\0\0\x01"}, 21_000 + 4 + 4 + 16),
        (LONDON, {"to": None, "data": bytes(33)}, 53_000 + 33 * 4),
        (CANCUN, {"to": None, "data": bytes(33)}, 53_000 + 33 * 4 + 2 * 2),
        (CANCUN, {"to": None, "data": bytes(32)}, 53_000 + 32 * 4 + 2),
        (CANCUN, {"data": bytes(33)}, 21_000 + 33 * 4),
        (LONDON, {"access_list": ((BOB.address, ()),)}, 23_400),
        (LONDON, {"access_list": ((BOB.address, (1, 1)), (BOB.address, ()))}, 21_000 + 8_600),
    ],
)
def test_intrinsic_gas_is_the_least_that_passes(profile, changes, gas):
    assert intrinsic_gas(replace(PLAIN, **changes), profile) == gas
    assert _alone(profile, gas=gas, **changes) is None
    with pytest.raises(IntrinsicGasError, match=f"have {gas - 1}, want {gas}"):
        _alone(profile, gas=gas - 1, **changes)


def test_initcode_has_a_limit_from_shanghai_on():
    assert _alone(CANCUN, to=None, data=bytes(49_152)) is None
    with pytest.raises(InitcodeTooLargeError, match="49153 limit 49152"):
        _alone(CANCUN, to=None, data=bytes(49_153))
    assert _alone(LONDON, to=None, data=bytes(49_153)) is None


def test_only_initcode_is_limited():
    assert _alone(CANCUN, data=bytes(49_153)) is None


def test_the_nonce_is_the_accounts():
    for nonce, word in ((4, "too low"), (6, "too high")):
        with pytest.raises(NonceError, match=word):
            _in_place(nonce=nonce)


def test_a_contract_sends_no_transaction():
    with pytest.raises(SenderHasCodeError):
        _in_place(Sender(code_hash=Hash32(b"\x01" * 32)))


def test_the_fee_reaches_the_base_fee():
    rich = Sender(balance=10**18)
    assert _in_place(rich, base_fee=7, max_fee=7) is None
    with pytest.raises(FeeTooLowError, match="have 6, want 7"):
        _in_place(rich, base_fee=7, max_fee=6)


def test_the_balance_covers_the_highest_fee_and_the_value():
    cost = 1_000_000 * 3 + 5
    assert _in_place(Sender(balance=cost), max_fee=3, value=5) is None
    with pytest.raises(InsufficientFundsError, match=f"have {cost - 1} want {cost}"):
        _in_place(Sender(balance=cost - 1), max_fee=3, value=5)


def test_the_gas_fits_what_the_block_has_left():
    assert _in_place(gas_left=1_000_000) is None
    with pytest.raises(GasLimitError, match="1000000, at most 999999"):
        _in_place(gas_left=999_999)
