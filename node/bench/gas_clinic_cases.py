"""Cases of the gas report: appointments, policies and claims."""

from typing import Final

from node.bench.gas_people import Case, visit
from node.bench.gas_world import (
    FIRST_PATIENT_ID,
    GENESIS_S,
    PMR_ID,
    Call,
    GasWorld,
    account,
    content,
    word,
)
from node.contracts.appointment_book import GRAIN_SECONDS, SLOTS_COUNT_MAX
from node.contracts.government_actions import ListInsurer
from node.contracts.insurance_registry import CLAIM_ENTRIES_COUNT_MAX, COVERABLE

START_S: Final = GENESIS_S + 86_400
_AMOUNT: Final = 180_000


def _slots(world: GasWorld, count: int) -> Call:
    book = world.suite.appointments
    data = book.open_slots(hospital_id=1, start_s=START_S, length_s=GRAIN_SECONDS, count=count)
    return Call("d1", book.address, data)


def _booking(world: GasWorld) -> Call:
    world.send(_slots(world, 2))
    book = world.suite.appointments
    return Call("p1", book.address, book.book(account("d1"), START_S))


def _move(world: GasWorld) -> Call:
    world.send(_booking(world))
    book, doctor = world.suite.appointments, account("d1")
    return Call("p1", book.address, book.move(doctor, START_S, doctor, START_S + GRAIN_SECONDS))


def _cancellation(world: GasWorld) -> Call:
    world.send(_booking(world))
    book = world.suite.appointments
    return Call("p1", book.address, book.cancel(account("d1"), START_S))


def _closing(world: GasWorld) -> Call:
    world.send(_booking(world))
    book = world.suite.appointments
    return Call("d1", book.address, book.close(START_S))


def _offer(world: GasWorld) -> Call:
    world.send(world.enact(ListInsurer(account("i1"))))
    insurance = world.suite.insurance
    data = insurance.offer_policy(
        FIRST_PATIENT_ID,
        commitment=word("number"),
        kinds=COVERABLE,
        currency="INR",
        valid_from_s=GENESIS_S,
        valid_until_s=GENESIS_S + 365 * 86_400,
    )
    return Call("i1", insurance.address, data)


def _binding(world: GasWorld) -> Call:
    world.send(_offer(world))
    insurance = world.suite.insurance
    return Call("p1", insurance.address, insurance.bind_policy(1))


def _withdrawal(world: GasWorld) -> Call:
    world.send(_offer(world))
    insurance = world.suite.insurance
    return Call("i1", insurance.address, insurance.withdraw_policy(1))


def _claim(world: GasWorld, count: int, by: str) -> Call:
    """Claim for the first entries of the record, which the insurer may read."""
    world.send(_binding(world))
    for _ in range(count):
        world.send(visit(world))
    world.send(world.grant(world.consent(grantee="i1")))
    insurance = world.suite.insurance
    data = insurance.file_claim(
        1, pmr_id=PMR_ID, entries=range(count), amount=_AMOUNT, content=content("claim")
    )
    return Call(by, insurance.address, data)


def _decision(world: GasWorld) -> Call:
    world.send(_claim(world, 1, "p1"))
    insurance = world.suite.insurance
    data = insurance.decide_claim(1, approved=_AMOUNT - 1, reason="CO-45")
    return Call("i1", insurance.address, data)


CASES: Final = (
    Case("1 slot", lambda w: _slots(w, 1)),
    Case("24 slots", lambda w: _slots(w, SLOTS_COUNT_MAX)),
    Case("typical", _booking),
    Case("typical", _move),
    Case("typical", _cancellation),
    Case("booked", _closing),
    Case("typical", _offer),
    Case("typical", _binding),
    Case("typical", _withdrawal),
    Case("1 entry, by the patient", lambda w: _claim(w, 1, "p1")),
    Case("8 entries, by the hospital", lambda w: _claim(w, CLAIM_ENTRIES_COUNT_MAX, "h1")),
    Case("in part", _decision),
)
