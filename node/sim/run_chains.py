"""The chains in a run folder: genesis.json, and two files for each head that some node ended on.

Blocks lie in ``chains/`` and their receipts in ``receipts/``, by which the blocks can be read
without being executed again: headers name the roots of both.

Nodes with equal heads share ``chains/<head hash>.rlp.gz``, and results.json says which head each
node has, so the folder needs no list of its own.
"""

import gzip
import io
import json
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from node.app.genesis_engines import header_form, kept_genesis
from node.base import rlp
from node.base.block import Block
from node.base.errors import ConfigError, CorruptStoreError, PeerError, UsageError
from node.base.header import Header
from node.base.header_form import HeaderForm
from node.base.types import Hash32
from node.evm.chain_file import encode_chain, split_items
from node.evm.genesis import Genesis, genesis_block, parse_genesis
from node.evm.ledger import Ledger
from node.sim.run_folder import RESULTS, Content
from node.storage.state_nodes import MemoryStateNodes

GENESIS: Final = "genesis.json"
CHAINS: Final = "chains"
RECEIPTS: Final = "receipts"
CHAIN_FILES: Final = (f"{CHAINS}/*.rlp.gz*", f"{RECEIPTS}/*.rlp.gz*")
"""Globs of all chain files of a run, half written ones too."""


def chain_files(genesis: Genesis, ledgers: Iterable[Ledger]) -> dict[str, Content]:
    """Give the files that let a run's chains be exported: name in the folder, content."""
    files: dict[str, Content] = {GENESIS: json.dumps(genesis.to_json(), indent=1) + "\n"}
    for ledger in ledgers:
        name = _file_of(ledger.head_hash)
        if name not in files:
            files[name] = _packed(encode_chain(ledger, header_form(genesis)))
            files[receipts_file(ledger.head_hash)] = _packed(encode_receipts(ledger))
    return files


@dataclass(frozen=True, slots=True)
class RunChain:
    """The chain of one node of a run."""

    genesis: bytes
    """The text of genesis.json."""
    genesis_hash: Hash32
    """Of the block 0 that genesis.json describes."""
    form: HeaderForm
    """How the headers in it travel."""
    path: Path
    """Of the gzip file."""
    height: int
    head_hash: Hash32

    @contextmanager
    def blocks(self) -> Generator[Iterator[tuple[bytes, Header]]]:
        """Open the chain: the RLP and the kept header of each block from 0 on.

        raises        CorruptStoreError: the file is not the chain that results.json names, or
                      does not begin with what genesis.json describes.
        """
        with gzip.open(self.path) as source:
            yield self._checked(source)

    def _checked(self, source: io.BufferedIOBase | gzip.GzipFile) -> Iterator[tuple[bytes, Header]]:
        last: Header | None = None
        try:
            for item in split_items(source):
                last, _ = self.form.split(Block.decode(item.raw).header)
                if item.item == 0 and last.hash() != self.genesis_hash:
                    what = f"begins with 0x{last.hash().hex()}, {GENESIS} describes"
                    raise self._corrupt(f"{what} 0x{self.genesis_hash.hex()}")
                yield item.raw, last
        except PeerError as error:
            raise self._corrupt(str(error)) from error
        got = None if last is None else last.hash()
        if got != self.head_hash:
            raise self._corrupt(f"ends with 0x{(got or b'').hex()}")

    def _corrupt(self, what: str) -> CorruptStoreError:
        want = f"block {self.height}, 0x{self.head_hash.hex()}"
        return CorruptStoreError("run folder", str(self.path), f"{what}; wants a chain to {want}")


def find_chain(folder: Path, node: str) -> RunChain:
    """Find the chain that a node of a run ended on.

    raises        UsageError: the folder holds no finished run, no such node, or no chains.
                  ConfigError: its genesis.json is none.
    """
    heads = _heads(folder)
    if not heads:
        raise UsageError(f"{folder / RESULTS} names no node: no chain to find")
    if node not in heads:
        raise UsageError(f"{folder} has no node {node!r}, choose one of {', '.join(heads)}")
    height, head_hash = heads[node]
    path = folder / _file_of(head_hash)
    try:
        genesis = (folder / GENESIS).read_bytes()
    except OSError as error:
        raise UsageError(f"{folder / GENESIS}: {error.strerror}") from error
    try:
        parsed = kept_genesis(parse_genesis(genesis))
        block = genesis_block(parsed, MemoryStateNodes())
    except ConfigError as error:
        raise ConfigError(f"{folder / GENESIS}: {error}") from error
    if not path.is_file():
        raise UsageError(f"{path}: no such file: the run was made without chains, or they are gone")
    form = header_form(parsed)
    return RunChain(genesis, block.header.hash(), form, path, height, head_hash)


def _heads(folder: Path) -> dict[str, tuple[int, Hash32]]:
    path = folder / RESULTS
    try:
        results: Any = json.loads(path.read_bytes())
        return {
            str(node["name"]): (int(node["height"]), Hash32(bytes.fromhex(node["head_hash"][2:])))
            for node in results["nodes"]
        }
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}: wants the folder of a finished run") from error
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{path} holds no results of a run: {type(error).__name__}") from error


def receipts_file(head_hash: Hash32) -> str:
    """Give the name of the file with the receipts of a chain: an RLP list for each block from 1."""
    return f"{RECEIPTS}/{head_hash.hex()}.rlp.gz"


def encode_receipts(ledger: Ledger) -> Iterator[bytes]:
    """Give the items of that file: of each block the list of its receipts' envelopes."""
    for number in range(1, ledger.head.number + 1):
        block_hash = ledger.hash_by_number(number)
        assert block_hash is not None, "the chain has every number below its head"
        yield rlp.encode([one.encode() for one in ledger.receipts(block_hash)])


def _file_of(head_hash: Hash32) -> str:
    return f"{CHAINS}/{head_hash.hex()}.rlp.gz"


def _packed(items: Iterable[bytes]) -> bytes:
    """Pack with gzip; no time and no name inside, so equal chains give equal bytes."""
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as sink:
        for item in items:
            sink.write(item)
    return packed.getvalue()
