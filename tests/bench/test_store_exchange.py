from dataclasses import replace

import pytest

from node.bench.store_exchange import run_exchange


def test_a_run_brings_every_block_once():
    run = run_exchange(blocks=40, block_bytes=2_000)
    assert run.is_whole
    assert (run.fetched_bytes, run.bans, run.duplicate_blocks) == (80_000, 0, 0)
    assert run.bytes_per_cpu_s > 0


def test_a_liar_among_four_is_banned_and_changes_no_block():
    run = run_exchange(blocks=40, block_bytes=2_000, holders=4, liars=1)
    assert run.is_whole
    assert run.bans == 1


def test_four_holders_send_few_blocks_twice():
    assert run_exchange(blocks=128, block_bytes=2_000, holders=4).duplicate_blocks <= 8


def test_equal_runs_are_equal():
    one, other = (run_exchange(blocks=30, block_bytes=500, holders=4, liars=1) for _ in range(2))
    assert replace(one, cpu_s=0) == replace(other, cpu_s=0)


@pytest.mark.slow
def test_the_exchange_moves_200_mb_per_cpu_second_and_a_liar_costs_half_as_much_again():
    honest = min(run_exchange().cpu_s for _ in range(2))
    liar = min(run_exchange(holders=4, liars=1).cpu_s for _ in range(2))
    assert 128 * 2**20 / honest >= 200e6
    assert liar <= 1.5 * honest
