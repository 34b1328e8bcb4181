"""PmrToken beside a model: tokens in order of minting, entries that are only ever added."""

from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from node.contracts.abi import Function
from node.contracts.cids import Content
from node.contracts.pmr_id import encode_pmr_id
from node.contracts.pmr_token import Entry, EntryKind
from tests.contracts.machines.machine import ContractMachine, as_tests, first_of
from tests.contracts.world import PMR_ID, TODAY, account, content

WRITERS = {"d1": (1, 1), "d2": (2, 2)}
"""Doctor to Doctor-ID and Hospital-ID."""
RECORDS = tuple(
    encode_pmr_id(patient, TODAY + timedelta(days=day))
    for patient in (85_437, 85_438, 85_440)  # the last is nobody
    for day in (-1, 0, 1, 2)
)
TRANSFER = Function("transferFrom(address,address,uint256)")


@dataclass
class Record:
    """A token."""

    entries: list[Entry] = field(default_factory=list)
    is_erased: bool = False


class RecordsMachine(ContractMachine):
    """Two doctors of two hospitals write records of two patients within a few minutes."""

    def start(self) -> None:
        first = self.view(self.suite.pmr.entry(PMR_ID, 0))
        self.records = {PMR_ID: Record([first])}
        self.written = 0

    def new_content(self) -> Content:
        self.written += 1
        return content(f"entry {self.written}")

    def append(self, pmr_id: int, doctor: str, kind: EntryKind, what: Content) -> None:
        doctor_id, hospital_id = WRITERS[doctor]
        entry = Entry(doctor_id, hospital_id, self.world.chain.time_s, kind, False, what)
        self.records.setdefault(pmr_id, Record()).entries.append(entry)

    def is_erased(self, pmr_id: int) -> bool:
        return pmr_id in self.records and self.records[pmr_id].is_erased

    @rule(
        doctor=st.sampled_from(("d1", "d2", "stranger")),
        hospital_id=st.integers(0, 2),
        pmr_id=st.sampled_from(RECORDS),
    )
    def consult(self, doctor: str, hospital_id: int, pmr_id: int) -> None:
        what = self.new_content()
        day = RECORDS.index(pmr_id) % 4 - 1
        error = first_of(
            (WRITERS.get(doctor, (0, -1))[1] != hospital_id, "DoctorNotActive"),
            (day == 2, "DateTooFar"),
            (pmr_id // 10**8 == 85_440, "PatientUnknown"),
            (self.is_erased(pmr_id), "RecordErased"),
        )
        data = self.suite.pmr.consult(pmr_id, hospital_id=hospital_id, content=what)
        if self.expect(error, doctor, self.suite.pmr.address, data):
            self.append(pmr_id, doctor, EntryKind.CONSULTATION, what)

    @rule(
        doctor=st.sampled_from(("d1", "d2")),
        which=st.integers(0, 20),
        index=st.integers(0, 4),
    )
    def amend(self, doctor: str, which: int, index: int) -> None:
        pmr_id = sorted(self.records)[which % len(self.records)]
        record = self.records[pmr_id]
        doctor_id, hospital_id = WRITERS[doctor]
        what = self.new_content()
        old = record.entries[index] if index < len(record.entries) else None
        error = first_of(
            (old is None, "EntryUnknown"),
            (old is not None and old.doctor_id != doctor_id, "NotAuthor"),
            (record.is_erased, "RecordErased"),
        )
        data = self.suite.pmr.amend(pmr_id, index, hospital_id=hospital_id, content=what)
        if self.expect(error, doctor, self.suite.pmr.address, data) and old is not None:
            record.entries[index] = Entry(
                old.doctor_id, old.hospital_id, old.time_s, old.kind, True, old.content
            )
            self.append(pmr_id, doctor, EntryKind.AMENDMENT, what)

    @rule(is_granted=st.booleans(), pmr_id=st.sampled_from(RECORDS[:3]))
    def second_opinion(self, is_granted: bool, pmr_id: int) -> None:
        """A grant of an hour, for this record, each time anew; it is taken back at once."""
        grant_id = None
        if is_granted:
            consent = self.world.consent(pmr_id=pmr_id)
            grant_id = self.world.grant(consent)
        what = self.new_content()
        error = first_of(
            (pmr_id not in self.records, "ERC721NonexistentToken"),
            (not is_granted, "GrantNotActive"),
            (self.is_erased(pmr_id), "RecordErased"),
        )
        data = self.suite.pmr.add_second_opinion(pmr_id, hospital_id=2, content=what)
        if self.expect(error, "d2", self.suite.pmr.address, data):
            self.append(pmr_id, "d2", EntryKind.SECOND_OPINION, what)
        if grant_id is not None:
            consents = self.suite.consents
            back = consents.revoke(grant_id, grantee=account("d2"), pmr_id=pmr_id)
            self.expect(None, "p1", consents.address, back)

    @rule(
        sender=st.sampled_from(("p1", "p1", "p2", "d1")),
        which=st.integers(0, 20),
        basis=st.sampled_from((bytes(32), b"\1" * 32)),
    )
    def erase(self, sender: str, which: int, basis: bytes) -> None:
        pmr_id = sorted(self.records)[which % len(self.records)]
        owner = "p1" if pmr_id // 10**8 == 85_437 else "p2"
        error = first_of(
            (sender != owner, "NotPatient"),
            (self.records[pmr_id].is_erased, "RecordErased"),
            (basis == bytes(32), "RetentionRunning"),
        )
        data = self.suite.pmr.erase(pmr_id, basis)
        if self.expect(error, sender, self.suite.pmr.address, data):
            self.records[pmr_id].is_erased = True

    @rule(sender=st.sampled_from(("p1", "p2", "stranger")), which=st.integers(0, 20))
    def move(self, sender: str, which: int) -> None:
        pmr_id = sorted(self.records)[which % len(self.records)]
        data = TRANSFER.encode(account("p1"), account("stranger"), pmr_id)
        self.expect("TokenLocked", sender, self.suite.pmr.address, data)

    @rule()
    def claim(self) -> None:
        """Nobody has recovered a key, so no token has anywhere to go."""
        self.expect("TokenLocked", "relay", self.suite.pmr.address, self.suite.pmr.claim(PMR_ID))

    def teardown(self) -> None:
        """Tokens stand in order of minting, each with every entry as it was written."""
        pmr = self.suite.pmr
        assert self.view(pmr.total_supply()) == len(self.records)
        for place, (pmr_id, record) in enumerate(self.records.items()):
            assert self.view(pmr.token_by_index(place)) == pmr_id
            assert self.view(pmr.entries(pmr_id)) == tuple(record.entries)
            assert self.view(pmr.minted_at(pmr_id)) == record.entries[0].time_s
            assert (self.view(pmr.erased_at(pmr_id)) != 0) == record.is_erased
            owner = "p1" if pmr_id // 10**8 == 85_437 else "p2"
            assert self.view(pmr.owner_of(pmr_id)) == account(owner)
            assert self.view(pmr.locked(pmr_id))


TestRecords = as_tests(RecordsMachine)
