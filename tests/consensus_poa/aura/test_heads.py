"""Fork choice, finality and skipped primaries."""

from node.base.limits import STANDING_INTERVAL_BLOCKS_MAX
from node.consensus_poa.aura.branches import Standing
from node.consensus_poa.aura.header import step_of
from node.consensus_poa.effects import AppendWal, Finalized, ImportBlock, SetHead, Trace
from node.consensus_poa.events import NewChainHead
from node.consensus_poa.wal import WalEntry
from tests.consensus_poa.aura.forge import AuraForge, now_at
from tests.consensus_poa.chains import ascending, of_type, rules

KEYS = ascending(4)
LATE = 10**6


def test_a_longer_branch_wins_however_late_its_steps_are() -> None:
    forge = AuraForge(KEYS)
    engine = forge.started()
    now = now_at(forge.genesis, LATE)
    (prompt,) = forge.branch(forge.genesis, 0)
    delayed = forge.branch(forge.genesis, 7, 9)
    assert of_type(forge.take(engine, prompt, now), SetHead) == [SetHead(prompt.hash(), 0)]
    assert of_type(forge.take(engine, delayed[0], now), SetHead) == []
    found = of_type(forge.take(engine, delayed[1], now), SetHead)
    assert found == [SetHead(delayed[1].hash(), 1)]


def test_of_equally_long_branches_the_less_delayed_wins_and_of_equals_the_first() -> None:
    forge = AuraForge(KEYS)
    engine = forge.started()
    now = now_at(forge.genesis, LATE)
    late, early = forge.seal(forge.genesis, 5), forge.seal(forge.genesis, 2)
    twin = forge.seal(forge.genesis, 2, timestamp=early.timestamp + 1)
    forge.take(engine, late, now)
    assert of_type(forge.take(engine, early, now), SetHead) == [SetHead(early.hash(), 1)]
    effects = forge.take(engine, twin, now)
    assert of_type(effects, ImportBlock) != []
    assert of_type(effects, SetHead) == []
    assert engine.fork_choice(late, early)
    assert not engine.fork_choice(early, late)
    assert not engine.fork_choice(early, twin)


def test_finality_is_told_after_the_head_has_moved() -> None:
    forge = AuraForge(KEYS)
    engine = forge.started()
    chain = forge.branch(forge.genesis, 0, 0, 0)
    now = now_at(chain[-1])
    for header in chain[:2]:
        assert of_type(forge.take(engine, header, now), Finalized) == []
    effects = forge.take(engine, chain[2], now)
    kinds = [type(effect).__name__ for effect in effects]
    assert kinds.index("Finalized") == kinds.index("SetHead") + 1
    assert of_type(effects, Finalized) == [Finalized(chain[0].hash(), 1, None)]
    assert engine.final_block() == (chain[0].hash(), 1)


def test_a_heavier_branch_that_leaves_a_final_block_is_imported_and_not_followed() -> None:
    forge = AuraForge(KEYS)
    engine = forge.started()
    now = now_at(forge.genesis, LATE)
    for header in forge.branch(forge.genesis, 0, 0, 0):
        forge.take(engine, header, now)
    head = forge.chain.head
    other = forge.branch(forge.genesis, 9, 0, 0, 0, 0)
    for header in other:
        effects = forge.take(engine, header, now)
        assert of_type(effects, ImportBlock) != []
    assert forge.chain.head == head
    assert not engine.fork_choice(forge.chain.headers[head], other[-1])


def test_a_branch_that_leaves_only_blocks_above_the_final_one_is_followed() -> None:
    forge = AuraForge(KEYS)
    engine = forge.started()
    now = now_at(forge.genesis, LATE)
    chain = forge.branch(forge.genesis, 0, 0, 0)
    other = forge.branch(chain[0], 5, 0, 0)
    for header in (*chain, *other[:2]):
        forge.take(engine, header, now)
    found = of_type(forge.take(engine, other[2], now), SetHead)
    assert found == [SetHead(other[2].hash(), 2)]


def test_skipped_primaries_are_named_once_each() -> None:
    forge = AuraForge(KEYS)
    engine = forge.started()
    now = now_at(forge.genesis, LATE)
    first, second, third = forge.branch(forge.genesis, 3, 2, 40)

    def skipped(effects: tuple[object, ...]) -> list[object]:
        return [
            dict(effect.data)["validator"]
            for effect in effects
            if isinstance(effect, Trace) and effect.rule == "AuRa.skipped_primary"
        ]

    assert skipped(forge.take(engine, first, now)) == []
    by_step = [forge.keys[(step_of(first) + 1 + i) % 4].address for i in range(2)]
    assert skipped(forge.take(engine, second, now)) == by_step
    assert sorted(map(bytes, skipped(forge.take(engine, third, now)))) == sorted(  # type: ignore[arg-type]
        k.address for k in KEYS
    )


def test_a_head_of_sync_that_leaves_a_final_block_stops_the_sealing() -> None:
    forge = AuraForge(KEYS)
    engine = forge.started(KEYS[0])
    now = now_at(forge.genesis, 3)
    chain = forge.branch(forge.genesis, 0, 0, 0)
    for header in chain:
        forge.take(engine, header, now_at(header))
    strange = forge.extend(forge.genesis, skip=9)
    effects = engine.handle(NewChainHead(strange), now)
    assert "AuRa.agreement_violation" in rules(effects)
    assert engine.final_block() == (chain[0].hash(), 1)


def test_the_standing_is_stored_every_so_often() -> None:
    forge = AuraForge(KEYS)
    head = forge.genesis
    for _ in range(STANDING_INTERVAL_BLOCKS_MAX - 1):
        head = forge.extend(head)
    forge.chain.head = head.hash()
    engine = forge.started()
    (last,) = forge.branch(head, 0)
    (stored,) = of_type(forge.take(engine, last, now_at(last)), AppendWal)
    assert isinstance(stored, AppendWal)
    entry = WalEntry.decode(stored.entry)
    assert entry.kind == "standing"
    block_hash, standing = Standing.decode(entry.payload)
    assert block_hash == last.hash()
    assert standing.window.final_number == last.number - 2
