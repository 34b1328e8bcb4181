"""Chains that other clients made: geth's from our own vector, published ones where they lie."""

import io
import json
from pathlib import Path

import pytest

from node.app.chain_import import RefusedBlockError
from node.base.block import Block
from node.commands.main import main
from node.evm.chain_file import encode_chain, split_items
from node.evm.genesis import parse_genesis
from tests.app.sealed_chain import fresh, take
from tests.vectors_dir import vectors

FOLDER = Path(__file__).parents[1] / "vectors" / "geth-clique"
LATE_LONDON = FOLDER.parent / "geth-clique-late-london"
HEAD = "46c689e4317e762c83ab08e17fdca1208b8dd9df303182654c968440c545e979"
ROOT = "5f9fb4d742c357051788b406c4d023123e93a03686bcb4f0c6e57549039ce910"
LATE_HEAD = "0x397d94091f4efa2c20a49c157009c3aadb5a2378ef6d212fbc50f40fbaa5446e"
GENESIS = parse_genesis((FOLDER / "genesis.json").read_bytes())
CHAIN = (FOLDER / "chain.rlp").read_bytes()


@pytest.mark.parametrize("checks_seals", [True, False])
def test_a_chain_of_geth_comes_in_to_its_head(checks_seals):
    ledger = fresh(GENESIS)
    assert take(ledger, GENESIS, CHAIN, checks_seals=checks_seals).blocks == 10
    assert (ledger.head_hash.hex(), ledger.head.state_root.hex()) == (HEAD, ROOT)


def test_a_chain_of_geth_goes_out_with_geths_bytes():
    ledger = fresh(GENESIS)
    take(ledger, GENESIS, CHAIN)
    assert b"".join(encode_chain(ledger)) == CHAIN


def test_the_chain_of_geth_holds_what_its_readme_says():
    ledger = fresh(GENESIS)
    take(ledger, GENESIS, CHAIN)
    blocks = [Block.decode(raw) for raw in encode_chain(ledger)]
    kinds = {raw[0] if raw[0] < 0x80 else 0 for block in blocks for raw in block.transactions}
    assert kinds == {0, 1, 2}
    assert [block.header.number for block in blocks if block.header.nonce == b"\xff" * 8] == [4]
    assert [n for n in range(11) if len(blocks[n].header.extra_data) == 97 + 40] == [6]
    times = [block.header.timestamp for block in blocks[1:]]
    assert (len(set(times)), len(times)) == (6, 10)
    assert {block.header.difficulty for block in blocks[1:]} == {1, 2}
    assert all(block.header.base_fee for block in blocks)
    statuses = [
        receipt.status for block in blocks for receipt in ledger.receipts(block.header.hash())
    ]
    assert (0 in statuses, 1 in statuses) == (True, True)


def test_a_chain_of_geth_under_another_epoch_is_refused_at_the_checkpoint():
    text = json.loads((FOLDER / "genesis.json").read_text())
    text["config"]["clique"]["epoch"] = 7
    other = parse_genesis(json.dumps(text))
    ledger = fresh(other)
    with pytest.raises(RefusedBlockError) as caught:
        take(ledger, other, CHAIN)
    assert (caught.value.number, caught.value.rule) == (6, "extra_signers")


def test_a_chain_of_geth_with_a_longer_period_is_refused_at_the_first_hasty_block():
    text = json.loads((FOLDER / "genesis.json").read_text())
    text["config"]["clique"]["period"] = 1
    other = parse_genesis(json.dumps(text))
    with pytest.raises(RefusedBlockError) as caught:
        take(fresh(other), other, CHAIN)
    assert caught.value.rule == "invalid_timestamp"


def test_a_chain_of_geth_that_takes_london_later_comes_in_with_its_seals_checked(tmp_path, capsys):
    files = ["--genesis", str(LATE_LONDON / "genesis.json")]
    files += ["--blocks", str(LATE_LONDON / "chain.rlp"), "--data", str(tmp_path), "--json"]
    for _ in range(2):  # the second time from the store alone
        assert main(["chain", "import", *files]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert (answer["blocks"], answer["head"]) == (10, LATE_HEAD)


def test_a_foreign_chain_says_that_it_runs_on_py_evm(capsys):
    pytest.importorskip("pyrevm")
    files = ["--genesis", str(LATE_LONDON / "genesis.json")]
    files += ["--blocks", str(LATE_LONDON / "chain.rlp"), "--executor", "fast"]
    assert main(["chain", "import", *files]) == 0
    assert "py-evm" in capsys.readouterr().err


@pytest.mark.conformance
def test_published_clique_blocks_are_cut_apart_and_keep_their_hashes():
    path = vectors("consensus") / "clique_headers.json"
    published = [one for one in json.loads(path.read_text())["vectors"] if "block_rlp" in one]
    assert published, f"{path} holds no blocks"
    data = b"".join(bytes.fromhex(one["block_rlp"][2:]) for one in published)
    items = list(split_items(io.BytesIO(data)))
    hashes = [f"0x{Block.decode(item.raw).header.hash().hex()}" for item in items]
    assert hashes == [one["expect"]["hash"] for one in published]


@pytest.mark.conformance
def test_the_chain_of_execution_apis_comes_in_to_its_published_head(capsys):
    """Proof of work and proof of stake, Homestead to Prague, seals not checked."""
    folder = vectors("execution-apis") / "tests"
    files = ["--genesis", str(folder / "genesis.json"), "--blocks", str(folder / "chain.rlp")]
    status = main(["chain", "import", *files, "--no-seal", "--json"])
    answer = json.loads(capsys.readouterr().out)
    head = json.loads((folder / "headfcu.json").read_text())["params"][0]["headBlockHash"]
    assert (status, answer["blocks"], answer["head"]) == (0, 45, head)


@pytest.mark.conformance
def test_the_chain_of_execution_apis_has_no_seals_that_we_can_check(capsys):
    folder = vectors("execution-apis") / "tests"
    files = ["--genesis", str(folder / "genesis.json"), "--blocks", str(folder / "chain.rlp")]
    assert main(["chain", "import", *files]) == 2
    assert "engine" in capsys.readouterr().err
