import pytest

from node.base.limits import BLOCK_BYTES_MAX, STORE_BATCH_BLOCKS_COUNT_MAX, STORE_BATCH_BYTES_MAX
from node.base.types import Cid
from node.ipfs_lite.blocks import Batch, Block, BlockClass, Guard, Pin
from node.ipfs_lite.cid import DAG_CBOR, DAG_PB, make_cid, make_cid_v0, multihash_of, to_text
from node.ipfs_lite.errors import BadCarError, IncompleteError, StoreFullError
from node.ipfs_lite.ingest import Ingest, import_car
from node.ipfs_lite.memory_store import MemoryStore
from node.ipfs_lite.unixfs_write import write_bytes
from tests.ipfs_lite import cars

_GUARD = Guard("import-1", 3_600)
_CLAIM = make_cid(b"claim")
_ONE, _TWO = cars.raw("one"), cars.raw("two")


class Recorder:
    """Takes every batch, or fails at one."""

    def __init__(self, fails_at=None, error=None):
        self.batches = []
        self._fails_at = fails_at
        self._error = error

    def commit(self, batch):
        if len(self.batches) == self._fails_at:
            raise self._error
        self.batches.append(batch)

    @property
    def blocks(self):
        return [block for batch in self.batches for block in batch.blocks]


def _ingest(store, guard=_GUARD):
    return Ingest(store, klass=BlockClass.SEALED, guard=guard, claim=_CLAIM)


def _numbered(count):
    return [cars.raw(str(n)) for n in range(count)]


def test_a_small_ingest_is_one_batch_with_its_pin():
    store = Recorder()
    ingest = _ingest(store)
    ingest.add(*_ONE)
    ingest.add(*_TWO)
    assert store.batches == []
    pin = Pin(_ONE.cid)
    ingest.finish((pin,))
    assert store.batches == [
        Batch((_ONE, _TWO), BlockClass.SEALED, None, _CLAIM, (pin,), "import-1")
    ]


def test_full_batches_are_guarded_and_the_last_one_ends_the_guard():
    store = Recorder()
    ingest = _ingest(store)
    blocks = _numbered(2 * STORE_BATCH_BLOCKS_COUNT_MAX + 1)
    for block in blocks:
        ingest.add(*block)
    ingest.finish()
    assert store.blocks == blocks
    assert [len(batch.blocks) for batch in store.batches] == [128, 128, 1]
    assert [batch.guard for batch in store.batches] == [_GUARD, _GUARD, None]
    assert [batch.release for batch in store.batches] == [None, None, "import-1"]
    assert {batch.claim for batch in store.batches} == {_CLAIM}


def test_a_batch_that_is_exactly_full_waits_for_its_pin():
    store = Recorder()
    ingest = _ingest(store)
    for block in _numbered(STORE_BATCH_BLOCKS_COUNT_MAX):
        ingest.add(*block)
    assert store.batches == []
    ingest.finish((Pin(_ONE.cid),))
    assert len(store.batches) == 1


def test_a_batch_is_full_by_bytes_too():
    store = Recorder()
    ingest = _ingest(store)
    per_batch = STORE_BATCH_BYTES_MAX // BLOCK_BYTES_MAX
    for number in range(2 * per_batch):
        data = bytes((number,)) + bytes(BLOCK_BYTES_MAX - 1)
        ingest.add(make_cid(data), data)
    ingest.finish()
    assert [len(batch.blocks) for batch in store.batches] == [per_batch, per_batch]
    sizes = [sum(len(block.data) for block in batch.blocks) for batch in store.batches]
    assert sizes == [STORE_BATCH_BYTES_MAX] * 2


def test_a_block_that_comes_again_takes_no_place_in_its_batch():
    store = Recorder()
    ingest = _ingest(store)
    for _ in range(10_000):
        ingest.add(*_ONE)
    ingest.finish()
    assert store.blocks == [_ONE]


def test_a_renewed_guard_counts_from_the_next_batch():
    store = Recorder()
    ingest = _ingest(store)
    for block in _numbered(STORE_BATCH_BLOCKS_COUNT_MAX + 1):
        ingest.add(*block)
    ingest.guard = Guard("import-1", 7_200)
    for block in _numbered(3 * STORE_BATCH_BLOCKS_COUNT_MAX)[2 * STORE_BATCH_BLOCKS_COUNT_MAX :]:
        ingest.add(*block)
    ingest.finish()
    assert [batch.guard for batch in store.batches] == [_GUARD, Guard("import-1", 7_200), None]


def test_nothing_is_no_batch_but_a_guard_is_ended():
    store = Recorder()
    _ingest(store, guard=None).finish()
    assert store.batches == []
    _ingest(store).finish()
    assert [batch.release for batch in store.batches] == ["import-1"]


def test_an_abandoned_ingest_ends_its_guard_and_drops_what_waits():
    store = Recorder()
    ingest = _ingest(store)
    ingest.add(*_ONE)
    ingest.abandon()
    assert store.batches == [Batch(release="import-1")]
    other = Recorder()
    _ingest(other, guard=None).abandon()
    assert other.batches == []


@pytest.mark.parametrize("error", [BadCarError("cut", None), KeyboardInterrupt(), OSError()])
def test_whatever_ends_an_ingest_ends_its_guard(error):
    store = Recorder()
    ingest = _ingest(store)
    ingest.add(*_ONE)
    with pytest.raises(type(error)), ingest.abandoning():
        raise error
    assert store.batches == [Batch(release="import-1")]


def test_a_writer_of_files_writes_into_an_ingest():
    store = Recorder()
    ingest = _ingest(store)
    added = write_bytes(bytes(3 * 2**20), ingest.add)
    ingest.finish((Pin(added.cid),))
    assert len(store.blocks) == 2  # three equal chunks and the node over them


def test_a_car_file_is_taken_in_and_its_roots_are_pinned_with_the_last_batch():
    store = Recorder()
    blocks = _numbered(300)
    roots = [blocks[7].cid, blocks[299].cid, blocks[7].cid]
    got = import_car(
        [cars.car(*blocks, blocks[0], roots=roots)],
        _ingest(store),
        pin=lambda root: Pin(root, name="x"),
    )
    assert got.roots == tuple(roots)
    assert got.blocks_count == 301
    assert got.block_bytes == sum(len(block.data) for block in blocks) + 1
    assert dict(store.blocks) == dict(blocks)
    assert [batch.pins for batch in store.batches] == [
        (),
        (),
        (Pin(blocks[7].cid, name="x"), Pin(blocks[299].cid, name="x")),
    ]
    assert store.batches[-1].release == "import-1"


def test_roots_need_not_be_pinned():
    store = Recorder()
    import_car([cars.car(_ONE)], _ingest(store))
    assert [batch.pins for batch in store.batches] == [()]


def test_a_root_is_there_under_any_cid_of_its_bytes():
    store = Recorder()
    data = b"\x0a\x02\x08\x01"
    root = make_cid_v0(data)
    got = import_car(
        [cars.car(Block(make_cid(data, DAG_PB), data), roots=[root])], _ingest(store), pin=Pin
    )
    assert got.roots == (root,)
    assert store.batches[0].pins == (Pin(root),)


def test_an_identity_root_is_neither_missed_nor_pinned():
    store = Recorder()
    probe = Cid(b"\1\x55\0\0")
    assert import_car([cars.car(roots=[probe])], _ingest(store), pin=Pin).roots == (probe,)
    assert [(batch.blocks, batch.pins) for batch in store.batches] == [((), ())]


def test_a_file_without_its_root_is_refused_at_the_end():
    store = Recorder()
    blocks = _numbered(200)
    missing = make_cid(b"missing")
    with pytest.raises(BadCarError, match=to_text(missing)) as caught:
        import_car([cars.car(*blocks, roots=[blocks[0].cid, missing])], _ingest(store), pin=Pin)
    assert caught.value.last_good == to_text(blocks[-1].cid)
    assert [(batch.guard, batch.pins) for batch in store.batches] == [(_GUARD, ())]


def test_a_refused_file_leaves_only_guarded_whole_batches_and_no_pin():
    store = Recorder()
    blocks = _numbered(200)
    data = cars.car(*blocks) + cars.section(_ONE.cid, b"other")
    with pytest.raises(BadCarError) as caught:
        import_car([data], _ingest(store), pin=Pin)
    assert caught.value.last_good == to_text(blocks[-1].cid)
    assert store.blocks == blocks[:128]
    assert [(batch.guard, batch.pins, batch.release) for batch in store.batches] == [
        (_GUARD, (), None)
    ]


@pytest.mark.parametrize("fails_at", [0, 1])
def test_what_the_store_raises_comes_through(fails_at):
    store = Recorder(fails_at, StoreFullError("x", 1, 0))
    with pytest.raises(StoreFullError):
        import_car([cars.car(*_numbered(200))], _ingest(store), pin=Pin)
    assert len(store.batches) == fails_at


def test_a_graph_that_is_not_whole_is_not_pinned_and_stays_guarded():
    store = Recorder(1, IncompleteError("x", ("y",)))
    with pytest.raises(IncompleteError):
        import_car([cars.car(*_numbered(200))], _ingest(store), pin=Pin)
    assert [batch.guard for batch in store.batches] == [_GUARD]


def test_a_refused_file_is_gone_once_its_guard_has_ended():
    store = MemoryStore()
    blocks = _numbered(200)
    data = cars.car(*blocks) + b"\0"
    with pytest.raises(BadCarError):
        import_car([data], _ingest(store), pin=Pin)
    assert store.count() == STORE_BATCH_BLOCKS_COUNT_MAX
    assert list(store.collect(now_s=_GUARD.expires_s - 1)) == []
    assert len(list(store.collect(now_s=_GUARD.expires_s))) == STORE_BATCH_BLOCKS_COUNT_MAX
    assert store.count() == 0


def test_an_abandoned_import_is_garbage_at_once():
    store = MemoryStore()
    ingest = _ingest(store)
    with pytest.raises(BadCarError):
        import_car([cars.car(*_numbered(200)) + b"\0"], ingest, pin=Pin)
    ingest.abandon()
    assert len(list(store.collect(now_s=0))) == STORE_BATCH_BLOCKS_COUNT_MAX


def test_an_imported_file_outlives_the_guard():
    store = MemoryStore()
    blocks = _numbered(200)
    roots = [block.cid for block in blocks[:150]]
    import_car([cars.car(*blocks, roots=roots)], _ingest(store), pin=Pin)
    assert len(list(store.collect(now_s=0))) == 50  # what no root leads to was never pinned
    assert all(store.has(root) for root in roots)
    assert store.claims_of(multihash_of(roots[0])) == (_CLAIM,)


@pytest.mark.parametrize(
    ("codec", "data"),
    [
        (DAG_CBOR, b"\xa1\x61f\xfb\x3f\xf8" + bytes(6)),
        (DAG_PB, b"\x12\xff"),
        (0x0129, b"{}"),
    ],
    ids=["a float", "no node", "dag-json"],
)
def test_a_node_that_cannot_be_read_is_not_pinned_for_its_links_would_be_lost(codec, data):
    block = Block(make_cid(data, codec), data)
    file = cars.car(_ONE, block, roots=[block.cid])
    store = MemoryStore()
    with pytest.raises(BadCarError, match="cannot be pinned"):
        import_car([file], _ingest(store), pin=Pin)
    assert list(store.pins()) == []
    assert import_car([file], _ingest(store)).blocks_count == 2
