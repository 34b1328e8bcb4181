"""Foreign chains as a whole: what is accepted, and for each rule a block that breaks only it."""

from dataclasses import replace

import pytest

from node.base import rlp
from node.base.block import Block, Withdrawal
from node.base.errors import ConfigError, InvalidBlockError
from node.base.limits import BLOCK_WITHDRAWALS_MAX
from node.base.types import ZERO_HASH, Address
from node.evm.calls import call
from node.evm.errors import CallFailedError, InvalidBlockTransactionError, SignatureError
from node.evm.forks import Fork
from node.evm.genesis import parse_genesis
from node.evm.ledger import Ledger
from node.evm.opcode_tracer import OpcodeTracer
from node.evm.simulate import Proposal, simulate
from node.evm.tracer import trace_block
from node.evm.transactions import sign_access_list, sign_dynamic_fee
from node.evm.trie import list_root
from tests.evm.asm import asm
from tests.evm.chains import ALICE, BOB, VERIFIER, legacy
from tests.evm.foreign_chain import (
    MINER,
    ForeignBook,
    authorization,
    blob_fields,
    book_of,
    config_of,
    set_code_fields,
    signed,
    text_of,
)

ETHER = 10**18
GWEI = 10**9
ALLOC = {key.address.hex(): {"balance": hex(10**24)} for key in (ALICE, BOB)}
ONE = Address(b"\x01" * 20)
FORKS = [fork for fork in Fork if fork is not Fork.CONSTANTINOPLE]
PAID = Withdrawal(0, 7, Address(b"\x0e" * 20), 5)


def _plain(fork, nonce=0, **changes):
    changes = {"gas_price": 2 * GWEI, "value": 3, "to": BOB.address} | changes
    chain_id = 1337 if fork >= Fork.SPURIOUS_DRAGON else None
    return legacy(ALICE, nonce, **({"chain_id": chain_id} | changes))


def _broken(book, block):
    with pytest.raises(InvalidBlockError) as caught:
        book.check(block)
    return caught.value


@pytest.mark.parametrize("fork", FORKS, ids=lambda fork: fork.name)
def test_blocks_of_every_fork_are_accepted(fork):
    book = book_of(fork, ALLOC)
    for at in range(3):
        book.add(book.make([_plain(fork, at)]))
    assert book.head.number == 3
    assert book.state().nonce(ALICE.address) == 3
    for block in book.line[1:]:
        assert Block.decode(block.encode(), foreign=True) == block


@pytest.mark.parametrize(
    ("fork", "reward"),
    [
        (Fork.FRONTIER, 5),
        (Fork.SPURIOUS_DRAGON, 5),
        (Fork.BYZANTIUM, 3),
        (Fork.PETERSBURG, 2),
        (Fork.LONDON, 2),
        (Fork.PARIS, 0),
    ],
)
def test_miners_are_paid_until_the_merge(fork, reward):
    book = book_of(fork)
    book.add(book.make())
    assert book.state().balance(MINER) == reward * ETHER


def test_clique_pays_fees_to_the_signer_and_no_reward():
    config = config_of(Fork.BERLIN) | {"clique": {"period": 0, "epoch": 30_000}}
    book = book_of(Fork.BERLIN, ALLOC, config=config, extraData="0x" + "00" * 97)
    block = book.make([_plain(Fork.BERLIN)], timestamp=0, extra_data=bytes(97))
    result = book.rules.check(
        block, book.head, book.state(), [book.head.hash()], fee_recipient=MINER
    )
    book.states.put(result.writes)
    view = book.states.view(result.state_root)
    assert view.balance(MINER) == 21_000 * 2 * GWEI
    other = book.rules.context(block.header, (), fee_recipient=ONE)
    assert other.fee_recipient == ONE


def test_a_clique_chain_without_a_period_that_is_a_number_is_refused():
    config = config_of(Fork.BERLIN) | {"clique": {"period": "soon"}}
    with pytest.raises(ConfigError, match="period wants a number"):
        ForeignBook(parse_genesis(text_of(config), foreign=True))


def test_withdrawals_are_paid_in_gwei_and_leave_no_empty_account():
    empty = Address(b"\x0f" * 20)
    book = book_of(Fork.SHANGHAI, {empty.hex(): {"balance": "0"}})
    paid = (PAID, replace(PAID, index=1), Withdrawal(2, 0, empty, 0), Withdrawal(3, 0, ONE, 0))
    book.add(book.make(withdrawals=paid))
    view = book.state()
    assert view.balance(PAID.address) == 10 * GWEI
    assert view.account(empty) is None
    assert view.account(ONE) is None


def test_a_withdrawal_above_the_largest_balance_makes_a_block_invalid():
    full = {PAID.address.hex(): {"balance": str(2**256 - 1)}}
    book = book_of(Fork.SHANGHAI, full)
    block = book_of(Fork.SHANGHAI).make(withdrawals=(PAID,))
    parent, root = book.head.hash(), book.head.state_root
    with pytest.raises(InvalidBlockError) as caught:
        book.check(
            replace(block, header=replace(block.header, parent_hash=parent, state_root=root))
        )
    assert caught.value.rule == "balance"


def test_london_begins_in_the_middle_of_a_chain():
    book = book_of(Fork.LONDON, ALLOC, config=config_of(Fork.LONDON, at=2))
    book.add(book.make([_plain(Fork.BERLIN)]))
    book.add(book.make([_plain(Fork.LONDON, 1)]))
    assert (book.head.base_fee, book.head.gas_limit) == (GWEI, 60_000_000)
    burnt = 21_000 * GWEI
    total = sum(map(book.state().balance, (ALICE.address, BOB.address, MINER)))
    assert total == 2 * 10**24 + 4 * ETHER - burnt


def test_a_chain_merges_and_goes_on():
    config = config_of(Fork.PRAGUE, terminalTotalDifficulty=20)
    config |= {"shanghaiTime": 40, "cancunTime": 50, "pragueTime": 60}
    book = book_of(Fork.PRAGUE, ALLOC, config=config)
    for difficulty in (7, 7, 0, 0, 0, 0):
        book.add(book.make(difficulty=difficulty))
    assert [len(block.header.items()) for block in book.line] == [16, 16, 16, 16, 17, 20, 21]
    forks = [book.context(block.header.hash()).profile.fork for block in book.line]
    want = [Fork.LONDON] * 3 + [Fork.PARIS, Fork.SHANGHAI, Fork.CANCUN, Fork.PRAGUE]
    assert forks == want


# -- rules of blocks --


def _with(block, **changes):
    return replace(block, header=replace(block.header, **changes))


BREAKS = {
    "transactions root": lambda block: _with(block, transactions_root=ZERO_HASH),
    "uncles hash": lambda block: _with(block, ommers_hash=ZERO_HASH),
    "gas used": lambda block: _with(block, gas_used=block.header.gas_used + 1),
    "logs bloom": lambda block: _with(block, logs_bloom=b"\x01" + bytes(255)),
    "receipts root": lambda block: _with(block, receipts_root=ZERO_HASH),
    "state root": lambda block: _with(block, state_root=ZERO_HASH),
    "number": lambda block: _with(block, number=block.header.number + 1),
    "timestamp": lambda block: _with(block, timestamp=0),
}
LATER_BREAKS = {
    "withdrawals root": lambda block: _with(block, withdrawals_root=ZERO_HASH),
    "requests hash": lambda block: _with(block, requests_hash=ZERO_HASH),
    "blob gas used": lambda block: _with(block, blob_gas_used=131_072),
    "excess blob gas": lambda block: _with(block, excess_blob_gas=1),
    "base fee": lambda block: _with(block, base_fee=1),
}


@pytest.mark.parametrize("fork", FORKS, ids=lambda fork: fork.name)
@pytest.mark.parametrize("rule", BREAKS)
def test_each_rule_has_a_block_that_breaks_only_it(fork, rule):
    book = book_of(fork, ALLOC)
    block = book.make([_plain(fork)])
    book.check(block)
    assert _broken(book, BREAKS[rule](block)).rule == rule


@pytest.mark.parametrize("rule", LATER_BREAKS)
def test_each_later_rule_has_a_block_that_breaks_only_it(rule):
    book = book_of(Fork.PRAGUE, ALLOC)
    block = book.make([_plain(Fork.PRAGUE)], withdrawals=(PAID,))
    book.check(block)
    assert _broken(book, LATER_BREAKS[rule](block)).rule == rule


def test_withdrawals_need_their_root():
    book = book_of(Fork.PARIS)
    assert _broken(book, replace(book.make(), withdrawals=(PAID,))).rule == "withdrawals count"


def test_withdrawals_have_a_limit():
    book = book_of(Fork.SHANGHAI)
    block = book.make(withdrawals=(PAID,) * (BLOCK_WITHDRAWALS_MAX + 1))
    assert _broken(book, block).rule == "withdrawals count"


def test_another_withdrawal_than_the_root_says_is_refused():
    book = book_of(Fork.SHANGHAI)
    block = replace(book.make(withdrawals=(PAID,)), withdrawals=(replace(PAID, amount_gwei=6),))
    assert _broken(book, block).rule == "withdrawals root"


def _resealed(block, raws):
    changed = replace(block, transactions=tuple(raws))
    return _with(changed, transactions_root=list_root(raws))


def _typed(fork, sign, **changes):
    fields = {"chain_id": 1337, "nonce": 0, "to": BOB.address, "data": b"", "gas": 30_000}
    return sign(ALICE, **(fields | changes))


HIGH = {"max_fee": 10 * GWEI, "max_tip": GWEI}
BAD_TRANSACTIONS = [
    (Fork.ISTANBUL, _typed(0, sign_access_list, gas_price=GWEI), "not supported: 0x01"),
    (Fork.BERLIN, _typed(0, sign_dynamic_fee, **HIGH), "not supported: 0x02"),
    (Fork.SHANGHAI, signed(3, ALICE, blob_fields()), "not supported: 0x03"),
    (Fork.CANCUN, signed(4, ALICE, set_code_fields()), "not supported: 0x04"),
    (Fork.PRAGUE, b"\x05" + bytes(40), "not supported: 0x05"),
    (Fork.HOMESTEAD, _plain(Fork.LONDON), "before EIP-155"),
    (Fork.LONDON, _plain(Fork.LONDON, chain_id=1), "invalid chain id"),
    (Fork.LONDON, _plain(Fork.LONDON, 1), "nonce too high"),
    (Fork.LONDON, _plain(Fork.LONDON, value=10**25), "insufficient funds"),
    (Fork.LONDON, _plain(Fork.LONDON, gas_price=GWEI // 2), "max fee per gas less than block"),
    (Fork.LONDON, _plain(Fork.LONDON, gas=20_999), "intrinsic gas too low"),
    (Fork.LONDON, _plain(Fork.LONDON, gas=30_000_001), "exceeds block gas limit"),
    (
        Fork.LONDON,
        _typed(0, sign_dynamic_fee, max_fee=10 * GWEI, max_tip=11 * GWEI),
        "max priority fee per gas higher",
    ),
    (Fork.FRONTIER, _plain(Fork.FRONTIER, data=b"\x01", gas=21_067), "want 21068"),
    (Fork.ISTANBUL, _plain(Fork.ISTANBUL, data=b"\x01", gas=21_015), "want 21016"),
    (Fork.PRAGUE, _plain(Fork.PRAGUE, data=b"\x01", gas=21_039), "want 21040"),
    (Fork.FRONTIER, _plain(Fork.FRONTIER, to=None, gas=20_999), "want 21000"),
    (Fork.HOMESTEAD, _plain(Fork.HOMESTEAD, to=None, gas=52_999), "want 53000"),
    (Fork.SHANGHAI, _plain(Fork.LONDON, to=None, data=bytes(33), gas=53_135), "want 53136"),
    (Fork.SHANGHAI, _plain(Fork.LONDON, to=None, data=bytes(49_153)), "max initcode size"),
    (Fork.CANCUN, signed(3, ALICE, blob_fields(to=b"")), "wants a recipient"),
    (Fork.CANCUN, signed(3, ALICE, blob_fields(hashes=[])), "at least one blob"),
    (Fork.CANCUN, signed(3, ALICE, blob_fields(hashes=[bytes(32)])), "version 1"),
    (Fork.CANCUN, signed(3, ALICE, blob_fields(hashes=[bytes(31)])), "has not 32 bytes"),
    (Fork.CANCUN, signed(3, ALICE, blob_fields(hashes=b"")), "no list"),
    (Fork.CANCUN, signed(3, ALICE, blob_fields(blob_fee=0)), "max fee per blob gas less"),
    (Fork.CANCUN, signed(3, ALICE, blob_fields(blob_fee=10**20)), "insufficient funds"),
    (Fork.PRAGUE, signed(4, ALICE, set_code_fields()), "at least one authorization"),
    (Fork.PRAGUE, signed(4, ALICE, set_code_fields(to=b"")), "wants a recipient"),
    (Fork.PRAGUE, signed(4, ALICE, set_code_fields(authorizations=b"")), "wants a list"),
    (Fork.PRAGUE, signed(4, ALICE, set_code_fields(authorizations=[[]])), "six items"),
    (
        Fork.PRAGUE,
        signed(4, ALICE, set_code_fields(authorizations=[[b"", b"", b"", b"", b"", b""]])),
        "names no account",
    ),
    (
        Fork.PRAGUE,
        signed(4, ALICE, set_code_fields(authorizations=[authorization(BOB, ONE)], gas=45_999)),
        "want 46000",
    ),
]


@pytest.mark.parametrize(("fork", "raw", "says"), BAD_TRANSACTIONS)
def test_a_transaction_that_breaks_a_rule_of_its_fork_is_named(fork, raw, says):
    book = book_of(fork, ALLOC)
    header = {"blob_gas_used": 131_072} if raw[:1] == b"\x03" and fork is Fork.CANCUN else {}
    if "at least one blob" in says:
        header = {}
    caught = _broken(book, _with(_resealed(book.make(), [raw]), **header))
    assert isinstance(caught, InvalidBlockTransactionError), caught
    assert caught.index == 0
    assert says in str(caught)


def test_a_contract_sends_nothing_unless_it_is_a_delegation():
    for code, is_valid in (("0x00", False), ("0xef0100" + "00" * 20, True)):
        alloc = {ALICE.address.hex(): {"balance": hex(10**24), "code": code}}
        book = book_of(Fork.PRAGUE, alloc)
        block = _resealed(book.make(), [_plain(Fork.PRAGUE)])
        assert ("sender not an eoa" in str(_broken(book, block))) is not is_valid


@pytest.mark.parametrize("fork", [Fork.FRONTIER, Fork.HOMESTEAD])
def test_only_frontier_takes_the_twin_of_a_signature(fork):
    items = rlp.decode(_plain(fork))
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    items[6] = rlp.encode_int(55 - int.from_bytes(items[6]))
    items[8] = rlp.encode_int(order - int.from_bytes(items[8]))
    raw = rlp.encode(items)
    book = book_of(fork, ALLOC)
    if fork is Fork.FRONTIER:
        book.add(book.make([raw]))
        assert book.state().nonce(ALICE.address) == 1
    else:
        caught = _broken(book, _resealed(book.make(), [raw]))
        assert isinstance(caught.__cause__, SignatureError)


def test_a_call_runs_under_the_rules_of_its_block():
    shifts = Address(b"\x5f" * 20)  # SHR came with Constantinople
    code = asm("PUSH 4 PUSH 1 SHR PUSH 0 MSTORE PUSH 32 PUSH 0 RETURN")
    alloc = {shifts.hex(): {"balance": "0", "code": f"0x{code.hex()}"}}
    config = config_of(Fork.PETERSBURG, at=2)
    config["constantinopleBlock"] = 2
    book = book_of(Fork.PETERSBURG, alloc, config=config)
    for _ in range(2):
        book.add(book.make())
    before, since = (book.line[number].header.hash() for number in (1, 2))
    with pytest.raises(CallFailedError, match="InvalidInstruction"):
        call(book.context(before), book.state(before), sender=ONE, to=shifts, data=b"")
    answer = call(book.context(since), book.state(since), sender=ONE, to=shifts, data=b"")
    assert answer == (2).to_bytes(32)


def test_a_call_to_a_delegated_account_runs_its_delegate():
    code = asm("ADDRESS PUSH 0 MSTORE PUSH 32 PUSH 0 RETURN")
    alloc = ALLOC | {
        ONE.hex(): {"balance": "0", "code": "0xef0100" + "5f" * 20},
        "5f" * 20: {"balance": "0", "code": f"0x{code.hex()}"},
    }
    book = book_of(Fork.PRAGUE, alloc)
    book.add(book.make())
    context, view = book.context(), book.state()
    answer = call(context, view, sender=BOB.address, to=ONE, data=b"")
    assert answer == ONE.rjust(32, b"\0")
    before = replace(context, profile=replace(context.profile, fork=Fork.CANCUN))
    with pytest.raises(CallFailedError):
        call(before, view, sender=BOB.address, to=ONE, data=b"")


@pytest.mark.parametrize(
    ("fork", "gas"), [(Fork.HOMESTEAD, 21_068), (Fork.LONDON, 21_016), (Fork.PRAGUE, 21_040)]
)
def test_a_proposal_costs_what_its_fork_asks(fork, gas):
    book = book_of(fork, ALLOC)
    book.add(book.make())
    proposal = Proposal(to=BOB.address, data=b"\x01")
    assert simulate(book.context(), book.state(), proposal, gas=90_000).gas_used == gas


@pytest.mark.parametrize("fork", FORKS, ids=lambda fork: fork.name)
def test_a_block_of_every_fork_can_be_traced(fork):
    alloc = ALLOC | {ONE.hex(): {"balance": "0", "code": "0x6001600055"}}
    book = book_of(fork, alloc)
    block = book.make([_plain(fork, 0), _plain(fork, 1, to=ONE, value=0)])
    ledger = Ledger(book.genesis, verifier=VERIFIER)
    ledger.insert(block, ledger.check(block, fee_recipient=block.header.coinbase))
    plain, stored = trace_block(ledger, block.header.hash(), OpcodeTracer)
    assert plain.steps == []
    assert [step.name for step in stored.steps] == ["PUSH1", "PUSH1", "SSTORE", "STOP"]
    used = ledger.receipts(block.header.hash())[1].cumulative_gas_used
    assert plain.gas_used + stored.gas_used == used
