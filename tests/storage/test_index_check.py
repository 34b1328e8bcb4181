"""Canonical numbers, transactions and logs, held against the blocks."""

from contextlib import closing

import pytest

from node.storage.database import Database
from node.storage.findings import Findings
from node.storage.index_check import ChainCheck
from node.storage.sqlite_store import FILE_NAME
from tests.storage.blocks import GENESIS, ONE, TWO, chain_of, fill, opened, tamper

BLOCKS = [GENESIS, *chain_of(3)]


@pytest.fixture
def directory(tmp_path):
    with opened(tmp_path) as store:
        fill(store, BLOCKS[1:])
    return tmp_path


def _check(directory, blocks=BLOCKS, head=BLOCKS[-1].hash):
    findings = Findings()
    with closing(Database(directory / FILE_NAME)) as database:
        check = ChainCheck(database, findings, head)
        taken = [check.take(stored) for stored in blocks]
        check.finish()
    return taken, [str(finding) for finding in findings.found], findings.counts


def test_a_whole_chain_has_no_findings(directory):
    taken, findings, counts = _check(directory)
    assert (taken, findings) == ([True] * 4, [])
    assert (counts["canonical"], counts["tx"], counts["log"]) == (4, 6, 6)


def test_a_block_of_a_side_branch_is_not_of_the_chain(directory):
    side = chain_of(1, mark=1)
    taken, findings, _ = _check(directory, [GENESIS, *side, *BLOCKS[1:]])
    assert (taken, findings) == ([True, False, True, True, True], [])


def test_a_block_that_cannot_be_read_leaves_its_number(directory):
    _, findings, _ = _check(directory, [b for b in BLOCKS if b is not BLOCKS[2]])
    assert findings[0] == (
        f"canonical: number 2: its block 0x{BLOCKS[2].hash.hex()} "
        "is missing, broken or of another number"
    )


def test_a_gap_in_the_numbers_is_named(directory):
    tamper(directory, "DELETE FROM canonical WHERE number = 2")
    _, findings, _ = _check(directory)
    assert "canonical: number 3: the number after the one below is 3, wants 2" in findings


def test_another_head_is_named(directory):
    _, findings, _ = _check(directory, head=BLOCKS[2].hash)
    want, got = BLOCKS[3].hash.hex(), BLOCKS[2].hash.hex()
    assert findings == [f"meta: head: the head is 0x{got}, wants 0x{want}"]


TX = BLOCKS[1].transaction_hashes[0].hex()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (f"DELETE FROM tx WHERE tx_hash = x'{TX}'", [f"tx: 0x{TX}: missing for block 1"]),
        (
            f"UPDATE tx SET number = 2 WHERE tx_hash = x'{TX}'",
            [f"tx: 0x{TX}: missing for block 1", f"tx: 0x{TX}: block 2 has no such thing"],
        ),
        (
            f"UPDATE tx SET position = 5 WHERE tx_hash = x'{TX}'",
            [f"tx: 0x{TX}: missing for block 1", f"tx: 0x{TX}: block 1 has no such thing"],
        ),
        (
            f"DELETE FROM log WHERE address = x'{ONE.hex()}' AND number = 3",
            ["log: block 3 log 0: missing for block 3"],
        ),
        (
            f"UPDATE log SET log_index = 0 WHERE address = x'{TWO.hex()}' AND number = 3",
            [
                "log: block 3 log 1: missing for block 3",
                "log: block 3 log 0: block 3 has no such thing",
            ],
        ),
        (
            f"INSERT INTO log VALUES (x'{ONE.hex()}', x'', 70, 0)",
            ["log: block 70 log 0: block 70 has no such thing"],
        ),
    ],
)
def test_an_index_that_differs_is_named(directory, sql, expected):
    tamper(directory, sql)
    assert _check(directory)[1] == expected
