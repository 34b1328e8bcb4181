"""The validator set after each block, read from ``GovernmentRegistry`` (consensus.md section 8).

The context of the call is consensus: the state after block h, the block fields of h, so that
NUMBER is h and the answer S(h + 1); sender 0x0, value 0, price 0, 30,000,000 gas.  A context one
block later would shift the set by a block and fork the chain.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

from node.base.errors import (
    RefusedError,
    UnavailableError,
    UnknownBlockError,
    ValidatorSetUnavailableError,
)
from node.base.limits import (
    VALIDATOR_CALL_GAS_MAX,
    VALIDATOR_SETS_COUNT_MAX,
    VALIDATORS_COUNT_MAX,
)
from node.base.types import ZERO_ADDRESS, Address, Hash32
from node.consensus_poa.bounded import Bounded
from node.contracts.errors import AbiDataError
from node.contracts.government_registry import GovernmentRegistry
from node.evm.ledger import Ledger

SetCache: TypeAlias = Bounded[tuple[Address, Hash32], tuple[Address, ...] | str]
"""(contract, block) to the set after the block, or why there is none.  Never by number: two
branches have blocks of one number.  Equal for all nodes, so those of one process may share it."""


def set_cache() -> SetCache:
    """Make an empty cache."""
    return SetCache(VALIDATOR_SETS_COUNT_MAX)


class RegistryValidators:
    """``ValidatorProvider`` of the engines, and what a watcher of the registry reads."""

    def __init__(
        self, ledger: Ledger, registry: GovernmentRegistry, cache: SetCache | None = None
    ) -> None:
        self._ledger = ledger
        self._registry = registry
        self._cache = set_cache() if cache is None else cache

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
        found = self._cache.get(key)
        if found is None:
            found = self._cache[key] = self._read(block_hash)
        if isinstance(found, str):
            raise ValidatorSetUnavailableError(f"0x{block_hash.hex()}", found)
        return found

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


def flaw_of(validators: tuple[Address, ...]) -> str | None:
    """Say why these addresses, in this order, are no validator set; None: they are one."""
    if not validators:
        return "the set is empty"
    if len(validators) > VALIDATORS_COUNT_MAX:
        return f"{len(validators)} validators, at most {VALIDATORS_COUNT_MAX} make a set"
    if ZERO_ADDRESS in validators:
        return "the zero address is no validator"
    for one, following in pairwise(validators):
        if one == following:
            return f"0x{one.hex()} stands twice"
        if one > following:
            return f"0x{following.hex()} stands behind 0x{one.hex()}, wants ascending order"
    return None
