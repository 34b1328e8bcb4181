from node.sim.exposure import ExposureMeter
from tests.sim.small import ARRIVE, GRANT, played

READ = "\n  - {do: read_record, id: read, doctor: d1, pmr: visit}\n"


def test_a_release_is_measured_by_both_clocks_from_the_end_of_its_grant() -> None:
    run = played(ARRIVE + GRANT + READ)
    world, meter = run.world, ExposureMeter(run.world)
    (inside,) = [one for one in meter.all() if one is not None][:1]
    assert (inside.chain_s, inside.clock_s) == (0, 0)
    until_s = run.book.grants()[0].valid_until_s
    end_us = until_s * 1_000_000 - world.scenario.run.epoch_us
    assert meter.measure(world.receipts[0], end_us - 1).clock_s == 0
    assert meter.measure(world.receipts[0], end_us).clock_s == 1
    assert meter.measure(world.receipts[0], end_us + 59_000_000).clock_s == 60


def test_the_end_itself_is_one_second_too_late_by_the_chain() -> None:
    run = played(ARRIVE + GRANT + READ)
    meter = ExposureMeter(run.world)
    grant_id = run.book.grants()[0].grant_id
    meter.measure(run.world.receipts[0], 0)
    header = run.world.nodes["h0"].ledger.header(run.world.receipts[0][120:152])
    for late_s, told in ((-1, 0), (0, 1), (5, 6)):
        meter._ends[grant_id] = header.timestamp - late_s
        assert meter.measure(run.world.receipts[0], 0).chain_s == told


def test_refusals_and_other_bytes_are_no_releases() -> None:
    run = played(ARRIVE + GRANT + READ)
    meter = ExposureMeter(run.world)
    receipt = bytearray(run.world.receipts[0])
    receipt[6] = 4
    assert meter.measure(bytes(receipt), 0) is None
    assert meter.measure(b"no receipt", 0) is None
    stranger = run.world.receipts[0][:40] + bytes(32) + run.world.receipts[0][72:]
    assert meter.measure(stranger, 0) is None
