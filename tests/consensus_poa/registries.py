"""Registries whose sets follow from block numbers."""

from collections.abc import Mapping, Sequence

from node.base.errors import UnknownBlockError, ValidatorSetUnavailableError
from node.base.keys import PrivateKey
from node.base.types import Address, Hash32
from node.consensus_poa.interface import ValidatorProvider
from tests.consensus_poa.chains import FakeChain
from tests.consensus_poa.cluster import Provider


def addresses(keys: Sequence[PrivateKey]) -> tuple[Address, ...]:
    return tuple(sorted(k.address for k in keys))


class SetsByNumber:
    """A registry whose set after a block follows from the block's number.

    ``sets``    first block -> the set from it on; an empty one stands for a broken registry.
    """

    def __init__(self, chain: FakeChain, sets: Mapping[int, tuple[Address, ...]]) -> None:
        self._chain = chain
        self._sets = sets

    def validators_after_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        header = self._chain.headers.get(block_hash)
        if header is None:
            raise UnknownBlockError(block_hash.hex())
        found = self._sets[max(first for first in self._sets if first <= header.number)]
        if not found:
            raise ValidatorSetUnavailableError(block_hash.hex(), "the call reverts")
        return found

    def validators_for_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        header = self._chain.headers.get(block_hash)
        if header is None:
            raise UnknownBlockError(block_hash.hex())
        return self.validators_after_block(header.parent_hash)


def registry(sets: Mapping[int, tuple[Address, ...]]) -> Provider:
    """Give what a cluster needs to lend each member the registry of its own chain."""

    def on(chain: FakeChain) -> ValidatorProvider:
        return SetsByNumber(chain, sets)

    return on
