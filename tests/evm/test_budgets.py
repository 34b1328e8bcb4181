"""The token bucket of each sender: ten blocks deep, refilled by height."""

from hypothesis import given
from hypothesis import strategies as st

from node.base.types import Address, Hash32
from node.evm.budgets import Budgets
from node.evm.roles import ALLOWANCES, Role

MILLION = 1_000_000
ONE, TWO = Address(b"\x01" * 20), Address(b"\x02" * 20)
PATIENT = Role.PATIENT


def name(n):
    return Hash32(n.to_bytes(32))


def spent(gas=4 * MILLION, number=100):
    budgets = Budgets(number)
    budgets.charge(name(1), ONE, PATIENT, gas)
    return budgets


def test_a_new_sender_has_ten_blocks_of_gas():
    assert Budgets(0).left(ONE, PATIENT) == 10 * MILLION


def test_a_charge_is_taken_from_its_sender_only():
    budgets = spent()
    assert (budgets.left(ONE, PATIENT), budgets.left(TWO, PATIENT)) == (6 * MILLION, 10 * MILLION)


def test_each_block_refills_the_gas_of_one():
    budgets = spent()
    budgets.head_at(101)
    assert budgets.left(ONE, PATIENT) == 7 * MILLION


def test_a_bucket_holds_no_more_than_ten_blocks():
    budgets = spent()
    budgets.head_at(1_000)
    assert budgets.left(ONE, PATIENT) == 10 * MILLION


def test_a_height_refills_once():
    budgets = spent()
    for number in (101, 99, 101):
        budgets.head_at(number)
    assert budgets.left(ONE, PATIENT) == 7 * MILLION


def test_blocks_of_others_may_take_more_than_there_is():
    budgets = spent(15 * MILLION)
    assert budgets.left(ONE, PATIENT) == -5 * MILLION
    assert not budgets.spending().take(ONE, PATIENT, 1)


def test_a_regulator_is_never_charged():
    budgets = Budgets(0)
    budgets.charge(name(1), ONE, Role.REGULATOR, 10**9)
    assert budgets.left(ONE, Role.REGULATOR) is None
    assert budgets.left(ONE, PATIENT) == 10 * MILLION


def test_applicants_share_one_purse():
    budgets = Budgets(0)
    budgets.charge(name(1), ONE, Role.APPLICANT, 700_000)
    assert budgets.left(TWO, Role.APPLICANT) == 300_000
    assert budgets.left(ONE, PATIENT) == 10 * MILLION


def test_what_left_the_chain_is_given_back_once():
    budgets = spent()
    budgets.refund(name(1))
    budgets.refund(name(1))
    budgets.refund(name(2))
    assert budgets.left(ONE, PATIENT) == 10 * MILLION


def test_nine_blocks_later_a_charge_can_be_given_back():
    budgets = spent()
    budgets.head_at(109)
    budgets.charge(name(2), ONE, PATIENT, 9 * MILLION)
    budgets.refund(name(1))
    assert budgets.left(ONE, PATIENT) == 5 * MILLION


def test_ten_blocks_later_a_charge_is_refilled_and_not_given_back():
    budgets = spent()
    budgets.head_at(110)
    budgets.charge(name(2), ONE, PATIENT, 9 * MILLION)
    budgets.refund(name(1))
    assert budgets.left(ONE, PATIENT) == MILLION


def test_a_full_bucket_takes_no_memory():
    budgets = spent()
    budgets.head_at(110)
    assert (budgets._spent, budgets._charges) == ({}, {})


def test_a_block_in_the_making_counts_what_it_takes():
    spending = spent().spending()
    taken = [spending.take(ONE, PATIENT, 4 * MILLION) for _ in range(3)]
    assert taken == [True, False, False]
    assert spending.take(ONE, PATIENT, 2 * MILLION)


@given(st.lists(st.integers(0, 12 * MILLION), max_size=40), st.sampled_from(list(Role)[1:]))
def test_over_any_time_a_sender_gets_its_gas_per_block_and_ten_blocks_more(wishes, role):
    budgets, allowance = Budgets(0), ALLOWANCES[role]
    total = 0
    for number, gas in enumerate(wishes):
        budgets.head_at(number)
        if budgets.spending().take(ONE, role, gas):
            budgets.charge(name(number), ONE, role, gas)
            total += gas
        assert total <= allowance.gas_max + number * allowance.block_gas
        assert 0 <= budgets.left(ONE, role) <= allowance.gas_max
