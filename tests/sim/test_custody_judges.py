from node.privacy.custody_store import MemoryStore as MemoryCustody
from node.sim.custody_judges import _audited, _Erasure, _Paced, _Readable
from tests.sim.small import ARRIVE, played


def test_a_record_is_readable_while_enough_shares_and_fragments_lie_with_who_runs() -> None:
    run = played(ARRIVE)
    readable = _Readable(run.world, run.book)
    assert readable("visit").holds
    run.world.stop_node("h0")
    assert readable("visit").holds
    run.world.stop_node("h1")
    state = readable("visit")
    assert (state.holds, state.why[:22]) == (False, "visit does not open: 0")


def test_erased_is_a_record_of_which_no_share_and_no_block_is_left() -> None:
    run = played(ARRIVE)
    erasure = _Erasure(run.world, run.book)
    assert not erasure("visit").holds
    record = run.book.record("visit")
    disks = run.world.disks
    for disk in disks.values():
        disk.custody.delete_deal(record.filed.deal_id)
    left = erasure("visit")
    assert (left.holds, "in the store of h" in left.why) == (False, True)
    for disk in disks.values():
        for entry in record.filed.manifest.fragments:
            if disk.blocks.has(entry.cid):
                disk.blocks.delete(entry.cid)
    assert erasure("visit").holds, erasure("visit").why


def test_shares_without_fragments_are_told_as_well() -> None:
    run = played(ARRIVE)
    run.world.disks["h0"].custody = MemoryCustody()
    assert "custody of h1" in _Erasure(run.world, run.book)("visit").why


def test_of_a_record_that_was_not_filed_nothing_is_said() -> None:
    run = played("")
    assert _Readable(run.world, run.book)("visit") is None
    assert _Erasure(run.world, run.book)("visit") is None


def test_a_trial_is_made_once_in_a_period() -> None:
    run, tried = played(""), []
    paced = _Paced(run.world, tried.append)
    paced("visit")
    paced("visit")
    assert tried == ["visit"]


def test_nothing_is_audited_where_nothing_was_released() -> None:
    assert _audited(played(ARRIVE).world) == {}
