"""One bit of a chain file is wrong: which rule says so, and where."""

from dataclasses import replace

import pytest

from node.app.chain_import import RefusedBlockError
from node.base import rlp
from node.base.block import Block
from node.base.errors import WardnetError
from node.consensus_poa.header import seal_header
from node.evm.chain_file import ChainFileError, encode_chain
from node.evm.trie import list_root
from tests.app.sealed_chain import A, B, C, SealedChain, fresh, take
from tests.app.test_chain_import import journey
from tests.evm.chains import CAROL, legacy


def two_signers() -> SealedChain:
    """A chain whose block 2, by A out of turn or B in turn, is still to be made."""
    chain = SealedChain([A, B])
    chain.add(B, legacy(CAROL, 0))
    return chain


def refusal(chain: SealedChain, data: bytes, **choices) -> RefusedBlockError:
    """Import the chain, then ``data``; give why that is refused."""
    ledger = fresh(chain.genesis)
    take(ledger, chain.genesis, chain.file())
    with pytest.raises(RefusedBlockError) as caught:
        take(ledger, chain.genesis, data, **choices)
    assert ledger.head_hash == chain.ledger.head_hash, "the refused block became the head"
    assert ledger.block(caught.value.block_hash) is None, "the refused block was stored"
    return caught.value


def flipped(value):
    """Flip the lowest bit of a number, or of the first byte."""
    if isinstance(value, int):
        return value ^ 1
    return bytes([value[0] ^ 1]) + value[1:]


BY_FLIPPED_BIT = {
    "parent_hash": "unknown parent",
    "ommers_hash": "invalid_uncle_hash",
    "coinbase": "unauthorized_signer",
    "state_root": "unauthorized_signer",
    "transactions_root": "unauthorized_signer",
    "receipts_root": "unauthorized_signer",
    "logs_bloom": "unauthorized_signer",
    "difficulty": "invalid_difficulty",
    "number": "unknown_ancestor",
    "gas_limit": "unauthorized_signer",
    "gas_used": "unauthorized_signer",
    "timestamp": "unauthorized_signer",
    "extra_data": "unauthorized_signer",
    "mix_hash": "invalid_mix_digest",
    "nonce": "invalid_vote",
    "base_fee": "invalid_base_fee",
}
"""What a flip in a sealed header breaks first; the seal covers what no cheaper rule does."""


@pytest.mark.parametrize(("field", "rule"), BY_FLIPPED_BIT.items())
def test_a_flipped_bit_of_a_header_field_breaks_a_rule(field, rule):
    chain = two_signers()
    block = chain.make(A, legacy(CAROL, 1))
    header = replace(block.header, **{field: flipped(getattr(block.header, field))})
    found = refusal(chain, Block(header, block.transactions).encode())
    assert (found.rule, found.number) == (rule, header.number)
    assert found.block_hash == header.hash()


BY_FLIPPED_BIT_AND_NEW_SEAL = {
    "state_root": "state root",
    "transactions_root": "transactions root",
    "receipts_root": "receipts root",
    "logs_bloom": "logs bloom",
    "gas_used": "gas used",
    "difficulty": "wrong_difficulty",
    "base_fee": "invalid_base_fee",
}
"""What the signer itself got wrong, a vote or the vanity aside: those are its to choose."""


@pytest.mark.parametrize(("field", "rule"), BY_FLIPPED_BIT_AND_NEW_SEAL.items())
def test_a_wrong_field_under_a_right_seal_breaks_the_rule_of_that_field(field, rule):
    chain = two_signers()
    header = chain.make(A).header
    value = getattr(header, field)
    wrong = 1 if field == "difficulty" else flipped(value)
    found = refusal(chain, chain.make(A, **{field: wrong}).encode())
    assert found.rule == rule


@pytest.mark.parametrize("field", ["coinbase", "gas_limit", "timestamp"])
def test_what_a_signer_may_choose_is_accepted_under_its_seal(field):
    chain = two_signers()
    value = getattr(chain.make(A).header, field)
    block = chain.make(A, **{field: value + 1 if isinstance(value, int) else flipped(value)})
    ledger = fresh(chain.genesis)
    take(ledger, chain.genesis, chain.file() + block.encode())
    assert ledger.head_hash == block.header.hash()


def test_a_flipped_bit_of_any_byte_of_a_seal_is_refused():
    chain = two_signers()
    block = chain.make(A)
    extra = block.header.extra_data
    for at in range(32, len(extra)):
        changed = bytearray(extra)
        changed[at] ^= 1 << at % 8
        header = replace(block.header, extra_data=bytes(changed))
        found = refusal(chain, Block(header, ()).encode())
        assert found.rule in ("unauthorized_signer", "invalid_seal", "recently_signed")


def test_a_flipped_bit_of_a_transaction_is_refused():
    chain = two_signers()
    block = chain.make(A, legacy(CAROL, 1))
    raw = block.transactions[0]
    changed = raw[:-1] + bytes([raw[-1] ^ 1])
    found = refusal(chain, Block(block.header, (changed,)).encode())
    assert found.rule == "transactions root"


@pytest.mark.parametrize("change", [lambda txs: (), lambda txs: txs * 2, lambda txs: txs[::-1]])
def test_a_body_with_other_transactions_is_refused(change):
    chain = two_signers()
    block = chain.make(A, legacy(CAROL, 1), legacy(CAROL, 2))
    found = refusal(chain, Block(block.header, change(block.transactions)).encode())
    assert found.rule == "transactions root"


def test_an_uncle_is_refused():
    chain = two_signers()
    block = chain.make(A)
    raw = rlp.encode([block.header.items(), [], [block.header.items()]])
    ledger = fresh(chain.genesis)
    with pytest.raises((ChainFileError, RefusedBlockError), match="uncles"):
        take(ledger, chain.genesis, chain.file() + raw)
    assert ledger.head.number == 1


def test_a_flipped_bit_of_the_uncle_list_is_refused():
    chain = two_signers()
    raw = bytearray(chain.make(A).encode())
    assert raw[-1] == 0xC0
    raw[-1] ^= 1
    ledger = fresh(chain.genesis)
    with pytest.raises(ChainFileError):
        take(ledger, chain.genesis, chain.file() + bytes(raw))


def test_another_body_under_a_known_header_is_refused():
    chain = two_signers()
    block = Block(chain.ledger.head, ())
    ledger = fresh(chain.genesis)
    take(ledger, chain.genesis, chain.file())
    with pytest.raises(RefusedBlockError) as caught:
        take(ledger, chain.genesis, block.encode())
    assert caught.value.rule == "body"


def test_block_0_of_another_genesis_is_refused():
    chain, other = two_signers(), SealedChain([C])
    found = refusal(chain, other.file())
    assert (found.rule, found.number) == ("genesis", 0)
    assert chain.ledger.genesis_hash.hex() in str(found)


def test_block_0_with_a_body_is_refused():
    chain = two_signers()
    genesis = chain.ledger.block(chain.ledger.genesis_hash)
    assert genesis is not None
    raw = Block(genesis.header, (legacy(CAROL, 0),)).encode()
    ledger = fresh(chain.genesis)
    with pytest.raises(RefusedBlockError) as caught:
        take(ledger, chain.genesis, raw)
    assert caught.value.rule == "genesis"


def test_a_missing_block_is_named_by_its_hash():
    chain = journey()
    items = list(encode_chain(chain.ledger))
    ledger = fresh(chain.genesis)
    with pytest.raises(RefusedBlockError, match="parent 0x") as caught:
        take(ledger, chain.genesis, b"".join(items[:3] + items[4:]))
    assert (caught.value.rule, caught.value.number) == ("unknown parent", 4)
    assert ledger.head.number == 2


def test_a_checkpoint_must_list_the_signers_of_its_snapshot():
    chain = SealedChain([A, B], epoch=2)
    chain.add(B)
    extra = bytes(32) + A.address + C.address + bytes(65)
    assert refusal(chain, chain.make(A, extra_data=extra).encode()).rule == (
        "mismatching_checkpoint_signers"
    )


def test_a_signer_who_was_voted_out_is_refused():
    chain = SealedChain([A, B, C], epoch=100)
    chain.add(B, vote=(C, False))
    chain.add(A, vote=(C, False))
    header = seal_header(chain.make(B).header, C)
    assert refusal(chain, Block(header, ()).encode()).rule == "unauthorized_signer"


def test_a_transaction_of_another_chain_is_refused_under_any_seal():
    chain = two_signers()
    right = chain.make(A, legacy(CAROL, 1))
    wrong = legacy(CAROL, 1, chain_id=99)
    header = replace(right.header, transactions_root=list_root([wrong]))
    raw = Block(seal_header(header, A), (wrong,)).encode()
    found = refusal(chain, raw)
    assert found.rule == "transaction"
    assert "chain" in str(found)


@pytest.mark.slow
def test_a_flipped_bit_of_any_byte_of_a_file_is_refused_by_one_of_our_errors():
    """Only the vanity of a block is nobody's business, but the seal covers it."""
    chain = SealedChain([A, B])
    chain.add(B, legacy(CAROL, 0))
    data = chain.file()
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        with pytest.raises(WardnetError) as caught:
            take(fresh(chain.genesis), chain.genesis, bytes(changed))
        assert caught.value.exit_code == 1, at
