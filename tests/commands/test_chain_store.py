"""``chain verify``, ``snapshot``, ``prune`` and ``import --snapshot`` on real chains."""

import gzip
import json
import re
import sqlite3
from contextlib import closing

import pytest

from node.commands.data_dir import open_store
from node.commands.main import main
from node.evm.forks import Fork
from node.storage.sqlite_store import FILE_NAME
from tests.app.sealed_chain import A, SealedChain
from tests.evm.chains import CAROL, legacy
from tests.evm.foreign_chain import book_of


@pytest.fixture(scope="module")
def made():
    chain = SealedChain([A])
    for nonce in range(6):
        chain.add(A, legacy(CAROL, nonce))
    return chain


@pytest.fixture
def place(made, tmp_path):
    """Import the chain into DIR/node; genesis.json and chain.rlp lie beside it."""
    (tmp_path / "genesis.json").write_text(json.dumps(made.genesis.to_json()))
    (tmp_path / "chain.rlp").write_bytes(made.file())
    assert _import(tmp_path, "node", "--blocks", str(tmp_path / "chain.rlp")) == 0
    return tmp_path


def _import(place, name, *more):
    genesis = ["--genesis", str(place / "genesis.json")]
    return main(["chain", "import", *genesis, "--data", str(place / name), *more])


def _verify(place, *more, capsys, name="node"):
    capsys.readouterr()
    status = main(["chain", "verify", str(place / name), "--json", *more])
    return status, json.loads(capsys.readouterr().out)


def _change(place, statement):
    with closing(sqlite3.connect(place / "node" / FILE_NAME)) as connection:
        connection.execute(statement)
        connection.commit()


def test_a_whole_store_has_no_findings(place, capsys):
    status, told = _verify(place, "--full", capsys=capsys)
    assert (status, told["clean"], told["findings"]) == (0, True, [])
    assert told["executed_again"] == 6
    assert told["counts"]["header"] == 7


def test_json_says_how_it_ended_and_that_seals_were_checked(place, capsys):
    status, told = _verify(place, "--full", capsys=capsys)
    assert (told["exit_code"], told["seed"], told["seals_checked"]) == (status, None, True)
    assert _verify(place, capsys=capsys)[1]["seals_checked"] is False
    _change(place, "UPDATE meta SET value = x'00' WHERE key = 'chain_id'")
    status, told = _verify(place, "--full", capsys=capsys)
    assert (status, told["exit_code"], told["seals_checked"]) == (1, 1, False)


def test_seals_of_an_engine_that_nobody_checks_are_not_claimed_to_hold(tmp_path, capsys):
    book = book_of(Fork.LONDON)
    book.add(book.make())
    (tmp_path / "genesis.json").write_text(json.dumps(book.genesis.to_json()))
    (tmp_path / "chain.rlp").write_bytes(b"".join(block.encode() for block in book.line))
    assert _import(tmp_path, "node", "--blocks", str(tmp_path / "chain.rlp"), "--no-seal") == 0
    assert main(["chain", "verify", str(tmp_path / "node"), "--full"]) == 0
    said = capsys.readouterr().out
    assert "1 blocks executed again: every root holds; seals of ethash cannot be checked" in said
    assert "every seal" not in said
    assert _verify(tmp_path, "--full", capsys=capsys)[1]["seals_checked"] is False


def test_verify_opens_no_store_for_writing(place, capsys, monkeypatch):
    def refuse(*_, **__):
        pytest.fail("verify opened the store for writing")

    monkeypatch.setattr("node.storage.sqlite_store.SqliteLedgerStore.__init__", refuse)
    assert _verify(place, "--full", capsys=capsys)[0] == 0


@pytest.mark.parametrize("words", [["prune", "--keep", "128"], ["snapshot", "--out", "a.snap"]])
def test_a_store_without_its_genesis_block_holds_no_chain_yet(
    made, tmp_path, capsys, monkeypatch, words
):
    monkeypatch.chdir(tmp_path)
    open_store(tmp_path / "node", made.genesis, json.dumps(made.genesis.to_json()).encode()).close()
    assert main(["chain", words[0], "node", *words[1:]]) == 2
    assert "node: holds no chain yet" in capsys.readouterr().err
    assert not (tmp_path / "a.snap").exists()


def test_a_whole_store_is_told_in_a_sentence(place, capsys):
    capsys.readouterr()
    assert main(["chain", "verify", str(place / "node"), "--full"]) == 0
    said = capsys.readouterr().out
    assert "7 header" in said
    assert "6 blocks executed again" in said
    assert said.endswith("nothing found\n")


def test_a_changed_byte_is_found_with_table_and_key(made, place, capsys):
    _change(place, "UPDATE receipts SET rlp = zeroblob(length(rlp)) WHERE rlp != x'c0'")
    status, told = _verify(place, "--full", capsys=capsys)
    assert (status, told["clean"], told["executed_again"]) == (1, False, None)
    keys = {one["key"] for one in told["findings"] if one["table"] == "receipts"}
    assert f"0x{made.ledger.head_hash.hex()}" in keys


def test_findings_are_told_as_text_too(place, capsys):
    _change(place, "UPDATE meta SET value = x'00' WHERE key = 'chain_id'")
    capsys.readouterr()
    assert main(["chain", "verify", str(place / "node"), "--full"]) == 1
    said = capsys.readouterr().out
    assert "meta: chain_id:" in said
    assert "nothing was executed again" in said


def test_what_is_not_kept_cannot_be_verified(tmp_path, capsys):
    assert main(["chain", "verify", str(tmp_path / "none")]) == 2
    assert "no chain is kept here" in capsys.readouterr().err


def test_a_joiner_by_snapshot_ends_where_the_writer_is_and_goes_on(made, place, capsys):
    snapshot = place / "chain.snap"
    assert main(["chain", "snapshot", str(place / "node"), "--out", str(snapshot)]) == 0
    capsys.readouterr()
    assert _import(place, "late", "--snapshot", str(snapshot), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["blocks"] == 6
    assert told["head"] == f"0x{made.ledger.head_hash.hex()}"
    assert _verify(place, "--full", capsys=capsys, name="late")[0] == 0
    assert _import(place, "late", "--blocks", str(place / "chain.rlp")) == 0
    assert "6 of them known before" in capsys.readouterr().out


def _snapshot(place, name="chain.snap"):
    assert main(["chain", "snapshot", str(place / "node"), "--out", str(place / name)]) == 0
    return place / name


def test_a_snapshot_wants_a_store_with_nothing_but_the_genesis(place, capsys):
    snapshot = _snapshot(place)
    capsys.readouterr()
    assert _import(place, "node", "--snapshot", str(snapshot)) == 2
    assert "the store must hold nothing but the genesis" in capsys.readouterr().err


def test_a_snapshot_into_a_folder_is_refused(place, capsys):
    assert main(["chain", "snapshot", str(place / "node"), "--out", str(place)]) == 2
    assert f"{place}: is a folder, wants the name of a file" in capsys.readouterr().err


def test_a_truncated_snapshot_is_told_as_a_snapshot(place, capsys):
    snapshot = _snapshot(place)
    snapshot.write_bytes(snapshot.read_bytes()[:-3])
    capsys.readouterr()
    assert _import(place, "late", "--snapshot", str(snapshot)) == 1
    said = capsys.readouterr().err
    assert re.search(
        r"error: snapshot record \d+: at byte \d+: truncated: .* 3 bytes missing", said
    )
    assert "chain file" not in said


def test_a_snapshot_whose_name_ends_in_gz_is_packed_and_read_again(place, capsys):
    plain, packed = _snapshot(place), _snapshot(place, "chain.snap.gz")
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    again = packed.read_bytes()
    assert _snapshot(place, "other.gz").read_bytes() == again, "no name and no time inside"
    assert _import(place, "late", "--snapshot", str(packed)) == 0
    assert "the state is whole" in capsys.readouterr().out


def test_ctrl_c_after_a_snapshot_goes_on_without_it(place, capsys, monkeypatch):
    snapshot = _snapshot(place)
    capsys.readouterr()

    def stop(*_, **__):
        raise KeyboardInterrupt

    words = ["--snapshot", str(snapshot), "--blocks", str(place / "chain.rlp")]
    with monkeypatch.context() as patched:
        patched.setattr("node.app.chain_import.import_chain", stop)
        assert _import(place, "late", *words) == 130
    said = capsys.readouterr().err
    assert "keeps the chain up to block 6; the same command without --snapshot goes on" in said
    assert _import(place, "late", *words[2:]) == 0


def test_blocks_may_follow_a_snapshot_at_once(made, place, capsys):
    snapshot = place / "chain.snap"
    main(["chain", "snapshot", str(place / "node"), "--out", str(snapshot)])
    words = ["--snapshot", str(snapshot), "--blocks", str(place / "chain.rlp")]
    assert _import(place, "late", *words) == 0
    assert "none executed; the state is whole" in capsys.readouterr().out


@pytest.mark.parametrize("at", [0, 40, 0.3, 0.6, 0.99])
def test_a_flipped_byte_of_a_snapshot_refuses_it_whole(place, capsys, at):
    snapshot = place / "chain.snap"
    main(["chain", "snapshot", str(place / "node"), "--out", str(snapshot)])
    raw = bytearray(snapshot.read_bytes())
    raw[int(at * len(raw)) if at < 1 else at] ^= 0x10
    snapshot.write_bytes(raw)
    capsys.readouterr()
    assert _import(place, "late", "--snapshot", str(snapshot)) == 1
    assert capsys.readouterr().err.startswith("error: ")
    assert _import(place, "late", "--blocks", str(place / "chain.rlp")) == 0
    assert "known before" not in capsys.readouterr().out


def test_a_snapshot_with_a_seal_of_a_stranger_is_refused(place, capsys):
    text = json.loads((place / "genesis.json").read_text())
    text["config"]["clique"]["period"] = 600
    snapshot = place / "chain.snap"
    main(["chain", "snapshot", str(place / "node"), "--out", str(snapshot)])
    (place / "genesis.json").write_text(json.dumps(text))
    capsys.readouterr()
    assert _import(place, "late", "--snapshot", str(snapshot)) == 1
    assert "snapshot record 1:" in capsys.readouterr().err


def test_a_short_chain_has_nothing_to_prune(place, capsys):
    assert main(["chain", "prune", str(place / "node"), "--keep", "128"]) == 0
    assert "nothing to give up" in capsys.readouterr().out


def test_fewer_than_128_states_cannot_be_kept(place, capsys):
    assert main(["chain", "prune", str(place / "node"), "--keep", "127"]) == 2


def test_a_pruned_chain_is_clean_smaller_and_goes_on(tmp_path, capsys):
    chain = SealedChain([A])
    for nonce in range(140):
        chain.add(A, legacy(CAROL, nonce, to=nonce.to_bytes(20)))
    (tmp_path / "genesis.json").write_text(json.dumps(chain.genesis.to_json()))
    (tmp_path / "chain.rlp").write_bytes(chain.file())
    assert _import(tmp_path, "node", "--blocks", str(tmp_path / "chain.rlp")) == 0
    before = _verify(tmp_path, capsys=capsys)[1]["counts"]
    assert main(["chain", "prune", str(tmp_path / "node"), "--keep", "128"]) == 0
    assert "kept from block 13 on" in capsys.readouterr().out
    status, told = _verify(tmp_path, "--full", capsys=capsys)
    assert status == 0
    assert told["counts"]["node"] < before["node"]
    assert told["counts"]["state"] == 129
    chain.add(A, legacy(CAROL, 140))
    (tmp_path / "chain.rlp").write_bytes(chain.file())
    assert _import(tmp_path, "node", "--blocks", str(tmp_path / "chain.rlp")) == 0


def _rot_the_head(made, place):
    """Change one byte of the state root's node of the newest block."""
    root = made.ledger.head.state_root
    with closing(sqlite3.connect(place / "node" / FILE_NAME)) as connection:
        chunks = connection.execute("SELECT id, data FROM node_chunk").fetchall()
        ((number, data),) = [row for row in chunks if root in row[1]]
        wrong = bytearray(data)
        wrong[data.index(root) + 40] ^= 1
        connection.execute("UPDATE node_chunk SET data = ? WHERE id = ?", (bytes(wrong), number))
        connection.commit()


@pytest.mark.parametrize("words", [["prune", "--keep", "128"], ["snapshot", "--out", "s"]])
def test_a_damaged_head_costs_no_blocks_where_nothing_is_imported(
    made, place, capsys, words, monkeypatch
):
    monkeypatch.chdir(place)
    _rot_the_head(made, place)
    capsys.readouterr()
    assert main(["chain", words[0], str(place / "node"), *words[1:]]) == 3
    assert "chain verify" in capsys.readouterr().err
    status, told = _verify(place, capsys=capsys)
    assert (status, told["counts"]["header"]) == (1, 7)


def test_an_import_gives_a_damaged_head_up_and_says_so(made, place, capsys):
    _rot_the_head(made, place)
    capsys.readouterr()
    assert _import(place, "node", "--blocks", str(place / "chain.rlp")) == 0
    said = capsys.readouterr()
    assert "given up: block 6" in said.err
    assert f"0x{made.ledger.head_hash.hex()}" in said.out


def test_a_prune_that_was_interrupted_is_continued(tmp_path, capsys):
    chain = SealedChain([A])
    for nonce in range(140):
        chain.add(A, legacy(CAROL, nonce, to=nonce.to_bytes(20)))
    text = json.dumps(chain.genesis.to_json())
    (tmp_path / "genesis.json").write_text(text)
    (tmp_path / "chain.rlp").write_bytes(chain.file())
    assert _import(tmp_path, "node", "--blocks", str(tmp_path / "chain.rlp")) == 0
    with closing(
        open_store(tmp_path / "node", chain.genesis, text.encode(), kept_blocks=128)
    ) as store:
        store.sweep(13)
    before = _verify(tmp_path, capsys=capsys)[1]["counts"]["node"]
    assert main(["chain", "prune", str(tmp_path / "node"), "--keep", "128"]) == 0
    assert "kept from block 13 on" in capsys.readouterr().out
    assert _verify(tmp_path, capsys=capsys)[1]["counts"]["node"] < before
