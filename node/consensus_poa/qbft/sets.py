"""Which validators a block has: read from a contract, or counted from the votes in headers."""

from itertools import pairwise

from node.base.errors import CodecError, UnknownBlockError, ValidatorSetUnavailableError
from node.base.header import Header
from node.base.limits import SNAPSHOTS_COUNT_MAX, VALIDATORS_COUNT_MAX
from node.base.types import ZERO_ADDRESS, Address, Hash32
from node.consensus_poa.bounded import Bounded
from node.consensus_poa.interface import Capabilities
from node.consensus_poa.qbft.header import QbftExtra
from node.consensus_poa.qbft.options import QbftOptions
from node.consensus_poa.qbft.votes import Tally


class ValidatorSets:
    """The sets of one chain.  What it remembers follows from the chain: a cache, no state."""

    def __init__(self, options: QbftOptions, lent: Capabilities) -> None:
        self._options = options
        self._lent = lent
        self._tallies: Bounded[Hash32, Tally] = Bounded(SNAPSHOTS_COUNT_MAX)

    def after(self, block_hash: Hash32, header: Header | None = None) -> tuple[Address, ...]:
        """Give the set that may seal a child of this block, ascending.

        ``header``    of the block, where it is not stored yet but its parent is.
        raises        UnknownBlockError: the block is not known here.
                      ValidatorSetUnavailableError: no usable set can be read after it.
        """
        header = header or self._lent.chain.header_by_hash(block_hash)
        if header is None:
            raise UnknownBlockError(f"0x{block_hash.hex()}")
        if self._options.mode_at(header.number + 1) == "header":
            found = self._tally(block_hash, header).validators
        else:
            found = self._from_contract(block_hash)
        return _usable(found, block_hash)

    def tally(self, block_hash: Hash32) -> Tally:
        """Give the votes that stand after a stored block; errors as ``after``."""
        header = self._lent.chain.header_by_hash(block_hash)
        if header is None:
            raise UnknownBlockError(f"0x{block_hash.hex()}")
        return self._tally(block_hash, header)

    def _from_contract(self, block_hash: Hash32) -> tuple[Address, ...]:
        provider = self._lent.validators
        if provider is None:
            raise ValidatorSetUnavailableError(f"0x{block_hash.hex()}", "nothing reads a contract")
        return tuple(provider.validators_after_block(block_hash))

    def _tally(self, block_hash: Hash32, header: Header) -> Tally:
        """Count votes from the last block behind which none stand."""
        path: list[tuple[Hash32, Header]] = []
        tally = self._known(block_hash, header)
        while tally is None:
            path.append((block_hash, header))
            block_hash = header.parent_hash
            found = self._lent.chain.header_by_hash(block_hash)
            if found is None:
                raise UnknownBlockError(f"0x{block_hash.hex()}")
            header = found
            tally = self._known(block_hash, header)
        for at, above in reversed(path):
            is_epoch = above.number % self._options.epoch == 0
            tally = tally.after(above.coinbase, _extra(at, above).vote, is_epoch=is_epoch)
            self._keep(at, tally)
        return tally

    def _known(self, block_hash: Hash32, header: Header) -> Tally | None:
        """Give the tally after a block without looking at its parent, or None."""
        tally = self._tallies.get(block_hash)
        if tally is not None:
            self._tallies.touch(block_hash)
            return tally
        transition = self._options.transition_at(header.number + 1)
        if transition is not None and transition.validators:
            tally = Tally(transition.validators)
        elif header.number > 0 and self._options.mode_at(header.number) == "contract":
            tally = Tally(self._from_contract(block_hash))  # the last set that a contract gave
        elif header.number % self._options.epoch == 0:
            tally = Tally(_extra(block_hash, header).validators)  # a set and no votes
        else:
            return None
        self._keep(block_hash, tally)
        return tally

    def _keep(self, block_hash: Hash32, tally: Tally) -> None:
        self._tallies[block_hash] = tally


def _extra(block_hash: Hash32, header: Header) -> QbftExtra:
    try:
        return QbftExtra.decode(header.extra_data)
    except CodecError as error:
        raise ValidatorSetUnavailableError(f"0x{block_hash.hex()}", str(error)) from error


def _usable(found: tuple[Address, ...], block_hash: Hash32) -> tuple[Address, ...]:
    """Give the set if a chain can go on with it (consensus.md section 8)."""
    why = None
    if not found:
        why = "the set is empty"
    elif len(found) > VALIDATORS_COUNT_MAX:
        why = f"{len(found)} validators, at most {VALIDATORS_COUNT_MAX}"
    elif any(low >= high for low, high in pairwise(found)):
        why = "the set is not ascending"
    elif ZERO_ADDRESS in found:
        why = "the zero address is in the set"
    if why is not None:
        raise ValidatorSetUnavailableError(f"0x{block_hash.hex()}", why)
    return found
