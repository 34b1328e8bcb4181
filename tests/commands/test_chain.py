"""``chain export`` and ``chain import``: files, options, sentences, exit codes."""

import gzip
import json
import re
from pathlib import Path

import pytest

from node.app import chain_import
from node.commands import chain_io
from node.commands.main import main
from node.evm.chain_file import encode_chain
from node.evm.ledger import Ledger
from node.sim.run_chains import chain_files
from node.sim.run_folder import write_run
from tests.app.sealed_chain import A, SealedChain
from tests.evm.chains import CAROL, legacy


@pytest.fixture(scope="module")
def made() -> SealedChain:
    """Three blocks of one signer."""
    chain = SealedChain([A])
    chain.add(A, legacy(CAROL, 0))
    chain.add(A)
    chain.add(A)
    return chain


@pytest.fixture
def files(made: SealedChain, tmp_path: Path) -> list[str]:
    """Give the words that import the chain."""
    (tmp_path / "genesis.json").write_text(json.dumps(made.genesis.to_json()))
    (tmp_path / "chain.rlp").write_bytes(made.file())
    return words(tmp_path / "genesis.json", tmp_path / "chain.rlp")


def words(genesis: Path, blocks: Path) -> list[str]:
    return ["chain", "import", "--genesis", str(genesis), "--blocks", str(blocks)]


def run_folder(folder: Path, made: SealedChain) -> Path:
    """Write what a run with one node leaves of its chain."""
    ledger = made.ledger
    head = f"0x{ledger.head_hash.hex()}"
    nodes = [{"name": "h0", "height": ledger.head.number, "head_hash": head}]
    write_run(folder, chain_files(made.genesis, [ledger]), json.dumps({"nodes": nodes}))
    return folder


def error_of(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert "Traceback" not in said.err
    return said.err


# -- import


def test_json_has_blocks_head_and_state_root_alone(files, made, capsys):
    assert main([*files, "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {
        "blocks": 3,
        "head": f"0x{made.ledger.head_hash.hex()}",
        "state_root": f"0x{made.ledger.head.state_root.hex()}",
    }
    assert said.err == ""


def test_without_json_it_is_a_sentence(files, made, capsys):
    assert main(files) == 0
    said = capsys.readouterr().out
    assert "3 blocks above the genesis are valid, seals checked" in said
    assert made.ledger.head_hash.hex() in said


def test_a_name_that_ends_in_gz_is_unpacked(files, made, tmp_path, capsys):
    packed = tmp_path / "chain.rlp.gz"
    packed.write_bytes(gzip.compress(made.file()))
    assert main([*files[:4], "--blocks", str(packed), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["blocks"] == 3


@pytest.mark.parametrize("executor", ["py-evm", "revm", "fast"])
def test_every_executor_comes_to_the_same_answer(files, executor, made, capsys):
    if executor != "py-evm":
        pytest.importorskip("pyrevm")
    assert main([*files, "--executor", executor, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["head"] == f"0x{made.ledger.head_hash.hex()}"


def test_an_unknown_executor_is_told_which_there_are(files, capsys):
    assert main([*files, "--executor", "geth"]) == 2
    assert "py-evm, revm, fast" in error_of(capsys)


def test_no_seal_takes_a_chain_with_a_wrong_seal(files, made, tmp_path, capsys):
    wrong = made.make(A, extra_data=bytes(97), difficulty=1)
    (tmp_path / "chain.rlp").write_bytes(made.file() + wrong.encode())
    assert main(files) == 1
    capsys.readouterr()
    assert main([*files, "--no-seal"]) == 0
    assert "seals not checked" in capsys.readouterr().out


def test_an_invalid_block_ends_with_1_and_number_hash_and_rule(files, made, tmp_path, capsys):
    wrong = made.make(A, gas_used=1)
    (tmp_path / "chain.rlp").write_bytes(made.file() + wrong.encode())
    assert main(files) == 1
    said = error_of(capsys)
    assert f"block 4, 0x{wrong.header.hash().hex()}, is refused: block breaks gas used" in said


def test_an_invalid_block_under_json_is_one_document(files, made, tmp_path, capsys):
    (tmp_path / "chain.rlp").write_bytes(made.file() + made.make(A, gas_used=1).encode())
    assert main([*files, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["exit_code"] == 1
    assert "gas used" in document["error"]


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda data: b"", "empty"),
        (lambda data: b"{}", "0x7b begins no RLP list"),
        (lambda data: data.hex().encode(), "begins no RLP list"),
        (lambda data: data[:-1], "item 3 of .* truncated: .* 1 bytes missing"),
        (gzip.compress, "begins no RLP list"),
        (lambda data: b"\xc0", "header, transactions"),
    ],
    ids=["empty", "json", "hex", "cut off", "gzip under another name", "empty list"],
)
def test_a_file_that_is_no_chain_ends_with_1(files, made, capsys, spoil, what):
    Path(files[-1]).write_bytes(spoil(made.file()))
    assert main(files) == 1
    assert re.search(what, error_of(capsys))


def test_a_gz_that_is_no_gzip_ends_with_1(files, made, tmp_path, capsys):
    (tmp_path / "chain.rlp.gz").write_bytes(made.file())
    assert main([*files[:4], "--blocks", str(tmp_path / "chain.rlp.gz")]) == 1
    assert "Not a gzipped file" in error_of(capsys)


@pytest.mark.parametrize("name", ["genesis.json", "chain.rlp"])
def test_a_missing_file_ends_with_2_and_its_name(files, tmp_path, capsys, name):
    (tmp_path / name).unlink()
    assert main(files) == 2
    assert f"{name}: No such file" in error_of(capsys)


@pytest.mark.parametrize("name", ["genesis.json", "chain.rlp"])
def test_a_folder_in_the_place_of_a_file_ends_with_2(files, tmp_path, capsys, name):
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    assert main(files) == 2
    assert f"{name}: Is a directory" in error_of(capsys)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda of: of.pop("alloc"), "alloc"),
        (lambda of: of.pop("gasLimit"), "gasLimit"),
        (lambda of: of["config"].pop("clique"), "engine"),
        (lambda of: of.update(extraData="0x"), "extraData"),
        (lambda of: of["config"]["clique"].update(period="5"), "period"),
    ],
)
def test_a_genesis_that_cannot_be_ends_with_2(files, tmp_path, capsys, change, what):
    path = tmp_path / "genesis.json"
    text = json.loads(path.read_text())
    change(text)
    path.write_text(json.dumps(text))
    assert main(files) == 2
    assert what in error_of(capsys)


def test_a_chain_of_another_genesis_ends_with_1(files, tmp_path, capsys):
    path = tmp_path / "genesis.json"
    text = json.loads(path.read_text())
    text["timestamp"] = "0x1"
    path.write_text(json.dumps(text))
    assert main(files) == 1
    assert "block 0" in error_of(capsys)


def test_a_genesis_above_the_limit_is_not_read_whole(files, capsys, monkeypatch):
    monkeypatch.setattr(chain_io, "GENESIS_BYTES_MAX", 100)
    assert main(files) == 2
    assert "larger than 100 bytes" in error_of(capsys)


@pytest.mark.parametrize("missing", ["--genesis", "--blocks"])
def test_both_files_must_be_named(files, capsys, missing):
    at = files.index(missing)
    assert main(files[:at] + files[at + 2 :]) == 2
    assert missing in error_of(capsys)


def test_a_block_ahead_of_the_clock_is_told_and_taken(tmp_path, capsys):
    made = SealedChain([A])
    made.add(A, wait=2**40)
    folder = run_folder(tmp_path / "run", made)
    assert export(folder, tmp_path / "out") == 0
    assert "warning: block 1 lies" in capsys.readouterr().err
    assert main(words(tmp_path / "out" / "genesis.json", tmp_path / "out" / "chain.rlp")) == 0
    assert "warning: block 1 lies" in capsys.readouterr().err


# -- import into a data directory


def test_data_keeps_the_chain_and_a_second_import_adds_nothing(files, made, tmp_path, capsys):
    kept = [*files, "--data", str(tmp_path / "data")]
    assert main(kept) == 0
    assert "known before" not in capsys.readouterr().out
    assert main(kept) == 0
    said = capsys.readouterr().out
    assert "3 blocks above the genesis are valid, seals checked, 3 of them known before" in said
    assert f"head        3, 0x{made.ledger.head_hash.hex()}" in said


def test_a_longer_file_goes_on_where_the_data_ends(files, made, tmp_path, capsys):
    kept = [*files, "--data", str(tmp_path / "data"), "--json"]
    Path(files[-1]).write_bytes(b"".join([*encode_chain(made.ledger)][:2]))
    assert main(kept) == 0
    assert json.loads(capsys.readouterr().out)["blocks"] == 1
    Path(files[-1]).write_bytes(b"".join([*encode_chain(made.ledger)][2:]))
    assert main(kept) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["blocks"], answer["head"]) == (2, f"0x{made.ledger.head_hash.hex()}")


def test_a_fault_leaves_the_blocks_before_it_in_the_data(files, made, tmp_path, capsys):
    kept = [*files, "--data", str(tmp_path / "data")]
    Path(files[-1]).write_bytes(made.file() + made.make(A, gas_used=1).encode())
    assert main(kept) == 1
    Path(files[-1]).write_bytes(made.file())
    capsys.readouterr()
    assert main(kept) == 0
    assert "3 of them known before" in capsys.readouterr().out


def test_data_of_another_chain_is_refused(files, tmp_path, capsys):
    kept = [*files, "--data", str(tmp_path / "data")]
    assert main(kept) == 0
    path = tmp_path / "genesis.json"
    text = json.loads(path.read_text())
    text["timestamp"] = "0x1"
    path.write_text(json.dumps(text))
    capsys.readouterr()
    assert main(kept) == 3
    assert "genesis" in error_of(capsys)


def test_other_engine_settings_than_those_of_the_data_are_refused(files, tmp_path, capsys):
    kept = [*files, "--data", str(tmp_path / "data")]
    assert main([*kept, "--no-seal"]) == 0
    path = tmp_path / "genesis.json"
    text = json.loads(path.read_text())
    text["config"]["clique"]["period"] = 600
    path.write_text(json.dumps(text))
    capsys.readouterr()
    assert main(kept) == 3
    assert "config of the engine" in error_of(capsys)


def test_seals_of_blocks_known_before_are_checked_too(files, made, tmp_path, capsys):
    wrong = made.make(A, extra_data=bytes(97), difficulty=1)
    (tmp_path / "chain.rlp").write_bytes(made.file() + wrong.encode())
    kept = [*files, "--data", str(tmp_path / "data")]
    assert main([*kept, "--no-seal"]) == 0
    capsys.readouterr()
    assert main(kept) == 1
    assert "block 4, " in error_of(capsys)


@pytest.mark.parametrize("missing", ["--blocks", "--snapshot"])
def test_a_missing_input_makes_no_data_directory(files, tmp_path, capsys, missing):
    name = str(tmp_path / "nothing")
    assert main([*files[:4], missing, name, "--data", str(tmp_path / "data")]) == 2
    assert "nothing: No such file" in error_of(capsys)
    assert not (tmp_path / "data").exists()


def stop_in_block(number, monkeypatch):
    """Let Ctrl-C come while a block is executed."""
    check = Ledger.check

    def stopped(self, block, **choices):
        if block.header.number == number:
            raise KeyboardInterrupt
        return check(self, block, **choices)

    monkeypatch.setattr(Ledger, "check", stopped)


def test_ctrl_c_tells_what_is_kept_and_the_same_command_goes_on(
    files, tmp_path, capsys, monkeypatch
):
    kept = [*files, "--data", str(tmp_path / "data")]
    monkeypatch.setattr(chain_import, "IMPORT_BATCH_BLOCKS_MAX", 2)
    with monkeypatch.context() as patched:
        stop_in_block(3, patched)
        assert main(kept) == 130
    said = capsys.readouterr()
    where = tmp_path / "data"
    assert f"stopped: {where} keeps the chain up to block 1; the same command goes on" in said.err
    assert said.out == ""
    assert main(kept) == 0
    assert "3 blocks above the genesis are valid, seals checked, 1 of" in capsys.readouterr().out


def test_ctrl_c_without_data_says_that_nothing_is_kept(files, capsys, monkeypatch):
    stop_in_block(3, monkeypatch)
    assert main(files) == 130
    assert capsys.readouterr().err == "stopped: nothing is kept without --data\n"


# -- export


def export(folder: Path, out: Path, node: str = "h0") -> int:
    return main(["chain", "export", "--run", str(folder), "--node", node, "--out", str(out)])


def test_what_is_exported_comes_in_again(made, tmp_path, capsys):
    out = tmp_path / "deep" / "out"
    assert export(run_folder(tmp_path / "run", made), out) == 0
    assert made.ledger.head_hash.hex() in capsys.readouterr().out
    assert sorted(path.name for path in out.iterdir()) == ["chain.rlp", "genesis.json"]
    assert (out / "chain.rlp").read_bytes() == made.file()
    assert main([*words(out / "genesis.json", out / "chain.rlp"), "--json"]) == 0


def test_a_damaged_run_leaves_no_half_export(made, tmp_path, capsys):
    folder = run_folder(tmp_path / "run", made)
    (packed,) = (folder / "chains").iterdir()
    packed.write_bytes(gzip.compress(made.file()[:-1]))
    assert export(folder, tmp_path / "out") == 3
    assert packed.name in error_of(capsys)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_genesis_that_is_not_of_the_chain_leaves_no_export(made, tmp_path, capsys):
    folder = run_folder(tmp_path / "run", made)
    other = SealedChain([A], period=7, timestamp=9).genesis.to_json()
    (folder / "genesis.json").write_text(json.dumps(other))
    assert export(folder, tmp_path / "out") == 3
    assert "genesis.json describes" in error_of(capsys)
    assert list((tmp_path / "out").iterdir()) == []
    (folder / "genesis.json").write_text("{")
    assert export(folder, tmp_path / "out") == 2
    assert "genesis.json: genesis: no JSON" in error_of(capsys)


def test_an_unknown_node_or_run_ends_with_2(made, tmp_path, capsys):
    folder = run_folder(tmp_path / "run", made)
    assert export(folder, tmp_path / "out", "h7") == 2
    assert "h0" in error_of(capsys)
    assert export(tmp_path, tmp_path / "out") == 2
    assert "finished run" in error_of(capsys)
    assert not (tmp_path / "out").exists()


def test_an_out_that_is_a_file_ends_with_an_error(made, tmp_path, capsys):
    (tmp_path / "out").write_text("")
    assert export(run_folder(tmp_path / "run", made), tmp_path / "out") != 0
    assert "out" in error_of(capsys)
