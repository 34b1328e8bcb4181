"""The registry's wishes as votes: pure steps, and with real Clique engines."""

from functools import partial

import pytest

from node.base.header import Header
from node.base.types import Address, Hash32
from node.consensus_poa.clique.engine import CliqueEngine
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.events import DiscardValidatorVote, Event, ProposeValidatorVote
from node.consensus_poa.watcher import RegistryWatcher
from tests.consensus_poa.chains import Forge, ascending, genesis_header
from tests.consensus_poa.cluster import Cluster
from tests.consensus_poa.registries import SetsByNumber, addresses

KEYS = ascending(6)
FOUR, FIVE = addresses(KEYS[:4]), addresses(KEYS[:5])
NEW, OLD = KEYS[4].address, KEYS[3].address


def add(subject: Address) -> ProposeValidatorVote:
    return ProposeValidatorVote(subject, authorize=True)


def drop(subject: Address) -> ProposeValidatorVote:
    return ProposeValidatorVote(subject, authorize=False)


class Watch:
    """A watcher over a chain of six blocks; a step shows it the next head."""

    def __init__(self, sets: dict[int, tuple[Address, ...]], *, reads_deep: bool = False) -> None:
        self.forge = Forge(KEYS[:4])
        head = self.forge.genesis
        self.heads: list[Header] = [head]
        for number in range(1, 7):
            head = self.forge.extend(head, KEYS[number % 4])
            self.heads.append(head)
        registry = SetsByNumber(self.forge.chain, sets)
        self.watcher = RegistryWatcher(self.forge.chain, registry, reads_deep=reads_deep)

    def at(self, number: int, signers: tuple[Address, ...] = FOUR) -> tuple[Event, ...]:
        return self.watcher.moved(self.heads[number], signers)


def test_without_a_difference_there_is_no_vote() -> None:
    assert Watch({0: FOUR}).at(3) == ()


def test_each_difference_is_proposed_once_in_the_order_of_addresses() -> None:
    watch = Watch({0: (*FOUR[:3], *addresses(KEYS[4:]))})
    expected = sorted(
        [drop(OLD), *(add(k.address) for k in KEYS[4:])], key=lambda vote: vote.subject
    )
    assert watch.at(1) == tuple(expected)
    assert watch.at(2) == ()


def test_a_difference_that_vanished_is_discarded() -> None:
    watch = Watch({0: FIVE, 2: FOUR})
    assert watch.at(1) == (add(NEW),)
    assert watch.at(2) == (DiscardValidatorVote(NEW),)
    assert watch.at(3) == ()


def test_a_vote_that_was_enacted_is_discarded() -> None:
    watch = Watch({0: FIVE})
    watch.at(1)
    assert watch.at(2, FIVE) == (DiscardValidatorVote(NEW),)


def test_a_wish_that_turned_round_is_proposed_the_other_way() -> None:
    watch = Watch({0: FIVE, 2: FOUR})
    watch.at(1)
    assert watch.at(2, FIVE) == (drop(NEW),)


def test_deep_reading_waits_signer_limit_blocks() -> None:
    watch = Watch({0: FOUR, 2: FIVE}, reads_deep=True)
    assert [watch.at(number) for number in range(1, 6)] == [(), (), (), (), (add(NEW),)]


def test_reading_at_the_head_waits_for_nothing() -> None:
    watch = Watch({0: FOUR, 2: FIVE})
    assert [watch.at(number) for number in (1, 2)] == [(), (add(NEW),)]


def test_near_genesis_the_registry_of_genesis_counts() -> None:
    watch = Watch({0: FIVE}, reads_deep=True)
    assert watch.at(0) == (add(NEW),)


def test_while_the_registry_is_broken_no_vote_stays_open_and_the_reason_is_told() -> None:
    watch = Watch({0: FIVE, 2: (), 3: FIVE})
    watch.at(1)
    assert watch.at(2) == (DiscardValidatorVote(NEW),)
    assert watch.watcher.alarm is not None
    assert watch.at(3) == (add(NEW),)
    assert watch.watcher.alarm is None


def test_a_head_above_unknown_blocks_opens_no_vote() -> None:
    watch = Watch({0: FIVE}, reads_deep=True)
    del watch.forge.chain.headers[watch.heads[4].hash()]
    assert watch.at(6) == ()
    assert watch.watcher.alarm is not None


# -- with real engines ------------------------------------------------------------------------


def watched(sets: dict[int, tuple[Address, ...]], epoch: int = 100) -> Cluster[CliqueEngine]:
    """Give six nodes on a genesis of four signers, each watching the registry of its chain."""
    options = CliqueOptions(period=5, epoch=epoch)
    genesis = genesis_header(KEYS[:4])
    net = Cluster(genesis, partial(CliqueEngine, options), KEYS)
    watchers = [
        RegistryWatcher(m.chain, SetsByNumber(m.chain, sets), reads_deep=True) for m in net.members
    ]

    def on_head(index: int, head: Header) -> tuple[Event, ...]:
        signers = net.members[index].engine.validators_after_block(head.hash())
        return watchers[index].moved(head, signers)

    net.on_head = on_head
    return net


def set_after(net: Cluster[CliqueEngine], number: int) -> tuple[Address, ...]:
    block = net.members[0].branch()[number - 1]
    return net.members[0].engine.validators_after_block(block.header.hash())


def test_an_admission_by_the_registry_becomes_a_signer() -> None:
    net = watched({0: FOUR, 4: FIVE})
    net.run(5 * 30)
    assert len(net.heads()) == 1
    # read at 4 by the head 7, then three of four vote in 8, 9 and 10
    assert set_after(net, 9) == FOUR
    assert set_after(net, 10) == FIVE
    assert NEW in [net.members[0].engine.signer_of(b.header) for b in net.members[0].branch()]
    assert net.members[0].engine.proposals() == {}


def test_a_withdrawal_by_the_registry_ends_a_signer() -> None:
    net = watched({0: FOUR, 4: FOUR[:3]})
    net.run(5 * 30)
    assert set_after(net, 20) == FOUR[:3]
    sealers = [net.members[0].engine.signer_of(b.header) for b in net.members[0].branch()]
    assert OLD not in sealers[12:]
    assert len(sealers) > 20


def test_a_rotation_ends_in_the_new_set() -> None:
    rotated = tuple(sorted((*FOUR[:3], NEW)))
    net = watched({0: FOUR, 3: rotated})
    net.run(5 * 40)
    assert set_after(net, 30) == rotated
    assert len(net.heads()) == 1


@pytest.mark.parametrize("epoch", [9, 10])
def test_votes_lost_at_an_epoch_come_back_by_themselves(epoch: int) -> None:
    """Votes begin with block 8; the checkpoint clears them, and the difference is still there."""
    net = watched({0: FOUR, 4: FIVE}, epoch=epoch)
    net.run(5 * 30)
    before = net.members[0].branch()[epoch - 2].header.hash()
    at_epoch = net.members[0].branch()[epoch - 1].header.hash()

    def votes(block_hash: Hash32) -> int:
        state = net.members[0].engine.voting_state(block_hash)
        assert state is not None
        return len(state.votes)

    assert votes(before) == epoch - 8
    assert votes(at_epoch) == 0
    assert set_after(net, epoch + 2) == FOUR
    assert set_after(net, epoch + 3) == FIVE


def test_a_registry_that_changes_its_mind_leaves_the_set_alone() -> None:
    net = watched({0: FOUR, 4: FIVE, 5: FOUR})
    net.run(5 * 30)
    assert set_after(net, 25) == FOUR
    assert net.members[0].engine.proposals() == {}


def test_deep_reading_follows_a_reorganisation_and_a_longer_reach() -> None:
    """What was walked for one head serves the next one only where it still holds."""
    watch = Watch({0: FOUR, 2: FIVE}, reads_deep=True)
    fresh = partial(Watch, {0: FOUR, 2: FIVE}, reads_deep=True)
    for number in (3, 4, 5, 4, 6, 2, 3):
        watch.at(number)
        again = fresh()
        for signers in (FOUR, FIVE, addresses(KEYS)):
            expected = again.watcher._read_at(again.heads[number], signers)
            assert watch.watcher._read_at(watch.heads[number], signers) == expected


def test_deep_reading_follows_another_branch() -> None:
    forge = Forge(KEYS[:4])
    trunk = [forge.genesis]
    for number in range(1, 4):
        trunk.append(forge.extend(trunk[-1], KEYS[number % 4]))
    left = forge.extend(trunk[3], KEYS[0])
    right = forge.extend(forge.extend(trunk[2], KEYS[0]), KEYS[1])
    watcher = RegistryWatcher(forge.chain, SetsByNumber(forge.chain, {0: FOUR}), reads_deep=True)
    for head, below in (
        (trunk[3], trunk[0]),
        (left, trunk[1]),
        (right, trunk[1]),
        (left, trunk[1]),
    ):
        assert watcher._read_at(head, FOUR) == below.hash()
