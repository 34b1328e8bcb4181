"""What the final chain says of grants, records and who holds their shares, read block by block.

From the logs of final blocks alone: a question to a contract costs a thousand times what looking
up costs here, and a custodian asks about each of its deals whenever a block becomes final.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from node.app.chain_desk import ChainDesk
from node.app.emergency_book import EmergencyBook
from node.app.final_events import granted
from node.app.turn import Turn
from node.base.header import Header
from node.base.types import ZERO_ADDRESS, Address, Cid, Hash32
from node.contracts.abi import LedgerEvent
from node.contracts.bindings.consent_registry import EmergencyAccess, EmergencyReviewed
from node.contracts.consent_registry import Granted, Revoked
from node.contracts.custody_ledger import (
    CustodianReplaced,
    EpochRefreshed,
    GenerationRotated,
    Seat,
    ShareErased,
    ShareRefused,
    ShareReleased,
)
from node.contracts.errors import CidFormError
from node.contracts.grant_tag import tag_of
from node.contracts.patient_registry import PatientRegistered, Recovered
from node.contracts.pmr_entries import EntryAdded, Erased
from node.contracts.pmr_multi_token import TransferBatch, TransferSingle
from node.contracts.pmr_token import Transfer
from node.contracts.suite import ContractSuite
from node.contracts.transfers import visits_of
from node.evm.blooms import EMPTY_BLOOM, may_hold
from node.privacy.release_facts import PMR_DATE_FACTOR, GrantFacts


@dataclass(frozen=True, slots=True)
class FiledEntry:
    """An entry of a PMR."""

    index: int
    kind: int
    filed_s: int
    """Block time."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What blocks that became final have changed, besides grants."""

    is_anew: bool
    """Everything was read again, from the first block on."""
    pmr_ids: tuple[int, ...]
    """Records that were erased, or an entry of which was shared anew; ascending."""
    replaced: tuple[CustodianReplaced, ...]
    """In the order of the chain."""
    has_recovery: bool
    """A patient has another account."""
    touched: tuple[int, ...] = ()
    """Records of which anything else was said: entries, owners, grants; ascending."""
    emergencies: tuple[EmergencyAccess, ...] = ()
    """In the order of the chain."""


@dataclass(slots=True)
class _Facts:
    """All that is kept; a chain that is left takes all of it along."""

    grants: dict[bytes, GrantFacts] = field(default_factory=dict[bytes, GrantFacts])
    tags: dict[bytes, dict[bytes, None]] = field(default_factory=dict[bytes, dict[bytes, None]])
    """Grant ids by what the contract keeps of them."""
    given: dict[Address, dict[bytes, None]] = field(
        default_factory=dict[Address, dict[bytes, None]]
    )
    """Grant ids by patient."""
    emergencies: EmergencyBook = field(default_factory=EmergencyBook)
    entries: dict[tuple[int, Cid], FiledEntry] = field(
        default_factory=dict[tuple[int, Cid], FiledEntry]
    )
    """By PMR and manifest, of every generation."""
    current: dict[tuple[int, int], Cid] = field(default_factory=dict[tuple[int, int], Cid])
    """The newest manifest by PMR and index of the entry."""
    owners: dict[int, Address] = field(default_factory=dict[int, Address])
    owned: dict[Address, dict[int, None]] = field(default_factory=dict[Address, dict[int, None]])
    """Records by owner: the same the other way round."""
    erased: dict[int, None] = field(default_factory=dict[int, None])
    homes: dict[Address, int] = field(default_factory=dict[Address, int])
    """Patients, and the Hospital-ID of the desk that registered each."""
    recovered: dict[Address, Address] = field(default_factory=dict[Address, Address])
    """Lost account to new account."""
    seats: dict[tuple[int, bytes, int], Seat] = field(
        default_factory=dict[tuple[int, bytes, int], Seat]
    )
    """By PMR, deal and index."""
    destroyed: dict[tuple[bytes, Address], None] = field(
        default_factory=dict[tuple[bytes, Address], None]
    )
    """Shares of whose destruction the custodian has recorded a certificate."""
    receipts: dict[Address, int] = field(default_factory=dict[Address, int])
    """How many receipts each custodian has recorded."""
    epochs: dict[tuple[bytes, Address], int] = field(
        default_factory=dict[tuple[bytes, Address], int]
    )
    """The newest epoch that a custodian has recorded of its share of a deal."""


class FinalBook:
    """The facts of all final blocks, and when F last advanced by the local clock."""

    def __init__(self, chain: ChainDesk, contracts: ContractSuite) -> None:
        self._chain = chain
        self._contracts = contracts
        self._watched = tuple(
            one.address
            for one in (contracts.consents, contracts.pmr, contracts.patients, contracts.custody)
        )
        self.advanced_us = 0
        self._start_again()

    def _start_again(self) -> None:
        self._facts = _Facts()
        self._read_to = self._chain.ledger.genesis_hash
        self._number = 0

    @property
    def number(self) -> int:
        """The final block that was read last."""
        return self._number

    @property
    def read_to(self) -> Hash32:
        """Its hash."""
        return self._read_to

    def advance(self, turn: Turn) -> Changes | None:
        """Read the blocks that became final; None: there are none.

        A final block of Clique can still be left by a deep reorganisation, and a chain that is
        heavier may be shorter: then all is read again, so that nothing here is above F.

        raises        StorageError: a block cannot be read; the next call begins with it.
        """
        ledger, final = self._chain.ledger, self._chain.final
        was = self._number
        is_left = ledger.hash_by_number(was) != self._read_to
        if final.number == was and not is_left:
            return None
        if is_left:
            turn.note("chain.final_left", number=was, hash=self._read_to)
        is_anew = is_left or final.number < was
        if is_anew:
            self._start_again()
        pmr_ids: dict[int, None] = {}
        touched: dict[int, None] = {}
        replaced: list[CustodianReplaced] = []
        emergencies: list[EmergencyAccess] = []
        has_recovery = False
        for number in range(self._number + 1, final.number + 1):
            block_hash = ledger.hash_by_number(number)
            header = ledger.header_by_number(number)
            assert block_hash is not None
            assert header is not None
            for event in self._events(block_hash, header):
                self._read(event, header)
                touched |= dict.fromkeys(self._said_of(event))
                if isinstance(event, Erased | GenerationRotated):
                    pmr_ids[event.pmr_id] = None
                elif isinstance(event, CustodianReplaced):
                    replaced.append(event)
                elif isinstance(event, EmergencyAccess):
                    emergencies.append(event)
                has_recovery |= isinstance(event, Recovered)
            self._number, self._read_to = number, block_hash
        if final.number >= was:
            self.advanced_us = turn.now
        records, others, told = sorted(pmr_ids), sorted(touched), tuple(emergencies)
        return Changes(is_anew, tuple(records), tuple(replaced), has_recovery, tuple(others), told)

    # ---- grants and parties

    def grant(self, grant_id: bytes) -> GrantFacts | None:
        """Give a grant of the final chain, None if there is none."""
        return self._facts.grants.get(grant_id)

    def grants_of(self, patient: Address) -> tuple[GrantFacts, ...]:
        """Give a patient's grants on the final chain, in the order in which they were given."""
        facts = self._facts
        return tuple(facts.grants[grant_id] for grant_id in facts.given.get(patient, ()))

    @property
    def emergencies(self) -> EmergencyBook:
        """The emergencies of the final chain."""
        return self._facts.emergencies

    def home_of(self, patient: Address) -> int | None:
        """Give the Hospital-ID of the desk that registered a patient, None if nobody did."""
        return self._facts.homes.get(patient)

    def recovered(self, account: Address) -> Address | None:
        """Give the account that a lost one was recovered to, and so on; None: it was not."""
        found = None
        met: dict[Address, None] = {}
        while account not in met and account in self._facts.recovered:
            met[account] = None
            found = account = self._facts.recovered[account]
        return found

    # ---- records and their shares

    def entry(self, pmr_id: int, manifest: Cid) -> FiledEntry | None:
        """Give the entry that a manifest is of, or was of before it was shared anew."""
        return self._facts.entries.get((pmr_id, manifest))

    def manifest(self, pmr_id: int, index: int) -> Cid | None:
        """Give the newest manifest of an entry."""
        return self._facts.current.get((pmr_id, index))

    def owner(self, pmr_id: int) -> Address | None:
        """Give whose record it is; after a recovery that is the new account."""
        return self._facts.owners.get(pmr_id)

    def is_erased(self, pmr_id: int) -> bool:
        """Say whether the owner had the record erased."""
        return pmr_id in self._facts.erased

    def is_closed(self, pmr_id: int, manifest: Cid) -> bool:
        """Say whether a deal is done with for good: its record is erased, or was shared anew."""
        entry = self.entry(pmr_id, manifest)
        is_old = entry is not None and self.manifest(pmr_id, entry.index) != manifest
        return is_old or self.is_erased(pmr_id)

    def seat(self, pmr_id: int, deal_id: bytes, index: int, original: Address) -> Seat | None:
        """Give who holds a share by an order that fits a manifest; None: there is none."""
        seat = self._facts.seats.get((pmr_id, deal_id, index))
        return seat if seat is not None and seat.original == original else None

    def holder(self, pmr_id: int, deal_id: bytes, index: int, original: Address) -> Address:
        """Give who holds a share that a manifest gives to ``original``."""
        seat = self.seat(pmr_id, deal_id, index, original)
        return original if seat is None else seat.holder

    def seats(self) -> tuple[tuple[int, bytes, int, Seat], ...]:
        """Give PMR, deal, index and holder of every share that was handed over, in order."""
        return tuple((*key, seat) for key, seat in self._facts.seats.items())

    def manifests(self, pmr_id: int) -> tuple[Cid, ...]:
        """Give the newest manifest of each entry of a PMR, in the order of the entries."""
        current = self._facts.current.items()
        return tuple(cid for _, cid in sorted((at, cid) for at, cid in current if at[0] == pmr_id))

    def is_destruction_recorded(self, deal_id: bytes, custodian: Address) -> bool:
        """Say whether a custodian's certificate of erasure stands on the ledger."""
        return (deal_id, custodian) in self._facts.destroyed

    def receipts_of(self, custodian: Address) -> int:
        """Give how many of its receipts a custodian has recorded: the number of its next one."""
        return self._facts.receipts.get(custodian, 0)

    def epoch_of(self, deal_id: bytes, custodian: Address) -> int:
        """Give the newest epoch that a custodian has recorded of a deal, 0 if none."""
        return self._facts.epochs.get((deal_id, custodian), 0)

    # ---- reading

    def _events(self, block_hash: Hash32, header: Header) -> list[LedgerEvent]:
        bloom = header.logs_bloom
        if bloom == EMPTY_BLOOM or not any(may_hold(bloom, one) for one in self._watched):
            return []
        decoded = (
            self._contracts.decode_log(log.address, log.topics, log.data)
            for receipt in self._chain.ledger.receipts(block_hash)
            for log in receipt.logs
            if log.address in self._watched
        )
        return [event for event in decoded if event is not None]

    def _read(self, event: LedgerEvent, header: Header) -> None:
        facts = self._facts
        match event:
            case Granted():
                facts.grants[event.grant_id] = granted(event, header.timestamp)
                facts.tags.setdefault(tag_of(event.grant_id), {})[event.grant_id] = None
                facts.given.setdefault(event.patient, {})[event.grant_id] = None
            case Revoked(grant_id):
                self._revoke(grant_id)
            case EmergencyAccess() | EmergencyReviewed():
                facts.emergencies.read(event, header)
            case EntryAdded():
                self._add(event, header.timestamp)
            case Transfer() | TransferSingle() | TransferBatch():
                self._own(visits_of(event), event.to)
            case Erased(pmr_id):
                facts.erased[pmr_id] = None
            case PatientRegistered():
                facts.homes[event.account] = event.hospital_id
            case Recovered():
                self._recover(event.old_account, event.new_account)
            case GenerationRotated():
                self._rotate(event)
            case CustodianReplaced():
                key = event.pmr_id, event.deal_id, event.index
                was = facts.seats.get(key, Seat(ZERO_ADDRESS, ZERO_ADDRESS))
                original = was.original if was.holder == event.old else event.old
                facts.seats[key] = Seat(event.new, original)
            case ShareReleased() | ShareRefused():
                facts.receipts[event.custodian] = event.sequence + 1
            case EpochRefreshed():
                facts.epochs[event.deal_id, event.custodian] = event.epoch
            case ShareErased():
                facts.destroyed[event.deal_id, event.custodian] = None
            case _:
                pass  # of no concern to a custodian

    def _own(self, pmr_ids: Iterable[int], owner: Address) -> None:
        facts = self._facts
        for pmr_id in pmr_ids:
            if pmr_id in facts.owners:
                facts.owned[facts.owners[pmr_id]].pop(pmr_id, None)
            facts.owners[pmr_id] = owner
            facts.owned.setdefault(owner, {})[pmr_id] = None

    def _said_of(self, event: LedgerEvent) -> Iterable[int]:
        """Give the records that an event is about, after it was read."""
        facts = self._facts
        match event:
            case Granted() | EmergencyAccess():
                return facts.owned.get(event.patient, ())
            case Revoked(grant_id):
                known = facts.tags.get(tag_of(grant_id), ())
                patients = {facts.grants[one].patient: None for one in known}
                return [pmr_id for one in patients for pmr_id in facts.owned.get(one, ())]
            case EmergencyReviewed(emergency_id) if not event.justified:
                broken = facts.emergencies.get(emergency_id)
                patient_id = None if broken is None else broken.patient_id
                return [one for one in facts.owners if one // PMR_DATE_FACTOR == patient_id]
            case EntryAdded() | CustodianReplaced() | GenerationRotated() | Erased():
                return (event.pmr_id,)
            case Transfer() | TransferSingle() | TransferBatch():
                return visits_of(event)
            case _:
                return ()

    def _revoke(self, grant_id: bytes) -> None:
        """Mark a grant as revoked.

        ConsentRegistry finds a grant by the upper half of its id, and its event repeats what the
        patient sent: the lower half of it may be anything.
        """
        grants = self._facts.grants
        for known in self._facts.tags.get(tag_of(grant_id), ()):
            grants[known] = replace(grants[known], is_revoked=True)

    def _add(self, event: EntryAdded, at_s: int) -> None:
        try:
            cid = event.content.cid
        except CidFormError:
            return  # of a contract that takes other names: no store can hold it
        entry = FiledEntry(event.index, event.kind, at_s)
        self._facts.entries.setdefault((event.pmr_id, cid), entry)
        self._facts.current[event.pmr_id, event.index] = cid

    def _rotate(self, event: GenerationRotated) -> None:
        key = event.pmr_id, event.entry_index
        old = self._facts.current.get(key)
        entry = None if old is None else self._facts.entries.get((event.pmr_id, old))
        try:
            cid = event.manifest
        except CidFormError:
            return
        if entry is not None:
            self._facts.entries.setdefault((event.pmr_id, cid), entry)
            self._facts.current[key] = cid

    def _recover(self, old: Address, new: Address) -> None:
        """Let all that was the old account's be the new one's: grants stand, tokens may lag."""
        facts = self._facts
        facts.recovered[old] = new
        facts.recovered.pop(new, None)  # an account that comes back is lost no longer
        if old in facts.homes:
            facts.homes[new] = facts.homes.pop(old)
        self._own(tuple(facts.owned.get(old, ())), new)
        given = facts.given.pop(old, {})
        for grant_id in given:
            facts.grants[grant_id] = replace(facts.grants[grant_id], patient=new)
        facts.given.setdefault(new, {}).update(given)
