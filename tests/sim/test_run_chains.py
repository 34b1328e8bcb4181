"""The chains of a run folder: written once per head, read back only if whole."""

import gzip
import io
import json

import pytest

from node.base import rlp
from node.base.errors import ConfigError, CorruptStoreError, UsageError
from node.evm.chain_file import encode_chain, split_items
from node.evm.genesis import parse_genesis
from node.sim.run_chains import CHAIN_FILES, chain_files, find_chain, receipts_file
from node.sim.run_folder import write_run
from tests.evm.chains import ALICE, extend, genesis, ledger, legacy


def two_heads():
    one, two = ledger(), ledger()
    extend(one, [legacy(ALICE, 0)])
    extend(two)
    extend(two)
    return {"h0": one, "h1": two, "h2": one}


def folder_of(path, ledgers):
    nodes = [
        {"name": name, "height": book.head.number, "head_hash": f"0x{book.head_hash.hex()}"}
        for name, book in ledgers.items()
    ]
    write_run(path, chain_files(genesis(), ledgers.values()), json.dumps({"nodes": nodes}))
    return path


def test_nodes_with_equal_heads_share_a_file():
    ledgers = two_heads()
    names = sorted(chain_files(genesis(), ledgers.values()))
    heads = sorted({book.head_hash.hex() for book in ledgers.values()})
    chains, receipts = ([f"{of}/{head}.rlp.gz" for head in heads] for of in ("chains", "receipts"))
    assert names == [*chains, "genesis.json", *receipts]


def test_the_receipts_of_each_block_lie_beside_the_chain():
    book = two_heads()["h0"]
    packed = chain_files(genesis(), [book])[receipts_file(book.head_hash)]
    assert isinstance(packed, bytes)
    (first,) = [rlp.decode(one.raw) for one in split_items(io.BytesIO(gzip.decompress(packed)))]
    assert tuple(first) == tuple(one.encode() for one in book.receipts(book.head_hash))


def test_equal_chains_are_equal_bytes():
    assert chain_files(genesis(), two_heads().values()) == chain_files(
        genesis(), two_heads().values()
    )


def test_a_file_is_gzip_of_the_chain_without_time_and_name():
    book = two_heads()["h0"]
    packed = chain_files(genesis(), [book])[f"chains/{book.head_hash.hex()}.rlp.gz"]
    assert isinstance(packed, bytes)
    assert gzip.decompress(packed) == b"".join(encode_chain(book))
    assert packed[3:8] == bytes(5), "flags and time"


def test_the_genesis_is_the_one_of_the_run():
    text = chain_files(genesis(), [])["genesis.json"]
    assert parse_genesis(text) == genesis()


@pytest.mark.parametrize("name", ["h0", "h1", "h2"])
def test_the_chain_of_a_node_is_found_by_its_name(tmp_path, name):
    ledgers = two_heads()
    chain = find_chain(folder_of(tmp_path, ledgers), name)
    assert (chain.height, chain.head_hash) == (ledgers[name].head.number, ledgers[name].head_hash)
    with chain.blocks() as blocks:
        raws, headers = zip(*blocks, strict=True)
    assert list(raws) == list(encode_chain(ledgers[name]))
    assert headers[-1] == ledgers[name].head


def test_an_unknown_node_is_told_who_there_is(tmp_path):
    with pytest.raises(UsageError, match="h0, h1, h2"):
        find_chain(folder_of(tmp_path, two_heads()), "h9")


def test_results_without_nodes_offer_no_choice(tmp_path):
    with pytest.raises(UsageError, match=r"results\.json names no node"):
        find_chain(folder_of(tmp_path, {}), "h0")


def test_chain_files_of_an_earlier_run_match_the_glob(tmp_path):
    folder = folder_of(tmp_path, two_heads())
    (folder / "chains" / ".half.rlp.gz.part").write_bytes(b"")
    found = sorted(path for glob in CHAIN_FILES for path in folder.glob(glob))
    kept = (*(folder / "chains").iterdir(), *(folder / "receipts").iterdir())
    assert found == sorted(kept)


def test_a_genesis_that_is_none_is_named(tmp_path):
    folder = folder_of(tmp_path, two_heads())
    (folder / "genesis.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"genesis\.json: genesis: "):
        find_chain(folder, "h0")


def test_a_chain_of_another_genesis_is_not_handed_on(tmp_path):
    folder = folder_of(tmp_path, two_heads())
    (folder / "genesis.json").write_text(json.dumps(genesis(timestamp=7).to_json()))
    wants = r"begins with 0x\w+, genesis\.json describes"
    with (
        find_chain(folder, "h0").blocks() as blocks,
        pytest.raises(CorruptStoreError, match=wants),
    ):
        next(blocks)


def test_a_folder_without_results_is_no_finished_run(tmp_path):
    with pytest.raises(UsageError, match=r"results\.json.*finished run"):
        find_chain(tmp_path, "h0")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"nodes": [{}]}', '{"nodes": [{"name": 1, "height": "x"}]}']
)
def test_results_that_are_none_are_refused(tmp_path, text):
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(UsageError, match="no results"):
        find_chain(tmp_path, "h0")


def test_a_run_without_chains_is_told_apart(tmp_path):
    ledgers = two_heads()
    folder = folder_of(tmp_path, ledgers)
    (folder / "chains" / f"{ledgers['h1'].head_hash.hex()}.rlp.gz").unlink()
    with pytest.raises(UsageError, match="no such file"):
        find_chain(folder, "h1")
    (folder / "genesis.json").unlink()
    with pytest.raises(UsageError, match=r"genesis\.json"):
        find_chain(folder, "h0")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda packed: packed[:-3],
        lambda packed: b"no gzip",
        lambda packed: gzip.compress(b""),
        lambda packed: gzip.compress(b"\xc0"),
        lambda packed: gzip.compress(gzip.decompress(packed)[:-1]),
        lambda packed: gzip.compress(next(encode_chain(ledger()))),
    ],
    ids=["cut off", "no gzip", "empty", "no block", "short block", "another head"],
)
def test_a_damaged_chain_is_not_handed_on(tmp_path, spoil):
    folder = folder_of(tmp_path, two_heads())
    chain = find_chain(folder, "h1")
    chain.path.write_bytes(spoil(chain.path.read_bytes()))
    with chain.blocks() as blocks, pytest.raises(CorruptStoreError, match=r"\.rlp\.gz"):
        list(blocks)
