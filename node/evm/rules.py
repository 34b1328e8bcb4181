"""What makes a transaction valid in a block, before any executor sees it (ledger.md section 3).

Stock py-evm lets several of these through (another chain's id, a sender with code, less than the
intrinsic gas, a tip above the fee), where other clients refuse the block.
"""

from typing import Final, Protocol

from node.base.types import EMPTY_CODE_HASH, Address, Hash32
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
from node.evm.forks import Profile
from node.evm.transactions import Transaction

TRANSACTION_GAS: Final = 21_000
CREATE_GAS: Final = 32_000
ZERO_BYTE_GAS: Final = 4
DATA_BYTE_GAS: Final = 16
ACCESS_LIST_ADDRESS_GAS: Final = 2_400
ACCESS_LIST_SLOT_GAS: Final = 1_900
NONCE_MAX: Final = 2**64 - 1


class SenderState(Protocol):
    """What the rules ask about the sender, at the point where the transaction would run."""

    def get_nonce(self, address: Address) -> int:
        """Give the nonce of an account, 0 if there is none."""
        ...

    def get_balance(self, address: Address) -> int:
        """Give the balance of an account, 0 if there is none."""
        ...

    def get_code_hash(self, address: Address) -> Hash32:
        """Give the hash of the account's code."""
        ...


def machine_gas(transaction: Transaction) -> int:
    """Give the gas that is due before the first opcode, without that of EIP-3860.

    source        Yellow Paper 6.2, EIP-2028, EIP-2930.
    """
    zeros = transaction.data.count(0)
    gas = TRANSACTION_GAS + zeros * ZERO_BYTE_GAS
    gas += (len(transaction.data) - zeros) * DATA_BYTE_GAS
    if transaction.to is None:
        gas += CREATE_GAS
    for _, slots in transaction.access_list:
        gas += ACCESS_LIST_ADDRESS_GAS + len(slots) * ACCESS_LIST_SLOT_GAS
    return gas


def intrinsic_gas(transaction: Transaction, profile: Profile) -> int:
    """Give the least gas that a transaction must bring."""
    gas = machine_gas(transaction)
    if transaction.to is None:
        gas += profile.initcode_word_gas * ((len(transaction.data) + 31) // 32)
    return gas


def check_alone(transaction: Transaction, profile: Profile, chain_id: int) -> None:
    """Check the rules that need nothing but the transaction.

    A legacy transaction without chain id passes: it is valid in a block (and refused by pool and
    builder).
    raises        ChainIdError, FeeTooLowError, NonceError, InitcodeTooLargeError,
                  IntrinsicGasError.
    """
    if transaction.chain_id is not None and transaction.chain_id != chain_id:
        raise ChainIdError(chain_id, transaction.chain_id)
    if transaction.max_tip > transaction.max_fee:
        raise FeeTooLowError(
            "max priority fee per gas higher than max fee per gas",
            transaction.max_tip,
            transaction.max_fee,
        )
    if transaction.nonce >= NONCE_MAX:
        raise NonceError(transaction.sender, NONCE_MAX - 1, transaction.nonce)
    limit = profile.initcode_bytes_max
    if transaction.to is None and limit is not None and len(transaction.data) > limit:
        raise InitcodeTooLargeError(limit, len(transaction.data))
    want = intrinsic_gas(transaction, profile)
    if transaction.gas < want:
        raise IntrinsicGasError(want, transaction.gas)


def check_in_place(
    transaction: Transaction, state: SenderState, *, base_fee: int, gas_left: int
) -> None:
    """Check the rules that depend on the state and the block so far.

    raises        GasLimitError, FeeTooLowError, NonceError, SenderHasCodeError,
                  InsufficientFundsError.
    """
    sender = transaction.sender
    if transaction.gas > gas_left:
        raise GasLimitError(gas_left, transaction.gas)
    if transaction.max_fee < base_fee:
        raise FeeTooLowError(
            "max fee per gas less than block base fee", base_fee, transaction.max_fee
        )
    nonce = state.get_nonce(sender)
    if transaction.nonce != nonce:
        raise NonceError(sender, nonce, transaction.nonce)
    if state.get_code_hash(sender) != EMPTY_CODE_HASH:
        raise SenderHasCodeError(sender)
    cost = transaction.gas * transaction.max_fee + transaction.value
    if cost:
        balance = state.get_balance(sender)
        if balance < cost:
            raise InsufficientFundsError(sender, cost, balance)
