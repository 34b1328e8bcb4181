"""Whole runs of AuRa: engines that only talk through blocks."""

from functools import partial

import pytest

from node.base.header import Header
from node.base.keys import PrivateKey
from node.base.types import Address, Hash32
from node.consensus_poa.aura.engine import AuraEngine, prune_wal
from node.consensus_poa.aura.header import step_of
from node.consensus_poa.aura.options import AuraOptions
from node.consensus_poa.effects import BuildBlock, Effect, ImportBlock, SetHead
from node.consensus_poa.events import BlockReceived
from tests.consensus_poa.aura.forge import OPTIONS, genesis_header
from tests.consensus_poa.chains import ascending
from tests.consensus_poa.cluster import Cluster, Member
from tests.consensus_poa.registries import addresses, registry

Net = Cluster[AuraEngine]


def cluster(keys: list[PrivateKey], options: AuraOptions = OPTIONS, **fields: object) -> Net:
    genesis = genesis_header(keys)
    return Cluster(genesis, partial(AuraEngine, options), keys, **fields)  # type: ignore[arg-type]


def authors(member: Member[AuraEngine]) -> list[Address]:
    return [block.header.coinbase for block in member.branch()]


def final_heights(member: Member[AuraEngine]) -> list[int]:
    return [final.height for final in member.finals]


def test_four_validators_agree_on_a_block_each_step() -> None:
    net = cluster(ascending(4))
    net.run(5 * 40 + 2)
    assert {member.head().number for member in net.members} == {41}
    assert len(net.heads()) == 1


def test_primaries_take_turns_by_step() -> None:
    net = cluster(ascending(4))
    net.run(5 * 12 + 2)
    keys = [member.key.address for member in net.members]
    for block in net.members[0].branch():
        assert block.header.coinbase == keys[step_of(block.header) % 4]
    assert len(set(authors(net.members[0])[-4:])) == 4


def test_a_block_is_final_when_three_of_four_have_sealed_from_it_on() -> None:
    net = cluster(ascending(4))
    net.run(5 * 20 + 2)
    for member in net.members:
        assert final_heights(member)[-1] == member.head().number - 2
        assert final_heights(member) == sorted(set(final_heights(member)))
        branch = {block.header.number: block.header.hash() for block in member.branch()}
        assert all(final.hash == branch[final.height] for final in member.finals)


def test_with_one_of_four_gone_the_chain_goes_on_and_stays_final() -> None:
    net = cluster(ascending(4))
    net.crash(2)
    net.run(5 * 40 + 2)
    up = [net.members[i] for i in (0, 1, 3)]
    assert len({member.chain.head for member in up}) == 1
    assert up[0].head().number == 31
    assert up[0].head().number - final_heights(up[0])[-1] <= 3
    skipped = [t for t in up[0].traces if t.rule == "AuRa.skipped_primary"]
    assert {dict(t.data)["validator"] for t in skipped} == {net.members[2].key.address}


def test_with_two_thirds_one_of_four_gone_is_still_final() -> None:
    """Three of four are more than two thirds; two are not."""
    net = cluster(ascending(4), AuraOptions(two_thirds=True))
    net.crash(2)
    net.run(5 * 30)
    assert final_heights(net.members[0])[-1] > 10


def test_with_half_gone_the_chain_goes_on_and_nothing_is_final() -> None:
    net = cluster(ascending(4))
    net.crash(2)
    net.crash(3)
    net.run(5 * 40 + 2)
    assert net.members[0].head().number > 18
    assert net.members[0].finals == []


def test_two_validators_of_which_one_crashes_go_on_at_half_speed() -> None:
    net = cluster(ascending(2))
    net.crash(1)
    net.run(5 * 40 + 2)
    assert net.members[0].head().number in (20, 21)
    assert net.members[0].finals == []


def test_both_sides_of_an_even_split_extend_and_one_gives_way_after_it() -> None:
    net = cluster(ascending(4))
    net.run(5 * 8 + 2)
    finals = [final_heights(member)[-1] for member in net.members]
    net.connected = lambda a, b: (a < 2) == (b < 2)
    net.run(5 * 20)
    assert len(net.heads()) == 2
    assert all(member.head().number > 15 for member in net.members)
    # one seal of the split may complete a majority with seals from before it, no more
    assert all(final_heights(m)[-1] <= f + 2 for m, f in zip(net.members, finals, strict=True))
    net.connected = lambda _a, _b: True
    net.announce()
    net.run(5 * 10)
    assert len(net.heads()) == 1
    assert all(final_heights(m)[-1] > 20 for m in net.members)
    assert not [e for member in net.members for e in member.evidence]


def test_a_clock_half_a_second_ahead_parks_blocks_and_forks_nothing() -> None:
    net = cluster(ascending(4), clock_offsets_us={1: 500_000})
    net.run(5 * 40 + 2)
    assert len(net.heads()) == 1
    assert "AuRa.BlockParked" in net.rules()
    assert net.members[0].head().number >= 40


def test_a_clock_a_step_behind_only_costs_turns() -> None:
    net = cluster(ascending(4), clock_offsets_us={3: -6_000_000})
    net.run(5 * 40 + 2)
    assert max(m.head().number for m in net.members) > 25
    assert all(m.finals for m in net.members)


def test_a_validator_that_was_down_catches_up() -> None:
    net = cluster(ascending(4))
    net.run(12)
    net.crash(1)
    net.run(5 * 20)
    net.restart(1)
    net.run(5 * 8)
    assert len(net.heads()) == 1
    assert net.members[1].key.address in authors(net.members[0])[-5:]


# -- changes of the set -----------------------------------------------------------------------


def test_a_new_validator_seals_once_the_block_that_admits_it_is_final() -> None:
    keys = ascending(5)
    four, five = addresses(keys[:4]), addresses(keys)
    net = cluster(keys, provider=registry({0: four, 10: five}))
    net.run(5 * 40 + 2)
    assert len(net.heads()) == 1
    branch = [block.header for block in net.members[0].branch()]
    # 10 becomes final with 12, so that 13 is the first of the new set
    for header in branch:
        authorised = four if header.number <= 12 else five
        assert header.coinbase == authorised[step_of(header) % len(authorised)]
    assert keys[4].address in [header.coinbase for header in branch]
    assert net.members[0].engine.validators_after_block(branch[11].hash()) == five
    assert net.members[0].engine.validators_for_block(branch[11].hash()) == four


def test_after_a_change_nothing_is_final_until_the_new_set_has_a_majority() -> None:
    keys = ascending(5)
    sets = {0: addresses(keys[:4]), 10: addresses(keys)}
    net = cluster(keys, provider=registry(sets))
    net.run(5 * 13 + 4)
    member = net.members[0]
    assert member.head().number == 14
    assert final_heights(member)[-1] == 10
    net.run(5)
    assert final_heights(member)[-1] == 13


def test_a_withdrawn_validator_seals_no_block_of_the_new_set() -> None:
    keys = ascending(4)
    net = cluster(keys, provider=registry({0: addresses(keys), 6: addresses(keys[:3])}))
    net.run(5 * 30)
    assert len(net.heads()) == 1
    assert keys[3].address not in authors(net.members[0])[9:]
    assert net.members[0].head().number > 25


def test_a_change_is_never_final_when_more_than_half_of_the_old_set_is_gone() -> None:
    keys = ascending(5)
    net = cluster(keys, provider=registry({0: addresses(keys[:4]), 6: addresses(keys[2:])}))
    net.run(5 * 4 + 2)
    for index in (0, 1, 2):
        net.crash(index)
    net.run(5 * 60)
    alone = net.members[3]
    assert alone.head().number > 15
    assert alone.engine.validators_after_block(alone.chain.head) == addresses(keys[:4])
    assert max(final_heights(alone)) < 6


def test_while_the_registry_gives_no_set_the_chain_stands() -> None:
    keys = ascending(4)
    net = cluster(keys, provider=registry({0: addresses(keys), 8: ()}))
    net.run(5 * 30)
    assert {member.head().number for member in net.members} == {10}
    assert "AuRa.SetUnavailable" in net.rules()


# -- crashes ----------------------------------------------------------------------------------


def sealed(net: Net) -> dict[Hash32, Header]:
    """Give every block that any member ever sent."""
    return {
        event.block.header.hash(): event.block.header
        for member in net.members
        for event, _ in member.log
        if isinstance(event, BlockReceived)
    }


@pytest.mark.parametrize("prunes", [False, True])
def test_a_crash_that_loses_blocks_never_seals_a_step_twice(prunes: bool) -> None:
    net = cluster(ascending(3))
    for turn in range(12):
        net.run(6 + turn % 3)
        member = net.members[1]
        net.crash(1, lose_blocks=min(2, member.head().number))
        net.run(1)
        if prunes:
            member.wal = list(prune_wal(member.wal, member.head().number))
        net.restart(1)
    net.run(60)
    own = [h for h in sealed(net).values() if h.coinbase == net.members[1].key.address]
    steps = [step_of(header) for header in own]
    assert len(steps) > 8
    assert len(steps) == len(set(steps))
    assert not [e for member in net.members for e in member.evidence]
    assert "AuRa.SealRestored" in net.rules()


def test_a_restart_in_its_own_step_seals_it_no_second_time() -> None:
    net = cluster(ascending(1))
    net.run(5 * 3 + 1)
    lost = net.members[0].chain.head
    net.crash(0, lose_blocks=1)
    net.restart(0)
    net.run(1)
    assert net.members[0].chain.head == lost
    net.run(20)
    assert net.members[0].head().number > 6


# -- determinism ------------------------------------------------------------------------------


def disturbed(seed: int, seconds: int = 90) -> Net:
    """A run with a split, a fast clock, a crash and a change of the set in it."""
    keys = ascending(5)
    net = cluster(
        keys,
        seed=seed,
        clock_offsets_us={2: 1_500_000},
        provider=registry({0: addresses(keys[:4]), 7: addresses(keys)}),
    )
    net.connected = lambda a, b: (a < 2) == (b < 2)
    net.run(22)
    net.connected = lambda _a, _b: True
    net.announce()
    net.run(seconds)
    return net


def apply(member: Member[AuraEngine], effects: tuple[Effect, ...]) -> None:
    for effect in effects:
        if isinstance(effect, ImportBlock):
            member.store(effect.block)
        elif isinstance(effect, SetHead):
            member.chain.head = effect.hash


def replayed(net: Net, index: int, *, is_restored: bool) -> list[tuple[tuple[Effect, ...], bytes]]:
    """Feed a member's events to a fresh engine; give effects and state bytes of each."""
    member = net.members[index]
    genesis = member.chain.header_by_number(0)
    assert genesis is not None
    keys = [m.key for m in net.members]
    provider = registry({0: addresses(keys[:4]), 7: addresses(keys)})
    fresh = Member(genesis, member.make, member.key, 99, provider)
    found = []
    for event, now in member.log:
        if is_restored:
            state = fresh.engine.snapshot()
            fresh.engine = fresh.fresh_engine()
            fresh.engine.restore(state)
        effects = fresh.engine.handle(event, now)
        apply(fresh, effects)
        found.append((effects, fresh.engine.snapshot()))
    return found


def test_equal_seeds_give_equal_runs() -> None:
    first, second = disturbed(5), disturbed(5)
    assert [m.log for m in first.members] == [m.log for m in second.members]


def test_snapshot_and_restore_at_every_event_change_nothing() -> None:
    net = disturbed(6, seconds=40)
    for index in range(len(net.members)):
        plain = replayed(net, index, is_restored=False)
        assert len(plain) > 30
        assert replayed(net, index, is_restored=True) == plain


def test_the_disturbed_run_shows_what_it_is_for() -> None:
    """Else the tests around it would prove little."""
    net = disturbed(5)
    wanted = ("Sealed", "BlockParked", "BlockImported", "BlockOrphaned", "HeadMoved")
    assert {f"AuRa.{kind}" for kind in wanted} <= net.rules()
    assert len(net.heads()) == 1
    assert all(member.finals for member in net.members)
    built = [e for i in range(5) for e, _ in replayed(net, i, is_restored=False)]
    assert any(isinstance(effect, BuildBlock) for effects in built for effect in effects)
