"""Disks that lose blocks, and disks that change them."""

import pytest

from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.errors import CorruptBlockError
from node.ipfs_lite.memory_store import MemoryStore
from node.ipfs_lite.unixfs_write import write_bytes
from tests.sim.faulty import begun, heads, heights_at, result


def stored(run, node, count=3):
    """Put some files onto a node's disk; give their names."""
    blocks, roots = run.world.disks[node].blocks, []
    for number in range(count):
        files = {}
        root = write_bytes(b"file %d" % number, files.__setitem__).cid
        for cid, data in files.items():
            blocks.put(cid, data, BlockClass.PUBLIC)
        roots.append(root)
    return roots


def test_a_wiped_node_has_no_block_and_keeps_its_chain():
    run = begun("do: wipe, nodes: h2, of: store, at: 5s")
    stored(run, "h2")
    before = heights_at(run, 5)["h2"]
    run.world.kernel.run_until(5_100_000)
    assert before > 0
    assert run.world.nodes["h2"].ledger.head.number >= before
    assert run.world.nodes["h2"].store.store.count() == run.world.disks["h2"].blocks.count() == 0
    assert result(run).effects == 3
    heights_at(run, 12)
    assert len(heads(run)) == 1


def test_only_the_named_disk_is_wiped():
    run = begun("do: wipe, nodes: h2, of: store, at: 2s")
    stored(run, "h1")
    run.world.kernel.run_until(3_000_000)
    assert run.world.disks["h1"].blocks.count() == 3


def test_a_node_that_is_down_is_wiped_and_stays_down():
    run = begun("do: crash, nodes: h2, at: 1s", "do: wipe, nodes: h2, of: store, at: 2s")
    stored(run, "h2")
    run.world.kernel.run_until(3_000_000)
    assert not run.world.is_up("h2")
    assert run.world.disks["h2"].blocks.count() == 0


def bad(store: MemoryStore, roots):
    found = 0
    for root in roots:
        try:
            store.get(root)
        except CorruptBlockError:
            found += 1
    return found


@pytest.mark.parametrize(("flips", "hit"), [(1, 1), (2, 2), (3, 3)])
def test_each_flip_hits_another_block(flips, hit):
    run = begun(f"do: bit_rot, nodes: h1, of: store, at: 2s, flips: {flips}")
    roots = stored(run, "h1")
    run.world.kernel.run_until(3_000_000)
    assert result(run).effects == flips
    assert bad(run.world.disks["h1"].blocks, roots) == hit


def test_rot_tells_the_store_nothing():
    run = begun("do: bit_rot, nodes: h1, of: store, at: 2s, flips: 3")
    roots = stored(run, "h1")
    run.world.kernel.run_until(3_000_000)
    blocks = run.world.disks["h1"].blocks
    assert blocks.bad() == ()
    assert all(map(blocks.has, roots))


def test_an_empty_disk_makes_the_fault_vacuous():
    run = begun(
        "do: bit_rot, nodes: h1, of: store, at: 2s", "do: wipe, nodes: h1, of: store, at: 3s"
    )
    run.world.kernel.run_until(4_000_000)
    assert run.injector.vacuous() == ("bit_rot-1", "wipe-1")
