"""Which records the final chain names, and which nodes keep blocks: what every node agrees on.

Reads the same entries on every node, so that all come to the same holders without a word.
"""

from dataclasses import dataclass

from node.app.chain_desk import ChainDesk
from node.app.validator_sets import RegistryValidators
from node.base.types import Address, Cid, Hash32
from node.contracts.errors import CidFormError
from node.contracts.pmr_token import EntryAdded
from node.contracts.suite import ContractSuite
from node.evm.blooms import may_hold


@dataclass(frozen=True, slots=True)
class NamedRecord:
    """A manifest that an entry of the final chain names."""

    cid: Cid
    members: tuple[Address, ...]
    """The validators after the block of the entry, ascending: among them it was placed."""


@dataclass(frozen=True, slots=True)
class RecordChanges:
    """What blocks that became final have changed."""

    members: tuple[Address, ...]
    """The validators after the final block, ascending."""
    gained: tuple[NamedRecord, ...] = ()
    lost: tuple[Cid, ...] = ()
    """Named by blocks that were left although they counted as final (Clique)."""


class RecordWatch:
    """Follows the final block of one node."""

    def __init__(
        self, chain: ChainDesk, contracts: ContractSuite, sets: RegistryValidators
    ) -> None:
        self._chain = chain
        self._contracts = contracts
        self._sets = sets
        self._named: dict[Cid, None] = {}
        self._read_to = chain.ledger.genesis_hash
        self._number = 0

    def advance(self) -> RecordChanges | None:
        """Read the blocks that became final; None: there are none, and nothing was left.

        raises        UnknownBlockError, ValidatorSetUnavailableError: the members cannot be read;
                      the next call reads the same blocks again.
        """
        ledger, final = self._chain.ledger, self._chain.final
        is_left = ledger.hash_by_number(self._number) != self._read_to
        if final.number == self._number and not is_left:
            return None
        is_anew = is_left or final.number < self._number
        known: dict[Cid, None] = {} if is_anew else self._named
        found: dict[Cid, NamedRecord] = {}
        for number in range(1 if is_anew else self._number + 1, final.number + 1):
            block_hash = ledger.hash_by_number(number)
            assert block_hash is not None, "the chain has every number up to its final block"
            for cid in self._entries(number, block_hash):
                if cid not in known and cid not in found:
                    members = self._sets.validators_after_block(block_hash)
                    found[cid] = NamedRecord(cid, members)
        changes = RecordChanges(
            self._sets.validators_after_block(final.hash()),
            tuple(one for cid, one in found.items() if cid not in self._named),
            tuple(cid for cid in self._named if is_anew and cid not in found),
        )
        self._named = known | dict.fromkeys(found)
        self._number, self._read_to = final.number, final.hash()
        return changes

    def _entries(self, number: int, block_hash: Hash32) -> list[Cid]:
        """Give the manifests that the entries of a block name, in their order."""
        ledger, address = self._chain.ledger, self._contracts.pmr.address
        header = ledger.header_by_number(number)
        assert header is not None, "the chain has every number up to its final block"
        if not may_hold(header.logs_bloom, address):
            return []
        cids: list[Cid] = []
        for receipt in ledger.receipts(block_hash):
            for log in receipt.logs:
                if log.address != address:
                    continue
                event = self._contracts.decode_log(log.address, log.topics, log.data)
                if isinstance(event, EntryAdded):
                    try:
                        cids.append(event.content.cid)
                    except CidFormError:
                        continue  # of a contract that takes other names: no store can hold it
        return cids
