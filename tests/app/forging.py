"""Blocks of validators that run no core: right ones, and ones with a single fault."""

from dataclasses import replace

from node.base.block import Block
from node.base.types import EMPTY_TRIE_ROOT, ZERO_ADDRESS, ZERO_HASH, Hash32
from node.consensus_poa.clique.snapshot import NONCE_DROP
from node.consensus_poa.header import seal_header
from node.evm.blocks import BuildRequest
from node.p2p.messages import NewBlock
from tests.app.ward import EPOCH_S, HOSPITALS


def child(core, signer, *, parent=None, raws=(), timestamp=None, sealer=None, body=None, **changes):
    """Make a block on a block that ``core`` has.

    ``sealer``    who seals it in truth; ``signer`` is for whom difficulty and fees are right.
    ``body``      transactions to send in place of those that the header names.
    ``changes``   header fields to set before sealing.
    """
    ledger = core.ledger
    parent_hash = ledger.head_hash if parent is None else parent
    above = ledger.header(parent_hash)
    before = core.chain._engine.voting_state(parent_hash)
    number = above.number + 1
    request = BuildRequest(
        parent_hash=parent_hash,
        timestamp=above.timestamp + 1 if timestamp is None else timestamp,
        extra_data=bytes(32 + 65),
        coinbase=ZERO_ADDRESS,
        nonce=NONCE_DROP,
        difficulty=2 if before.is_in_turn(number, signer.address) else 1,
        mix_hash=ZERO_HASH,
        fee_recipient=signer.address,
    )
    built = ledger.build(request, [ledger.decode(raw) for raw in raws])
    assert not built.skipped
    header = replace(built.block.header, **changes)
    body = built.block.transactions if body is None else tuple(body)
    return Block(seal_header(header, sealer or signer), body)


def on(core, block, signer, **changes):
    """Make an empty block on one that nobody has yet; its state is its parent's."""
    above = block.header
    turns = core.chain._engine.voting_state(core.ledger.genesis_hash)
    fields = {
        "parent_hash": above.hash(),
        "number": above.number + 1,
        "timestamp": above.timestamp + 1,
        "difficulty": 2 if turns.is_in_turn(above.number + 1, signer.address) else 1,
        "transactions_root": EMPTY_TRIE_ROOT,
        "receipts_root": EMPTY_TRIE_ROOT,
        "logs_bloom": bytes(256),
        "gas_used": 0,
    }
    header = replace(above, **fields | changes)
    return Block(seal_header(header, signer), ())


def whole(block, score=b"\x01"):
    """Give the message that carries a block."""
    return NewBlock(block.header.encode(), block.transactions, score)


def hash_of(block) -> Hash32:
    return block.header.hash()


def clock(block):
    """Give a local time at which a block is not from the future."""
    return max(EPOCH_S, block.header.timestamp) * 1_000_000


def take(ward, block, n=0, source=HOSPITALS[1]):
    """Send a block to a core at a time at which it is not from the future."""
    ward.now = max(ward.now, clock(block))
    return ward.say(source, n, whole(block))


def extend(ward, signers, parent=None, n=0, **options):
    """Make a branch on ``parent`` and send it block by block; give the blocks."""
    branch = []
    for signer in signers:
        block = child(ward.cores[n], signer, parent=parent, **options)
        take(ward, block, n)
        parent = hash_of(block)
        branch.append(block)
    return branch
