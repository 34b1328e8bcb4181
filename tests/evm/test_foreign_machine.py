"""Every fork against py-evm as it is: gas, logs, receipts root and state root of random blocks."""

import random
from dataclasses import replace

import pytest
from eth.abc import ComputationAPI
from eth.vm.forks.cancun.state import fake_exponential

from node.base.errors import CorruptStoreError
from node.base.types import EMPTY_TRIE_ROOT, ZERO_ADDRESS, ZERO_HASH, Address, Hash32
from node.evm.blocks import conclude, run_all
from node.evm.executor import ExecutionContext
from node.evm.executor_pyevm import PyevmRun
from node.evm.foreign_machine import delegate_of
from node.evm.forks import BlobLimits, Fork, Profile
from node.evm.genesis import GenesisAccount, genesis_block
from node.evm.machine import open_state, state_class
from node.evm.receipts import contract_address
from node.evm.state import StateStore
from node.evm.transactions import decode_transaction
from node.storage.state_nodes import MemoryStateNodes
from tests.base.headers import frontier_header
from tests.evm.asm import COUNTER, asm, initcode
from tests.evm.chains import ALICE, BOB, CAROL, CHAIN_ID, KEYS, VERIFIER, legacy
from tests.evm.foreign_chain import authorization, blob_fields, book_of, set_code_fields, signed
from tests.evm.programs import Author
from tests.evm.stock import StockChain

pytestmark = pytest.mark.filterwarnings("ignore:SELFDESTRUCT opcode present:DeprecationWarning")

MINER = Address(b"\x3c" * 20)
OLD = Address(b"\x0d" * 20)
RICH = {key.address: GenesisAccount(balance=10**24) for key in KEYS}
ALLOC = RICH | {OLD: GenesisAccount(code=COUNTER, balance=3, storage={0: 5, 1: 1})}
BLOBS = {Fork.CANCUN: BlobLimits(3, 6, 3_338_477), Fork.PRAGUE: BlobLimits(6, 9, 5_007_716)}
ANCESTORS = [Hash32(bytes([n]) * 32) for n in range(1, 6)]


def profile_of(fork):
    return Profile(
        fork.name.lower(),
        fork,
        is_foreign=True,
        is_replay_protected=fork >= Fork.SPURIOUS_DRAGON,
        blobs=BLOBS.get(fork),
    )


def header_of(fork, number, excess_blob_gas=0):
    header = replace(
        frontier_header(),
        number=number,
        gas_limit=100_000_000,
        timestamp=1_000 + number,
        coinbase=MINER,
        difficulty=7 if fork < Fork.PARIS else 0,
        mix_hash=Hash32(b"\x77" * 32),
        nonce=bytes(8),
        base_fee=5 if fork >= Fork.LONDON else None,
    )
    if fork >= Fork.SHANGHAI:
        header = replace(header, withdrawals_root=EMPTY_TRIE_ROOT)
    if fork >= Fork.CANCUN:
        more = {"excess_blob_gas": excess_blob_gas, "blob_gas_used": 0}
        header = replace(header, parent_beacon_root=ZERO_HASH, **more)
    return header


class Twin:
    """The same blocks through our machine and through py-evm."""

    def __init__(self, fork, alloc=ALLOC):
        self.profile = profile_of(fork)
        self.nodes = MemoryStateNodes()
        self.states = StateStore(self.nodes)
        genesis = book_of(fork, {}).genesis
        block = genesis_block(replace(genesis, alloc=alloc), self.nodes)
        self.root = block.header.state_root
        self.judge = StockChain(alloc, CHAIN_ID, self.profile)
        assert self.judge.state_root == self.root
        self.number = 4

    def context(self, header):
        return ExecutionContext(
            profile=self.profile,
            chain_id=CHAIN_ID,
            number=header.number,
            timestamp=header.timestamp,
            fee_recipient=header.coinbase,
            difficulty=header.difficulty,
            mix_hash=header.mix_hash,
            gas_limit=header.gas_limit,
            base_fee=header.base_fee or 0,
            excess_blob_gas=header.excess_blob_gas or 0,
            ancestor_hashes=ANCESTORS,
        )

    def block(self, raws, **more):
        self.number += 1
        header = header_of(self.profile.fork, self.number, **more)
        view = self.states.view(self.root)
        run = PyevmRun(self.context(header), view)
        transactions = [decode_transaction(raw, VERIFIER, highest_type=4) for raw in raws]
        run_all(run, transactions)
        result = conclude(run, transactions, self.states, view)
        want = self.judge.import_block(header, raws, MINER, ANCESTORS)
        assert result.gas_used == want.gas_used
        assert result.logs_bloom == want.bloom
        assert result.state_root == want.state_root
        assert result.receipts_root == want.receipts_root
        self.states.put(result.writes)
        self.root = result.state_root
        return result

    @property
    def view(self):
        return self.states.view(self.root)


@pytest.mark.parametrize("fork", list(Fork), ids=lambda fork: fork.name)
@pytest.mark.parametrize("seed", range(2))
def test_random_blocks_are_those_of_py_evm(fork, seed):
    twin = Twin(fork)
    author = Author(
        random.Random(100 * seed + fork),
        KEYS,
        CHAIN_ID,
        cancun=fork >= Fork.CANCUN,
        highest_type=min(twin.profile.highest_type, 2),
        is_protected=twin.profile.is_replay_protected,
        known=[OLD],
    )
    for _ in range(3):
        twin.block([author.transaction() for _ in range(12)])


@pytest.mark.parametrize("fork", list(Fork), ids=lambda fork: fork.name)
def test_a_receipt_has_a_root_before_byzantium_and_a_status_from_then_on(fork):
    twin = Twin(fork)
    chain_id = CHAIN_ID if twin.profile.is_replay_protected else None
    raws = [legacy(ALICE, n, gas_price=9, value=n, chain_id=chain_id) for n in range(3)]
    receipts = twin.block(raws).receipts
    if fork < Fork.BYZANTIUM:
        assert [receipt.status for receipt in receipts] == [None] * 3
        assert receipts[2].state_root == twin.root
        assert len({receipt.state_root for receipt in receipts}) == 3
    else:
        assert [(receipt.status, receipt.state_root) for receipt in receipts] == [(1, None)] * 3


@pytest.mark.parametrize(
    ("fork", "gas"), [(Fork.FRONTIER, 21_000), (Fork.HOMESTEAD, 53_000), (Fork.PRAGUE, 53_000)]
)
def test_a_creation_costs_more_from_homestead_on(fork, gas):
    twin = Twin(fork)
    chain_id = CHAIN_ID if twin.profile.is_replay_protected else None
    raw = legacy(ALICE, 0, None, b"", gas_price=9, chain_id=chain_id)
    assert twin.block([raw]).gas_used == gas


def test_a_class_is_made_once_and_only_for_foreign_profiles():
    one = state_class(profile_of(Fork.LONDON))
    assert state_class(profile_of(Fork.LONDON)) is one
    assert state_class(Profile("london", Fork.LONDON)) is not one


def test_blobs_pay_a_fee_of_their_own():
    twin = Twin(Fork.CANCUN)
    excess = 50 * 131_072
    raw = signed(3, ALICE, blob_fields(hashes=[b"\x01" * 32, b"\x01" + bytes(31)], fee=9))
    before = twin.view.balance(ALICE.address)
    result = twin.block([raw], excess_blob_gas=excess)
    fee = BLOBS[Fork.CANCUN].base_fee(excess)
    assert fee > 1
    paid = before - twin.view.balance(ALICE.address)
    assert paid == result.gas_used * 5 + 2 * 131_072 * fee


def test_a_contract_sees_the_blobs_and_their_fee():
    code = asm("PUSH 1 0x49 PUSH 0 SSTORE 0x4a PUSH 1 SSTORE")
    twin = Twin(Fork.CANCUN, ALLOC | {OLD: GenesisAccount(code=code)})
    hashes = [b"\x01" * 32, b"\x01" + b"\x22" * 31]
    excess = 200 * 131_072
    twin.block([signed(3, ALICE, blob_fields(hashes=hashes, to=OLD))], excess_blob_gas=excess)
    assert twin.view.slot(OLD, 0) == int.from_bytes(hashes[1])
    assert twin.view.slot(OLD, 1) == BLOBS[Fork.CANCUN].base_fee(excess)


def test_the_fee_of_blobs_follows_the_chains_own_fraction():
    state = open_state(_context(Fork.CANCUN, BlobLimits(3, 6, 10), 25), Twin(Fork.CANCUN).view)
    assert state.blob_base_fee == BlobLimits(3, 6, 10).base_fee(25) == 11


@pytest.mark.parametrize("excess", [0, 1, 131_072, 10**7, 10**8, 2**32])
def test_the_fee_of_blobs_is_that_of_py_evm(excess):
    limits = BLOBS[Fork.PRAGUE]
    assert limits.base_fee(excess) == fake_exponential(1, excess, limits.update_fraction)


def _context(fork, blobs, excess):
    profile = replace(profile_of(fork), blobs=blobs)
    return replace(Twin(fork).context(header_of(fork, 1)), profile=profile, excess_blob_gas=excess)


STORE = asm("CALLER PUSH 7 SSTORE ADDRESS PUSH 8 SSTORE")
TARGET = Address(b"\x7a" * 20)


def _delegations(wishes, **more):
    alloc = ALLOC | {TARGET: GenesisAccount(code=STORE)}
    twin = Twin(Fork.PRAGUE, alloc)
    result = twin.block([signed(4, ALICE, set_code_fields(authorizations=wishes, **more))])
    return twin, result


def test_a_delegated_account_runs_the_code_of_its_delegate():
    twin, _ = _delegations([authorization(BOB, TARGET)], to=BOB.address)
    assert delegate_of(twin.view.code_of(BOB.address)) == TARGET
    assert twin.view.nonce(BOB.address) == 1
    assert twin.view.slot(BOB.address, 8) == int.from_bytes(BOB.address)
    twin.block([legacy(CAROL, 0, BOB.address, gas_price=9)])
    assert twin.view.slot(BOB.address, 7) == int.from_bytes(CAROL.address)


def test_a_delegated_account_still_sends():
    twin, _ = _delegations([authorization(BOB, TARGET)])
    result = twin.block([legacy(BOB, 1, CAROL.address, gas_price=9, value=1)])
    assert result.receipts[0].status == 1


def test_the_sender_delegates_with_the_nonce_after_its_own():
    twin, _ = _delegations([authorization(ALICE, TARGET, nonce=1)])
    assert delegate_of(twin.view.code_of(ALICE.address)) == TARGET
    assert twin.view.nonce(ALICE.address) == 2


def test_the_zero_address_takes_a_delegation_back():
    wishes = [authorization(BOB, TARGET), authorization(BOB, ZERO_ADDRESS, nonce=1)]
    twin, _ = _delegations(wishes)
    assert twin.view.code_of(BOB.address) == b""
    assert twin.view.nonce(BOB.address) == 2


@pytest.mark.parametrize(
    "wish",
    [
        authorization(BOB, TARGET, nonce=1),
        authorization(BOB, TARGET, chain_id=CHAIN_ID + 1),
        authorization(BOB, TARGET, nonce=2**64 - 1),
        [*authorization(BOB, TARGET)[:3], b"\x02", b"\x01", b"\x01"],
        [*authorization(BOB, TARGET)[:3], b"", b"", b""],
        [*authorization(BOB, TARGET)[:5], b"\xff" * 32],
    ],
)
def test_a_delegation_that_cannot_stand_is_passed_over(wish):
    twin, result = _delegations([wish, authorization(CAROL, TARGET, chain_id=0)])
    assert twin.view.code_of(BOB.address) == b""
    assert delegate_of(twin.view.code_of(CAROL.address)) == TARGET
    assert result.receipts[0].status == 1


def test_a_contract_delegates_nothing():
    code = {BOB.address: GenesisAccount(code=b"\x00", balance=1)}
    twin = Twin(Fork.PRAGUE, ALLOC | code)
    twin.block([signed(4, ALICE, set_code_fields(authorizations=[authorization(BOB, TARGET)]))])
    assert twin.view.code_of(BOB.address) == b"\x00"


def test_a_delegation_outlives_the_failure_of_its_transaction():
    twin = Twin(Fork.PRAGUE, ALLOC | {TARGET: GenesisAccount(code=asm("PUSH 0 PUSH 0 REVERT"))})
    wishes = [authorization(BOB, TARGET)]
    result = twin.block([signed(4, ALICE, set_code_fields(authorizations=wishes, to=TARGET))])
    assert result.receipts[0].status == 0
    assert delegate_of(twin.view.code_of(BOB.address)) == TARGET


def test_a_broken_store_is_no_wrong_signature():
    class Broken:
        def account(self, address):
            raise CorruptStoreError("state", "account", "gone")

    state = open_state(Twin(Fork.PRAGUE).context(header_of(Fork.PRAGUE, 5)), Broken())
    raw = signed(4, ALICE, set_code_fields(authorizations=[authorization(BOB, TARGET)]))
    transaction = decode_transaction(raw, VERIFIER, highest_type=4)
    with pytest.raises(CorruptStoreError):
        state.process_set_code_authorizations(transaction)


@pytest.mark.parametrize(
    ("code", "want"),
    [
        (b"", None),
        (b"\xef\x01\x00" + b"\x7a" * 20, TARGET),
        (b"\xef\x01\x00" + b"\x7a" * 19, None),
        (b"\xef\x01\x00" + b"\x7a" * 21, None),
        (b"\xef\x01\x01" + b"\x7a" * 20, None),
    ],
)
def test_only_a_designator_names_a_delegate(code, want):
    assert delegate_of(code) == want


def _spent_by_creation(code, sender_is_delegated):
    """Give the gas of a call that creates, in an account that is or is not the sender's own."""
    twin_alloc = ALLOC | {TARGET: GenesisAccount(code=code)}
    states = MemoryStateNodes()
    genesis = replace(book_of(Fork.PRAGUE).genesis, alloc=twin_alloc)
    block = genesis_block(genesis, states)
    view = StateStore(states).view(block.header.state_root)
    twin = Twin(Fork.PRAGUE, twin_alloc)
    run = PyevmRun(twin.context(header_of(Fork.PRAGUE, 5)), view)
    owner = ALICE if sender_is_delegated else BOB
    wish = authorization(owner, TARGET, nonce=1 if sender_is_delegated else 0)
    raw = signed(4, ALICE, set_code_fields(authorizations=[wish], to=owner.address))
    receipt = run.apply(decode_transaction(raw, VERIFIER, highest_type=4))
    assert receipt.status == 1
    made = contract_address(owner.address, 2 if sender_is_delegated else 1)
    assert run._state.journal.account_exists(made)
    return receipt.cumulative_gas_used


def test_a_delegated_sender_pays_for_initcode_once():
    """Stock py-evm charges it again in the frame, because the transaction's sender made it."""
    code = asm("PUSH 1024 PUSH 0 PUSH 0 CREATE POP")
    own, other = _spent_by_creation(code, True), _spent_by_creation(code, False)
    assert own == other


def test_the_floor_of_data_counts_after_the_refund():
    """EIP-7623; stock py-evm takes the refund off the floor when it fills the receipt."""
    clear = asm("PUSH 0 PUSH 0 SSTORE PUSH 0 PUSH 1 SSTORE")
    alloc = ALLOC | {OLD: GenesisAccount(code=clear, storage={0: 5, 1: 1})}
    twin = Twin(Fork.PRAGUE, alloc)
    run = PyevmRun(twin.context(header_of(Fork.PRAGUE, 5)), twin.view)
    data = b"\x01" * 2_000
    raw = legacy(ALICE, 0, OLD, data, gas_price=9, gas=200_000)
    receipt = run.apply(decode_transaction(raw, VERIFIER))
    assert receipt.cumulative_gas_used == 21_000 + 40 * len(data)
    paid = 10**24 - run._state.journal.get_balance(ALICE.address)
    assert paid == receipt.cumulative_gas_used * 9


def test_nested_creations_of_homestead_leave_nothing_behind():
    """py-evm keeps their addresses in a list that all frames of the process share."""
    before = list(ComputationAPI.contracts_created)
    twin = Twin(Fork.HOMESTEAD)
    view = twin.view
    run = PyevmRun(twin.context(header_of(Fork.HOMESTEAD, 5)), view)
    inner = asm("PUSH 0 PUSH 0 PUSH 0 CREATE POP")
    raw = legacy(ALICE, 0, None, initcode(b"", inner), gas_price=9, chain_id=None)
    run.apply(decode_transaction(raw, VERIFIER))
    assert ComputationAPI.contracts_created == before
