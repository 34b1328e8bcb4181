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
    TransactionFormError,
)
from node.evm.forks import GAS_PER_BLOB, LONDON, Profile
from node.evm.transactions import BLOB, SET_CODE, Transaction

TRANSACTION_GAS: Final = 21_000
ZERO_BYTE_GAS: Final = 4
DATA_BYTE_TOKENS: Final = 4
TOKEN_FLOOR_GAS: Final = 10
AUTHORIZATION_GAS: Final = 25_000
"""EIP-7702, PER_EMPTY_ACCOUNT_COST."""
ACCESS_LIST_ADDRESS_GAS: Final = 2_400
ACCESS_LIST_SLOT_GAS: Final = 1_900
BLOB_HASH_VERSION: Final = 1
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


def machine_gas(transaction: Transaction, profile: Profile = LONDON) -> int:
    """Give the gas that is due before the first opcode, without that of EIP-3860.

    source        Yellow Paper 6.2, EIP-2028, EIP-2930, EIP-7702.
    """
    zeros = transaction.data.count(0)
    gas = TRANSACTION_GAS + zeros * ZERO_BYTE_GAS
    gas += (len(transaction.data) - zeros) * profile.data_byte_gas
    if transaction.to is None:
        gas += profile.creation_gas
    for _, slots in transaction.access_list:
        gas += ACCESS_LIST_ADDRESS_GAS + len(slots) * ACCESS_LIST_SLOT_GAS
    if transaction.authorizations:
        gas += len(transaction.authorizations) * AUTHORIZATION_GAS
    return gas


def intrinsic_gas(transaction: Transaction, profile: Profile) -> int:
    """Give the least gas that a transaction must bring."""
    gas = machine_gas(transaction, profile)
    if transaction.to is None:
        gas += profile.initcode_word_gas * ((len(transaction.data) + 31) // 32)
    return max(gas, floor_gas(transaction, profile)) if profile.has_gas_floor else gas


def floor_gas(transaction: Transaction, profile: Profile) -> int:
    """Give the gas below which a transaction never ends, refunds or not (EIP-7623)."""
    if not profile.has_gas_floor:
        return 0
    zeros = transaction.data.count(0)
    tokens = zeros + (len(transaction.data) - zeros) * DATA_BYTE_TOKENS
    return TRANSACTION_GAS + tokens * TOKEN_FLOOR_GAS


def settled_gas(
    transaction: Transaction, profile: Profile, *, spent: int, refund: int
) -> tuple[int, int]:
    """Give the gas used and the refund in it, of what was spent and asked back.

    source        EIP-3529 (before London half of the gas, then a fifth), EIP-7623.
    """
    refund = min(refund, spent // profile.refund_quotient)
    used = spent - refund
    if profile.has_gas_floor:
        used = max(used, floor_gas(transaction, profile))
    return used, refund


def check_alone(transaction: Transaction, profile: Profile, chain_id: int) -> None:
    """Check the rules that need nothing but the transaction.

    A legacy transaction without chain id passes: it is valid in a block (and refused by pool and
    builder).
    raises        ChainIdError, FeeTooLowError, NonceError, InitcodeTooLargeError,
                  IntrinsicGasError, TransactionFormError.
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
    if transaction.type >= BLOB:
        _check_form(transaction)
    want = intrinsic_gas(transaction, profile)
    if transaction.gas < want:
        raise IntrinsicGasError(want, transaction.gas)


def _check_form(transaction: Transaction) -> None:
    """Check what types 3 (EIP-4844) and 4 (EIP-7702) must have."""
    if transaction.to is None:
        raise TransactionFormError(f"type {transaction.type} wants a recipient, not a creation")
    if transaction.type == SET_CODE and not transaction.authorizations:
        raise TransactionFormError("type 4 wants at least one authorization")
    if transaction.type == BLOB:
        if not transaction.blob_hashes:
            raise TransactionFormError("type 3 wants at least one blob")
        if any(blob_hash[0] != BLOB_HASH_VERSION for blob_hash in transaction.blob_hashes):
            raise TransactionFormError(f"a blob hash wants version {BLOB_HASH_VERSION}")


def blob_gas(transaction: Transaction) -> int:
    """Give the blob gas of a transaction (EIP-4844)."""
    return len(transaction.blob_hashes) * GAS_PER_BLOB


def check_in_place(
    transaction: Transaction,
    state: SenderState,
    *,
    base_fee: int,
    gas_left: int,
    blob_base_fee: int = 0,
    is_delegated: bool = False,
) -> None:
    """Check the rules that depend on the state and the block so far.

    ``is_delegated``  the sender's code is only the name of another's (EIP-7702).
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
    if not is_delegated and state.get_code_hash(sender) != EMPTY_CODE_HASH:
        raise SenderHasCodeError(sender)
    cost = transaction.gas * transaction.max_fee + transaction.value
    if transaction.type == BLOB:
        if transaction.max_blob_fee < blob_base_fee:
            what = "max fee per blob gas less than block blob gas fee"
            raise FeeTooLowError(what, blob_base_fee, transaction.max_blob_fee)
        cost += blob_gas(transaction) * transaction.max_blob_fee
    if cost:
        balance = state.get_balance(sender)
        if balance < cost:
            raise InsufficientFundsError(sender, cost, balance)
