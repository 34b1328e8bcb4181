import pytest

from node.base.keccak import keccak256
from node.sim.checkers.consensus_headers import read_header
from node.sim.checkers.consensus_registry import RegistryReader
from tests.sim.checkers.forge import KEYS, Qbft

REGISTRY = b"\x11" * 20
ADMITTED = keccak256(b"ValidatorAdmitted(address,uint64,bytes32,bytes32,uint64)")
WITHDRAWN = keccak256(b"ValidatorWithdrawn(address,uint64,uint64)")
ENACTED = keccak256(b"Enacted(uint256,uint8)")


def word(value):
    return value.to_bytes(32)


def admitted(key, since):
    topics = (ADMITTED, bytes(12) + key, word(1))
    return (REGISTRY, topics, bytes(64) + word(since))


def withdrawn(key, until):
    return (REGISTRY, (WITHDRAWN, bytes(12) + key, word(1)), word(until))


class Chain:
    """A chain of blocks with logs."""

    def __init__(self, count=7, minimum=1):
        self.net = Qbft(count)
        self.logs = {}
        self.head = self.net.genesis
        self.reader = RegistryReader(
            self.head.hash(),
            self.net.members,
            REGISTRY,
            self.logs.get,
            minimum=minimum,
        )

    def add(self, *logs):
        self.head = self.net.block(self.head, 0)
        self.logs[self.head.hash()] = logs
        self.reader.learn(read_header(self.head.encode()))
        return self.reader.after(self.head.hash())


def test_without_logs_the_set_stays():
    chain = Chain()
    assert chain.add() == chain.net.members
    assert chain.reader.fault is None


def test_an_admission_counts_from_the_block_it_names():
    chain = Chain(4)
    new = KEYS[8].address
    assert new not in chain.add(admitted(new, 3))
    assert new in chain.add()


def test_a_withdrawal_counts_until_the_block_it_names_and_no_longer():
    chain = Chain()
    gone = chain.net.members[2]
    assert gone in chain.add(withdrawn(gone, 3))
    assert gone not in chain.add()
    assert gone not in chain.add()


def test_who_was_withdrawn_may_be_admitted_again():
    chain = Chain()
    key = chain.net.members[2]
    assert key not in chain.add(withdrawn(key, 2))
    assert key in chain.add(admitted(key, 3))


def test_logs_of_another_contract_and_of_other_events_say_nothing():
    chain = Chain()
    other = (b"\x12" * 20, *admitted(KEYS[8].address, 2)[1:])
    assert chain.add(other, (REGISTRY, (), b""), (REGISTRY, (b"\1" * 32,), b"")) == (
        chain.net.members
    )


def test_a_branch_has_its_own_set():
    chain = Chain()
    fork = chain.head
    gone = chain.net.members[0]
    left = chain.add(withdrawn(gone, 2))
    chain.head = fork
    right_head = chain.net.block(fork, 1)
    chain.logs[right_head.hash()] = ()
    chain.reader.learn(read_header(right_head.encode()))
    assert gone not in left
    assert gone in chain.reader.after(right_head.hash())


def test_a_block_whose_logs_nobody_has_is_not_known():
    chain = Chain()
    block = chain.net.block(chain.head, 0)
    chain.reader.learn(read_header(block.encode()))
    assert chain.reader.after(block.hash()) is None


@pytest.mark.parametrize(("count", "cap"), [(4, 1), (7, 2), (10, 3)])
def test_more_removals_at_once_than_the_cap_are_found(count, cap):
    for removed in (cap, cap + 1):
        chain = Chain(count)
        chain.add(*(withdrawn(key, 2) for key in chain.net.members[:removed]))
        assert (chain.reader.fault is None) == (removed == cap)
    assert f"removes {cap + 1} of {count} validators at once" in chain.reader.fault


def test_a_set_below_the_minimum_is_found_unless_an_emergency_made_it():
    emergency = (REGISTRY, (ENACTED, word(1), word(7)), b"")
    for logs, fine in ((), False), ((emergency,), True):
        chain = Chain(4, minimum=4)
        chain.add(*logs, withdrawn(chain.net.members[0], 2))
        assert (chain.reader.fault is None) is fine
        if not fine:
            assert "leaves 3 validators, fewer than the minimum of 4" in chain.reader.fault
