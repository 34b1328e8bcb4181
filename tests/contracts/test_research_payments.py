"""Escrow, pull payments and refunds: nothing twice, nothing lost, whatever is sent by force."""

from collections.abc import Callable

import pytest

from node.base.types import Address
from node.contracts.government_actions import RevokeHospital, StrikeResearcher
from node.contracts.research_pool import (
    GRACE_SECONDS,
    HospitalPaid,
    Paid,
    Refunded,
    ResearchPool,
    Standing,
)
from tests.contracts.recovering import P1, next_block_at, recovered
from tests.contracts.stock_chain import BLOCK_SECONDS
from tests.contracts.studies import (
    DEADLINE_S,
    FUNDS,
    PRICE,
    SHARE,
    TERMS,
    ended,
    fund,
    held,
    joined,
    refused,
    release,
    released,
    send,
    with_researcher,
)
from tests.contracts.world import STRANGER, World, account, content, x25519

Record = Callable[[str, object], None]
OWED = PRICE + SHARE


@pytest.fixture
def world(world: World) -> World:
    return with_researcher(world)


def test_participants_pull_the_price_once(world: World) -> None:
    pool = released(world, "p1", "p2", "p4").suite.research
    assert world.events(send(world, "p1", pool.pay_out(1))) == [Paid(1, P1, account("p1"), PRICE)]
    assert world.chain.balance(account("p1")) == PRICE
    assert world.view(pool.participation(1, P1)).standing is Standing.PAID
    assert refused(world, "p1", pool.pay_out(1)).name == "NothingToPay"
    assert held(world) == TERMS.escrow_wei - PRICE


def test_a_recovered_account_gets_what_the_lost_one_was_owed(world: World) -> None:
    pool = world.suite.research
    fund(world)
    recovered(joined(world, "p1", "p2"))
    ended(world)
    send(world, "r1", release(world))
    assert refused(world, "p1", pool.pay_out(1)).name == "NothingToPay"
    send(world, "p1 anew", pool.pay_out(1))
    assert world.chain.balance(account("p1 anew")) == PRICE
    assert refused(world, "p1 anew", pool.pay_out(1)).name == "NothingToPay"


def test_who_left_or_never_joined_is_owed_nothing(world: World) -> None:
    pool = world.suite.research
    fund(world)
    joined(world, "p1", "p2", "p4")
    send(world, "p4", pool.leave(1))
    send(ended(world), "r1", release(world))
    for who in ("p4", "p5", "stranger"):
        assert refused(world, who, pool.pay_out(1)).name == "NothingToPay"
    assert refused(world, "h2", pool.pay_hospital(1)).name == "NothingToPay"


def test_a_study_without_a_price_pays_nobody(world: World) -> None:
    fund(world, price_wei=0, share_wei=0)
    send(ended(joined(world, "p1", "p2")), "r1", release(world))
    for who, data in (
        ("p1", world.suite.research.pay_out(1)),
        ("h1", world.suite.research.pay_hospital(1)),
        ("r1", world.suite.research.refund(1)),
    ):
        assert refused(world, who, data).name == "NothingToPay"


def test_hospitals_pull_a_share_for_each_participant_of_theirs(world: World) -> None:
    pool = released(world, "p1", "p2", "p4").suite.research
    paid = world.events(send(world, "h1", pool.pay_hospital(1)))
    assert paid == [HospitalPaid(1, 1, account("h1"), 2 * SHARE)]
    send(world, "h2", pool.pay_hospital(1))
    assert world.chain.balance(account("h2")) == SHARE
    for who in ("h1", "h2", "stranger"):
        assert refused(world, who, pool.pay_hospital(1)).name == "NothingToPay"


def test_a_hospital_that_was_revoked_keeps_what_it_earned(world: World) -> None:
    pool = released(world, "p1", "p2").suite.research
    world.enact(RevokeHospital(account("h1")))
    send(world, "h1", pool.pay_hospital(1))
    assert world.chain.balance(account("h1")) == 2 * SHARE


def test_nothing_is_due_before_the_release(world: World) -> None:
    pool = world.suite.research
    fund(world)
    joined(world, "p1", "p2")
    for who, call in (("p1", pool.pay_out), ("h1", pool.pay_hospital), ("r1", pool.refund)):
        assert refused(world, who, call(1)).name == "StudyRunning"
    ended(world)
    for who, call in (("p1", pool.pay_out), ("h1", pool.pay_hospital)):
        assert refused(world, who, call(1)).name == "StudyRunning"


@pytest.mark.parametrize("struck", [False, True])
def test_silence_of_the_researcher_does_not_keep_the_money(world: World, struck: bool) -> None:
    pool = world.suite.research
    fund(world)
    joined(world, "p1", "p2")
    if struck:
        world.enact(StrikeResearcher(account("r1")))
    next_block_at(world, DEADLINE_S + GRACE_SECONDS - BLOCK_SECONDS)
    assert refused(world, "p1", pool.pay_out(1)).name == "StudyRunning"
    send(world, "p1", pool.pay_out(1))
    send(world, "p2", pool.pay_out(1))
    send(world, "h1", pool.pay_hospital(1))
    send(world, "r1", pool.refund(1))
    assert held(world) == 0


def test_unused_places_are_refunded_once(world: World) -> None:
    pool = released(world, "p1", "p2", "p4").suite.research
    assert world.events(send(world, "r1", pool.refund(1))) == [Refunded(1, account("r1"), OWED)]
    assert refused(world, "r1", pool.refund(1)).name == "NothingToPay"
    for who in ("p1", "p2", "p4"):
        send(world, who, pool.pay_out(1))
    for who in ("h1", "h2"):
        send(world, who, pool.pay_hospital(1))
    assert held(world) == 0
    assert world.chain.balance(account("r1")) == FUNDS - 3 * OWED


def test_a_full_study_has_nothing_to_refund(world: World) -> None:
    pool = released(world, "p1", "p2", "p3", "p4").suite.research
    assert refused(world, "r1", pool.refund(1)).name == "NothingToPay"


def test_a_failed_study_is_refunded_whole_and_pays_nobody(world: World) -> None:
    pool = world.suite.research
    fund(world)
    ended(joined(world, "p1"))
    assert refused(world, "p1", pool.pay_out(1)).name == "NothingToPay"
    assert refused(world, "h1", pool.pay_hospital(1)).name == "NothingToPay"
    send(world, "r1", pool.refund(1))
    assert world.chain.balance(account("r1")) == FUNDS
    assert refused(world, "r1", pool.refund(1)).name == "NothingToPay"
    assert refused(world, "r1", release(world)).name == "TooFewParticipants"


def test_only_the_studys_researcher_is_refunded(world: World) -> None:
    fund(world)
    assert refused(ended(world), "p1", world.suite.research.refund(1)).name == "NotResearcher"


def test_studies_do_not_pay_each_others_participants(world: World) -> None:
    pool = released(world, "p1", "p2").suite.research
    deadline = world.chain.time_s + 1_000
    fund(world, deadline_s=deadline)
    send(world, "p3", pool.join(2))
    send(world, "p4", pool.join(2))
    next_block_at(world, deadline)
    data = pool.release(2, rows=2, dataset=content("second"))
    send(world, "r1", data)
    assert refused(world, "p1", pool.pay_out(2)).name == "NothingToPay"
    assert refused(world, "p3", pool.pay_out(1)).name == "NothingToPay"
    send(world, "p3", pool.pay_out(2))


def test_ether_by_force_changes_nothing(world: World) -> None:
    """A contract that destroys itself sends without asking: no rule may read the balance."""
    pool = world.suite.research
    fund(world)
    forced = bytes.fromhex("73") + pool.address + bytes.fromhex("ff")  # PUSH20 pool SELFDESTRUCT
    bomb = _contract(world, forced)
    world.chain.endow(bomb, 12_345)
    world.send(STRANGER, bomb, b"")
    assert held(world) == TERMS.escrow_wei + 12_345
    send(ended(joined(world, "p1", "p2")), "r1", release(world))
    for who in ("p1", "p2"):
        send(world, who, pool.pay_out(1))
    send(world, "h1", pool.pay_hospital(1))
    send(world, "r1", pool.refund(1))
    assert held(world) == 12_345


def test_plain_ether_and_ether_with_other_calls_are_refused(world: World) -> None:
    pool = world.suite.research
    fund(world)
    for data in (b"", pool.join(1)):
        assert refused(world, "r1", data, value=1).name == ""


# accounts that are contracts


def test_a_payee_that_calls_again_gets_nothing_more(world: World) -> None:
    pool = world.suite.research
    thief = _contract(world, _calling_twice(pool))
    _enrol(world, thief)
    before = held(world)
    world.send(STRANGER, thief, b"\1")
    assert world.chain.balance(thief) == PRICE
    assert held(world) == before - PRICE
    assert refused(world, thief, pool.pay_out(1)).name == "NothingToPay"
    tried = int.from_bytes(world.chain.state.get_storage(thief, 0).to_bytes(32))
    assert tried == 1, "the second call was tried, and refused"


def test_a_payee_that_takes_no_ether_stays_owed(world: World) -> None:
    pool = world.suite.research
    miser = _contract(world, bytes.fromhex("60006000fd"))  # REVERT always
    _enrol(world, miser)
    before = held(world)
    assert refused(world, miser, pool.pay_out(1)).name == "PaymentFailed"
    assert held(world) == before
    place = world.view(pool.participation(1, world.view(world.suite.patients.id_of(miser))))
    assert place.standing is Standing.JOINED
    send(world, "p1", pool.pay_out(1))  # and nobody else waits for it


def test_hospital_and_researcher_that_take_no_ether_stay_owed(world: World) -> None:
    pool = released(world, "p1", "p2").suite.research
    for who, data in (("h1", pool.pay_hospital(1)), ("r1", pool.refund(1))):
        world.chain.state.set_code(account(who), bytes.fromhex("60006000fd"))
        assert refused(world, account(who), data).name == "PaymentFailed"


def _enrol(world: World, payee: Address) -> None:
    """Make a contract a participant of a released study, beside p1."""
    patients, pool = world.suite.patients, world.suite.research
    details = content(payee.hex())
    world.send("h1", patients.address, patients.register(payee, key=x25519("c"), details=details))
    fund(world)
    joined(world, "p1")
    world.send(payee, pool.address, pool.join(1))
    send(ended(world), "r1", release(world))


def _contract(world: World, code: bytes) -> Address:
    address = account(f"contract {code.hex()}")
    world.chain.state.set_code(address, code)
    return address


def _calling_twice(pool: ResearchPool) -> bytes:
    """Bytecode that calls payOut(1); when ether arrives, it calls once more and notes that."""
    data = pool.pay_out(1)
    store = b"".join(
        bytes.fromhex("7f") + data[at : at + 32].ljust(32, b"\0") + bytes((0x60, at, 0x52))
        for at in (0, 32)
    )  # PUSH32 word PUSH1 at MSTORE
    target = bytes.fromhex("73") + pool.address
    call = bytes.fromhex("6000600060246000" + "6000") + target + bytes.fromhex("5af1")
    # CALLVALUE ISZERO PUSH1 run JUMPI; PUSH1 1 PUSH1 0 SSTORE; run: JUMPDEST
    note = bytes.fromhex("34156" + "00a" + "57" + "6001600055" + "5b")
    return note + store + call + bytes.fromhex("00")


# gas


def test_gas_of_every_function(world: World, record_property: Record) -> None:
    pool = world.suite.research
    spent = {
        "fund": fund(world).gas,
        "join": send(world, "p1", pool.join(1)).gas,
        "join, first of a hospital": send(world, "p4", pool.join(1)).gas,
        "join, second of a hospital": send(world, "p2", pool.join(1)).gas,
        "leave": send(world, "p2", pool.leave(1)).gas,
        "release": send(ended(world), "r1", release(world)).gas,
        "payOut": send(world, "p1", pool.pay_out(1)).gas,
        "payHospital": send(world, "h1", pool.pay_hospital(1)).gas,
        "refund": send(world, "r1", pool.refund(1)).gas,
    }
    for what, gas in spent.items():
        record_property(f"research {what}", gas)
        print(f"{what}: {gas}")  # noqa: T201 - the figure is the point
    assert spent["fund"] <= 130_000
    assert spent["join"] <= 100_000
    assert max(spent.values()) <= 130_000


def test_a_hospital_waits_for_the_release_too(world: World) -> None:
    pool = world.suite.research
    fund(world)
    joined(world, "p1", "p2")
    ended(world)
    assert refused(world, "h1", pool.pay_hospital(1)).name == "StudyRunning"
