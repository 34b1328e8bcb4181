"""The sums of all queues fit their contents, whatever goes in and out."""

from hypothesis import given
from hypothesis import strategies as st

from node.evm.pool_queue import Entry, Queues
from node.evm.roles import Role
from tests.evm.chains import ALICE, BOB, CAROL, decoded, legacy

TRANSACTIONS = {
    (key, nonce): decoded(legacy(key, nonce)) for key in (ALICE, BOB, CAROL) for nonce in range(8)
}
PLACES = st.sampled_from(list(TRANSACTIONS))


def _put(queues, key, *nonces, role=Role.DOCTOR, at=0):
    for nonce in nonces:
        entry = Entry(TRANSACTIONS[key, nonce], len(queues) + 1, 0)
        queues.put(entry, role, at)


def _sums(queues):
    return len(queues), queues.executable, queues.waiting


def test_what_stands_before_the_first_missing_nonce_can_run():
    queues = Queues()
    _put(queues, ALICE, 0, 1, 3)
    assert _sums(queues) == (3, 2, 1)
    assert [entry.transaction.nonce for entry in queues.of(ALICE.address).run()] == [0, 1]


def test_filling_a_gap_lets_all_run():
    queues = Queues()
    _put(queues, ALICE, 0, 2, 1)
    assert _sums(queues) == (3, 3, 0)


def test_taking_one_out_lets_those_behind_it_wait():
    queues = Queues()
    _put(queues, ALICE, 0, 1, 2)
    queues.take_out(TRANSACTIONS[ALICE, 1])
    assert _sums(queues) == (2, 1, 1)


def test_the_last_one_takes_its_queue_with_it():
    queues = Queues()
    _put(queues, ALICE, 0)
    queues.take_out(TRANSACTIONS[ALICE, 0])
    assert queues.of(ALICE.address) is None
    assert list(queues) == []


def test_following_gives_what_the_account_has_passed():
    queues = Queues()
    _put(queues, ALICE, 0, 1, 3)
    passed = queues.follow(queues.of(ALICE.address), 3)
    assert [entry.transaction.nonce for entry in passed] == [0, 1]
    assert _sums(queues) == (1, 1, 0)


def test_following_back_lets_all_wait():
    queues = Queues()
    _put(queues, ALICE, 3, 4, at=3)
    assert queues.follow(queues.of(ALICE.address), 2) == []
    assert _sums(queues) == (2, 0, 2)


def test_the_most_loaded_sender_is_looked_for_in_lower_roles_only():
    queues = Queues()
    _put(queues, ALICE, 0, 1, 2, role=Role.DOCTOR)
    _put(queues, BOB, 0, role=Role.PATIENT)

    def found(role):
        queue = queues.most_loaded(role, lambda queue: queue.executable)
        return None if queue is None else queue.sender

    assert found(Role.HOSPITAL) == ALICE.address
    assert found(Role.DOCTOR) == BOB.address
    assert found(Role.PATIENT) is None


def test_who_has_no_load_is_not_the_most_loaded():
    queues = Queues()
    _put(queues, BOB, 0, role=Role.PATIENT)
    assert queues.most_loaded(Role.REGULATOR, lambda queue: queue.waiting) is None


@given(st.lists(st.tuples(PLACES, st.integers(0, 3)), max_size=60))
def test_sums_are_those_of_the_contents(steps):
    queues = Queues()
    for (key, nonce), kind in steps:
        queue = queues.of(key.address)
        if kind == 3 and queue is not None:
            queues.follow(queue, nonce)
        elif kind == 2 and queues.entry(TRANSACTIONS[key, nonce].hash) is not None:
            queues.take_out(TRANSACTIONS[key, nonce])
        elif queue is None or nonce >= queue.nonce:
            _put(queues, key, nonce, at=0 if queue is None else queue.nonce)
        kept = {entry.transaction.hash for queue in queues for entry in queue.entries.values()}
        assert kept == {entry.transaction.hash for entry in queues.entries()}
        runs = [entry.transaction.nonce for queue in queues for entry in queue.run()]
        assert _sums(queues) == (len(kept), len(runs), len(kept) - len(runs))
