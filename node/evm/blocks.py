"""Rules of blocks that hold for every engine: header fields, gas limit, base fee, roots.

Each rule has a name, and a test with a block that breaks only that one (ledger.md section 4.1).
Seal, difficulty and time belong to the engines.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from node.base.block import Block
from node.base.errors import InvalidBlockError
from node.base.header import Header
from node.base.limits import (
    BLOCK_TRANSACTIONS_MAX,
    BODY_BYTES_MAX,
    EXTRA_DATA_BYTES_MAX,
    GAS_LIMIT_MAX,
    GAS_LIMIT_MIN,
)
from node.base.types import EMPTY_OMMERS_HASH, EMPTY_TRIE_ROOT, ZERO_HASH, Address, Hash32
from node.evm.blooms import joined
from node.evm.errors import (
    ChainIdError,
    GasLimitError,
    InvalidBlockTransactionError,
    TransactionError,
)
from node.evm.executor import BlockRun
from node.evm.forks import Profile
from node.evm.receipts import Receipt
from node.evm.state import StateStore, StateView, StateWrites
from node.evm.transactions import Transaction
from node.evm.trie import list_root

BASE_FEE_CHANGE_DENOMINATOR: Final = 8
GAS_LIMIT_BOUND_DIVISOR: Final = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """What an engine decides about the block that it wants; the ledger adds the rest."""

    parent_hash: Hash32
    timestamp: int
    """Seconds."""
    extra_data: bytes
    """Unsealed: clique's ends in 65 zero bytes."""
    coinbase: Address
    """The header field (clique: the subject of a vote)."""
    nonce: bytes
    difficulty: int
    mix_hash: Hash32
    fee_recipient: Address
    """Who receives fees and what the COINBASE opcode returns (clique: the signer)."""
    gas_limit: int | None = None
    """None: the parent's."""


@dataclass(frozen=True, slots=True)
class ExecutionResult:
    """What executing a block gave, and all that is stored with it: never the header's claim."""

    transactions: tuple[Transaction, ...]
    receipts: tuple[Receipt, ...]
    encoded_receipts: tuple[bytes, ...]
    gas_used: int
    logs_bloom: bytes
    receipts_root: Hash32
    writes: StateWrites
    core: Hash32 = ZERO_HASH
    """Identifies the header without its extraData: sealing must not change anything else."""

    @property
    def state_root(self) -> Hash32:
        """The state after the block."""
        return self.writes.root

    def of(self, header: Header) -> "ExecutionResult":
        """Bind the result to the one header that it may be stored with."""
        return replace(self, core=header.core_hash())


@dataclass(frozen=True, slots=True)
class Built:
    """A block to seal, and the candidates that are invalid on its parent."""

    block: Block
    result: ExecutionResult
    skipped: tuple[tuple[Transaction, TransactionError], ...]


def conclude(
    run: BlockRun, transactions: Sequence[Transaction], states: StateStore, view: StateView
) -> ExecutionResult:
    """End a block: encode its receipts, compute the roots, store nothing."""
    executed = run.finish()
    encoded = tuple(receipt.encode() for receipt in executed.receipts)
    writes = states.apply(view, executed.diff)
    run.settle(writes.root)
    return ExecutionResult(
        transactions=tuple(transactions),
        receipts=executed.receipts,
        encoded_receipts=encoded,
        gas_used=executed.gas_used,
        logs_bloom=joined(receipt.bloom for receipt in executed.receipts),
        receipts_root=list_root(encoded),
        writes=writes,
    )


def fill(
    run: BlockRun, chain_id: int, target: int, candidates: Iterable[Transaction]
) -> tuple[list[Transaction], list[tuple[Transaction, TransactionError]]]:
    """Run candidates until one would pass the gas target; give those inside and the invalid ones.

    Legacy transactions without chain id are left out: valid here, but replayable (ledger.md 3).
    """
    included: list[Transaction] = []
    skipped: list[tuple[Transaction, TransactionError]] = []
    size = 0
    for transaction in candidates:
        size += len(transaction.raw)
        if len(included) >= BLOCK_TRANSACTIONS_MAX or size > BODY_BYTES_MAX:
            break
        fits_alone = transaction.gas <= target
        if fits_alone and run.gas_used + transaction.gas > target:
            break
        try:
            if transaction.chain_id is None:
                raise ChainIdError(chain_id, None)
            if not fits_alone:
                raise GasLimitError(target, transaction.gas)
            run.apply(transaction)
        except TransactionError as error:
            skipped.append((transaction, error))
        else:
            included.append(transaction)
    return included, skipped


def run_all(run: BlockRun, transactions: Sequence[Transaction]) -> None:
    """Run the transactions of a block.

    raises        InvalidBlockTransactionError: index and reason of the first that is not valid.
    """
    for index, transaction in enumerate(transactions):
        try:
            run.apply(transaction)
        except TransactionError as error:
            raise bad_transaction(index, error) from error


def bad_transaction(index: int, error: TransactionError) -> InvalidBlockTransactionError:
    """Say which transaction makes a block invalid, and why."""
    return InvalidBlockTransactionError("transaction", "a valid one", str(error), index)


def gas_target(gas_limit: int) -> int:
    """Give the gas up to which the base fee does not rise; honest builders stop there."""
    return gas_limit // 2


def next_base_fee(parent: Header) -> int:
    """Give the base fee of a child (EIP-1559); 0 stays 0 while no block is above its target."""
    assert parent.base_fee is not None
    target = gas_target(parent.gas_limit)
    base_fee = parent.base_fee
    if parent.gas_used == target:
        return base_fee
    if parent.gas_used > target:
        rise = base_fee * (parent.gas_used - target) // target // BASE_FEE_CHANGE_DENOMINATOR
        return base_fee + max(rise, 1)
    return base_fee - base_fee * (target - parent.gas_used) // target // BASE_FEE_CHANGE_DENOMINATOR


def check_header(header: Header, profile: Profile) -> None:
    """Check the rules that need nothing but the header.

    raises        InvalidBlockError.
    """
    size = len(header.extra_data)
    if size > EXTRA_DATA_BYTES_MAX:
        raise InvalidBlockError("extra data size", f"at most {EXTRA_DATA_BYTES_MAX}", str(size))
    want = 20 if profile.has_cancun_header else 16
    got = field_count(header)
    if header.base_fee is None or got != want:
        raise InvalidBlockError("header fields", f"{want} for {profile.name}", str(got))
    same("uncles hash", EMPTY_OMMERS_HASH, header.ommers_hash)
    if profile.has_cancun_header:
        same("withdrawals root", EMPTY_TRIE_ROOT, header.withdrawals_root)
        same("blob gas used", 0, header.blob_gas_used)
        same("excess blob gas", 0, header.excess_blob_gas)
        same("parent beacon root", ZERO_HASH, header.parent_beacon_root)
    check_gas_fields(header)


def check_gas_fields(header: Header) -> None:
    """Check that the gas limit can be, and that no more than it was used.

    raises        InvalidBlockError.
    """
    if not GAS_LIMIT_MIN <= header.gas_limit <= GAS_LIMIT_MAX:
        want = f"{GAS_LIMIT_MIN} to {GAS_LIMIT_MAX}"
        raise InvalidBlockError("gas limit range", want, str(header.gas_limit))
    if header.gas_used > header.gas_limit:
        want = f"at most {header.gas_limit}"
        raise InvalidBlockError("gas used above limit", want, str(header.gas_used))


def check_child(header: Header, parent: Header) -> None:
    """Check what follows from the parent: number, gas limit, base fee.

    raises        InvalidBlockError.
    """
    same("number", parent.number + 1, header.number)
    check_gas_drift(header, parent.gas_limit)
    same("base fee", next_base_fee(parent), header.base_fee)


def check_gas_drift(header: Header, before: int) -> None:
    """Check that the gas limit moved by less than a 1,024th from ``before``.

    raises        InvalidBlockError.
    """
    bound = before // GAS_LIMIT_BOUND_DIVISOR
    if abs(header.gas_limit - before) >= max(bound, 1):
        want = f"less than {bound} away from {before}"
        raise InvalidBlockError("gas limit drift", want, str(header.gas_limit))


def check_body(block: Block) -> None:
    """Check that the header names this list of transactions.

    raises        InvalidBlockError.
    """
    count = len(block.transactions)
    if count > BLOCK_TRANSACTIONS_MAX:
        want = f"at most {BLOCK_TRANSACTIONS_MAX}"
        raise InvalidBlockError("transactions count", want, str(count))
    root = list_root(block.transactions)
    same("transactions root", root, block.header.transactions_root)


def check_result(header: Header, result: ExecutionResult) -> None:
    """Check that the header claims what execution gave.

    raises        InvalidBlockError.
    """
    same("gas used", result.gas_used, header.gas_used)
    same("logs bloom", result.logs_bloom, header.logs_bloom)
    same("receipts root", result.receipts_root, header.receipts_root)
    same("state root", result.state_root, header.state_root)


def make_header(
    request: BuildRequest,
    parent: Header,
    profile: Profile,
    result: ExecutionResult,
) -> Header:
    """Put together the header of a built block.  Every field is given: nothing has a default."""
    is_cancun = profile.has_cancun_header
    return Header(
        parent_hash=request.parent_hash,
        ommers_hash=EMPTY_OMMERS_HASH,
        coinbase=request.coinbase,
        state_root=result.state_root,
        transactions_root=list_root([transaction.raw for transaction in result.transactions]),
        receipts_root=result.receipts_root,
        logs_bloom=result.logs_bloom,
        difficulty=request.difficulty,
        number=parent.number + 1,
        gas_limit=parent.gas_limit if request.gas_limit is None else request.gas_limit,
        gas_used=result.gas_used,
        timestamp=request.timestamp,
        extra_data=request.extra_data,
        mix_hash=request.mix_hash,
        nonce=request.nonce,
        base_fee=next_base_fee(parent),
        withdrawals_root=EMPTY_TRIE_ROOT if is_cancun else None,
        blob_gas_used=0 if is_cancun else None,
        excess_blob_gas=0 if is_cancun else None,
        parent_beacon_root=ZERO_HASH if is_cancun else None,
    )


def field_count(header: Header) -> int:
    """Give the number of fields that a header has, also of one with a gap, which has no bytes."""
    late = (
        header.base_fee,
        header.withdrawals_root,
        header.blob_gas_used,
        header.excess_blob_gas,
        header.parent_beacon_root,
        header.requests_hash,
    )
    return 15 + sum(item is not None for item in late)


def same(rule: str, want: object, got: object) -> None:
    """Demand that a block says what a rule wants; raises InvalidBlockError."""
    if want != got:
        raise InvalidBlockError(rule, _shown(want), _shown(got))


def _shown(value: object) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
