"""CustodyLedger beside a model: numbers without gaps, epochs that go up, seats, generations."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from node.contracts.custody_ledger import EpochNote, ErasureNote, ReceiptNote
from node.contracts.government_actions import SuspendHospital, VerifyHospital
from tests.contracts.machines.machine import ContractMachine, as_tests, first_of
from tests.contracts.world import MEMBERS, PMR_ID, account, cid

CUSTODIANS = ("h1", "h2", "stranger")
DEALS = (b"\1" * 32, b"\2" * 32)


class CustodyMachine(ContractMachine):
    """Two custodians, one record of p1, two deals."""

    def start(self) -> None:
        self.sequences = {"h1": 0, "h2": 0}
        self.epochs: dict[tuple[bytes, str], int] = {}
        self.seats: dict[tuple[bytes, int], tuple[str, str]] = {}
        self.generation = 0
        self.h2_is_verified = True

    def custody(self, error: str | None, sender: str | bytes, data: bytes) -> bool:
        return self.expect(error, sender, self.suite.custody.address, data) is not None  # type: ignore[arg-type]

    @rule(
        who=st.sampled_from(CUSTODIANS),
        off=st.sampled_from((0, 0, 0, 1, -1)),
        count=st.sampled_from((1, 2, 5, 0)),
    )
    def receipts(self, who: str, off: int, count: int) -> None:
        first = self.sequences.get(who, 0) + off
        if first < 0:
            return
        notes = [ReceiptNote(bytes(32), DEALS[0], b"\3" * 32, at % 2) for at in range(count)]
        error = first_of(
            (who not in self.sequences, "NotCustodian"),
            (count == 0, "BatchSize"),
            (off != 0, "SequenceNotNext"),
        )
        if self.custody(error, who, self.suite.custody.record_receipts(first, notes)):
            self.sequences[who] += count

    @rule(who=st.sampled_from(CUSTODIANS), deal=st.sampled_from(DEALS), epoch=st.integers(0, 6))
    def steps(self, who: str, deal: bytes, epoch: int) -> None:
        error = first_of(
            (who not in self.sequences, "NotCustodian"),
            (epoch <= self.epochs.get((deal, who), 0), "EpochNotNext"),
        )
        note = EpochNote(deal, 2, epoch, b"\4" * 32)
        if self.custody(error, who, self.suite.custody.record_epochs([note])):
            self.epochs[deal, who] = epoch

    @rule(who=st.sampled_from(CUSTODIANS), index=st.integers(0, 2))
    def erasure(self, who: str, index: int) -> None:
        error = first_of((who not in self.sequences, "NotCustodian"), (index == 0, "FieldMissing"))
        note = ErasureNote(DEALS[0], index, b"\5" * 32)
        self.custody(error, who, self.suite.custody.record_erasures([note]))

    @rule(
        sender=st.sampled_from(("p1", "p1", "p2", "member", "member")),
        deal=st.sampled_from(DEALS),
        index=st.integers(0, 2),
        hands=st.sampled_from(
            (("h1", "h2"), ("h2", "h1"), ("h2", "h2"), ("h1", "stranger"), ("stranger", "h1"))
        ),
    )
    def hand_over(self, sender: str, deal: bytes, index: int, hands: tuple[str, str]) -> None:
        old, new = hands
        holder = self.seats.get((deal, index), ("", ""))[0]
        by_member = sender == "member"
        old_is_active = old == "h1" or (old == "h2" and self.h2_is_verified)
        error = first_of(
            (index == 0, "FieldMissing"),
            (sender == "p2", "NotPatient"),
            (by_member and old_is_active, "CustodianActive"),
            (by_member and holder not in ("", old), "CustodianDiffers"),
            (old == "stranger", "NotCustodian"),
            (new == "stranger" or (new == "h2" and not self.h2_is_verified), "HospitalNotVerified"),
        )
        data = self.suite.custody.replace_custodian(
            deal, pmr_id=PMR_ID, index=index, old=account(old), new=account(new)
        )
        if self.custody(error, MEMBERS[0] if by_member else sender, data):
            original = self.seats.get((deal, index), ("", ""))[1] if holder == old else old
            self.seats[deal, index] = (new, original)

    @rule(
        sender=st.sampled_from(("p1", "p1", "p2")),
        entry=st.sampled_from((0, 0, 0, 1)),
        step=st.sampled_from((1, 1, 0, 2)),
    )
    def rotate(self, sender: str, entry: int, step: int) -> None:
        generation = self.generation + step
        error = first_of(
            (sender != "p1", "NotPatient"),
            (entry == 1, "EntryUnknown"),
            (step != 1, "GenerationNotNext"),
        )
        data = self.suite.custody.rotate(
            PMR_ID, entry, generation=generation, manifest=cid(f"manifest {generation}")
        )
        if self.custody(error, sender, data):
            self.generation = generation

    @rule()
    def the_other_hospital_falls_or_stands_again(self) -> None:
        action = SuspendHospital if self.h2_is_verified else VerifyHospital
        assert self.decide(None, action(account("h2")))
        self.h2_is_verified = not self.h2_is_verified

    def teardown(self) -> None:
        custody = self.suite.custody
        for who, sequence in self.sequences.items():
            assert self.view(custody.next_sequence(account(who))) == sequence
        for (deal, who), epoch in self.epochs.items():
            assert self.view(custody.epoch_of(deal, account(who))) == epoch
        for (deal, index), (holder, original) in self.seats.items():
            seat = self.view(custody.seat_of(PMR_ID, deal, index))
            expected = account(original) if original else bytes(20)
            assert (seat.holder, seat.original) == (account(holder), expected)
        rotation = self.view(custody.rotation_of(PMR_ID, 0))
        assert rotation.generation == self.generation
        if self.generation:
            assert rotation.manifest == cid(f"manifest {self.generation}")


TestCustody = as_tests(CustodyMachine)
