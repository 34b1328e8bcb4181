from dataclasses import replace

import pytest

from node.base.keccak import keccak256
from node.base.types import Address, Hash32
from node.contracts.custody_ledger import (
    NOTES_COUNT_MAX,
    OWN_RELEASE,
    EpochNote,
    EpochRefreshed,
    ErasureNote,
    ReceiptNote,
    ShareComplaint,
    ShareErased,
    ShareRefused,
    ShareReleased,
)
from node.contracts.errors import CallArgumentError
from node.contracts.government_actions import RevokeHospital, SuspendDoctor, SuspendHospital
from node.contracts.pmr_id import encode_pmr_id
from node.contracts.reverts import RevertReason
from tests.contracts.stock_chain import Outcome
from tests.contracts.world import TODAY, World, account


def _word(name: str) -> Hash32:
    return Hash32(keccak256(name.encode()))


DEAL, OTHER_DEAL, GRANT = _word("deal"), _word("other deal"), _word("grant")
EPOCH_1 = EpochNote(DEAL, 2, 1, _word("share of epoch 1"))
ERASURE = ErasureNote(DEAL, 2, _word("certificate"))
P2_PMR_ID = encode_pmr_id(85_438, TODAY)


def _receipts(count: int, *, status: int = 0, first: int = 0) -> list[ReceiptNote]:
    places = range(first, first + count)
    return [ReceiptNote(GRANT, DEAL, _word(f"receipt {place}"), status) for place in places]


def _send(world: World, sender: str | Address, data: bytes) -> Outcome:
    return world.send(sender, world.suite.custody.address, data)


def _refused(world: World, sender: str | Address, data: bytes) -> RevertReason:
    return world.refused(sender, world.suite.custody.address, data)


def _next(world: World, name: str) -> int:
    return world.view(world.suite.custody.next_sequence(account(name)))


# receipts


def test_receipts_are_numbered_where_the_last_batch_ended(world: World) -> None:
    custody = world.suite.custody
    _send(world, "h1", custody.record_receipts(0, _receipts(2)))
    outcome = _send(world, "h1", custody.record_receipts(2, _receipts(2, first=2)))
    h1 = account("h1")
    assert world.events(outcome) == [
        ShareReleased(GRANT, DEAL, h1, 2, _word("receipt 2")),
        ShareReleased(GRANT, DEAL, h1, 3, _word("receipt 3")),
    ]
    assert _next(world, "h1") == 4


def test_a_refusal_stands_between_releases_with_its_status(world: World) -> None:
    custody, h1 = world.suite.custody, account("h1")
    first, second, third = _receipts(3)
    notes = [first, replace(second, status=14), replace(third, grant_id=OWN_RELEASE)]
    assert world.events(_send(world, "h1", custody.record_receipts(0, notes))) == [
        ShareReleased(GRANT, DEAL, h1, 0, first.receipt_id),
        ShareRefused(GRANT, DEAL, h1, 1, second.receipt_id, 14),
        ShareReleased(OWN_RELEASE, DEAL, h1, 2, third.receipt_id),
    ]


def test_a_receipt_of_a_request_that_named_nothing_stops_no_other(world: World) -> None:
    custody = world.suite.custody
    notes = [ReceiptNote(bytes(32), bytes(32), _word("odd"), 2), *_receipts(1)]
    assert len(world.events(_send(world, "h1", custody.record_receipts(0, notes)))) == 2


@pytest.mark.parametrize("first", [0, 1, 3, 2**64 - 1])
def test_receipt_sequence_has_no_gap_and_no_replay(world: World, first: int) -> None:
    custody = world.suite.custody
    _send(world, "h1", custody.record_receipts(0, _receipts(2)))
    refused = _refused(world, "h1", custody.record_receipts(first, _receipts(1)))
    assert refused == RevertReason("SequenceNotNext", (2,))


def test_one_custodians_receipts_do_not_count_for_another(world: World) -> None:
    custody = world.suite.custody
    _send(world, "h1", custody.record_receipts(0, _receipts(3)))
    outcome = _send(world, "h2", custody.record_receipts(0, _receipts(1)))
    [event] = world.events(outcome)
    assert isinstance(event, ShareReleased)
    assert event.custodian == account("h2")
    assert (_next(world, "h1"), _next(world, "h2")) == (3, 1)


@pytest.mark.parametrize("sender", ["stranger", "d1", "p1", "l1", "h3"])
def test_who_has_no_hospital_id_records_nothing(world: World, sender: str) -> None:
    custody = world.suite.custody
    world.send("h3", world.suite.hospitals.address, world.application("h3"))
    for data in (
        custody.record_receipts(0, _receipts(1)),
        custody.record_epochs([EPOCH_1]),
        custody.record_erasures([ERASURE]),
    ):
        assert _refused(world, sender, data).name == "NotCustodian"


def test_a_revoked_hospital_still_owes_its_receipts(world: World) -> None:
    custody = world.suite.custody
    world.enact(RevokeHospital(account("h1")))
    for data in (
        custody.record_receipts(0, _receipts(1)),
        custody.record_epochs([EPOCH_1]),
        custody.record_erasures([ERASURE]),
    ):
        assert len(world.events(_send(world, "h1", data))) == 1


@pytest.mark.parametrize("count", [0, NOTES_COUNT_MAX + 1])
def test_a_batch_has_1_to_64_notes(world: World, count: int) -> None:
    custody = world.suite.custody
    epochs = [replace(EPOCH_1, epoch=place + 1) for place in range(count)]
    for data in (
        custody.record_receipts(0, _receipts(count)),
        custody.record_epochs(epochs),
        custody.record_erasures([ERASURE] * count),
    ):
        assert _refused(world, "h1", data).name == "BatchSize"


def test_a_full_batch_is_taken(world: World) -> None:
    custody = world.suite.custody
    full = _receipts(NOTES_COUNT_MAX, status=4)
    events = world.events(_send(world, "h1", custody.record_receipts(0, full)))
    assert [event.receipt_id for event in events] == [note.receipt_id for note in full]
    assert _next(world, "h1") == NOTES_COUNT_MAX


def test_a_note_with_a_short_hash_is_not_encoded(world: World) -> None:
    with pytest.raises(CallArgumentError, match="recordReceipts"):
        world.suite.custody.record_receipts(0, [ReceiptNote(GRANT, DEAL, b"\x01" * 33, 0)])


# epochs


def test_an_epoch_is_told_and_remembered(world: World) -> None:
    custody, h1 = world.suite.custody, account("h1")
    outcome = _send(world, "h1", custody.record_epochs([EPOCH_1]))
    assert world.events(outcome) == [EpochRefreshed(DEAL, h1, 2, 1, EPOCH_1.digest)]
    assert world.view(custody.epoch_of(DEAL, h1)) == 1


@pytest.mark.parametrize("epoch", [0, 1, 2])
def test_an_epoch_does_not_go_back_or_stay(world: World, epoch: int) -> None:
    custody = world.suite.custody
    _send(world, "h1", custody.record_epochs([replace(EPOCH_1, epoch=2)]))
    refused = _refused(world, "h1", custody.record_epochs([replace(EPOCH_1, epoch=epoch)]))
    assert refused == RevertReason("EpochNotNext", (2,))


def test_epochs_of_one_batch_grow_too(world: World) -> None:
    custody = world.suite.custody
    later = replace(EPOCH_1, epoch=5)
    assert len(world.events(_send(world, "h1", custody.record_epochs([EPOCH_1, later])))) == 2
    again = custody.record_epochs([replace(EPOCH_1, epoch=7), replace(EPOCH_1, epoch=6)])
    assert _refused(world, "h1", again) == RevertReason("EpochNotNext", (7,))
    assert world.view(custody.epoch_of(DEAL, account("h1"))) == 5


def test_a_custodian_cannot_run_ahead_for_another_or_in_another_deal(world: World) -> None:
    custody = world.suite.custody
    _send(world, "h1", custody.record_epochs([replace(EPOCH_1, epoch=2**32 - 1)]))
    assert world.view(custody.epoch_of(DEAL, account("h2"))) == 0
    _send(world, "h2", custody.record_epochs([EPOCH_1]))
    _send(world, "h1", custody.record_epochs([replace(EPOCH_1, deal_id=OTHER_DEAL)]))
    assert world.view(custody.epoch_of(DEAL, account("h2"))) == 1
    assert world.view(custody.epoch_of(OTHER_DEAL, account("h1"))) == 1


@pytest.mark.parametrize(
    "note", [replace(EPOCH_1, index=0), replace(EPOCH_1, digest=bytes(32))], ids=["index", "digest"]
)
def test_an_epoch_has_an_index_and_a_digest(world: World, note: EpochNote) -> None:
    data = world.suite.custody.record_epochs([note])
    assert _refused(world, "h1", data).name == "FieldMissing"


# erasures


def test_an_erasure_is_told(world: World) -> None:
    outcome = _send(world, "h2", world.suite.custody.record_erasures([ERASURE]))
    assert world.events(outcome) == [ShareErased(DEAL, account("h2"), 2, ERASURE.certificate)]


@pytest.mark.parametrize(
    "note",
    [replace(ERASURE, index=0), replace(ERASURE, certificate=bytes(32))],
    ids=["index", "certificate"],
)
def test_an_erasure_has_an_index_and_a_certificate(world: World, note: ErasureNote) -> None:
    data = world.suite.custody.record_erasures([note])
    assert _refused(world, "h1", data).name == "FieldMissing"


# complaints


def _complaint(
    world: World, custodian: str = "h1", *, index: int = 2, evidence: bytes = GRANT
) -> bytes:
    return world.suite.custody.complain(
        DEAL,
        index=index,
        custodian=account(custodian),
        receipt_id=_word("receipt 0"),
        evidence=evidence,
    )


@pytest.mark.parametrize("sender", ["p1", "p2", "d1", "h2"])
def test_a_party_complains(world: World, sender: str) -> None:
    assert world.events(_send(world, sender, _complaint(world))) == [
        ShareComplaint(DEAL, account("h1"), account(sender), 2, _word("receipt 0"), GRANT)
    ]


@pytest.mark.parametrize("sender", ["stranger", "l1", "member 0"])
def test_who_is_no_party_does_not_complain(world: World, sender: str) -> None:
    assert _refused(world, sender, _complaint(world)).name == "NotParticipant"


def test_who_is_suspended_does_not_complain(world: World) -> None:
    world.enact(SuspendDoctor(1, 2**64 - 1))
    world.enact(SuspendHospital(account("h2")))
    for sender in ("d1", "h2"):
        assert _refused(world, sender, _complaint(world)).name == "NotParticipant"


def test_a_complaint_is_about_a_custodian(world: World) -> None:
    assert _refused(world, "p1", _complaint(world, "d1")).name == "NotCustodian"


def test_a_complaint_may_be_about_a_hospital_that_is_revoked_since(world: World) -> None:
    world.enact(RevokeHospital(account("h1")))
    assert len(world.events(_send(world, "p1", _complaint(world)))) == 1


@pytest.mark.parametrize("changes", [{"index": 0}, {"evidence": bytes(32)}])
def test_a_complaint_has_an_index_and_evidence(world: World, changes: dict[str, object]) -> None:
    data = _complaint(world, **changes)  # type: ignore[arg-type]
    assert _refused(world, "p1", data).name == "FieldMissing"
