"""The checks of the pool that need no look into it: rows 1, 2, 4 and 8 of network.md section 10."""

from dataclasses import dataclass

from node.base.header import Header
from node.base.types import EMPTY_CODE_HASH
from node.evm.blocks import gas_target, next_base_fee
from node.evm.errors import (
    ChainIdError,
    GasLimitError,
    InsufficientFundsError,
    ReplacementUnderpricedError,
    SenderHasCodeError,
    UnderpricedError,
)
from node.evm.forks import Profile
from node.evm.rules import SenderState, check_alone
from node.evm.transactions import Transaction


@dataclass(frozen=True, slots=True)
class NextBlock:
    """What the block after the head demands."""

    chain_id: int
    profile: Profile
    base_fee: int
    gas_target: int

    @classmethod
    def after(cls, head: Header, chain_id: int, profile: Profile) -> "NextBlock":
        """Give the demands of the block after ``head``."""
        return cls(chain_id, profile, next_base_fee(head), gas_target(head.gas_limit))

    def check(self, transaction: Transaction, state: SenderState) -> None:
        """Check what depends on chain, block and account, except the nonce.

        raises        ChainIdError, FeeTooLowError, NonceError, InitcodeTooLargeError,
                      IntrinsicGasError, GasLimitError, UnderpricedError, InsufficientFundsError,
                      SenderHasCodeError.
        """
        if transaction.chain_id is None:
            raise ChainIdError(self.chain_id, None)
        check_alone(transaction, self.profile, self.chain_id)
        if transaction.gas > self.gas_target:
            raise GasLimitError(self.gas_target, transaction.gas)
        if transaction.max_fee < self.base_fee:
            raise UnderpricedError(self.base_fee, transaction.max_fee)
        cost = transaction.gas * transaction.max_fee + transaction.value
        balance = state.get_balance(transaction.sender)
        if balance < cost:
            raise InsufficientFundsError(transaction.sender, cost, balance)
        if state.get_code_hash(transaction.sender) != EMPTY_CODE_HASH:
            raise SenderHasCodeError(transaction.sender)


def is_free(old: Transaction, new: Transaction) -> bool:
    """Say whether neither offers a fee: then a replacement costs nothing, and is rationed."""
    return old.max_fee == new.max_fee == 0


def check_raise(old: Transaction, new: Transaction) -> None:
    """Check that a replacement offers 10 % more in both fee fields.

    raises        ReplacementUnderpricedError.
    """
    if (
        new.max_fee <= old.max_fee
        or new.max_fee * 100 < old.max_fee * 110
        or new.max_tip * 100 < old.max_tip * 110
    ):
        raise ReplacementUnderpricedError(new.sender, new.nonce)
