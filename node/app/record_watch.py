"""Which records the final chain names, and which nodes keep blocks: what every node agrees on.

Reads the same entries on every node, so that all come to the same holders without a word.
"""

from dataclasses import dataclass

from node.app.chain_desk import ChainDesk
from node.app.validator_sets import RegistryValidators
from node.base.types import Address, Cid, Hash32
from node.contracts.custody_ledger import GenerationRotated
from node.contracts.errors import CidFormError
from node.contracts.pmr_entries import EntryAdded, Erased
from node.contracts.suite import ContractSuite
from node.evm.blooms import may_hold


@dataclass(frozen=True, slots=True)
class NamedRecord:
    """A manifest that is the newest of an entry of the final chain."""

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
    """Of records that were erased or shared anew, or named by blocks that were left although they
    counted as final (Clique)."""


class RecordWatch:
    """Follows the final block of one node."""

    def __init__(
        self, chain: ChainDesk, contracts: ContractSuite, sets: RegistryValidators
    ) -> None:
        self._chain = chain
        self._contracts = contracts
        self._sets = sets
        self._named: dict[tuple[int, int], Cid] = {}
        """The newest manifest by PMR and index of the entry; none of an erased record."""
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
        named: dict[tuple[int, int], Cid] = {} if is_anew else dict(self._named)
        before = dict.fromkeys(self._named.values())
        members: dict[Cid, tuple[Address, ...]] = {}
        for number in range(1 if is_anew else self._number + 1, final.number + 1):
            block_hash = ledger.hash_by_number(number)
            assert block_hash is not None, "the chain has every number up to its final block"
            for cid in self._follow(number, block_hash, named):
                if cid not in before and cid not in members:
                    members[cid] = self._sets.validators_after_block(block_hash)
        after = dict.fromkeys(named.values())
        changes = RecordChanges(
            self._sets.validators_after_block(final.hash()),
            tuple(NamedRecord(cid, among) for cid, among in members.items() if cid in after),
            tuple(cid for cid in before if cid not in after),
        )
        self._named = named
        self._number, self._read_to = final.number, final.hash()
        return changes

    def _follow(
        self, number: int, block_hash: Hash32, named: dict[tuple[int, int], Cid]
    ) -> list[Cid]:
        """Read a block into ``named``; give the manifests that it names, in their order."""
        ledger, pmr, custody = self._chain.ledger, self._contracts.pmr, self._contracts.custody
        header = ledger.header_by_number(number)
        assert header is not None, "the chain has every number up to its final block"
        watched = (pmr.address, custody.address)
        if not any(may_hold(header.logs_bloom, address) for address in watched):
            return []
        cids: list[Cid] = []
        for receipt in ledger.receipts(block_hash):
            for log in receipt.logs:
                if log.address not in watched:
                    continue
                event = self._contracts.decode_log(log.address, log.topics, log.data)
                try:
                    match event:
                        case EntryAdded():
                            cid = named[event.pmr_id, event.index] = event.content.cid
                            cids.append(cid)
                        case GenerationRotated():
                            cid = named[event.pmr_id, event.entry_index] = event.manifest
                            cids.append(cid)
                        case Erased(pmr_id):
                            for key in [key for key in named if key[0] == pmr_id]:
                                del named[key]
                        case _:
                            pass
                except CidFormError:
                    continue  # of a contract that takes other names: no store can hold it
        return cids
