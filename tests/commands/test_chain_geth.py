"""go-ethereum judges what we export, and makes chains for us to judge (marker ``judge``)."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from node.app.chain_import import RefusedBlockError
from node.base.block import Block
from node.commands.main import main
from node.consensus_poa.header import seal_header
from node.evm.trie import list_root
from node.sim.run_chains import find_chain
from node.sim.runner import run_scenario
from tests.app.sealed_chain import A, B, SealedChain, fresh, take
from tests.app.test_chain_import import journey
from tests.evm.chains import CAROL, legacy
from tests.geth import PRICED, WALK, Geth, clique_genesis, find_geth

pytestmark = [pytest.mark.judge, pytest.mark.slow]
JOURNEY = Path(__file__).parents[2] / "scenarios" / "patient-journey.yaml"


@pytest.fixture
def geth(tmp_path: Path) -> Geth:
    return Geth(find_geth(), tmp_path / "geth")


def given(geth: Geth, folder: Path, chain: SealedChain, *more: Block) -> str:
    """Give a chain and more blocks to geth; give what it says."""
    genesis, blocks = folder / "genesis.json", folder / "chain.rlp"
    genesis.write_text(json.dumps(chain.genesis.to_json()))
    blocks.write_bytes(chain.file() + b"".join(block.encode() for block in more))
    geth.init(genesis)
    return geth.import_chain(blocks)


def imported(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """Import genesis.json and chain.rlp of a folder as a person does; give the answer."""
    files = ["--genesis", str(folder / "genesis.json"), "--blocks", str(folder / "chain.rlp")]
    capsys.readouterr()
    assert main(["chain", "import", *files, "--json"]) == 0
    answer: dict[str, object] = json.loads(capsys.readouterr().out)
    return answer


# -- ours goes to geth


def test_geth_accepts_every_block_of_the_patients_journey(
    geth: Geth, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = run_scenario(JOURNEY, out=tmp_path / "run").results
    out = tmp_path / "out"
    options = ["--run", str(tmp_path / "run"), "--node", "h3", "--out", str(out)]
    assert main(["chain", "export", *options]) == 0
    geth.init(out / "genesis.json")
    said = geth.import_chain(out / "chain.rlp")
    node = next(one for one in results["nodes"] if one["name"] == "h3")
    assert geth.head() == (node["height"], node["head_hash"]), said
    assert geth.export(tmp_path / "again.rlp") == (out / "chain.rlp").read_bytes()
    assert imported(out, capsys)["head"] == node["head_hash"]
    assert find_chain(tmp_path / "run", "h3").height == 360


@pytest.mark.parametrize("period", [5, 0])
def test_geth_accepts_votes_checkpoints_and_equal_times(
    geth: Geth, tmp_path: Path, period: int
) -> None:
    chain = journey(period=period)
    said = given(geth, tmp_path, chain)
    assert geth.head() == (9, f"0x{chain.ledger.head_hash.hex()}"), said


def wrong_turn(chain: SealedChain) -> Block:
    return chain.make(A, difficulty=1)


def twice_in_a_row(chain: SealedChain) -> Block:
    return Block(seal_header(chain.make(A).header, B), ())


def hasty(chain: SealedChain) -> Block:
    return chain.make(A, wait=4)


def wrong_root(chain: SealedChain) -> Block:
    return chain.make(A, state_root=bytes(32))


def other_chains_transaction(chain: SealedChain) -> Block:
    raw = legacy(CAROL, 1, chain_id=99)
    right = chain.make(A, legacy(CAROL, 1))
    header = replace(right.header, transactions_root=list_root([raw]))
    return Block(seal_header(header, A), (raw,))


def limit_too_far(chain: SealedChain) -> Block:
    limit = chain.ledger.head.gas_limit
    return chain.make(A, gas_limit=limit + limit // 1024)


def limit_at_the_edge(chain: SealedChain) -> Block:
    limit = chain.ledger.head.gas_limit
    return chain.make(A, gas_limit=limit + limit // 1024 - 1)


def vanity(chain: SealedChain) -> Block:
    return chain.make(A, extra_data=b"\xff" * 32 + bytes(65))


@pytest.mark.parametrize(
    "make",
    [
        wrong_turn,
        twice_in_a_row,
        hasty,
        wrong_root,
        other_chains_transaction,
        limit_too_far,
        limit_at_the_edge,
        vanity,
    ],
)
def test_geth_and_we_agree_about_a_block(geth: Geth, tmp_path: Path, make) -> None:
    chain = SealedChain([A, B])
    chain.add(B, legacy(CAROL, 0))
    block = make(chain)
    said = given(geth, tmp_path, chain, block)
    ledger = fresh(chain.genesis)
    try:
        take(ledger, chain.genesis, chain.file() + block.encode())
    except RefusedBlockError:
        assert make not in (limit_at_the_edge, vanity)
    assert geth.head() == (ledger.head.number, f"0x{ledger.head_hash.hex()}"), said


# -- geth's comes here


@pytest.mark.parametrize("base_fee", [None, "0x0"], ids=["1 gwei", "0"])
def test_a_chain_that_geth_makes_with_votes_and_fees_comes_in(
    geth: Geth, tmp_path: Path, capsys: pytest.CaptureFixture[str], base_fee: str | None
) -> None:
    more = {} if base_fee is None else {"baseFeePerGas": base_fee}
    genesis = clique_genesis(period=0, epoch=6, **more)
    (tmp_path / "genesis.json").write_text(json.dumps(genesis))
    geth.init(tmp_path / "genesis.json")
    geth.mine(WALK)
    geth.export(tmp_path / "chain.rlp")
    number, head = geth.head()
    root = geth.ask('eth.getBlock("latest").stateRoot')
    assert number >= 9
    assert imported(tmp_path, capsys) == {"blocks": number, "head": head, "state_root": root}


@pytest.mark.parametrize("london", [3, None], ids=["at 3", "never"])
def test_a_chain_that_geth_makes_without_base_fees_at_first_comes_in(
    geth: Geth, tmp_path: Path, capsys: pytest.CaptureFixture[str], london: int | None
) -> None:
    genesis = clique_genesis(period=0, epoch=6)
    genesis["config"]["londonBlock"] = london
    (tmp_path / "genesis.json").write_text(json.dumps(genesis))
    geth.init(tmp_path / "genesis.json")
    geth.mine(PRICED + WALK)
    geth.export(tmp_path / "chain.rlp")
    number, head = geth.head()
    answer = imported(tmp_path, capsys)
    assert (answer["blocks"], answer["head"]) == (number, head)


def test_a_chain_that_geth_makes_second_by_second_comes_in(
    geth: Geth, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "genesis.json").write_text(json.dumps(clique_genesis(period=1)))
    geth.init(tmp_path / "genesis.json")
    geth.mine("wait(2); send({to: b, value: 1}); wait(4);")
    geth.export(tmp_path / "chain.rlp")
    number, head = geth.head()
    assert imported(tmp_path, capsys)["head"] == head
    assert number >= 4
