"""What a store can judge by itself; single bytes are ``tests/evm/test_verify.py``'s."""

from contextlib import closing
from dataclasses import replace

import pytest

from node.storage.errors import StoreLockedError
from node.storage.integrity import Inspection
from tests.storage.blocks import GENESIS, IDENTITY, chain_of, fill, opened, tamper

BLOCKS = chain_of(4)
SIDE = chain_of(2, BLOCKS[0], mark=1)


@pytest.fixture
def directory(tmp_path):
    with opened(tmp_path) as store:
        fill(store, BLOCKS)
        for stored in SIDE:
            store.chain.put(stored)
    return tmp_path


def _inspect(directory, identity=IDENTITY):
    with closing(Inspection(directory)) as inspection:
        assert inspection.check_file()
        inspection.check_meta(identity)
        blocks = list(inspection.blocks())
        inspection.nodes().check()
        inspection.check_engine_log()
        return [str(finding) for finding in inspection.findings.found], blocks


def test_a_whole_store_gives_all_its_blocks_by_number(directory):
    findings, blocks = _inspect(directory)
    assert findings == []
    assert {stored.hash for stored, is_canonical in blocks if is_canonical} == {
        stored.hash for stored in (GENESIS, *BLOCKS)
    }
    assert [stored.block.header.number for stored, _ in blocks] == [0, 1, 2, 2, 3, 3, 4]


def test_an_open_store_is_not_inspected(directory):
    with opened(directory), pytest.raises(StoreLockedError):
        Inspection(directory)


def test_an_inspection_changes_nothing(directory):
    tamper(directory, "DELETE FROM body WHERE hash IN (SELECT hash FROM header WHERE number = 4)")
    before = _inspect(directory)
    assert before == _inspect(directory)
    assert len(before[0]) > 0


def _hex(stored):
    return f"0x{stored.hash.hex()}"


def test_a_broken_link_is_named(directory):
    tamper(directory, f"DELETE FROM header WHERE hash = x'{SIDE[0].hash.hex()}'")
    findings, _ = _inspect(directory)
    assert f"header: {_hex(SIDE[1])}: the parent {_hex(SIDE[0])} is missing" in findings
    assert f"body: {_hex(SIDE[0])}: belongs to no header" in findings


def test_another_identity_is_named(directory):
    findings, _ = _inspect(directory, replace(IDENTITY, chain_id=5))
    assert findings == ["meta: chain_id: the value is 1337, wants 5"]


@pytest.mark.parametrize("key", ["schema", "chain_id", "genesis_hash", "profile", "mode", "head"])
def test_a_missing_value_is_named(directory, key):
    tamper(directory, f"DELETE FROM meta WHERE key = '{key}'")
    findings, _ = _inspect(directory)
    assert any(finding.startswith(f"meta: {key}: ") for finding in findings)


def test_the_kept_range_is_read_from_the_store(directory):
    with closing(Inspection(directory)) as inspection:
        inspection.check_meta(IDENTITY)
        assert inspection.kept_from() == 0
        inspection.meta["kept_from"] = b"17"
        assert inspection.kept_from() == 17
        inspection.meta["kept_from"] = b"x"
        assert inspection.kept_from() == 0
