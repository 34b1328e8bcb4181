"""System calls before and requests after the transactions of a foreign block."""

import json
from hashlib import sha256

import pytest
from eth.vm.forks.cancun.constants import BEACON_ROOTS_CONTRACT_CODE
from eth.vm.forks.prague.constants import HISTORY_STORAGE_CONTRACT_CODE

from node.base.errors import InvalidBlockError
from node.base.types import EMPTY_REQUESTS_HASH, Address, Hash32
from node.evm.executor_pyevm import PyevmRun
from node.evm.foreign_system import begin_block, requests_hash
from node.evm.forks import Fork
from node.evm.machine import open_state
from node.evm.receipts import Log
from tests.evm.asm import asm, push
from tests.evm.foreign_chain import (
    CONSOLIDATION_REQUESTS,
    WITHDRAWAL_REQUESTS,
    apis,
    apis_book,
    book_of,
)

BEACON = "000f3df6d732807ef1319fb7b8bb8522d0beac02"
HISTORY = "0000f90827f1c53a10cb7a02335b175320002935"
DEPOSITS = Address(bytes.fromhex("00000000219ab540356cbb839cbe05303d7705fa"))
TOPIC = Hash32(bytes.fromhex("649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5"))
SIZES = (48, 32, 8, 96, 8)


def _account(code: bytes) -> dict[str, str]:
    return {"balance": "1", "code": f"0x{code.hex()}"}


def _number(address: str) -> Address:
    return Address(bytes.fromhex(address))


def test_a_block_begins_with_the_beacon_root_and_the_parents_hash():
    alloc = {
        BEACON: _account(BEACON_ROOTS_CONTRACT_CODE),
        HISTORY: _account(HISTORY_STORAGE_CONTRACT_CODE),
    }
    book = book_of(Fork.PRAGUE, alloc)
    parent_hash = book.head.hash()
    block = book.make()
    book.add(block)
    view, time = book.state(), block.header.timestamp
    assert view.slot(_number(BEACON), time % 8191) == time
    root = int.from_bytes(block.header.parent_beacon_root)
    assert view.slot(_number(BEACON), time % 8191 + 8191) == root
    assert view.slot(_number(HISTORY), 0) == int.from_bytes(parent_hash)


def test_before_prague_the_parents_hash_is_not_written_down():
    book = book_of(Fork.CANCUN, {HISTORY: _account(HISTORY_STORAGE_CONTRACT_CODE)})
    book.add(book.make())
    assert book.state().slot(_number(HISTORY), 0) == 0


def test_without_the_contracts_a_block_begins_with_nothing():
    book = book_of(Fork.PRAGUE)
    block = book.make()
    assert block.header.state_root == book.head.state_root


def test_a_contract_that_fails_does_not_stop_the_block():
    failing = asm("PUSH 1 PUSH 0 SSTORE PUSH 0 PUSH 0 REVERT")
    book = book_of(Fork.CANCUN, {BEACON: _account(failing)})
    book.add(book.make())
    assert book.state().slot(_number(BEACON), 0) == 0


def test_the_system_is_the_caller_and_leaves_nothing_warm():
    code = asm("CALLER PUSH 0 SSTORE GAS PUSH 1 SSTORE")
    book = book_of(Fork.CANCUN, {BEACON: _account(code)})
    context = book.rules.context(book.make().header, (), fee_recipient=_number("00" * 20))
    run = PyevmRun(context, book.state())
    journal = run._state.journal
    caller = bytes.fromhex("fffffffffffffffffffffffffffffffffffffffe")
    assert journal.get_storage(_number(BEACON), 0) == int.from_bytes(caller)
    assert 29_900_000 < journal.get_storage(_number(BEACON), 1) < 30_000_000
    assert not journal.is_address_warm(_number(BEACON))
    assert journal.get_nonce(Address(caller)) == 0


def test_nothing_is_written_where_the_header_has_no_beacon_root():
    book = book_of(Fork.SHANGHAI, {BEACON: _account(asm("PUSH 1 PUSH 0 SSTORE"))})
    context = book.rules.context(book.make().header, (), fee_recipient=_number("00" * 20))
    state = open_state(context, book.state())
    begin_block(state, context)
    assert state.journal.get_storage(_number(BEACON), 0) == 0


def _answering(data: bytes) -> dict[str, str]:
    code = push(data.rjust(32, b"\0")) + asm("PUSH 0 MSTORE") + push(len(data))
    return _account(code + push(32 - len(data)) + asm("RETURN"))


def _hash_with(logs=(), *, deposit_contract=DEPOSITS, **answers):
    names = {"withdrawal": WITHDRAWAL_REQUESTS, "consolidation": CONSOLIDATION_REQUESTS}
    book = book_of(Fork.PRAGUE, {names[key]: value for key, value in answers.items()})
    state = open_state(book.context(), book.state())
    return requests_hash(state, logs, deposit_contract)


def test_without_requests_the_hash_is_that_of_nothing():
    assert _hash_with() == EMPTY_REQUESTS_HASH == sha256(b"").digest()


def test_requests_are_hashed_by_type_and_empty_ones_left_out():
    first, second = sha256(b"\1abc").digest(), sha256(b"\2de").digest()
    both = {"withdrawal": _answering(b"abc"), "consolidation": _answering(b"de")}
    assert _hash_with(**both) == sha256(first + second).digest()
    assert _hash_with(consolidation=_answering(b"de")) == sha256(second).digest()


@pytest.mark.parametrize("name", ["withdrawal", "consolidation"])
@pytest.mark.parametrize(
    ("account", "got"),
    [
        (_account(asm("PUSH 0 PUSH 0 REVERT")), "execution reverted"),
        (_account(b"\xfe"), "InvalidInstruction"),
    ],
)
def test_a_contract_that_fails_makes_the_block_invalid(name, account, got):
    with pytest.raises(InvalidBlockError) as caught:
        _hash_with(**{name: account})
    assert caught.value.rule == "system contract"
    assert got in caught.value.got


@pytest.mark.parametrize("name", ["withdrawal", "consolidation"])
def test_a_contract_that_is_missing_has_no_requests_as_in_go_ethereum(name):
    assert _hash_with(**{name: {"balance": "1"}}) == EMPTY_REQUESTS_HASH


def _deposit(sizes=SIZES, *, extra=b"", first=160):
    """Encode the event as Solidity does: five offsets, then length and padded bytes of each."""
    head, tail = b"", b""
    for at, size in enumerate(sizes):
        head += (first + len(tail)).to_bytes(32)
        body = bytes([at + 1]) * size
        tail += size.to_bytes(32) + body + bytes(-size % 32)
    return head + tail + extra


def test_deposits_are_read_from_the_logs_of_the_contract():
    logs = [
        Log(DEPOSITS, (TOPIC,), _deposit()),
        Log(DEPOSITS, (), _deposit()),
        Log(DEPOSITS, (Hash32(bytes(32)),), b"of another kind"),
        Log(_number("0a" * 20), (TOPIC,), b"of another contract"),
        Log(DEPOSITS, (TOPIC,), _deposit()),
    ]
    one = b"".join(bytes([at + 1]) * size for at, size in enumerate(SIZES))
    assert len(one) == 192
    assert _hash_with(logs) == sha256(sha256(b"\0" + one + one).digest()).digest()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        _deposit()[:-1],
        _deposit(extra=b"\0"),
        _deposit((48, 32, 8, 96, 9)),
        _deposit((49, 32, 8, 96, 8)),
        _deposit(first=192),
        bytes(576),
    ],
)
def test_a_deposit_of_another_form_makes_the_block_invalid(data):
    with pytest.raises(InvalidBlockError) as caught:
        _hash_with([Log(DEPOSITS, (TOPIC,), data)])
    assert caught.value.rule == "deposit log"


def test_the_genesis_names_the_contract_of_deposits():
    own = _number("0b" * 20)
    logs = [Log(own, (TOPIC,), _deposit())]
    assert _hash_with(logs) == EMPTY_REQUESTS_HASH
    assert _hash_with(logs, deposit_contract=own) != EMPTY_REQUESTS_HASH
    book = book_of(Fork.PRAGUE, config={"depositContractAddress": "0x" + "0b" * 20})
    assert book.rules._forks.deposit_contract == own


@pytest.mark.conformance
def test_the_vector_chain_has_all_four_contracts_and_uses_them():
    alloc = json.loads((apis() / "genesis.json").read_text())["alloc"]
    assert {BEACON, HISTORY, WITHDRAWAL_REQUESTS, CONSOLIDATION_REQUESTS} <= set(alloc)
    book, _ = apis_book()
    head = book.head
    slot = (head.number - 1) % 8191
    assert book.state().slot(_number(HISTORY), slot) == int.from_bytes(head.parent_hash)
