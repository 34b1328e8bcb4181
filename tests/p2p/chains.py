"""Headers and blocks that link, and a transactions root that any judge can recompute."""

from node.base import rlp
from node.base.block import Block
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.types import EMPTY_OMMERS_HASH, EMPTY_TRIE_ROOT, ZERO_ADDRESS, ZERO_HASH, Hash32


def root_of(transactions):
    """Stand in for the trie root: as injective, and computed without a trie."""
    if not transactions:
        return EMPTY_TRIE_ROOT
    return keccak256(rlp.encode(list(transactions)))


def make_block(number, parent, transactions=(), *, branch=0, root=None):
    header = Header(
        parent_hash=parent,
        ommers_hash=EMPTY_OMMERS_HASH,
        coinbase=ZERO_ADDRESS,
        state_root=Hash32(bytes((branch,)) * 32),
        transactions_root=root_of(transactions) if root is None else root,
        receipts_root=EMPTY_TRIE_ROOT,
        logs_bloom=bytes(256),
        difficulty=2,
        number=number,
        gas_limit=10_000_000,
        gas_used=0,
        timestamp=1_700_000_000 + number,
        extra_data=bytes(32),
        mix_hash=ZERO_HASH,
        nonce=bytes(8),
    )
    return Block(header, tuple(transactions))


class Chain:
    """A linear chain of blocks; every third one is empty.  A ChainView for the server."""

    def __init__(self, length, *, branch=0):
        self.blocks = []
        self.by_hash = {}
        parent = ZERO_HASH
        for number in range(length + 1):
            raws = () if number % 3 == 0 else (b"\x01%d" % number, b"\x02" * number)
            self.append(make_block(number, parent, raws, branch=branch))
            parent = self.head

    @property
    def head(self):
        return self.blocks[-1].header.hash()

    def append(self, block):
        self.blocks.append(block)
        self.by_hash[block.header.hash()] = block

    def hash_at(self, number):
        return self.blocks[number].header.hash()

    def block(self, block_hash, /):
        return self.by_hash.get(block_hash)

    def header(self, block_hash, /):
        block = self.by_hash.get(block_hash)
        return None if block is None else block.header

    def hash_by_number(self, number, /):
        return self.hash_at(number) if number < len(self.blocks) else None


def header_bytes(chain, *numbers):
    return tuple(chain.blocks[number].header.encode() for number in numbers)
