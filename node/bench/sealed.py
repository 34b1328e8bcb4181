"""Sealed headers and consensus messages to measure with: keys from a label, no execution."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from node.base.block import Block
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.keys import PrivateKey
from node.base.types import (
    EMPTY_OMMERS_HASH,
    EMPTY_TRIE_ROOT,
    ZERO_ADDRESS,
    ZERO_HASH,
    Address,
    Hash32,
)
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.clique.rules import turn_difficulty
from node.consensus_poa.clique.snapshot import Refused, genesis_snapshot
from node.consensus_poa.extra_data import VANITY_BYTES, clique_extra
from node.consensus_poa.gas_rules import next_base_fee
from node.consensus_poa.header import seal_header
from node.consensus_poa.proposer import proposer
from node.consensus_poa.qbft.header import (
    MIX_HASH,
    QbftExtra,
    commit_digest,
    encode_certificate,
    genesis_extra,
)
from node.consensus_poa.qbft.messages import (
    COMMIT,
    PREPARE,
    PROPOSAL,
    Commit,
    Prepare,
    Proposal,
    signing_digest,
)
from node.consensus_poa.qbft.options import QbftOptions
from node.consensus_poa.quorum import quorum

GENESIS_S: Final = 1_767_225_600
PERIOD_S: Final = 5
CLIQUE: Final = CliqueOptions(period=PERIOD_S, london_block=10**9)
"""Headers of 15 fields: py-evm's Clique knows no others."""
QBFT: Final = QbftOptions(period=PERIOD_S, relays=False)
_GAS_LIMIT: Final = 30_000_000


def signers(count: int) -> list[PrivateKey]:
    """Give ``count`` keys, ascending by address."""
    keys = (PrivateKey.from_bytes(keccak256(b"wardnet/bench/%d" % n)) for n in range(count))
    return sorted(keys, key=lambda key: key.address)


class HeaderTable:
    """A chain of headers in memory, ``ChainReader``; with one set, ``ValidatorProvider``."""

    def __init__(self, genesis: Header, validators: tuple[Address, ...]) -> None:
        self._validators = validators
        self._headers: dict[Hash32, Header] = {}
        self._hashes: list[Hash32] = []
        self._weights: dict[Hash32, int] = {}
        self.add(genesis)

    def add(self, header: Header) -> None:
        """Put the next block onto the chain."""
        block_hash = header.hash()
        self._headers[block_hash] = header
        self._weights[block_hash] = self._weights.get(header.parent_hash, 0) + header.difficulty
        self._hashes.append(block_hash)

    def header_by_hash(self, block_hash: Hash32) -> Header | None:
        """Give a header."""
        return self._headers.get(block_hash)

    def header_by_number(self, number: int) -> Header | None:
        """Give the header of block ``number``."""
        return self._headers[self._hashes[number]] if number < len(self._hashes) else None

    def total_difficulty(self, block_hash: Hash32) -> int | None:
        """Give the sum of difficulties up to a block."""
        return self._weights.get(block_hash)

    def validators_for_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set, which is the same for every block."""
        del block_hash
        return self._validators

    def validators_after_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set, which is the same after every block."""
        del block_hash
        return self._validators


def clique_chain(keys: Sequence[PrivateKey], count: int) -> list[Header]:
    """Give genesis and ``count`` headers, each sealed by the signer whose turn it is."""
    addresses = tuple(key.address for key in keys)
    genesis = replace(_empty(), extra_data=clique_extra(bytes(VANITY_BYTES), addresses))
    chain, snapshot = [genesis], genesis_snapshot(0, addresses)
    for number in range(1, count + 1):
        key = keys[number % len(keys)]
        header = replace(
            chain[-1],
            parent_hash=chain[-1].hash(),
            number=number,
            timestamp=chain[-1].timestamp + PERIOD_S,
            difficulty=turn_difficulty(snapshot, number, key.address),
            extra_data=clique_extra(bytes(VANITY_BYTES)),
        )
        chain.append(seal_header(header, key))
        after = snapshot.apply(key.address, ZERO_ADDRESS, header.nonce, epoch=CLIQUE.epoch)
        assert not isinstance(after, Refused)
        snapshot = after
    return chain


def qbft_genesis() -> Header:
    """Give block 0 of a chain whose validators a contract names."""
    return replace(
        _empty(),
        mix_hash=MIX_HASH,
        extra_data=genesis_extra(),
        base_fee=0,
        withdrawals_root=EMPTY_TRIE_ROOT,
        blob_gas_used=0,
        excess_blob_gas=0,
        parent_beacon_root=ZERO_HASH,
    )


def qbft_block(parent: Header, keys: Sequence[PrivateKey]) -> Header:
    """Give the canonical header of round 0 on ``parent``."""
    return replace(
        parent,
        parent_hash=parent.hash(),
        number=parent.number + 1,
        timestamp=parent.timestamp + PERIOD_S,
        coinbase=_leader(parent, keys).address,
        extra_data=QbftExtra().encode(),
        base_fee=next_base_fee(parent),
    )


def qbft_certificate(header: Header, keys: Sequence[PrivateKey]) -> bytes:
    """Give the certificate of a quorum, and of no more."""
    digest = _digest(header)
    return encode_certificate(0, [key.sign(digest) for key in keys[: quorum(len(keys))]])


def qbft_proposal(parent: Header, keys: Sequence[PrivateKey]) -> bytes:
    """Give the proposal of round 0 on ``parent``, an empty block."""
    bare = Proposal(parent.number + 1, 0, Block(qbft_block(parent, keys), ()))
    signature = _leader(parent, keys).sign(signing_digest(PROPOSAL, bare.payload()))
    return replace(bare, signature=signature).encode()


def qbft_votes(
    parent: Header, keys: Sequence[PrivateKey], voters: Sequence[PrivateKey]
) -> list[bytes]:
    """Give a Prepare of each voter, then a Commit of each, for the proposal on ``parent``."""
    height, digest = parent.number + 1, _digest(qbft_block(parent, keys))
    votes: list[bytes] = []
    for key in voters:
        prepare = Prepare(height, 0, digest)
        signature = key.sign(signing_digest(PREPARE, prepare.payload()))
        votes.append(replace(prepare, signature=signature).encode())
    for key in voters:
        commit = Commit(height, 0, digest, key.sign(digest))
        signature = key.sign(signing_digest(COMMIT, commit.payload()))
        votes.append(replace(commit, signature=signature).encode())
    return votes


def _leader(parent: Header, keys: Sequence[PrivateKey]) -> PrivateKey:
    leader = proposer([key.address for key in keys], parent.coinbase, 0)
    return next(key for key in keys if key.address == leader)


def _digest(header: Header) -> Hash32:
    return commit_digest(header, QbftExtra.decode(header.extra_data), 0)


def _empty() -> Header:
    return Header(
        parent_hash=ZERO_HASH,
        ommers_hash=EMPTY_OMMERS_HASH,
        coinbase=ZERO_ADDRESS,
        state_root=EMPTY_TRIE_ROOT,
        transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        logs_bloom=bytes(256),
        difficulty=1,
        number=0,
        gas_limit=_GAS_LIMIT,
        gas_used=0,
        timestamp=GENESIS_S,
        extra_data=b"",
        mix_hash=ZERO_HASH,
        nonce=bytes(8),
    )
