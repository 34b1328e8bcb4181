"""S(h + 1) after block h: from a real ledger with the real contracts, and with false ones."""

from dataclasses import replace

import pytest
from eth_abi import encode as eth_encode

from node.app.validator_sets import (
    RegistryValidators,
    ScheduledValidators,
    SetCache,
)
from node.base.errors import UnknownBlockError, ValidatorSetUnavailableError
from node.base.types import ZERO_ADDRESS, Address, Hash32
from node.consensus_poa.interface import ValidatorProvider
from node.consensus_poa.registry_view import flaw_of
from node.contracts.government_actions import EmergencyWithdraw, WithdrawValidator
from node.contracts.government_registry import GovernmentRegistry
from node.evm.errors import MissingStateError
from node.evm.genesis import GenesisAccount
from node.evm.ledger import Ledger
from tests.app.registry_chain import ONES, Chain
from tests.evm.chains import VERIFIER, genesis

FALSE = Address(b"\xfa" * 20)


@pytest.fixture
def chain() -> Chain:
    return Chain()


def test_the_set_after_genesis_is_that_of_the_constructor(chain: Chain) -> None:
    sets: ValidatorProvider = chain.sets()
    assert sets.validators_after_block(chain.ledger.genesis_hash) == ONES[:7]


def test_what_block_e_enacts_counts_from_the_next_block_on(chain: Chain) -> None:
    before = chain.block()
    enacted = chain.block(WithdrawValidator(ONES[0]))
    sets = chain.sets()
    assert sets.validators_after_block(before) == ONES[:7]
    assert sets.validators_for_block(enacted) == ONES[:7]
    assert sets.validators_after_block(enacted) == ONES[1:7]


def test_the_number_of_the_call_is_the_blocks_own(chain: Chain) -> None:
    """Three leave, two a block: with NUMBER one higher both steps would come a block early."""
    enacted = chain.block(*(WithdrawValidator(one) for one in ONES[:3]))
    following = chain.block()
    sets = chain.sets()
    assert sets.validators_after_block(enacted) == ONES[2:7]
    assert sets.validators_for_block(following) == ONES[2:7]
    assert sets.validators_after_block(following) == ONES[3:7]


def test_older_blocks_keep_their_sets(chain: Chain) -> None:
    first = chain.block(WithdrawValidator(ONES[0]))
    chain.block(WithdrawValidator(ONES[1]))
    assert chain.sets().validators_after_block(first) == ONES[1:7]


def test_two_blocks_of_one_number_have_sets_of_their_own(chain: Chain) -> None:
    other = Chain()
    one, two = chain.block(WithdrawValidator(ONES[0])), other.block(WithdrawValidator(ONES[1]))
    cache = SetCache()
    assert chain.sets(cache).validators_after_block(one) == ONES[1:7]
    assert other.sets(cache).validators_after_block(two) == (ONES[0], *ONES[2:7])


def founded(chain: Chain, cache: SetCache) -> RegistryValidators:
    return RegistryValidators(chain.ledger, chain.government, cache, is_founded=True)


def test_a_founded_registry_gives_the_same_sets_as_asking_for_each_block() -> None:
    """Seven leave over several blocks, some come back, and blocks are asked for in any order."""
    chain = Chain()
    hashes = [chain.block(), chain.block(*(WithdrawValidator(one) for one in ONES[:3]))]
    hashes += [chain.block() for _ in range(3)]
    hashes.append(chain.block(EmergencyWithdraw(ONES[5])))
    hashes += [chain.block() for _ in range(2)]
    for order in (hashes, hashes[::-1], hashes[::2] + hashes[1::2]):
        cache = SetCache()
        for block_hash in order:
            wanted = chain.sets().validators_after_block(block_hash)
            assert founded(chain, cache).validators_after_block(block_hash) == wanted


def test_a_founded_registry_is_not_asked_again_while_its_storage_stays() -> None:
    chain, cache = Chain(), SetCache()
    founded(chain, cache).validators_after_block(chain.block())
    counting = _Counting(chain.ledger)
    node = RegistryValidators(counting, chain.government, cache, is_founded=True)  # type: ignore[arg-type]
    for _ in range(3):
        assert node.validators_after_block(chain.block()) == ONES[:7]
    assert counting.asked == []


def test_an_unknown_block_is_named(chain: Chain) -> None:
    with pytest.raises(UnknownBlockError, match="ee" * 32):
        chain.sets().validators_after_block(Hash32(b"\xee" * 32))
    with pytest.raises(UnknownBlockError, match="ee" * 32):
        chain.sets().validators_for_block(Hash32(b"\xee" * 32))


def test_nobody_sealed_the_genesis(chain: Chain) -> None:
    with pytest.raises(UnknownBlockError):
        chain.sets().validators_for_block(chain.ledger.genesis_hash)


# the cache


class _Counting:
    """A ledger that counts the calls, and can lack a state."""

    def __init__(self, ledger: Ledger) -> None:
        self.header, self.state = ledger.header, ledger.state
        self._ledger = ledger
        self.asked: list[dict] = []
        self.lacks = False

    def call(self, to, data, **rest):
        self.asked.append(rest)
        if self.lacks:
            raise MissingStateError(Hash32(bytes(32)))
        return self._ledger.call(to, data, **rest)


def test_the_call_has_the_context_of_consensus(chain: Chain) -> None:
    counting = _Counting(chain.ledger)
    head = chain.ledger.head_hash
    RegistryValidators(counting, chain.government).validators_after_block(head)  # type: ignore[arg-type]
    assert counting.asked == [{"at": head, "sender": ZERO_ADDRESS, "gas": 30_000_000}]


def test_the_nodes_of_a_process_ask_once_for_a_block(chain: Chain) -> None:
    counting, cache = _Counting(chain.ledger), SetCache()
    head = chain.ledger.head_hash
    for _ in range(3):
        node = RegistryValidators(counting, chain.government, cache)  # type: ignore[arg-type]
        assert node.validators_after_block(head) == ONES[:7]
    assert len(counting.asked) == 1


def test_a_block_that_this_node_lacks_is_unknown_whatever_others_cached(chain: Chain) -> None:
    cache = SetCache()
    block = chain.block()
    chain.sets(cache).validators_after_block(block)
    with pytest.raises(UnknownBlockError):
        Chain().sets(cache).validators_after_block(block)


def test_a_state_that_is_not_kept_is_no_answer_for_others(chain: Chain) -> None:
    counting, cache = _Counting(chain.ledger), SetCache()
    counting.lacks = True
    node = RegistryValidators(counting, chain.government, cache)  # type: ignore[arg-type]
    with pytest.raises(ValidatorSetUnavailableError, match="not kept here"):
        node.validators_after_block(chain.ledger.head_hash)
    assert len(cache.after) == 0
    assert chain.sets(cache).validators_after_block(chain.ledger.head_hash) == ONES[:7]


def test_the_oldest_answer_goes_first(chain: Chain) -> None:
    cache = SetCache(2)
    sets = chain.sets(cache)
    blocks = [chain.block() for _ in range(3)]
    for block in blocks:
        sets.validators_after_block(block)
    assert [block for _, block in cache.after] == blocks[1:]


# answers that are no set


def _false_answer(data: bytes) -> bytes:
    """Give runtime code that returns ``data``: CODECOPY behind itself."""
    size = len(data).to_bytes(2)
    code = b"\x61" + size + b"\x61\x00\x0d\x60\x00\x39\x61" + size + b"\x60\x00\xf3"
    code = code.replace(b"\x00\x0d", len(code).to_bytes(2))
    return code + data


def _why(code: bytes) -> str:
    account = GenesisAccount(code=code)
    ledger = Ledger(genesis({FALSE: account}), verifier=VERIFIER)
    sets = RegistryValidators(ledger, GovernmentRegistry(FALSE))
    with pytest.raises(ValidatorSetUnavailableError) as caught:
        sets.validators_after_block(ledger.genesis_hash)
    with pytest.raises(ValidatorSetUnavailableError) as again:
        sets.validators_after_block(ledger.genesis_hash)
    assert (again.value.block, again.value.why) == (caught.value.block, caught.value.why)
    assert caught.value.block == f"0x{ledger.genesis_hash.hex()}"
    return caught.value.why


def _list(*addresses: bytes) -> bytes:
    return eth_encode(["address[]"], [addresses])


ANSWERS = {
    "reverted": (b"\x60\x00\x60\x00\xfd", "execution reverted"),
    "no such contract": (b"", "getValidators"),
    "an endless loop": (b"\x5b\x60\x00\x56", "30000000"),
    "a fault of the machine": (b"\xfe", "InvalidInstruction"),
    "cut off": (_false_answer(_list(*ONES[:2])[:-1]), "getValidators"),
    "dirty words": (_false_answer(_list(ONES[0])[:-32] + b"\xff" * 32), "getValidators"),
    "empty": (_false_answer(_list()), "empty"),
    "unsorted": (_false_answer(_list(ONES[1], ONES[0])), "ascending"),
    "twice": (_false_answer(_list(ONES[0], ONES[0])), "twice"),
    "zero": (_false_answer(_list(ZERO_ADDRESS, ONES[0])), "zero address"),
    "a hundred and one": (
        _false_answer(_list(*(n.to_bytes(20) for n in range(1, 102)))),
        "101 validators",
    ),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_an_answer_that_is_no_set_is_refused(case: str) -> None:
    code, words = ANSWERS[case]
    assert words in _why(code)


@pytest.mark.parametrize("count", [1, 100])
def test_one_to_a_hundred_ascending_addresses_are_a_set(count: int) -> None:
    ones = ONES[:count]
    account = GenesisAccount(code=_false_answer(_list(*ones)))
    ledger = Ledger(genesis({FALSE: account}), verifier=VERIFIER)
    sets = RegistryValidators(ledger, GovernmentRegistry(FALSE))
    assert sets.validators_after_block(ledger.genesis_hash) == ones
    assert flaw_of(ones) is None


def test_an_emergency_leaves_a_set_below_the_minimum() -> None:
    chain = Chain(4)
    block = chain.block(EmergencyWithdraw(ONES[0]))
    assert chain.sets().validators_after_block(block) == ONES[1:4]


def test_a_ledger_of_another_registry_has_no_set(chain: Chain) -> None:
    elsewhere = replace(chain.government, address=Address(b"\x99" * 20))
    with pytest.raises(ValidatorSetUnavailableError, match="getValidators"):
        RegistryValidators(chain.ledger, elsewhere).validators_after_block(chain.ledger.head_hash)


def test_a_schedule_asks_the_contract_of_the_block_that_is_sealed(chain: Chain) -> None:
    first, second = chain.block(), chain.block()
    sets = ScheduledValidators(chain.ledger, [(0, FALSE), (2, chain.government.address)])
    with pytest.raises(ValidatorSetUnavailableError):
        sets.validators_after_block(chain.ledger.genesis_hash)
    with pytest.raises(ValidatorSetUnavailableError):
        sets.validators_for_block(first)
    assert sets.validators_after_block(first) == ONES[:7]
    assert sets.validators_for_block(second) == ONES[:7]


def test_before_the_first_contract_of_a_schedule_nobody_is_asked(chain: Chain) -> None:
    sets = ScheduledValidators(chain.ledger, [(2, chain.government.address)])
    with pytest.raises(ValidatorSetUnavailableError, match="no contract is named for block 1"):
        sets.validators_after_block(chain.ledger.genesis_hash)
    with pytest.raises(UnknownBlockError):
        sets.validators_after_block(Hash32(bytes(32)))
