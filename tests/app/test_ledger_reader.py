"""Reads of an engine on a ledger."""

from node.app.ledger_reader import LedgerReader
from node.base.types import Hash32
from tests.app.forging import extend, hash_of
from tests.app.ward import HOSPITALS, lone


def test_the_engine_reads_headers_and_difficulty_of_the_ledger():
    ward = lone()
    (block,) = extend(ward, (HOSPITALS[1],))
    reader = LedgerReader(ward.cores[0].ledger)
    assert reader.header_by_hash(hash_of(block)) == block.header
    assert reader.header_by_number(1) == block.header
    assert reader.total_difficulty(hash_of(block)) == 1 + block.header.difficulty


def test_a_block_that_is_not_stored_has_no_difficulty():
    ward = lone()
    assert LedgerReader(ward.cores[0].ledger).total_difficulty(Hash32(bytes(32))) is None
