"""Foreign chains for the tests: that of execution-apis, and blocks of our own under any fork."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from node.base import rlp
from node.base.block import Block, Withdrawal
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.keys import PrivateKey
from node.base.types import EMPTY_TRIE_ROOT, ZERO_HASH, Address, Hash32
from node.evm.blocks import ExecutionResult, conclude, next_base_fee, run_all
from node.evm.executor import ExecutionContext
from node.evm.foreign import ForeignRules, ForeignRun
from node.evm.forks import Fork
from node.evm.genesis import Genesis, genesis_block, parse_genesis
from node.evm.ledger import Ledger
from node.evm.state import StateStore, StateView
from node.evm.transactions import Transaction
from node.evm.trie import list_root
from node.storage.state_nodes import MemoryStateNodes
from tests.evm.chains import VERIFIER
from tests.vectors_dir import vectors

FORK_NAMES = (
    "homesteadBlock", "eip150Block", "eip155Block", "eip158Block", "byzantiumBlock",
    "constantinopleBlock", "petersburgBlock", "istanbulBlock", "berlinBlock", "londonBlock",
    "shanghaiTime", "cancunTime", "pragueTime",
)  # fmt: skip
_LAST = {
    Fork.HOMESTEAD: 1, Fork.TANGERINE_WHISTLE: 2, Fork.SPURIOUS_DRAGON: 4, Fork.BYZANTIUM: 5,
    Fork.CONSTANTINOPLE: 6, Fork.PETERSBURG: 7, Fork.ISTANBUL: 8, Fork.BERLIN: 9, Fork.LONDON: 10,
    Fork.PARIS: 10, Fork.SHANGHAI: 11, Fork.CANCUN: 12, Fork.PRAGUE: 13,
}  # fmt: skip
WITHDRAWAL_REQUESTS = "00000961ef480eb55e80d19ad83579a64c007002"
CONSOLIDATION_REQUESTS = "0000bbddc7ce488642fb579f8b00f3a590007251"
REQUEST_CONTRACTS = {
    address: {"balance": "1", "code": "0x00"}
    for address in (WITHDRAWAL_REQUESTS, CONSOLIDATION_REQUESTS)
}
"""Contracts without requests: what a block of Prague cannot do without."""
MINER = Address(b"\x3c" * 20)


class ForeignBook:
    """A chain in memory whose blocks are made here, and whose parts can be broken."""

    def __init__(self, genesis: Genesis) -> None:
        nodes = MemoryStateNodes()
        first = genesis_block(genesis, nodes)
        self.genesis = genesis
        self.states = StateStore(nodes)
        self.blocks = {first.header.hash(): first}
        self.results: dict[Hash32, ExecutionResult] = {}
        self.line = [first]
        self.rules = ForeignRules(genesis, self.states, VERIFIER, block_of=self.blocks.get)

    @property
    def head(self) -> Header:
        return self.line[-1].header

    def ancestors(self, header: Header) -> list[Hash32]:
        """Give the hashes that a block sees, its parent's first."""
        return list(self._ancestors(header))

    def _ancestors(self, header: Header) -> Iterator[Hash32]:
        while header.number:
            yield header.parent_hash
            header = self.blocks[header.parent_hash].header

    def check(self, block: Block) -> ExecutionResult:
        parent = self.blocks[block.header.parent_hash].header
        return self.rules.check(
            block,
            parent,
            self.states.view(parent.state_root),
            self.ancestors(block.header),
            fee_recipient=block.header.coinbase,
        )

    def add(self, block: Block) -> ExecutionResult:
        """Check and keep a block on the head."""
        result = self.check(block)
        self.states.put(result.writes)
        block_hash = block.header.hash()
        self.blocks[block_hash] = block
        self.results[block_hash] = result
        self.line.append(block)
        return result

    # -- what a ledger would answer --

    def decode(self, raw: bytes) -> Transaction:
        return self.rules.decode(raw)

    def state(self, at: Hash32 | None = None) -> StateView:
        header = self.head if at is None else self.blocks[at].header
        return self.states.view(header.state_root)

    def context(
        self, at: Hash32 | None = None, *, fee_recipient: Address | None = None
    ) -> ExecutionContext:
        header = self.head if at is None else self.blocks[at].header
        recipient = header.coinbase if fee_recipient is None else fee_recipient
        return self.rules.context(header, self.ancestors(header), fee_recipient=recipient)

    # -- blocks of our own --

    def make(
        self,
        raws: Sequence[bytes] = (),
        *,
        uncles: tuple[Header, ...] = (),
        withdrawals: tuple[Withdrawal, ...] = (),
        **changes: Any,
    ) -> Block:
        """Make a valid block on the head; ``changes`` go into its header before it is run."""
        parent = self.head
        header = self._plain(parent, uncles, withdrawals, changes)
        header = replace(header, transactions_root=list_root(raws))
        context = self.rules.context(header, self.ancestors(header), fee_recipient=header.coinbase)
        view = self.states.view(parent.state_root)
        run = ForeignRun(context, view)
        transactions = [self.decode(raw) for raw in raws]
        run_all(run, transactions)
        block = Block(header, tuple(raws), uncles, withdrawals)
        if context.profile.fork >= Fork.PRAGUE:
            header = replace(header, requests_hash=run.requests_hash(self.rules._forks))
        run.pay_withdrawals(block)
        if header.difficulty and self.genesis.engine == "ethash":
            run.pay_rewards(block)
        result = conclude(run, transactions, self.states, view)
        blobs = sum(len(transaction.blob_hashes) for transaction in transactions) * 131_072
        header = replace(
            header,
            state_root=result.state_root,
            receipts_root=result.receipts_root,
            logs_bloom=result.logs_bloom,
            gas_used=result.gas_used,
            blob_gas_used=None if header.blob_gas_used is None else blobs,
        )
        return replace(block, header=header)

    def _plain(
        self,
        parent: Header,
        uncles: tuple[Header, ...],
        withdrawals: tuple[Withdrawal, ...],
        changes: dict[str, Any],
    ) -> Header:
        forks = self.rules._forks
        difficulty = changes.pop("difficulty", 0 if forks.has_merge else 7)
        plain = Header(
            parent_hash=parent.hash(),
            ommers_hash=keccak256(rlp.encode([uncle.items() for uncle in uncles])),
            coinbase=MINER,
            state_root=EMPTY_TRIE_ROOT,
            transactions_root=EMPTY_TRIE_ROOT,
            receipts_root=EMPTY_TRIE_ROOT,
            logs_bloom=bytes(256),
            difficulty=difficulty,
            number=parent.number + 1,
            gas_limit=parent.gas_limit,
            gas_used=0,
            timestamp=parent.timestamp + 10,
            extra_data=b"",
            mix_hash=ZERO_HASH,
            nonce=bytes(8),
        )
        plain = replace(plain, **{k: v for k, v in changes.items() if k == "timestamp"})
        profile = forks.profile(plain)
        more: dict[str, Any] = {}
        if profile.fork >= Fork.LONDON:
            is_first = not forks.has(Fork.LONDON, parent.number)
            more["base_fee"] = 10**9 if is_first else next_base_fee(parent)
            more["gas_limit"] = parent.gas_limit * (2 if is_first else 1)
        if profile.fork >= Fork.SHANGHAI:
            items = [rlp.encode(withdrawal.items()) for withdrawal in withdrawals]
            more["withdrawals_root"] = list_root(items)
        if profile.fork >= Fork.CANCUN:
            assert profile.blobs is not None
            excess = (parent.excess_blob_gas or 0) + (parent.blob_gas_used or 0)
            more["excess_blob_gas"] = max(excess - profile.blobs.target * 131_072, 0)
            more |= {"blob_gas_used": 0, "parent_beacon_root": Hash32(b"\xbe" * 32)}
        if profile.fork >= Fork.PRAGUE:
            more["requests_hash"] = ZERO_HASH
        return replace(plain, **(more | changes))


def config_of(fork: Fork, *, at: int = 0, **changes: Any) -> dict[str, Any]:
    """Give a genesis config whose last fork is ``fork``; ``at``: its first block or second."""
    names = FORK_NAMES[: _LAST.get(fork, 0)]
    config: dict[str, Any] = {"chainId": 1337} | dict.fromkeys(names, 0)
    if names and fork is not Fork.PARIS:
        config[names[-1]] = at
    if fork >= Fork.PARIS:
        config["terminalTotalDifficulty"] = 0
    return config | changes


def text_of(config: dict[str, Any], alloc: dict[str, Any] | None = None, **changes: Any) -> str:
    """Give a genesis.json."""
    data = {
        "config": config,
        "gasLimit": "0x1c9c380",
        "difficulty": "0x7",
        "alloc": alloc or {},
    }
    return json.dumps(data | changes)


def book_of(
    fork: Fork,
    alloc: dict[str, Any] | None = None,
    *,
    config: dict[str, Any] | None = None,
    **changes: Any,
) -> ForeignBook:
    """Begin a chain under one fork."""
    if fork >= Fork.PRAGUE:
        alloc = REQUEST_CONTRACTS | (alloc or {})
    text = text_of(config_of(fork) | (config or {}), alloc, **changes)
    return ForeignBook(parse_genesis(text, foreign=True))


def signed(kind: int, key: PrivateKey, fields: Sequence[rlp.Item]) -> bytes:
    """Sign the fields of a typed transaction."""
    prefix = bytes((kind,))
    return prefix + rlp.encode([*fields, *_signature(key, prefix + rlp.encode(fields))])


def blob_fields(**changes: Any) -> list[rlp.Item]:
    """Give the fields of a type 3 transaction in their order."""
    plain: dict[str, Any] = {
        "chain_id": 1337, "nonce": 0, "tip": 0, "fee": 10**10, "gas": 100_000,
        "to": MINER, "value": 0, "data": b"", "access_list": [],
        "blob_fee": 10**10, "hashes": [b"\x01" + bytes(31)],
    }  # fmt: skip
    return _items(plain | changes)


def set_code_fields(**changes: Any) -> list[rlp.Item]:
    """Give the fields of a type 4 transaction in their order."""
    plain: dict[str, Any] = {
        "chain_id": 1337, "nonce": 0, "tip": 0, "fee": 10**10, "gas": 1_000_000,
        "to": MINER, "value": 0, "data": b"", "access_list": [], "authorizations": [],
    }  # fmt: skip
    return _items(plain | changes)


def authorization(
    key: PrivateKey, to: Address, *, nonce: int = 0, chain_id: int = 1337
) -> list[rlp.Item]:
    """Sign a delegation (EIP-7702)."""
    fields: list[rlp.Item] = [rlp.encode_int(chain_id), to, rlp.encode_int(nonce)]
    return [*fields, *_signature(key, b"\x05" + rlp.encode(fields))]


def _items(fields: dict[str, Any]) -> list[rlp.Item]:
    return [rlp.encode_int(v) if isinstance(v, int) else v for v in fields.values()]


def _signature(key: PrivateKey, data: bytes) -> list[bytes]:
    signature = key.sign(keccak256(data))
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64])
    return [rlp.encode_int(number) for number in (signature[64], r, s)]


# -- the chain of execution-apis --


def apis() -> Path:
    """Give the folder of the vector chain, or skip."""
    return vectors("execution-apis") / "tests"


@cache
def _apis_parts(folder: Path) -> tuple[Genesis, tuple[bytes, ...]]:
    genesis = parse_genesis((folder / "genesis.json").read_bytes(), foreign=True)
    data = (folder / "chain.rlp").read_bytes()
    raws: list[bytes] = []
    at = 0
    while at < len(data):
        _, end = rlp.decode_prefix(data, at)
        raws.append(data[at:end])
        at = end
    return genesis, tuple(raws)


def apis_book(until: int = 10**9) -> tuple[ForeignBook, list[bytes]]:
    """Import the vector chain up to a block; give it, and the raw blocks that are left."""
    genesis, raws = _apis_parts(apis())
    book = ForeignBook(genesis)
    for raw in raws[:until]:
        book.add(Block.decode(raw, foreign=True))
    return book, list(raws[until:])


class ApisLedger(Ledger):
    """The vector chain as a ledger keeps it."""

    @property
    def line(self) -> list[Block]:
        """The blocks of the chain, block 0 first."""
        hashes = [self.hash_by_number(number) for number in range(self.head.number + 1)]
        blocks = [self.block(found) for found in hashes if found is not None]
        return [block for block in blocks if block is not None]


def apis_ledger() -> ApisLedger:
    """Import the whole vector chain, once per process."""
    return _apis_ledger(apis())


@cache
def _apis_ledger(folder: Path) -> ApisLedger:
    genesis, raws = _apis_parts(folder)
    ledger = ApisLedger(genesis, verifier=VERIFIER)
    for raw in raws:
        block = Block.decode(raw, foreign=True)
        ledger.insert(block, ledger.check(block, fee_recipient=block.header.coinbase))
        ledger.set_head(block.header.hash())
    return ledger
