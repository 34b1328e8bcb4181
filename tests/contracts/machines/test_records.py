"""Both record tokens against one model: entries, corrections, erasure, a recovery."""

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from node.contracts.amendments import PetitionState
from node.contracts.names import ERC721, ERC1155
from node.contracts.pmr_entries import EntryKind
from node.contracts.pmr_id import encode_pmr_id
from node.contracts.pmr_multi_token import PmrMultiToken, entries_id
from node.contracts.pmr_token import PmrToken
from tests.contracts.machines.machine import ContractMachine, as_tests, first_of
from tests.contracts.recovering import recovered
from tests.contracts.world import (
    DAY,
    PMR_ID,
    SETTINGS,
    STRANGER,
    TODAY,
    World,
    account,
    content,
    peopled,
)

pytestmark = pytest.mark.slow

DOCTORS = {"d1": 1, "d2": 2}
"""Doctor to Doctor-ID; each writes for the hospital of the same number."""
PATIENTS = {"p1": 85_437, "p2": 85_438}
PMR_IDS = (PMR_ID, encode_pmr_id(85_438, TODAY))
TEXT = b"\1" * 32
KEEP = 30 * DAY
doctors = st.sampled_from(sorted(DOCTORS))
people = st.sampled_from(["p1", "p2", "p1 anew", "d1"])
pmr_ids = st.sampled_from(PMR_IDS)
indices = st.integers(0, 5)


@dataclass
class _Entry:
    doctor: int
    kind: EntryKind
    time_s: int
    about: int | None = None
    marked: bool = False
    petition: PetitionState = PetitionState.NONE
    due_s: int = 0
    extended: bool = False


class RecordsMachine(ContractMachine):
    token: ClassVar[str] = ERC721

    def start(self) -> None:
        self.pmr = self.suite.pmr
        minted = self.view(self.pmr.minted_at(PMR_ID))
        self.entries: dict[int, list[_Entry]] = {pmr_id: [] for pmr_id in PMR_IDS}
        self.entries[PMR_ID].append(_Entry(1, EntryKind.CONSULTATION, minted))
        self.erased: dict[int, int] = {}
        self.speaker = {PMR_IDS[0]: "p1", PMR_IDS[1]: "p2"}
        """Who is the patient now."""
        self.owner = {PMR_ID: "p1"}

    def _send(self, error: str | None, sender: str, data: bytes) -> bool:
        return self.expect(error, sender, self.pmr.address, data) is not None

    def _at(self, pmr_id: int, index: int) -> _Entry | None:
        entries = self.entries[pmr_id]
        return entries[index] if index < len(entries) else None

    def _write(self, pmr_id: int, doctor: int, kind: EntryKind, about: int | None = None) -> None:
        self.entries[pmr_id].append(_Entry(doctor, kind, self.world.chain.time_s, about))

    # entries

    @rule(doctor=doctors, pmr_id=pmr_ids, days=st.sampled_from([0, 0, 0, 1]))
    def consult(self, doctor: str, pmr_id: int, days: int) -> None:
        self.wait_until(self.next_s + days * DAY // 4)
        far = abs(self.next_s // DAY - SETTINGS_DAY) > 1
        error = first_of((far, "DateTooFar"), (pmr_id in self.erased, "RecordErased"))
        data = self.pmr.consult(pmr_id, hospital_id=DOCTORS[doctor], content=content("visit"))
        if self._send(error, doctor, data):
            self.owner.setdefault(pmr_id, self.speaker[pmr_id])
            self._write(pmr_id, DOCTORS[doctor], EntryKind.CONSULTATION)

    def _author_error(self, doctor: str, pmr_id: int, index: int) -> str | None:
        entry = self._at(pmr_id, index)
        return first_of(
            (entry is None, "EntryUnknown"),
            (entry is not None and entry.doctor != DOCTORS[doctor], "NotAuthor"),
        )

    @rule(doctor=doctors, pmr_id=pmr_ids, index=indices)
    def amend(self, doctor: str, pmr_id: int, index: int) -> None:
        error = self._author_error(doctor, pmr_id, index)
        error = error or first_of((pmr_id in self.erased, "RecordErased"))
        hospital_id = DOCTORS[doctor]
        data = self.pmr.amend(pmr_id, index, hospital_id=hospital_id, content=content("better"))
        if self._send(error, doctor, data):
            entry = self.entries[pmr_id][index]
            entry.marked = True
            if entry.petition is PetitionState.OPEN:
                entry.petition = PetitionState.ACCEPTED
            self._write(pmr_id, DOCTORS[doctor], EntryKind.AMENDMENT, index)

    # petitions

    @rule(who=people, pmr_id=pmr_ids, index=indices)
    def petition(self, who: str, pmr_id: int, index: int) -> None:
        entry = self._at(pmr_id, index)
        error = first_of(
            (not self.entries[pmr_id], "RecordUnknown"),
            (self.speaker[pmr_id] != who, "NotPatient"),
            (entry is None, "EntryUnknown"),
            (pmr_id in self.erased, "RecordErased"),
        )
        if error is None and entry is not None:
            error = first_of(
                (entry.doctor == 0 or entry.marked, "PetitionUnfit"),
                (entry.petition is not PetitionState.NONE, "AlreadyPetitioned"),
            )
        if self._send(error, who, self.pmr.petition(pmr_id, index, TEXT)):
            assert entry is not None
            entry.petition = PetitionState.OPEN
            entry.due_s = self.world.chain.time_s + 60 * DAY

    @rule(doctor=doctors, pmr_id=pmr_ids, index=indices, days=st.sampled_from([0, 0, 61]))
    def extend(self, doctor: str, pmr_id: int, index: int, days: int) -> None:
        self.wait_until(self.next_s + days * DAY)
        entry = self._at(pmr_id, index)
        error = self._author_error(doctor, pmr_id, index)
        if error is None and entry is not None:
            error = first_of(
                (pmr_id in self.erased, "RecordErased"),
                (entry.petition is not PetitionState.OPEN, "PetitionNotOpen"),
                (entry.extended, "AlreadyExtended"),
                (self.next_s > entry.due_s, "PetitionOverdue"),
            )
        hospital_id = DOCTORS[doctor]
        data = self.pmr.extend_petition(pmr_id, index, hospital_id=hospital_id, reason=TEXT)
        if self._send(error, doctor, data):
            assert entry is not None
            entry.extended = True
            entry.due_s += 30 * DAY

    @rule(doctor=doctors, pmr_id=pmr_ids, index=indices)
    def deny(self, doctor: str, pmr_id: int, index: int) -> None:
        entry = self._at(pmr_id, index)
        error = self._author_error(doctor, pmr_id, index)
        if error is None and entry is not None:
            error = first_of(
                (pmr_id in self.erased, "RecordErased"),
                (entry.petition is not PetitionState.OPEN, "PetitionNotOpen"),
            )
        data = self.pmr.deny_petition(
            pmr_id, index, hospital_id=DOCTORS[doctor], content=content("it is right")
        )
        if self._send(error, doctor, data):
            assert entry is not None
            entry.petition = PetitionState.DENIED
            self._write(pmr_id, DOCTORS[doctor], EntryKind.AMENDMENT, index)

    @rule(who=people, pmr_id=pmr_ids, index=indices)
    def dispute(self, who: str, pmr_id: int, index: int) -> None:
        entry = self._at(pmr_id, index)
        denied = entry is not None and entry.petition is PetitionState.DENIED
        error = first_of(
            (not self.entries[pmr_id], "RecordUnknown"),
            (self.speaker[pmr_id] != who, "NotPatient"),
            (not denied, "PetitionNotDenied"),
            (pmr_id in self.erased, "RecordErased"),
        )
        if self._send(error, who, self.pmr.dispute(pmr_id, index, content("it is wrong"))):
            assert entry is not None
            entry.petition = PetitionState.DISPUTED
            self._write(pmr_id, 0, EntryKind.AMENDMENT, index)

    # the end of a record, and another account

    @rule(who=people, pmr_id=pmr_ids, basis=st.booleans(), days=st.sampled_from([0, 0, 20]))
    def erase(self, who: str, pmr_id: int, basis: bool, days: int) -> None:
        self.wait_until(self.next_s + days * DAY)
        entries = self.entries[pmr_id]
        error = first_of(
            (not entries, "RecordUnknown"),
            (self.speaker[pmr_id] != who, "NotPatient"),
            (pmr_id in self.erased, "RecordErased"),
        )
        if error is None:
            early = self.next_s < entries[-1].time_s + KEEP
            error = first_of((early and not basis, "RetentionRunning"))
        if self._send(error, who, self.pmr.erase(pmr_id, TEXT if basis else bytes(32))):
            self.erased[pmr_id] = self.world.chain.time_s

    @rule()
    def recover(self) -> None:
        if self.speaker[PMR_ID] == "p1":
            recovered(self.world)
            self.speaker[PMR_ID] = "p1 anew"

    @rule(pmr_id=pmr_ids)
    def claim(self, pmr_id: int) -> None:
        error = first_of(
            (not self.entries[pmr_id], "RecordUnknown"),
            (self.owner.get(pmr_id) == self.speaker[pmr_id], "TokenLocked"),
        )
        if self.expect(error, STRANGER, self.pmr.address, self.pmr.claim(pmr_id)):
            self.owner[pmr_id] = self.speaker[pmr_id]

    # what is so at any time

    @invariant()
    def counts_agree(self) -> None:
        for pmr_id, entries in self.entries.items():
            assert self.view(self.pmr.entry_count(pmr_id)) == len(entries)

    def teardown(self) -> None:
        for pmr_id, entries in self.entries.items():
            found = self.view(self.pmr.entries(pmr_id))
            assert [
                (one.doctor_id, one.kind, one.time_s, one.about, one.is_marked) for one in found
            ] == [(one.doctor, one.kind, one.time_s, one.about, one.marked) for one in entries]
            for index, entry in enumerate(entries):
                asked = self.view(self.pmr.petition_of(pmr_id, index))
                assert (asked.state, asked.due_s, asked.is_extended) == (
                    entry.petition,
                    entry.due_s,
                    entry.extended,
                )
            assert self.view(self.pmr.erased_at(pmr_id)) == self.erased.get(pmr_id, 0)
            if entries:
                until = self.view(self.pmr.retained_until(pmr_id))
                assert until == entries[-1].time_s + KEEP
                assert self.view(self.pmr.owner_of(pmr_id)) == account(self.owner[pmr_id])
        self._compare_tokens()

    def _compare_tokens(self) -> None:
        assert isinstance(self.pmr, PmrToken)
        assert self.view(self.pmr.total_supply()) == len(self.owner)
        for name in ("p1", "p1 anew", "p2"):
            held = list(self.owner.values()).count(name)
            assert self.view(self.pmr.balance_of(account(name))) == held


class MultiRecordsMachine(RecordsMachine):
    token = ERC1155

    def _compare_tokens(self) -> None:
        assert isinstance(self.pmr, PmrMultiToken)
        for pmr_id, entries in self.entries.items():
            for name in ("p1", "p1 anew", "p2"):
                who, owns = account(name), self.owner.get(pmr_id) == name
                assert self.view(self.pmr.balance_of(who, pmr_id)) == owns
                for kind in EntryKind:
                    units = [one.kind for one in entries].count(kind) * owns
                    assert self.view(self.pmr.balance_of(who, entries_id(pmr_id, kind))) == units
        counts = [self.view(self.pmr.visit_count(one)) for one in PATIENTS.values()]
        assert counts == [bool(self.entries[pmr_id]) for pmr_id in PMR_IDS]


SETTINGS_DAY = (TODAY - TODAY.replace(year=1970, month=1, day=1)).days


def _built(token: str) -> World:
    return peopled(replace(SETTINGS, token=token, retention_seconds=KEEP))


RecordsMachine.build = staticmethod(lambda: _built(ERC721))
MultiRecordsMachine.build = staticmethod(lambda: _built(ERC1155))

TestRecords = as_tests(RecordsMachine)
TestMultiRecords = as_tests(MultiRecordsMachine)
