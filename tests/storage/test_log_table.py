from contextlib import closing
from random import Random

import pytest

from node.base.limits import LOG_PAIRS_COUNT_MAX, LOG_SCAN_BLOCKS_MAX
from node.base.types import Address, Hash32
from node.storage.database import Database
from node.storage.log_keys import is_wanted
from node.storage.log_table import LogTable
from node.storage.migrations import migrate

ADDRESSES = [Address(bytes([n]) * 20) for n in range(5)]
TOPICS = [Hash32(bytes([n]) * 32) for n in range(5)]
BLOCKS = 3 * LOG_SCAN_BLOCKS_MAX


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    random = Random(1)
    logs = {
        number: [
            (random.choice(ADDRESSES), random.choice([None, *TOPICS]))
            for _ in range(random.randrange(3))
        ]
        for number in range(BLOCKS)
    }
    with closing(Database(tmp_path_factory.mktemp("logs") / "x.sqlite")) as database:
        migrate(database)
        table = LogTable(database)
        with database.batch():
            for number, keys in logs.items():
                table.add(number, keys)
        yield table, logs


WIDTHS = [1, LOG_SCAN_BLOCKS_MAX - 1, LOG_SCAN_BLOCKS_MAX, LOG_SCAN_BLOCKS_MAX + 1, BLOCKS]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("addresses", [[], ADDRESSES[:1], ADDRESSES[1:4], [Address(b"x" * 20)]])
@pytest.mark.parametrize("topics", [[], TOPICS[:1], TOPICS[1:4]])
def test_every_way_of_looking_finds_the_same(filled, width, addresses, topics):
    table, logs = filled
    for first in (0, 7, BLOCKS - width):
        last = first + width - 1
        want = [
            number
            for number in range(first, min(last + 1, BLOCKS))
            if any(is_wanted(key, addresses, topics) for key in logs[number])
        ]
        assert table.blocks(addresses, topics, first, last) == want


def test_very_many_pairs_are_answered(filled):
    table, logs = filled
    strangers = [Hash32(number.to_bytes(32)) for number in range(LOG_PAIRS_COUNT_MAX)]
    want = [n for n, keys in logs.items() if any(is_wanted(k, ADDRESSES, TOPICS) for k in keys)]
    assert table.blocks(ADDRESSES, [*TOPICS, *strangers], 0, BLOCKS) == want


def test_a_block_that_leaves_the_chain_takes_its_logs_along(tmp_path):
    with closing(Database(tmp_path / "x.sqlite")) as database:
        migrate(database)
        table = LogTable(database)
        with database.batch():
            table.add(1, [(ADDRESSES[0], TOPICS[0])] * 2)
            table.add(2, [(ADDRESSES[0], None)])
            table.remove(1)
        assert table.blocks([], [], 0, 9) == [2]
