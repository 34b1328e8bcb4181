"""Attacks with bytes that no binding makes: short, long, dirty words, ether where none belongs."""

import pytest

from node.base.types import Hash32
from node.contracts.abi import encode_signature, encode_values, selector, split_types
from node.contracts.compile import load_artifact
from node.contracts.deploy import predict_addresses
from node.contracts.names import CONTRACT_NAMES
from tests.contracts.abi_items import types_of
from tests.contracts.consents import is_allowed, nonce_of
from tests.contracts.mined_chain import MinedChain
from tests.contracts.stock_chain import GAS_LIMIT
from tests.contracts.world import PMR_ID, STRANGER, World, account, content, key_of

NARROW = ("address", "uint8", "uint24", "uint32", "uint64", "bytes16", "bool")


def changing() -> list[tuple[str, str]]:
    """(contract, signature) of every function that may change state."""
    return [
        (name, f"{item['name']}({','.join(types_of(item['inputs']))})")
        for name in CONTRACT_NAMES
        for item in load_artifact(name).abi
        if item["type"] == "function" and item["stateMutability"] in ("nonpayable", "payable")
    ]


def inputs(signature: str) -> tuple[str, ...]:
    return split_types(signature.partition("(")[2][:-1])


def is_payable(name: str, signature: str) -> bool:
    return any(
        item["stateMutability"] == "payable"
        for item in load_artifact(name).abi
        if item["type"] == "function" and item["name"] == signature.partition("(")[0]
    )


WITH_ARGUMENTS = [each for each in changing() if inputs(each[1])]
WITH_NARROW_WORD = [each for each in changing() if any(t in NARROW for t in inputs(each[1]))]
FREE = [each for each in changing() if not is_payable(*each)]


@pytest.mark.parametrize(("name", "signature"), WITH_ARGUMENTS)
def test_calldata_that_ends_early_is_refused(world: World, name: str, signature: str) -> None:
    """Missing words are not read as zeros: not one argument, and none at all."""
    to = predict_addresses()[name]
    for missing in (b"", (1).to_bytes(31)):
        assert world.refused(STRANGER, to, selector(signature) + missing).name == ""


@pytest.mark.parametrize(("name", "signature"), WITH_NARROW_WORD)
def test_dirty_upper_bits_are_refused(world: World, name: str, signature: str) -> None:
    """An address or a short number with bits above its size is no second name for it."""
    to = predict_addresses()[name]
    types = inputs(signature)
    clean = selector(signature) + (1).to_bytes(32) * (len(types) + 16)
    for place, kind in enumerate(types):
        if kind in NARROW:
            dirty = bytearray(clean)
            dirty[4 + 32 * place : 36 + 32 * place] = b"\xff" * 32
            assert world.refused(STRANGER, to, bytes(dirty)).name == "", kind


@pytest.mark.parametrize("word", [1, 2, 6, 7], ids=["patient", "grantee", "from", "until"])
def test_consent_signed_with_a_dirty_word_is_refused(world: World, word: int) -> None:
    """The digest is taken over calldata as it is, so the patient can sign dirt; it never stands."""
    consents, consent = world.suite.consents, world.consent()
    fields = bytearray(world.suite.consents.grant(consent, bytes(65))[4 : 4 + 9 * 32])
    fields[32 * word] = 0xFF
    types = "uint256,address,address,bytes32,bytes32,bytes32,uint64,uint64,uint256"
    head = selector(f"grantIdOf(({types}))")
    digest = Hash32(world.chain.read(consents.address, head + fields))
    r, s, v = encode_signature(key_of("p1").sign(digest))
    call = consents.grant(consent, bytes(65))[:4] + fields + r + s + v.to_bytes(32)
    assert world.refused(STRANGER, consents.address, call).name == ""
    assert nonce_of(world) == 0


def test_bytes_behind_a_call_change_nothing(world: World) -> None:
    consent = world.consent()
    data = world.suite.consents.grant(consent, world.signed(consent)) + b"\xde\xad" * 40
    world.send(STRANGER, world.suite.consents.address, data)
    assert is_allowed(world)


def test_list_that_claims_more_than_calldata_holds_is_refused(world: World) -> None:
    custody = world.suite.custody
    head = selector("recordReceipts(uint64,(bytes32,bytes32,bytes32,uint8)[])")
    for count in (2, 64, 2**64, 2**256 - 1):
        data = head + encode_values("x", ("uint64", "uint256", "uint256"), (0, 64, count))
        assert world.refused("h1", custody.address, data + bytes(128)).name in ("", "BatchSize")
    assert world.view(custody.next_sequence(account("h1"))) == 0


@pytest.mark.parametrize(("name", "signature"), FREE)
def test_function_takes_no_ether(world: World, name: str, signature: str) -> None:
    chain = world.chain
    chain.state.set_balance(STRANGER, 10**18)
    to = predict_addresses()[name]
    data = selector(signature) + (1).to_bytes(32) * (len(inputs(signature)) + 16)
    before = chain.state.get_balance(to)
    assert send_ether(world, to, data, 1) is False
    assert chain.state.get_balance(to) == before


def test_contract_takes_no_ether_without_a_function(world: World) -> None:
    world.chain.state.set_balance(STRANGER, 10**18)
    for to in predict_addresses().values():
        assert send_ether(world, to, b"", 1) is False


def test_forced_ether_changes_no_rule(world: World) -> None:
    """What a self-destruct or a block reward forces on a contract opens and closes nothing."""
    for to in predict_addresses().values():
        world.chain.state.set_balance(to, 10**18)
    world.grant()
    data = world.suite.pmr.add_second_opinion(PMR_ID, hospital_id=2, content=content("o"))
    world.send("d2", world.suite.pmr.address, data)
    assert world.view(world.suite.pmr.entry_count(PMR_ID)) == 2
    assert MinedChain(world.chain).time_s == world.chain.time_s


def send_ether(world: World, to: bytes, data: bytes, value: int) -> bool:
    """Say whether a contract keeps ether that comes with a call."""
    from eth.vm.forks.london import LondonVM
    from eth.vm.spoof import SpoofTransaction

    state = world.chain.state
    state.lock_changes()
    unsigned = LondonVM.create_unsigned_transaction(
        nonce=state.get_nonce(STRANGER), gas_price=0, gas=GAS_LIMIT, to=to, value=value, data=data
    )
    return not state.apply_transaction(SpoofTransaction(unsigned, from_=STRANGER)).is_error
