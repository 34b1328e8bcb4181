"""The validator set after each block, read from ``GovernmentRegistry`` (consensus.md section 8).

The context of the call is consensus: the state after block h, the block fields of h, so that
NUMBER is h and the answer S(h + 1); sender 0x0, value 0, price 0, 30,000,000 gas.  A context one
block later would shift the set by a block and fork the chain.
"""

from collections.abc import Sequence
from typing import NamedTuple

from node.base.errors import (
    RefusedError,
    UnavailableError,
    UnknownBlockError,
    ValidatorSetUnavailableError,
)
from node.base.limits import (
    VALIDATOR_CALL_GAS_MAX,
    VALIDATOR_SETS_COUNT_MAX,
)
from node.base.types import ZERO_ADDRESS, Address, Hash32
from node.consensus_poa.bounded import Bounded
from node.consensus_poa.registry_view import flaw_of
from node.contracts.errors import AbiDataError
from node.contracts.government_registry import GovernmentRegistry
from node.evm.ledger import Ledger


class Settled(NamedTuple):
    """A set that stays while the registry's storage does."""

    since: int
    """Number of a block after which it was read; an older block with equal storage may differ."""
    members: tuple[Address, ...]


class SetCache:
    """What the registry said.  Equal for all nodes, so those of one process may share it."""

    def __init__(self, sets_max: int = VALIDATOR_SETS_COUNT_MAX) -> None:
        self.after: Bounded[tuple[Address, Hash32], tuple[Address, ...] | str] = Bounded(sets_max)
        """(contract, block) to the set after the block, or why there is none.  Never by number:
        two branches have blocks of one number."""
        self.settled: Bounded[tuple[Address, Hash32], Settled] = Bounded(sets_max)
        """(contract, its storage root) to a set without a planned end."""


class RegistryValidators:
    """``ValidatorProvider`` of the engines, and what a watcher of the registry reads."""

    def __init__(
        self,
        ledger: Ledger,
        registry: GovernmentRegistry,
        cache: SetCache | None = None,
        *,
        is_founded: bool = False,
    ) -> None:
        """Begin.

        ``is_founded``  the registry is the one that this network was founded with, so its rules
                        are known: a set without a planned end stays as it is while its storage
                        does, and need not be read again after every block.
        """
        self._ledger = ledger
        self._registry = registry
        self._cache = SetCache() if cache is None else cache
        self._is_founded = is_founded

    def validators_for_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set that may seal this block: the one after its parent.

        raises        UnknownBlockError: the block is not stored, or is the genesis.
                      ValidatorSetUnavailableError: as ``validators_after_block``.
        """
        header = self._ledger.header(block_hash)
        if header is None or header.number == 0:
            raise UnknownBlockError(f"with a parent, 0x{block_hash.hex()},")
        return self.validators_after_block(header.parent_hash)

    def validators_after_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set that may seal a child of this block, ascending.

        raises        UnknownBlockError: the block is not stored.
                      ValidatorSetUnavailableError: the call fails, or its answer is no set; the
                      state is not kept here.
        """
        if self._ledger.header(block_hash) is None:
            raise UnknownBlockError(f"0x{block_hash.hex()}")
        key = (self._registry.address, block_hash)
        found = self._cache.after.get(key)
        if found is None:
            found = self._settled(block_hash) if self._is_founded else self._read(block_hash)
            self._cache.after[key] = found
        if isinstance(found, str):
            raise ValidatorSetUnavailableError(f"0x{block_hash.hex()}", found)
        return found

    def _settled(self, block_hash: Hash32) -> tuple[Address, ...] | str:
        """Give the set that equal storage gave before, if nothing of it was to end."""
        header = self._ledger.header(block_hash)
        try:
            account = self._ledger.state(block_hash).full_account(self._registry.address)
        except UnavailableError:
            account = None
        if header is None or account is None:
            return self._read(block_hash)
        key = (self._registry.address, account.storage_root)
        known = self._cache.settled.get(key)
        if known is not None and known.since <= header.number:
            return known.members
        found = self._read(block_hash)
        if not isinstance(found, str) and not self._is_ending(found, block_hash):
            self._cache.settled[key] = Settled(header.number, found)
        return found

    def _is_ending(self, members: tuple[Address, ...], at: Hash32) -> bool:
        """Say whether a member has an end; who is to join later takes such a member's place."""
        for member in members:
            question = self._registry.validator(member)
            answer = self._ledger.call(question.to, question.data, at=at)
            if question.decode(answer).active_until != 0:
                return True
        return False

    def _read(self, block_hash: Hash32) -> tuple[Address, ...] | str:
        question = self._registry.get_validators()
        try:
            answer = self._ledger.call(
                question.to,
                question.data,
                at=block_hash,
                sender=ZERO_ADDRESS,
                gas=VALIDATOR_CALL_GAS_MAX,
            )
            validators = question.decode(answer)
        except (RefusedError, AbiDataError) as error:
            return str(error)
        except UnavailableError as error:  # this node's own lack: another one may know the set
            raise ValidatorSetUnavailableError(f"0x{block_hash.hex()}", str(error)) from error
        return flaw_of(validators) or validators


class ScheduledValidators:
    """``ValidatorProvider`` of a chain that asks one contract after another.

    ``contracts``  (first block, contract), ascending, not empty; before the first block nobody
                   is asked who may seal.
    """

    def __init__(self, ledger: Ledger, contracts: Sequence[tuple[int, Address]]) -> None:
        self._ledger = ledger
        self._schedule = [
            (first, RegistryValidators(ledger, GovernmentRegistry(address)))
            for first, address in contracts
        ]

    def validators_for_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set that may seal this block; errors as ``RegistryValidators``."""
        return self._at(block_hash, 0).validators_for_block(block_hash)

    def validators_after_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set that may seal a child of this block; errors as ``RegistryValidators``."""
        return self._at(block_hash, 1).validators_after_block(block_hash)

    def _at(self, block_hash: Hash32, above: int) -> RegistryValidators:
        header = self._ledger.header(block_hash)
        if header is None:
            raise UnknownBlockError(f"0x{block_hash.hex()}")
        number = header.number + above
        due = [found for first, found in self._schedule if first <= number]
        if not due:
            why = f"no contract is named for block {number}"
            raise ValidatorSetUnavailableError(f"0x{block_hash.hex()}", why)
        return due[-1]
