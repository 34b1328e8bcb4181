"""Whole blocks that we made, imported by py-evm's own chains and VM classes with validation."""

import random

import pytest
import rlp as pyrlp
from eth.chains.base import Chain
from eth.consensus.noproof import NoProofConsensus

from node.base.block import Withdrawal
from node.base.keys import PrivateKey
from node.base.types import Address
from node.evm.forks import Fork, Profile
from tests.evm.chains import KEYS
from tests.evm.foreign_chain import authorization, blob_fields, book_of, set_code_fields, signed
from tests.evm.programs import Author
from tests.evm.stock import VMS, StockChain

pytestmark = pytest.mark.filterwarnings("ignore:SELFDESTRUCT opcode present:DeprecationWarning")

BLOBBER, SENDER, WISHER = (PrivateKey.from_bytes(bytes([n]) * 32) for n in (0x71, 0x72, 0x73))
ALLOC = {key.address.hex(): {"balance": hex(10**27)} for key in (*KEYS, BLOBBER, SENDER)}
ONE = Address(b"\x01" * 20)
FORKS = [fork for fork in Fork if fork is not Fork.CONSTANTINOPLE]


class Reference:
    """A chain of py-evm that begins with the same genesis."""

    def __init__(self, book, fork):
        vm_class, header_class = VMS[fork.name.lower()]
        profile = Profile(fork.name.lower(), fork, is_foreign=True)
        start = StockChain(book.genesis.alloc, 1337, profile)
        header = pyrlp.decode(book.head.encode(), sedes=header_class)
        self.vm_class = vm_class.configure(consensus_class=NoProofConsensus)
        chain_class = Chain.configure(vm_configuration=((0, self.vm_class),), chain_id=1337)
        self.chain = chain_class.from_genesis_header(start.db, header)

    def add(self, block):
        sedes = self.vm_class.get_block_class()
        stock = pyrlp.decode(block.encode(), sedes=sedes)
        imported = self.chain.import_block(stock).imported_block
        assert imported.hash == block.header.hash()


def _author(book, fork, seed):
    return Author(
        random.Random(seed),
        KEYS,
        1337,
        cancun=fork >= Fork.CANCUN,
        highest_type=min(book.rules._forks.at_genesis(0).highest_type, 2),
        is_protected=fork >= Fork.SPURIOUS_DRAGON,
    )


@pytest.mark.parametrize("fork", FORKS, ids=lambda fork: fork.name)
def test_blocks_of_ours_are_valid_for_py_evm(fork):
    changes = {"baseFeePerGas": "0x1"} if fork >= Fork.LONDON else {}
    difficulty = 0x20000
    book = book_of(fork, ALLOC, gasLimit=hex(60_000_000), difficulty=hex(difficulty), **changes)
    reference = Reference(book, fork)
    author = _author(book, fork, 7 + fork)
    uncles = ()
    for at in range(4):
        header = {"timestamp": book.head.timestamp + 20}
        if fork < Fork.PARIS:
            header["difficulty"] = difficulty  # py-evm reckons the same: the blocks are slow
        paid = (Withdrawal(at, 1, ONE, 5),) if fork >= Fork.SHANGHAI else ()
        raws = [author.transaction() for _ in range(6)] + _late(fork, at)
        brother = book.make(extra_data=b"slow", coinbase=ONE, **header).header
        block = book.make(raws, withdrawals=paid, uncles=uncles, **header)
        book.add(block)
        reference.add(block)
        uncles = (brother,) if fork < Fork.PARIS and at % 2 == 0 else ()
    assert book.head.number == 4


def _late(fork, nonce):
    """Give transactions of the types that only foreign chains have, of senders of their own."""
    raws = []
    if fork >= Fork.CANCUN:
        raws.append(signed(3, BLOBBER, blob_fields(nonce=nonce, tip=3)))
    if fork >= Fork.PRAGUE:
        wish = authorization(WISHER, ONE, nonce=nonce)
        fields = set_code_fields(nonce=nonce, authorizations=[wish, wish], data=b"\x01" * 900)
        raws.append(signed(4, SENDER, fields))
    return raws
