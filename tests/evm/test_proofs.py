import pytest
import rlp
from trie import HexaryTrie

from node.base.keccak import keccak256
from node.base.limits import PROOF_SLOTS_COUNT_MAX
from node.base.types import EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, Address
from node.evm.errors import MissingStateError, QueryError, QueryLimitError
from node.evm.genesis import GenesisAccount
from node.evm.proofs import get_proof
from node.evm.state import StateStore
from node.storage.state_nodes import MemoryStateNodes
from tests.evm.asm import COUNTER
from tests.evm.chains import ALICE, extend, ledger, legacy

TARGET = Address(b"\x0e" * 20)
SLOTS = {slot: slot + 1 for slot in range(40)}
MANY = {Address(bytes([n]) * 20): GenesisAccount(balance=n) for n in range(1, 60)}


def _book():
    target = GenesisAccount(nonce=1, balance=7, code=COUNTER, storage=SLOTS)
    return ledger(MANY | {TARGET: target})


def _judge(root, key, nodes):
    """Let another trie implementation walk the proof; b"" is a proven absence."""
    return HexaryTrie.get_from_proof(root, keccak256(key), [rlp.decode(node) for node in nodes])


def _word(slot):
    return slot.to_bytes(32)


@pytest.fixture(scope="module")
def book():
    return _book()


@pytest.mark.parametrize("address", [TARGET, Address(b"\x07" * 20), Address(b"\x3b" * 20)])
def test_the_judge_finds_the_account_in_its_proof(book, address):
    view = book.state()
    proof = get_proof(view, address)
    fields = rlp.decode(_judge(view.root, address, proof.nodes))
    assert fields == [
        rlp.sedes.big_endian_int.serialize(proof.nonce),
        rlp.sedes.big_endian_int.serialize(proof.balance),
        proof.storage_root,
        proof.code_hash,
    ]


def test_the_answer_says_what_the_account_is(book):
    proof = get_proof(book.state(), TARGET)
    assert (proof.address, proof.nonce, proof.balance) == (TARGET, 1, 7)
    assert proof.code_hash == keccak256(COUNTER)


@pytest.mark.parametrize("last", range(5))
def test_the_judge_finds_no_account_where_there_is_none(book, last):
    view = book.state()
    address = Address(b"\xfe" * 19 + bytes([last]))
    proof = get_proof(view, address)
    assert _judge(view.root, address, proof.nodes) == b""


def test_an_absent_account_reads_as_an_empty_one(book):
    proof = get_proof(book.state(), Address(b"\xfe" * 20), [_word(0)])
    assert (proof.nonce, proof.balance) == (0, 0)
    assert (proof.code_hash, proof.storage_root) == (EMPTY_CODE_HASH, EMPTY_TRIE_ROOT)
    assert proof.slots[0].value == 0
    assert proof.slots[0].nodes == ()


@pytest.mark.parametrize("slot", [0, 1, 17, 39])
def test_the_judge_finds_a_slot_in_its_proof(book, slot):
    proof = get_proof(book.state(), TARGET, [_word(slot)])
    found = _judge(proof.storage_root, _word(slot), proof.slots[0].nodes)
    assert rlp.decode(found) == bytes([slot + 1])
    assert proof.slots[0].value == slot + 1


@pytest.mark.parametrize("slot", [40, 41, 2**255, 2**256 - 1])
def test_the_judge_finds_no_slot_that_was_never_set(book, slot):
    proof = get_proof(book.state(), TARGET, [_word(slot)])
    assert _judge(proof.storage_root, _word(slot), proof.slots[0].nodes) == b""
    assert proof.slots[0].value == 0


def test_a_single_slot_is_proven_by_its_root_alone():
    book = ledger({TARGET: GenesisAccount(nonce=1, storage={3: 4})})
    proof = get_proof(book.state(), TARGET, [_word(3)])
    assert len(proof.slots[0].nodes) == 1
    assert rlp.decode(_judge(proof.storage_root, _word(3), proof.slots[0].nodes)) == b"\x04"


def test_a_changed_node_is_no_proof(book):
    view = book.state()
    nodes = list(get_proof(view, TARGET).nodes)
    nodes[-1] = nodes[-1][:-1] + bytes([nodes[-1][-1] ^ 1])
    with pytest.raises(Exception, match=r"[Mm]issing"):
        _judge(view.root, TARGET, nodes)


def test_a_proof_after_a_block_is_under_its_root():
    book = _book()
    old = book.state()
    extend(book, [legacy(ALICE, 0, TARGET)])
    new = book.state()
    values = {}
    for view in (old, new):
        proof = get_proof(view, TARGET, [_word(0)])
        assert _judge(view.root, TARGET, proof.nodes)
        values[view.root] = proof.slots[0].value
    assert list(values.values()) == [1, 2]


def test_keys_are_echoed_as_given(book):
    keys = [b"", b"\x00", b"\x01", b"\x00\x01", _word(1), _word(1)]
    proof = get_proof(book.state(), TARGET, keys)
    assert [slot.key for slot in proof.slots] == keys
    assert [slot.value for slot in proof.slots] == [1, 1, 2, 2, 2, 2]


def test_a_key_of_33_bytes_is_refused(book):
    with pytest.raises(QueryError, match="33 bytes, wants at most 32"):
        get_proof(book.state(), TARGET, [bytes(33)])


def test_as_many_slots_as_allowed_are_proven(book):
    proof = get_proof(book.state(), TARGET, [b"\x01"] * PROOF_SLOTS_COUNT_MAX)
    assert len(proof.slots) == PROOF_SLOTS_COUNT_MAX


def test_one_slot_more_is_refused(book):
    with pytest.raises(QueryLimitError, match="account proof exceeds 1024 slots"):
        get_proof(book.state(), TARGET, [b"\x01"] * (PROOF_SLOTS_COUNT_MAX + 1))


def test_a_state_without_accounts_proves_absence_by_nothing():
    view = StateStore(MemoryStateNodes()).view(EMPTY_TRIE_ROOT)
    assert get_proof(view, TARGET).nodes == ()


def test_a_state_that_is_not_kept_gives_no_proof():
    with pytest.raises(MissingStateError):
        StateStore(MemoryStateNodes()).view(keccak256(b"pruned"))
