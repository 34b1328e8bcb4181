from dataclasses import replace

import pytest

from node.base.errors import UnknownBlockError, ValidatorSetUnavailableError
from node.base.header import Header
from node.base.rng import TreeEntropy
from node.base.types import ZERO_ADDRESS, Address, Hash32
from node.consensus_poa.interface import Capabilities
from node.consensus_poa.qbft.header import QbftExtra, Vote
from node.consensus_poa.qbft.options import QbftOptions, Transition
from node.consensus_poa.qbft.sets import ValidatorSets
from tests.consensus_poa.chains import VERIFIER, FakeChain, ascending
from tests.consensus_poa.qbft.network import FixedSet, genesis_of

KEYS = ascending(4)
ADDRESSES = tuple(k.address for k in KEYS)
NEW = Address(b"\xff" * 20)
HEADER_MODE = QbftOptions(validators_from="header", epoch=5)


def chain_with(options: QbftOptions, votes: list[Vote | None]) -> tuple[FakeChain, list[Hash32]]:
    """Give a chain whose block i, built by validator i mod 4, carries votes[i]."""
    chain = FakeChain(genesis_of(KEYS, options))
    hashes = [chain.head]
    for index, vote in enumerate(votes):
        parent = chain.headers[hashes[-1]]
        extra = QbftExtra(validators=ADDRESSES, vote=vote)
        header: Header = replace(
            parent,
            parent_hash=hashes[-1],
            number=parent.number + 1,
            coinbase=ADDRESSES[index % 4],
            extra_data=extra.encode(),
        )
        hashes.append(chain.add(header))
    return chain, hashes


def sets(chain: FakeChain, options: QbftOptions, *, has_contract: bool = True) -> ValidatorSets:
    contract = FixedSet(chain, KEYS) if has_contract else None
    return ValidatorSets(
        options, Capabilities(chain, VERIFIER, TreeEntropy(1, "x"), None, contract)
    )


def test_votes_in_headers_change_the_set() -> None:
    add = Vote(NEW, is_add=True)
    chain, hashes = chain_with(HEADER_MODE, [add, add, add])
    found = sets(chain, HEADER_MODE)
    assert found.after(hashes[2]) == ADDRESSES
    assert found.after(hashes[3]) == (*ADDRESSES, NEW)
    assert found.tally(hashes[2]).admits == ((NEW, ADDRESSES[:2]),)


def test_an_epoch_block_ends_the_votes_before_it() -> None:
    add = Vote(NEW, is_add=True)
    chain, hashes = chain_with(HEADER_MODE, [None, None, None, add, add, add, add])
    found = sets(chain, HEADER_MODE)
    assert found.tally(hashes[5]).admits == ()
    assert found.after(hashes[7]) == ADDRESSES


def test_a_header_that_is_not_stored_yet_is_counted_on_its_parent() -> None:
    add = Vote(NEW, is_add=True)
    chain, hashes = chain_with(HEADER_MODE, [add, add, add])
    last = chain.headers.pop(hashes[3])
    assert sets(chain, HEADER_MODE).after(hashes[3], last) == (*ADDRESSES, NEW)


def test_an_unknown_block_or_a_gap_is_said_so() -> None:
    chain, hashes = chain_with(HEADER_MODE, [None, None, None])
    with pytest.raises(UnknownBlockError):
        sets(chain, HEADER_MODE).after(Hash32(b"\1" * 32))
    del chain.headers[hashes[1]]
    with pytest.raises(UnknownBlockError):
        sets(chain, HEADER_MODE).after(hashes[3])


@pytest.mark.parametrize(
    "listed",
    [
        (),
        ADDRESSES[::-1],
        (ADDRESSES[0], ADDRESSES[0]),
        (ZERO_ADDRESS, *ADDRESSES),
        tuple(Address(bytes([1, i]) + bytes(18)) for i in range(101)),
    ],
)
def test_a_set_that_cannot_be_is_unavailable(listed: tuple[Address, ...]) -> None:
    options = QbftOptions()
    chain = FakeChain(genesis_of(KEYS))
    found = sets(chain, options)
    provider = found._lent.validators
    assert isinstance(provider, FixedSet)
    provider.changes[1] = listed
    with pytest.raises(ValidatorSetUnavailableError):
        found.after(chain.head)


def test_contract_mode_without_a_reader_is_unavailable() -> None:
    chain = FakeChain(genesis_of(KEYS))
    with pytest.raises(ValidatorSetUnavailableError):
        sets(chain, QbftOptions(), has_contract=False).after(chain.head)


def test_a_transition_to_headers_starts_with_its_list_or_the_contracts_last_set() -> None:
    for listed, want in (((NEW,), (NEW,)), ((), ADDRESSES)):
        move = Transition(3, "header", None, listed)
        options = QbftOptions(transitions=(move,))
        chain, hashes = chain_with(QbftOptions(), [None] * 4)
        found = sets(chain, options)
        assert found.after(hashes[1]) == ADDRESSES
        assert found.after(hashes[2]) == want
        assert found.after(hashes[4]) == want


def test_a_transition_to_a_contract_reads_it_from_that_block_on() -> None:
    options = replace(HEADER_MODE, transitions=(Transition(2, "contract"),))
    chain, hashes = chain_with(HEADER_MODE, [None] * 2)
    found = sets(chain, options)
    provider = found._lent.validators
    assert isinstance(provider, FixedSet)
    provider.changes[1] = (NEW,)
    assert found.after(hashes[0]) == ADDRESSES
    assert found.after(hashes[1]) == (NEW,)
