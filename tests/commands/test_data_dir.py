import json

import pytest

from node.base.errors import UsageError
from node.commands.data_dir import GENESIS_FILE, genesis_of, identity_of, open_store
from node.storage.errors import StoreMismatchError
from tests.evm.chains import genesis

TEXT = json.dumps(genesis().to_json()).encode()


def text_of(of):
    return json.dumps(of.to_json())


def test_a_new_directory_gets_store_and_genesis(tmp_path):
    open_store(tmp_path / "h0", genesis(), TEXT).close()
    assert (tmp_path / "h0" / GENESIS_FILE).read_bytes() == TEXT
    parsed, text = genesis_of(tmp_path / "h0")
    assert (identity_of(parsed), text) == (identity_of(genesis()), TEXT)


def test_a_genesis_that_is_there_stays(tmp_path):
    open_store(tmp_path, genesis(), TEXT).close()
    open_store(tmp_path, genesis(), TEXT + b"\n").close()
    assert (tmp_path / GENESIS_FILE).read_bytes() == TEXT


def test_a_directory_of_another_chain_is_refused(tmp_path):
    open_store(tmp_path, genesis(), TEXT).close()
    other = genesis(timestamp=7)
    with pytest.raises(StoreMismatchError, match="genesis_hash"):
        open_store(tmp_path, other, json.dumps(other.to_json()).encode())
    assert (tmp_path / GENESIS_FILE).read_bytes() == TEXT


def test_equal_block_0_with_other_engine_settings_is_refused(tmp_path):
    open_store(tmp_path, genesis(engine_settings={"period": 5}), TEXT).close()
    (tmp_path / GENESIS_FILE).write_text(text_of(genesis(engine_settings={"period": 5})))
    other = genesis(engine_settings={"period": 600})
    with pytest.raises(StoreMismatchError, match=r'"period": 5}}, wants .*"period": 600'):
        open_store(tmp_path, other, text_of(other).encode())
    open_store(tmp_path, genesis(engine_settings={"period": 5}), TEXT).close()


def test_equal_block_0_under_another_engine_is_refused(tmp_path):
    open_store(tmp_path, genesis(), TEXT).close()
    other = genesis(engine="qbft")
    with pytest.raises(StoreMismatchError, match=r"clique.*wants.*qbft"):
        open_store(tmp_path, other, text_of(other).encode())


def test_a_genesis_that_cannot_be_written_lets_the_store_go(tmp_path):
    (tmp_path / f".{GENESIS_FILE}.part").mkdir()
    with pytest.raises(UsageError, match=r"genesis\.json: Is a directory"):
        open_store(tmp_path, genesis(), TEXT)
    (tmp_path / f".{GENESIS_FILE}.part").rmdir()
    open_store(tmp_path, genesis(), TEXT).close()


def test_a_file_is_no_data_directory(tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(UsageError, match=r"/data: is no folder$"):
        open_store(tmp_path / "data", genesis(), TEXT)


def test_a_directory_without_a_store_is_not_made(tmp_path):
    with pytest.raises(UsageError, match="no chain is kept here"):
        genesis_of(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_a_store_without_its_genesis_asks_for_one(tmp_path):
    open_store(tmp_path, genesis(), TEXT).close()
    (tmp_path / GENESIS_FILE).rename(tmp_path / "elsewhere.json")
    with pytest.raises(UsageError, match="--genesis"):
        genesis_of(tmp_path)
    assert genesis_of(tmp_path, tmp_path / "elsewhere.json")[1] == TEXT
