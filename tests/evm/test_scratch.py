import pytest

from node.base.errors import CallRevertedError
from node.base.types import Address
from node.evm.errors import CallFailedError, CallOutOfGasError
from node.evm.forks import CANCUN
from node.evm.genesis import GenesisAccount
from node.evm.receipts import contract_address
from node.evm.scratch import Scratch
from tests.evm.asm import COUNTER, REVERTER, asm, initcode
from tests.evm.chains import ALICE, CHAIN_ID, ledger

DEPLOYER = Address(b"\xdd" * 20)
READER = asm("PUSH 1 SLOAD PUSH 0 MSTORE PUSH 32 PUSH 0 RETURN")


def test_a_deployed_contract_stands_where_a_transaction_would_put_it():
    scratch = Scratch(CHAIN_ID)
    assert scratch.deploy(initcode(COUNTER), DEPLOYER) == contract_address(DEPLOYER, 0)
    assert scratch.deploy(initcode(COUNTER), DEPLOYER) == contract_address(DEPLOYER, 1)


def test_a_call_keeps_what_it_changed():
    scratch = Scratch(CHAIN_ID)
    counter = scratch.deploy(initcode(COUNTER), DEPLOYER)
    values = [int.from_bytes(scratch.call(ALICE.address, counter, b"")) for _ in range(3)]
    assert values == [1, 2, 3]


def test_the_dump_has_nonce_code_and_storage():
    scratch = Scratch(CHAIN_ID)
    constructor = asm("PUSH 42 PUSH 1 SSTORE PUSH 5 PUSH 2 SSTORE PUSH 0 PUSH 2 SSTORE")
    reader = scratch.deploy(initcode(READER, constructor), DEPLOYER)
    assert scratch.dump() == {
        DEPLOYER: GenesisAccount(nonce=1),
        reader: GenesisAccount(nonce=1, code=READER, storage={1: 42}),
    }


def test_a_genesis_from_a_dump_answers_as_the_scratch_did():
    scratch = Scratch(CHAIN_ID)
    reader = scratch.deploy(initcode(READER, asm("CALLER PUSH 1 SSTORE")), DEPLOYER)
    counter = scratch.deploy(initcode(COUNTER), DEPLOYER)
    scratch.call(ALICE.address, counter, b"")
    book = ledger(scratch.dump())
    assert book.call(reader, b"") == scratch.call(ALICE.address, reader, b"")
    assert int.from_bytes(book.call(counter, b"")) == 2
    assert book.state().nonce(DEPLOYER) == 2


def test_constructors_see_the_chain_id():
    scratch = Scratch(CHAIN_ID)
    reader = scratch.deploy(initcode(READER, asm("CHAINID PUSH 1 SSTORE")), DEPLOYER)
    assert scratch.dump()[reader].storage == {1: CHAIN_ID}


def test_a_constructor_that_reverts_is_an_error_with_its_data():
    with pytest.raises(CallRevertedError) as caught:
        Scratch(CHAIN_ID).deploy(REVERTER, DEPLOYER)
    assert caught.value.data.hex() == "deadbeef"


def test_a_constructor_that_wants_all_memory_is_out_of_gas():
    with pytest.raises(CallOutOfGasError):
        Scratch(CHAIN_ID).deploy(asm("PUSH 1 PUSH 0xffffffffff MSTORE"), DEPLOYER)


def test_code_above_the_limit_is_refused():
    with pytest.raises(CallOutOfGasError):
        Scratch(CHAIN_ID).deploy(initcode(bytes(24_577)), DEPLOYER)


def test_initcode_above_the_limit_is_refused_from_shanghai_on():
    with pytest.raises((CallFailedError, CallOutOfGasError)):
        Scratch(CHAIN_ID, CANCUN).deploy(initcode(COUNTER, b"\x5b" * 49_153), DEPLOYER)


def test_a_failed_call_changes_nothing():
    scratch = Scratch(CHAIN_ID)
    code = asm("PUSH 1 PUSH 0 SSTORE PUSH 0 PUSH 0 REVERT")
    target = scratch.deploy(initcode(code), DEPLOYER)
    before = scratch.dump()
    with pytest.raises(CallRevertedError):
        scratch.call(ALICE.address, target, b"")
    assert scratch.dump() == before


def test_an_empty_scratch_dumps_nothing():
    assert Scratch(CHAIN_ID).dump() == {}
