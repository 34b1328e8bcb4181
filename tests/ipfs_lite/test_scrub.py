from node.base.limits import HEALS_COUNT_MAX, SCRUB_BYTES_PER_SECOND_MAX
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import make_cid, multihash_of
from node.ipfs_lite.events import ScheduleTimer, TimerExpired
from node.ipfs_lite.memory_store import MemoryStore
from node.ipfs_lite.scrub import (
    TIMER,
    BlockLost,
    HealBlock,
    HealEnded,
    Scrubber,
    ScrubFinished,
    ScrubStarted,
)
from node.storage.errors import StoreFailedError
from tests.ipfs_lite.tampering import tamper


def _store(count, size):
    store, blocks = MemoryStore(), []
    for number in range(count):
        data = number.to_bytes(4, "big") * (size // 4)
        cid = make_cid(data)
        store.put(cid, data, BlockClass.SEALED)
        blocks.append((cid, data))
    return store, sorted(blocks, key=lambda block: multihash_of(block[0]))


class _Clock:
    """Rings the timer when it is due, and collects what comes."""

    def __init__(self, scrubber):
        self.scrubber = scrubber
        self.now = 0
        self.effects = []
        self._at = None

    def give(self, event):
        for effect in self.scrubber.handle(event, self.now):
            if isinstance(effect, ScheduleTimer):
                self._at = effect.at_us
            else:
                self.effects.append(effect)

    def run(self):
        """Go on until a pass ends or nothing is due."""
        while self._at is not None and not any(
            isinstance(effect, ScrubFinished) for effect in self.effects
        ):
            self.now, self._at = max(self.now, self._at), None
            self.give(TimerExpired(TIMER))


def _started(store):
    clock = _Clock(Scrubber(store))
    clock.give(ScrubStarted())
    clock.run()
    return clock


def test_a_good_store_is_read_through_at_the_rate():
    store, _ = _store(24, 2**20)
    clock = _started(store)
    assert clock.effects == [ScrubFinished(24, 0)]
    assert clock.now >= 23 * 2**20 * 1_000_000 // SCRUB_BYTES_PER_SECOND_MAX


def test_a_bad_block_is_asked_for_and_healed_by_a_put():
    store, blocks = _store(5, 2**10)
    cid, data = blocks[2]
    tamper(store, cid)
    clock = _started(store)
    assert clock.effects == [HealBlock(multihash_of(cid)), ScrubFinished(5, 1)]
    store.put(cid, data, BlockClass.SEALED)
    clock.give(HealEnded(multihash_of(cid), is_healed=True))
    clock.effects.clear()
    clock.run()
    assert clock.effects == [ScrubFinished(5, 0)]


def test_a_block_that_nobody_gives_is_lost():
    store, blocks = _store(2, 2**10)
    tamper(store, blocks[0][0])
    clock = _started(store)
    lost = multihash_of(blocks[0][0])
    clock.give(HealEnded(lost, is_healed=False))
    assert clock.effects[-1] == BlockLost(lost)
    clock.give(HealEnded(lost, is_healed=False))
    assert clock.effects.count(BlockLost(lost)) == 1


def test_a_disk_full_of_bad_blocks_is_healed_a_few_at_a_time():
    store, blocks = _store(HEALS_COUNT_MAX + 2, 2**10)
    for cid, _ in blocks:
        tamper(store, cid)
    clock = _started(store)
    assert clock.effects == [HealBlock(multihash_of(cid)) for cid, _ in blocks[:HEALS_COUNT_MAX]]
    clock.give(HealEnded(multihash_of(blocks[0][0]), is_healed=True))
    clock.run()
    assert clock.effects[-1] == HealBlock(multihash_of(blocks[HEALS_COUNT_MAX][0]))


def test_blocks_deleted_during_a_pass_are_no_fault():
    store, blocks = _store(3, 2**20)
    clock = _Clock(Scrubber(store))
    clock.give(ScrubStarted())
    clock.give(TimerExpired(TIMER))
    for cid, _ in blocks:
        store.delete(cid)
    clock.run()
    assert clock.effects == [ScrubFinished(3, 0)]


def test_an_empty_store_is_a_pass_of_nothing_and_other_timers_are_not_ours():
    scrubber = Scrubber(MemoryStore())
    assert scrubber.handle(TimerExpired(TIMER), 0) == ()
    assert scrubber.handle(ScrubStarted(), 0) == (ScheduleTimer(TIMER, 0),)
    assert scrubber.handle(ScrubStarted(), 0) == ()
    assert scrubber.handle(TimerExpired("other"), 0) == ()
    finished, again = scrubber.handle(TimerExpired(TIMER), 0)
    assert finished == ScrubFinished(0, 0)
    assert again.at_us == 3_600_000_000


def test_the_pause_between_passes_may_be_another_one():
    store, _ = _store(1, 100)
    clock = _Clock(Scrubber(store, 5_000))
    clock.give(ScrubStarted())
    clock.run()
    assert clock._at == clock.now + 5_000


class _Failing:
    """A store whose disk fails under one block."""

    def __init__(self, store, broken):
        self.multihashes = store.multihashes
        self._get, self._broken = store.get, broken

    def get(self, cid):
        if multihash_of(cid) == self._broken:
            raise StoreFailedError("index.sqlite", "disk I/O error")
        return self._get(cid)


def test_a_disk_that_fails_under_a_block_ends_no_scrub_and_hides_no_bad_block():
    store, blocks = _store(5, 1024)
    tamper(store, blocks[0][0])
    broken = multihash_of(blocks[1][0])
    clock = _started(_Failing(store, broken))
    assert clock.effects == [
        HealBlock(multihash_of(blocks[0][0])),
        BlockLost(broken),
        ScrubFinished(5, 2),
    ]
