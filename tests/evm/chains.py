"""Ledgers, accounts and blocks for the tests."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from node.base.block import Block
from node.base.keys import MemoVerifier, PrivateKey
from node.base.types import ZERO_ADDRESS, ZERO_HASH, Address, Hash32
from node.evm.blocks import BuildRequest, Built
from node.evm.executor import ExecutionContext
from node.evm.forks import CANCUN, LONDON, Profile
from node.evm.genesis import Genesis, GenesisAccount
from node.evm.ledger import Ledger
from node.evm.transactions import Transaction, decode_transaction, sign_legacy

CHAIN_ID = 1337
KEYS = [PrivateKey.from_bytes(bytes([n]) * 32) for n in range(1, 8)]
ALICE, BOB, CAROL = KEYS[:3]
SIGNER = Address(b"\x51" * 20)
EXTRA = bytes(32) + b"\x51" * 20 + bytes(65)
VERIFIER = MemoVerifier()


PROFILES = (LONDON, CANCUN)


def genesis(
    alloc: Mapping[Address, GenesisAccount] | None = None,
    profile: Profile = LONDON,
    **changes: Any,
) -> Genesis:
    engine = "clique" if profile is LONDON else "qbft"
    plain = Genesis(
        chain_id=CHAIN_ID,
        gas_limit=30_000_000,
        extra_data=EXTRA,
        alloc=alloc or {},
        profile=profile,
        engine=engine,
        engine_settings={"period": 5, "epoch": 30_000} if engine == "clique" else {},
    )
    return replace(plain, **changes)


def ledger(alloc: Mapping[Address, GenesisAccount] | None = None, **changes: Any) -> Ledger:
    return Ledger(genesis(alloc, **changes), verifier=VERIFIER)


def request(book: Ledger, parent: Hash32 | None = None, **changes: Any) -> BuildRequest:
    parent_hash = book.head_hash if parent is None else parent
    header = book.header(parent_hash)
    assert header is not None
    plain = BuildRequest(
        parent_hash=parent_hash,
        timestamp=header.timestamp + 5,
        extra_data=bytes(97),
        coinbase=ZERO_ADDRESS,
        nonce=bytes(8),
        difficulty=2,
        mix_hash=ZERO_HASH,
        fee_recipient=SIGNER,
    )
    return replace(plain, **changes)


def build(
    book: Ledger, raws: Iterable[bytes], parent: Hash32 | None = None, **changes: Any
) -> Built:
    return book.build(request(book, parent, **changes), [book.decode(raw) for raw in raws])


def seal(block: Block, mark: int = 1) -> Block:
    """Change the extraData as a seal would."""
    extra = bytes(32) + bytes([mark]) * 65
    return Block(replace(block.header, extra_data=extra), block.transactions)


def extend(
    book: Ledger, raws: Iterable[bytes] = (), parent: Hash32 | None = None, **changes: Any
) -> Block:
    """Build, seal, adopt, and make it the head."""
    built = build(book, raws, parent, **changes)
    assert not built.skipped, built.skipped
    block = seal(built.block)
    book.set_head(book.adopt(block, built.result))
    return block


def legacy(
    key: PrivateKey, nonce: int, to: Address | None = BOB.address, data: bytes = b"", **more: Any
) -> bytes:
    fields: dict[str, Any] = {"chain_id": CHAIN_ID, "gas": 1_000_000} | more
    return sign_legacy(key, nonce=nonce, to=to, data=data, **fields)


def decoded(raw: bytes) -> Transaction:
    return decode_transaction(raw, VERIFIER)


def context(book: Ledger, **changes: Any) -> ExecutionContext:
    """Give the surroundings of a block on the head."""
    plain = ExecutionContext(
        profile=LONDON,
        chain_id=CHAIN_ID,
        number=book.head.number + 1,
        timestamp=book.head.timestamp + 5,
        fee_recipient=SIGNER,
        difficulty=2,
        mix_hash=ZERO_HASH,
        gas_limit=book.head.gas_limit,
        base_fee=0,
    )
    return replace(plain, **changes)
