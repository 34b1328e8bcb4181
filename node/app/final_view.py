"""What a custodian reads of the chain, all at its own final block F (secret-sharing.md §9)."""

from dataclasses import dataclass, replace
from typing import Final, TypeVar

from node.app.chain_desk import ChainDesk
from node.app.turn import Turn
from node.base.errors import CallRevertedError
from node.base.header import Header
from node.base.types import Address, Cid, Hash32
from node.contracts.abi import View
from node.contracts.consent_registry import Granted, Revoked
from node.contracts.pmr_token import EntryKind
from node.contracts.suite import ContractSuite
from node.ipfs_lite.unixfs_write import write_bytes
from node.privacy.consent import ALL_SECTIONS, scope_of
from node.privacy.custody_store import CustodyStore
from node.privacy.release_facts import GrantFacts, RecordFacts
from node.privacy.release_messages import Head
from node.sss.commitments import Manifest

T = TypeVar("T")

_TAG_BYTES: Final = 16
"""How much of a grant's id the contract keeps."""
_LAB_SECTION: Final = scope_of(("lab_reports",))


@dataclass(frozen=True, slots=True)
class DealPlace:
    """Where a deal says it belongs: its record, and the manifest that the ledger must name."""

    pmr_id: int
    manifest_cid: Cid


class DealPlaces:
    """The places of all deals in custody, read from their manifests: a restart loses none."""

    def __init__(self, store: CustodyStore) -> None:
        self._store = store
        self._read: dict[bytes, DealPlace] = {}

    def get(self, deal_id: bytes) -> DealPlace | None:
        """Give the place of a deal, None if it is not held."""
        found = self._read.get(deal_id)
        holding = self._store.holding(deal_id) if found is None else None
        if holding is not None:
            pmr_id = int.from_bytes(Manifest.decode(holding.manifest).header.pmr_id)
            root = write_bytes(holding.manifest, lambda _cid, _block: None)
            found = self._read[deal_id] = DealPlace(pmr_id, root.cid)
        return found


class FinalBook:
    """The grants of all final blocks, and when F last advanced by the local clock."""

    def __init__(self, chain: ChainDesk, contracts: ContractSuite) -> None:
        self._chain = chain
        self._contracts = contracts
        self.advanced_us = 0
        self._start_again()

    def _start_again(self) -> None:
        self._grants: dict[bytes, GrantFacts] = {}
        self._read_to = self._chain.ledger.genesis_hash
        self._number = 0

    @property
    def number(self) -> int:
        """The final block that was read last."""
        return self._number

    def advance(self, turn: Turn) -> None:
        """Read the blocks that became final.

        A final block of Clique can still be left by a deep reorganisation, and a chain that is
        heavier may be shorter: then all is read again, so that nothing here is above F.
        """
        ledger, final = self._chain.ledger, self._chain.final
        was = self._number
        is_left = ledger.hash_by_number(was) != self._read_to
        if final.number == was and not is_left:
            return
        if is_left:
            turn.note("chain.final_left", number=was, hash=self._read_to)
        if is_left or final.number < was:
            self._start_again()
        for number in range(self._number + 1, final.number + 1):
            block_hash = ledger.hash_by_number(number)
            header = ledger.header_by_number(number)
            assert block_hash is not None
            assert header is not None
            self._read(block_hash, header)
            self._number, self._read_to = number, block_hash
        if final.number >= was:
            self.advanced_us = turn.now

    def grant(self, grant_id: bytes) -> GrantFacts | None:
        """Give a grant of the final chain, None if there is none."""
        return self._grants.get(grant_id)

    def grants(self) -> tuple[GrantFacts, ...]:
        """Give all grants of the final chain, in the order in which they were given."""
        return tuple(self._grants.values())

    def _read(self, block_hash: Hash32, header: Header) -> None:
        address = self._contracts.consents.address
        for receipt in self._chain.ledger.receipts(block_hash):
            for log in receipt.logs:
                if log.address != address:
                    continue
                event = self._contracts.decode_log(log.address, log.topics, log.data)
                if isinstance(event, Granted):
                    self._grants[event.grant_id] = _facts(event, header.timestamp)
                elif isinstance(event, Revoked):
                    self._revoke(event.grant_id)

    def _revoke(self, grant_id: bytes) -> None:
        """Mark a grant as revoked.

        ConsentRegistry finds a grant by the upper half of its id, and its event repeats what the
        patient sent: the lower half of it may be anything.
        """
        for known, facts in self._grants.items():
            if known[:_TAG_BYTES] == grant_id[:_TAG_BYTES]:
                self._grants[known] = replace(facts, is_revoked=True)


class FinalView:
    """``GrantView`` on a ledger."""

    def __init__(
        self,
        chain: ChainDesk,
        book: FinalBook,
        contracts: ContractSuite,
        *,
        own: Address,
        period_us: int,
        places: DealPlaces,
    ) -> None:
        self._ledger = chain.ledger
        self._header = chain.final
        self._hash = self._header.hash()
        self._book = book
        self._contracts = contracts
        self._own = own
        self._period_us = period_us
        self._places = places

    @property
    def chain_id(self) -> int:
        """The chain's id."""
        return self._ledger.chain_id

    @property
    def head(self) -> Head:
        """F."""
        return Head(self._header.number, self._hash, self._header.timestamp)

    @property
    def head_advanced_us(self) -> int:
        """When F last advanced, by the local clock."""
        return self._book.advanced_us

    @property
    def block_period_us(self) -> int:
        """The period of the chain."""
        return self._period_us

    def block_hash(self, number: int) -> Hash32 | None:
        """Give the hash of F or of its ancestor with this number."""
        return self._ledger.hash_by_number(number) if number <= self._header.number else None

    def is_own_licence_active(self) -> bool:
        """Say whether the own hospital is Verified in F."""
        return self._ask(self._contracts.hospitals.hospital(self._own)).is_verified

    def is_registered_grantee(self, account: Address) -> bool:
        """Say whether an account is a doctor, a hospital or a patient in F."""
        return (
            self._ask(self._contracts.doctors.id_of(account)) != 0
            or self._ask(self._contracts.hospitals.id_of(account)) != 0
            or self._ask(self._contracts.patients.id_of(account)) != 0
        )

    def is_active_grantee(self, account: Address) -> bool:
        """Say whether a doctor and a hospital of theirs, or a hospital, is active in F."""
        return (
            self._ask(self._contracts.doctors.is_active(account))
            or self._ask(self._contracts.hospitals.hospital(account)).is_verified
        )

    def owner_key(self, account: Address) -> bytes | None:
        """Give the X25519 key of a patient in F."""
        patient_id = self._ask(self._contracts.patients.id_of(account))
        return self._ask(self._contracts.patients.patient(patient_id)).key if patient_id else None

    def grant(self, grant_id: bytes) -> GrantFacts | None:
        """Give a grant of the final chain."""
        return self._book.grant(grant_id)

    def record(self, deal_id: bytes) -> RecordFacts | None:
        """Give the record whose entry on the ledger names the manifest of a deal."""
        place = self._places.get(deal_id)
        if place is None:
            return None
        for entry in self._ask(self._contracts.pmr.entries(place.pmr_id)):
            if entry.content.cid == place.manifest_cid:
                try:
                    patient = self._ask(self._contracts.pmr.owner_of(place.pmr_id))
                except CallRevertedError:
                    return None
                return RecordFacts(
                    patient=patient,
                    pmr_id=place.pmr_id,
                    sections=_LAB_SECTION if entry.kind is EntryKind.LAB else ALL_SECTIONS,
                    filed_s=entry.time_s,
                    is_current=True,
                    is_erased=False,
                )
        return None

    def grants(self) -> tuple[GrantFacts, ...]:
        """Give all grants of the final chain."""
        return self._book.grants()

    def manifest_of(self, deal_id: bytes) -> Cid | None:
        """Give the CID of a deal's manifest, None if the deal is not held."""
        place = self._places.get(deal_id)
        return None if place is None else place.manifest_cid

    def operators_of(self, grantee: Address) -> tuple[Address, ...]:
        """Give the hospitals through whose nodes a grantee reads; none if it is not active."""
        if not self.is_active_grantee(grantee):
            return ()
        if self._ask(self._contracts.hospitals.id_of(grantee)) != 0:
            return (grantee,)
        doctor_id = self._ask(self._contracts.doctors.id_of(grantee))
        hospitals = self._ask(self._contracts.doctors.affiliations(doctor_id))
        return tuple(self._ask(self._contracts.hospitals.account_of(one)) for one in hospitals)

    def _ask(self, question: View[T]) -> T:
        return question.decode(self._ledger.call(question.to, question.data, at=self._hash))


def _facts(event: Granted, at_s: int) -> GrantFacts:
    return GrantFacts(
        patient=event.patient,
        grantee=event.grantee,
        grantee_key=event.grantee_key,
        pmr_id=event.pmr_id,
        scope=int.from_bytes(event.scope),
        valid_from_s=event.valid_from,
        valid_until_s=event.valid_until,
        granted_s=at_s,
        is_revoked=False,
    )
