"""Clique chains with real seals, made on a ledger, and the files that they come as."""

import io
from dataclasses import replace

from node.app.chain_import import import_chain
from node.app.ledger_reader import LedgerReader
from node.app.seal_judge import judge_for
from node.base.block import Block
from node.base.keys import PrivateKey
from node.base.rng import TreeEntropy
from node.base.types import ZERO_ADDRESS, ZERO_HASH
from node.consensus_poa.clique.engine import CliqueEngine
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.clique.rules import turn_difficulty
from node.consensus_poa.clique.snapshot import NONCE_ADD, NONCE_DROP
from node.consensus_poa.extra_data import clique_extra
from node.consensus_poa.header import seal_header
from node.consensus_poa.interface import Capabilities
from node.evm.blocks import BuildRequest
from node.evm.chain_file import encode_chain, split_items
from node.evm.ledger import Ledger
from tests.evm.chains import KEYS, VERIFIER, genesis

A, B, C = sorted(KEYS[:3], key=lambda key: key.address)
VANITY = bytes(32)


def clique_genesis(signers, *, period=5, epoch=30_000, **changes):
    extra = clique_extra(VANITY, sorted(key.address for key in signers))
    settings = {"period": period, "epoch": epoch}
    return genesis(extra_data=extra, engine_settings=settings, **changes)


class SealedChain:
    """Seals blocks as signers would, right by default, wrong on request."""

    def __init__(self, signers=(A,), **choices):
        self.genesis = clique_genesis(signers, **choices)
        self.ledger = Ledger(self.genesis, verifier=VERIFIER)
        self.options = CliqueOptions.from_settings(self.genesis.engine_settings)
        lent = Capabilities(LedgerReader(self.ledger), VERIFIER, TreeEntropy(1, "x"))
        self.engine = CliqueEngine(self.options, lent)

    def make(self, signer: PrivateKey, *raws: bytes, vote=None, wait=None, **fields) -> Block:
        """Give a sealed block on the head that is not stored; ``fields`` replace header fields."""
        return self._make(signer, raws, vote, wait, fields)[0]

    def add(self, signer: PrivateKey, *raws: bytes, vote=None, wait=None) -> Block:
        """Seal a block, store it and make it the head."""
        block, result = self._make(signer, raws, vote, wait, {})
        self.ledger.set_head(self.ledger.adopt(block, result))
        return block

    def _make(self, signer, raws, vote, wait, fields):
        ledger, options = self.ledger, self.options
        number = ledger.head.number + 1
        before = self.engine.voting_state(ledger.head_hash)
        request = BuildRequest(
            parent_hash=ledger.head_hash,
            timestamp=ledger.head.timestamp + (options.period if wait is None else wait),
            extra_data=clique_extra(VANITY, before.signers if number % options.epoch == 0 else ()),
            coinbase=ZERO_ADDRESS if vote is None else vote[0].address,
            nonce=NONCE_ADD if vote is not None and vote[1] else NONCE_DROP,
            difficulty=turn_difficulty(before, number, signer.address),
            mix_hash=ZERO_HASH,
            fee_recipient=signer.address,
        )
        built = ledger.build(request, [ledger.decode(raw) for raw in raws])
        assert not built.skipped, built.skipped
        header = seal_header(replace(built.block.header, **fields), signer)
        return Block(header, built.block.transactions), built.result

    def file(self) -> bytes:
        """Give the chain as a file."""
        return b"".join(encode_chain(self.ledger))


def fresh(of, **choices) -> Ledger:
    """Give an empty ledger on a genesis."""
    return Ledger(of, verifier=VERIFIER, **choices)


def take(ledger: Ledger, of, data: bytes, *, checks_seals=True, tell=None):
    """Import a file."""
    judge = judge_for(of, ledger, VERIFIER, checks_seals=checks_seals)
    return import_chain(ledger, judge, split_items(io.BytesIO(data)), tell)
