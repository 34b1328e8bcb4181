"""The order of building: regulators, then rounds by arrival, each sender within its gas budget."""

from node.base.keys import PrivateKey
from node.evm.roles import Role
from tests.evm.chains import ALICE, BOB, CAROL, legacy
from tests.evm.pool_chain import Chain, Register, application, order, placed, pool_on

MILLION = 1_000_000


def _pool(roles=None, **others):
    chain = Chain()
    return chain, pool_on(chain, Register(roles, **others))


def test_regulators_stand_first_then_senders_take_turns_by_arrival():
    _, pool = _pool({ALICE.address: Role.REGULATOR}, others=Role.DOCTOR)
    arrivals = [(CAROL, 0), (CAROL, 1), (BOB, 0), (CAROL, 2), (BOB, 1), (ALICE, 0), (ALICE, 1)]
    for key, nonce in arrivals:
        pool.add(legacy(key, nonce), 0)
    wanted = [(ALICE, 0), (ALICE, 1), (CAROL, 0), (BOB, 0), (CAROL, 1), (BOB, 1), (CAROL, 2)]
    assert order(pool) == placed(*wanted)


def test_regulators_take_turns_among_themselves():
    _, pool = _pool(others=Role.REGULATOR)
    for key, nonce in ((BOB, 0), (BOB, 1), (ALICE, 0), (ALICE, 1)):
        pool.add(legacy(key, nonce), 0)
    assert order(pool) == placed((BOB, 0), (ALICE, 0), (BOB, 1), (ALICE, 1))


def test_a_sender_stands_where_its_role_of_now_puts_it():
    roles = {ALICE.address: Role.DOCTOR, BOB.address: Role.DOCTOR}
    _, pool = _pool(roles)
    for key in (BOB, ALICE):
        pool.add(legacy(key, 0), 0)
    pool._roles.roles[ALICE.address] = Role.REGULATOR
    pool.add(legacy(ALICE, 1), 0)
    assert order(pool) == placed((ALICE, 0), (ALICE, 1), (BOB, 0))


def test_a_replacement_keeps_its_place():
    _, pool = _pool(others=Role.DOCTOR)
    pool.add(legacy(CAROL, 0), 0)
    pool.add(legacy(BOB, 0), 0)
    pool.add(legacy(CAROL, 0, data=b"again"), 9)
    assert order(pool) == placed((CAROL, 0), (BOB, 0))


def test_the_order_does_not_depend_on_addresses():
    keys = [PrivateKey.from_bytes(bytes([n]) * 32) for n in range(40, 60)]
    _, pool = _pool(others=Role.DOCTOR)
    for key in keys:
        pool.add(legacy(key, 0), 0)
    assert order(pool) == placed(*((key, 0) for key in keys))


def test_a_sender_is_offered_as_far_as_its_budget_reaches():
    _, pool = _pool(others=Role.PATIENT)
    for nonce in range(12):
        pool.add(legacy(ALICE, nonce, gas=MILLION), 0)
    assert order(pool) == placed(*((ALICE, nonce) for nonce in range(10)))


def test_what_stands_behind_a_transaction_without_budget_is_not_offered():
    _, pool = _pool(others=Role.PATIENT)
    for nonce, gas in enumerate((6 * MILLION, 5 * MILLION, 21_000)):
        pool.add(legacy(ALICE, nonce, gas=gas), 0)
    assert order(pool) == placed((ALICE, 0))


def test_one_senders_budget_takes_nothing_from_another():
    _, pool = _pool(others=Role.PATIENT)
    for nonce in range(2):
        pool.add(legacy(ALICE, nonce, gas=10 * MILLION), 0)
    pool.add(legacy(BOB, 0, gas=10 * MILLION), 0)
    assert order(pool) == placed((ALICE, 0), (BOB, 0))


def test_a_regulator_has_no_budget():
    _, pool = _pool(others=Role.REGULATOR)
    for nonce in range(200):
        pool.add(legacy(ALICE, nonce, gas=15 * MILLION), 0)
    assert len(order(pool)) == 200


def test_applicants_share_a_million_gas_a_block():
    chain, pool = _pool()
    for key in (ALICE, BOB, CAROL):
        pool.add(application(key, gas=400_000), 0)
    assert order(pool) == placed((ALICE, 0), (BOB, 0))
    chain.grow(*pool.candidates())
    pool.head_changed((), 0)
    assert order(pool) == placed()
    chain.grow()
    pool.head_changed((), 0)
    assert order(pool) == placed((CAROL, 0))


def test_looking_at_the_candidates_spends_nothing():
    _, pool = _pool(others=Role.PATIENT)
    pool.add(legacy(ALICE, 0, gas=10 * MILLION), 0)
    assert order(pool) == order(pool) == placed((ALICE, 0))


def test_what_a_block_used_is_refilled_by_the_next_ones():
    chain, pool = _pool(others=Role.PATIENT)
    for nonce in range(2):
        pool.add(legacy(ALICE, nonce, gas=6 * MILLION), 0)
    chain.grow(next(pool.candidates()))
    pool.head_changed((), 0)
    assert order(pool) == []  # 4 of 10 million are left, 6 are asked for
    chain.grow()
    pool.head_changed((), 0)
    assert order(pool) == []
    chain.grow()
    pool.head_changed((), 0)
    assert order(pool) == placed((ALICE, 1))


def test_a_reorganisation_gives_the_budget_back():
    chain, pool = _pool(others=Role.PATIENT)
    pool.add(legacy(ALICE, 0, gas=10 * MILLION), 0)
    chain.grow(*pool.candidates())
    pool.head_changed((), 0)
    dropped = chain.leave()
    chain.grow()
    pool.head_changed(dropped, 0)
    assert order(pool) == placed((ALICE, 0))
