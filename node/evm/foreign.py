"""Blocks of foreign chains: any fork schedule from Frontier to Prague, read but never made.

Seals and difficulty are not judged: that is an engine's work, and for proof of work and proof of
stake there is none here.  Everything else is, and every root is computed in our own tries.

source        Yellow Paper 11 (uncles, rewards); EIP-649, EIP-1234 (rewards); EIP-4895; go-ethereum
              v1.13.15, core/block_validator.go and consensus/ethash (VerifyUncles).
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Final

from node.base import rlp
from node.base.block import Block
from node.base.errors import InvalidBlockError
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.limits import BLOCK_UNCLES_MAX, BLOCK_WITHDRAWALS_MAX
from node.base.ports import Verifier
from node.base.types import Address, Hash32
from node.evm.blocks import (
    ExecutionResult,
    bad_transaction,
    check_body,
    check_result,
    conclude,
    run_all,
    same,
)
from node.evm.errors import SignatureError, TransactionError, UnknownParentError
from node.evm.executor import ExecutionContext
from node.evm.executor_pyevm import PyevmRun
from node.evm.foreign_forks import ForkSchedule
from node.evm.foreign_headers import check_foreign_header
from node.evm.foreign_system import requests_hash
from node.evm.forks import Fork, Profile
from node.evm.genesis import ENGINES, Genesis
from node.evm.genesis_fields import number
from node.evm.journal import JournalAccounts
from node.evm.rules import blob_gas
from node.evm.state import StateStore, StateView
from node.evm.transactions import NEWEST_TYPE, Transaction, decode_transaction
from node.evm.trie import list_root

_UNCLE_GENERATIONS: Final = 6
"""How far back an uncle's own level may lie (Yellow Paper 11.1)."""
_UNCLE_SHARES: Final = 8
_NEPHEW_SHARES: Final = 32
_ETHER: Final = 10**18
_GWEI: Final = 10**9


class ForeignRules:
    """The ``BlockRules`` of a foreign chain."""

    def __init__(
        self,
        genesis: Genesis,
        states: StateStore,
        verifier: Verifier,
        *,
        block_of: Callable[[Hash32], Block | None],
    ) -> None:
        """Take the chain's genesis; ``block_of`` gives its stored blocks, which uncles refer to."""
        assert genesis.forks is not None, "a chain of ours has rules of its own"
        self._forks: ForkSchedule = genesis.forks
        self._genesis = genesis
        self._chain_id = genesis.chain_id
        self._states = states
        self._verifier = verifier
        self._block_of = block_of
        self._has_rewards = genesis.engine == "ethash"
        self._seal_period_s: int | None = None
        if genesis.engine == "clique":
            self._seal_period_s = number(genesis.engine_settings, "period", 0)
        elif genesis.engine in ENGINES:
            self._seal_period_s = 1  # the shortest; seals and their times are an engine's

    def decode(self, raw: bytes) -> Transaction:
        """Read a transaction of a stored block, of whatever fork; errors as decode_transaction."""
        return decode_transaction(raw, self._verifier, highest_type=NEWEST_TYPE, low_s=False)

    def check_alone(self, header: Header) -> None:
        """Check nothing: which rules a header falls under is known with its parent."""

    def afresh(self, states: StateStore) -> "ForeignRules":
        """Give the same rules over other states."""
        return ForeignRules(self._genesis, states, self._verifier, block_of=self._block_of)

    def context(
        self, header: Header, ancestors: Iterable[Hash32], *, fee_recipient: Address
    ) -> ExecutionContext:
        """Give what the transactions of a block see of it.

        raises        ConfigError: the block is of a fork that is not known here.
        """
        return ExecutionContext(
            profile=self._forks.profile(header),
            chain_id=self._chain_id,
            number=header.number,
            timestamp=header.timestamp,
            fee_recipient=fee_recipient,
            difficulty=header.difficulty,
            mix_hash=header.mix_hash,
            gas_limit=header.gas_limit,
            base_fee=header.base_fee or 0,
            excess_blob_gas=header.excess_blob_gas or 0,
            parent_beacon_root=header.parent_beacon_root,
            ancestor_hashes=ancestors,
        )

    def check(
        self,
        block: Block,
        parent: Header,
        view: StateView,
        ancestors: Iterable[Hash32],
        *,
        fee_recipient: Address,
    ) -> ExecutionResult:
        """Judge a block, cheapest rule first; store nothing.

        ``fee_recipient``  recovered signer (clique), else the coinbase field.
        raises        InvalidBlockError, InvalidBlockTransactionError (index and reason);
                      ConfigError: the block is of a fork that is not known here.
        """
        header = block.header
        self._check_header(header, parent)
        check_body(block)
        same("uncles hash", _uncles_hash(block.uncles), header.ommers_hash)
        _check_withdrawals(block)
        self._check_uncles(block, parent)
        context = self.context(header, ancestors, fee_recipient=fee_recipient)
        transactions = self._transactions(block, context.profile)
        run = ForeignRun(context, view)
        run_all(run, transactions)
        if header.requests_hash is not None:
            same("requests hash", run.requests_hash(self._forks), header.requests_hash)
        run.pay_withdrawals(block)
        if self._has_rewards and header.difficulty:
            run.pay_rewards(block)
        result = conclude(run, transactions, self._states, view).of(header)
        check_result(header, result)
        return result

    def _check_header(self, header: Header, parent: Header) -> None:
        check_foreign_header(header, parent, self._forks, seal_period_s=self._seal_period_s)

    def _transactions(self, block: Block, profile: Profile) -> tuple[Transaction, ...]:
        """Decode by the rules of the block's fork; the rest is judged where they run."""
        decoded: list[Transaction] = []
        for index, raw in enumerate(block.transactions):
            try:
                transaction = decode_transaction(
                    raw,
                    self._verifier,
                    highest_type=profile.highest_type,
                    low_s=profile.fork >= Fork.HOMESTEAD,
                )
                if transaction.chain_id is not None and not profile.is_replay_protected:
                    raise SignatureError("v names a chain, before EIP-155")
            except TransactionError as error:
                raise bad_transaction(index, error) from error
            decoded.append(transaction)
        if profile.fork >= Fork.CANCUN:
            total = sum(blob_gas(transaction) for transaction in decoded)
            same("blob gas used", total, block.header.blob_gas_used)
        return tuple(decoded)

    def _check_uncles(self, block: Block, parent: Header) -> None:
        """Check that uncles are younger brothers of ancestors, and paid for once."""
        if not block.uncles:
            return
        if not self._has_rewards:
            raise InvalidBlockError("uncles", "none on this chain", str(len(block.uncles)))
        if len(block.uncles) > BLOCK_UNCLES_MAX:
            raise InvalidBlockError(
                "uncles count", f"at most {BLOCK_UNCLES_MAX}", str(len(block.uncles))
            )
        family = list(islice(self._line(block.header), _UNCLE_GENERATIONS + 1))
        paid = {uncle.hash() for ancestor in family for uncle in ancestor.uncles}
        headers = {ancestor.header.hash(): ancestor.header for ancestor in family}
        for uncle in block.uncles:
            uncle_hash = uncle.hash()
            if uncle_hash in paid or uncle_hash in headers:
                raise InvalidBlockError("uncles", "each once, no ancestor", f"0x{uncle_hash.hex()}")
            if not uncle.difficulty:
                raise InvalidBlockError("uncles", "proof of work", "difficulty 0")
            paid.add(uncle_hash)
            origin = headers.get(uncle.parent_hash)
            if origin is None or origin.number == parent.number:
                want = f"a parent 2 to {_UNCLE_GENERATIONS + 1} generations back"
                raise InvalidBlockError("uncles", want, f"0x{uncle.parent_hash.hex()}")
            self._check_header(uncle, origin)

    def _line(self, header: Header) -> Iterable[Block]:
        """Walk the ancestors of a block, its parent first."""
        while header.number:
            block = self._block_of(header.parent_hash)
            if block is None:
                raise UnknownParentError(header.parent_hash, header.number)
            yield block
            header = block.header


class ForeignRun(PyevmRun):
    """A block with what comes after its transactions."""

    def requests_hash(self, forks: ForkSchedule) -> Hash32:
        """Collect the requests of the block; errors as in ``foreign_system``."""
        self._state.journal.lock_changes()
        logs = (log for receipt in self._receipts for log in receipt.logs)
        return requests_hash(self._state, logs, forks.deposit_contract)

    def pay_withdrawals(self, block: Block) -> None:
        """Pay what the consensus layer gives back; an account left empty goes (EIP-4895, 161)."""
        journal = self._state.journal
        for withdrawal in block.withdrawals:
            address = withdrawal.address
            _credit(journal, address, withdrawal.amount_gwei * _GWEI)
            if journal.account_is_empty(address):
                journal.delete_account(address)

    def pay_rewards(self, block: Block) -> None:
        """Pay the miners of the block and of its uncles."""
        journal = self._state.journal
        reward = _reward(self._context.profile)
        for uncle in block.uncles:
            shares = _UNCLE_SHARES + uncle.number - block.header.number
            gain = shares * reward // _UNCLE_SHARES
            _credit(journal, uncle.coinbase, gain)
        miner = self._context.fee_recipient
        gain = reward + len(block.uncles) * (reward // _NEPHEW_SHARES)
        _credit(journal, miner, gain)


def _credit(journal: JournalAccounts, address: Address, gain: int) -> None:
    """Pay what nobody pays for: the one way for the sum of all balances to grow."""
    balance = journal.get_balance(address) + gain
    if balance >= 2**256:
        raise InvalidBlockError("balance", "below 2^256", f"{balance} of 0x{address.hex()}")
    journal.set_balance(address, balance)


def _reward(profile: Profile) -> int:
    if profile.fork < Fork.BYZANTIUM:
        return 5 * _ETHER
    return (3 if profile.fork < Fork.CONSTANTINOPLE else 2) * _ETHER


def _uncles_hash(uncles: Sequence[Header]) -> Hash32:
    return keccak256(rlp.encode([uncle.items() for uncle in uncles]))


def _check_withdrawals(block: Block) -> None:
    count = len(block.withdrawals)
    root = block.header.withdrawals_root
    if root is None:
        same("withdrawals count", 0, count)
        return
    if count > BLOCK_WITHDRAWALS_MAX:
        want = f"at most {BLOCK_WITHDRAWALS_MAX}"
        raise InvalidBlockError("withdrawals count", want, str(count))
    items = [rlp.encode(withdrawal.items()) for withdrawal in block.withdrawals]
    same("withdrawals root", list_root(items), root)
