"""Attacks by length: lists that a stranger or a careless party lets grow, and what others pay.

Each function is measured before and after somebody has filled what can be filled; what a call
costs must not grow with how many others there are, or must end at a limit.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest

from node.contracts.abi import Function
from node.contracts.custody_ledger import NOTES_COUNT_MAX, ErasureNote, ReceiptNote
from node.contracts.government_actions import AddMember, SuspendDoctor
from node.contracts.pmr_id import encode_pmr_id
from tests.contracts.consents import D2, is_allowed
from tests.contracts.world import (
    MEMBERS,
    PMR_ID,
    STRANGER,
    TODAY,
    World,
    account,
    content,
    x25519,
)

MANY = 40
GRANTS_MAX = 8
AFFILIATIONS_MAX = 16
ZERO_BYTES_GAS = 2_000
"""What other bytes of calldata and a warm slot more or less can make; a list costs more."""


def visit(world: World) -> int:
    data = world.suite.pmr.consult(PMR_ID, hospital_id=1, content=content("visit"))
    return world.send("d1", world.suite.pmr.address, data).gas


def opinion(world: World) -> int:
    data = world.suite.pmr.add_second_opinion(PMR_ID, hospital_id=2, content=content("opinion"))
    return world.send("d2", world.suite.pmr.address, data).gas


def mint(world: World, day: int) -> int:
    pmr_id = encode_pmr_id(85_437, TODAY + timedelta(days=day))
    world.chain.set_block(world.chain.number, world.chain.time_s + 86_400)
    data = world.suite.pmr.consult(pmr_id, hospital_id=1, content=content("visit"))
    return world.send("d1", world.suite.pmr.address, data).gas


def vote(world: World, number: int) -> int:
    government = world.suite.government
    return world.send(MEMBERS[1], government.address, government.vote(number)).gas


def ask(world: World) -> tuple[bytes, int]:
    data = world.suite.consents.request_access(
        account("p1"),
        pmr_id=PMR_ID,
        purpose=b"TREAT".ljust(32, b"\0"),
        scope=(1).to_bytes(32),
        grantee_key=x25519("d2"),
        valid_from_s=world.chain.time_s,
        valid_until_s=world.chain.time_s + 3_600,
    )
    done = world.send("d2", world.suite.consents.address, data)
    return done.output, done.gas


def grows(world: World, measure: Callable[[World], int], fill: Callable[[World], object]) -> int:
    """Give how much more a call takes after ``fill``."""
    before = measure(world.fork())
    fill(world)
    return measure(world.fork()) - before


def test_entry_costs_the_same_behind_many(world: World) -> None:
    visit(world)
    assert grows(world, visit, lambda w: [visit(w) for _ in range(MANY)]) < ZERO_BYTES_GAS


def test_mint_costs_the_same_behind_many(world: World) -> None:
    mint(world, 1)
    first = mint(world, 2)
    for day in range(3, 12):
        last = mint(world, day)
    assert last - first < ZERO_BYTES_GAS


def test_vote_costs_the_same_beside_many_open_proposals(world: World) -> None:
    """A member can flood the authority, and nobody pays for it but the member."""
    number = world.propose(SuspendDoctor(1, 1))

    def flood(world: World) -> None:
        for _ in range(MANY):
            world.propose(AddMember(STRANGER), by=MEMBERS[2])

    assert grows(world, lambda w: vote(w, number), flood) < ZERO_BYTES_GAS


def test_denial_costs_the_same_behind_many_requests(world: World) -> None:
    """A doctor can flood a patient with requests; no rule walks over them."""
    consents = world.suite.consents
    first, alone = ask(world)

    def deny(world: World) -> int:
        return world.send("p1", consents.address, consents.deny(first)).gas  # type: ignore[arg-type]

    assert grows(world, deny, lambda w: [ask(w) for _ in range(MANY)]) < ZERO_BYTES_GAS
    assert ask(world)[1] - alone < ZERO_BYTES_GAS


def test_list_of_grants_ends_and_so_does_what_it_costs(world: World) -> None:
    """Only the patient fills a list, and to a limit that leaves reading and revoking cheap."""
    for _ in range(GRANTS_MAX - 1):
        last = world.grant()
    alone = opinion(world.fork())
    last = world.grant()
    assert world.grant_refused(world.consent()).name == "GrantLimit"
    data = world.suite.consents.revoke(last, grantee=D2, pmr_id=PMR_ID)
    assert world.send("p1", world.suite.consents.address, data).gas < 50_000
    assert opinion(world) - alone < ZERO_BYTES_GAS


def test_full_list_of_one_grantee_is_no_other_grantees(world: World) -> None:
    for _ in range(GRANTS_MAX):
        world.grant()
    world.grant(world.consent(grantee=account("d1")))
    assert is_allowed(world, grantee=account("d1"))


def test_grants_of_other_patients_cost_nobody_more(world: World) -> None:
    def crowd(world: World) -> None:
        for place in range(10):
            world.add_patient(f"q{place}", "h1")
            consent = world.consent(patient=account(f"q{place}"), pmr_id=0)
            world.grant(consent, signer=f"q{place}")

    def grant(world: World) -> int:
        consent = world.consent()
        data = world.suite.consents.grant(consent, world.signed(consent))
        return world.send(STRANGER, world.suite.consents.address, data).gas

    assert grows(world, grant, crowd) < ZERO_BYTES_GAS


def test_affiliations_end(world: World) -> None:
    """Hospitals can affiliate a doctor unasked, and at the limit a visit still fits a call."""
    doctors = world.suite.doctors
    for place in range(3, AFFILIATIONS_MAX + 3):
        world.add_hospital(f"h{place}")
    for place in range(3, AFFILIATIONS_MAX + 2):
        world.send(f"h{place}", doctors.address, doctors.affiliate(1))
    refused = world.refused(f"h{AFFILIATIONS_MAX + 2}", doctors.address, doctors.affiliate(1))
    assert refused.name == "AffiliationLimit"
    data = world.suite.pmr.consult(
        PMR_ID, hospital_id=AFFILIATIONS_MAX + 1, content=content("visit")
    )
    assert world.send("d1", world.suite.pmr.address, data).gas < 200_000


@pytest.mark.parametrize("count", [0, NOTES_COUNT_MAX + 1])
def test_notes_of_a_custodian_end(world: World, count: int) -> None:
    custody = world.suite.custody
    receipts = [ReceiptNote(bytes(32), bytes(32), b"\1" * 32, 0)] * count
    erasures = [ErasureNote(b"\1" * 32, 1, b"\1" * 32)] * count
    for data in (custody.record_receipts(0, receipts), custody.record_erasures(erasures)):
        assert world.refused("h1", custody.address, data).name == "BatchSize"


def test_notes_of_one_custodian_cost_another_nothing(world: World) -> None:
    custody = world.suite.custody
    note = [ReceiptNote(b"\1" * 32, b"\2" * 32, b"\3" * 32, 0)]

    def post(world: World) -> int:
        return world.send("h1", custody.address, custody.record_receipts(0, note)).gas

    def flood(world: World) -> None:
        for place in range(10):
            many = custody.record_receipts(place * NOTES_COUNT_MAX, note * NOTES_COUNT_MAX)
            world.send("h2", custody.address, many)

    assert grows(world, post, flood) < ZERO_BYTES_GAS


def test_proposed_text_has_a_length(world: World) -> None:
    """A payload is one to four words, so that no member fills the chain with one proposal."""
    government = world.suite.government
    propose = Function("propose(uint8,bytes)")
    for payload in (b"", bytes(31), bytes(33), bytes(128), bytes(4_096)):
        data = propose.encode(0, payload)
        assert world.refused(MEMBERS[0], government.address, data).name == "ActionUnknown"
