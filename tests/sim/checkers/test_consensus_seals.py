from dataclasses import replace

import pytest

from node.base import rlp
from node.base.keys import MemoVerifier
from node.consensus_poa.header import seal_header
from node.sim.checkers.consensus_registry import RegistryReader
from node.sim.checkers.consensus_seals import OutsideSeals, QbftSeals
from tests.sim.checkers.forge import KEYS, Ibft1, Qbft

BOTH = pytest.mark.parametrize("network", [Qbft, Ibft1])


def judge(net, block, by=(0, 1, 2), **terms):
    return net.observed.seals.judge(block.encode(), net.certificate(block, by, **terms))


@BOTH
def test_a_block_with_a_quorum_of_its_set_is_authorised(network):
    net = network()
    one = net.block(net.genesis, 0)
    assert judge(net, one) is None
    assert judge(net, net.block(one, 1), (3, 2, 1)) is None
    assert net.observed.seals.after(one.hash()) == net.members


@BOTH
def test_fewer_seals_than_a_quorum_are_found(network):
    net = network()
    assert "2 seals" in judge(net, net.block(net.genesis, 0), (0, 1))
    assert "a quorum of 4 is 3" in judge(net, net.block(net.genesis, 0), (0, 1))


@BOTH
def test_a_seal_twice_makes_no_quorum(network):
    net = network()
    assert "somebody sealed twice" in judge(net, net.block(net.genesis, 0), (0, 1, 1))


@BOTH
def test_a_seal_of_a_stranger_is_found(network):
    net = network(4)
    net.keys = KEYS[:5]
    assert "who is no validator" in judge(net, net.block(net.genesis, 0), (0, 1, 4))


@BOTH
def test_a_missing_or_unreadable_certificate_is_found(network):
    net = network()
    block = net.block(net.genesis, 0)
    assert net.observed.seals.judge(block.encode(), None).endswith("has no certificate")
    assert "cannot be read" in net.observed.seals.judge(block.encode(), b"\x01")


@BOTH
def test_a_block_made_by_a_stranger_is_found(network):
    net = network(4)
    net.members_all = net.members
    stranger = KEYS[5]
    block = (
        net.block(net.genesis, 0, coinbase=stranger.address)
        if network is Qbft
        else net.block(net.genesis, 5)
    )
    assert f"by 0x{stranger.address.hex()}, who is no validator" in judge(net, block)


@BOTH
def test_a_list_that_is_not_the_set_is_found(network):
    net = network()
    block = net.block(net.genesis, 0, listed=net.members[:3])
    assert "lists 3 validators, wants the 4" in judge(net, block)


@BOTH
def test_a_field_that_is_not_the_engines_is_found(network):
    net = network()
    assert "mixHash is not" in judge(net, net.block(net.genesis, 0, difficulty=2))


@BOTH
def test_a_block_on_an_unknown_parent_or_number_is_found(network):
    net = network()
    one = net.block(net.genesis, 0)
    assert "was never shown" in judge(net, net.block(one, 1))
    assert "stands on block 0" in judge(net, net.block(net.genesis, 0, number=2))
    assert "cannot be read" in net.observed.seals.judge(b"\xc0", None)


def test_the_quorum_of_ibft1_is_the_one_its_options_say():
    lenient, strict = Ibft1(6, quorum="2f_plus_1"), Ibft1(6)
    for net, holds in ((lenient, True), (strict, False)):
        block = net.block(net.genesis, 0)
        assert (judge(net, block, (0, 1, 2)) is None) is holds


def test_round_and_seals_do_not_belong_into_the_stored_header():
    net = Qbft()
    block = net.at_round(net.block(net.genesis, 0), 1)
    assert "stored with round 1" in net.observed.seals.judge(block.encode(), None)


def test_seals_for_another_round_than_the_certificate_says_are_strangers():
    net = Qbft()
    block = net.block(net.genesis, 0)
    items = rlp.decode(net.certificate(block, (0, 1, 2), 1))
    items[0] = b"\x02"
    assert net.observed.seals.judge(block.encode(), rlp.encode(items)) is not None
    assert judge(net, block, (0, 1, 2), round_=1) is None


def test_votes_in_headers_change_the_set_of_the_next_block():
    net = Qbft(4)
    new = KEYS[4].address
    parent = net.genesis
    for builder in range(3):
        parent = net.block(parent, builder, vote=[new, b"\xff"])
        assert judge(net, parent) is None
    assert net.observed.seals.after(parent.hash()) == tuple(sorted((*net.members, new)))


def test_votes_of_ibft1_change_the_set_too_and_die_at_the_epoch():
    for epoch, added in ((30_000, True), (2, False)):
        net = Ibft1(4, epoch=epoch)
        new = KEYS[4].address
        parent = net.genesis
        for builder in range(3):
            parent = net.block(parent, builder, coinbase=new, nonce=b"\xff" * 8)
            assert judge(net, parent) is None
        assert (new in net.observed.seals.after(parent.hash())) is added


def test_with_a_registry_the_header_lists_nobody_and_votes_for_nothing():
    net = Qbft()
    reader = RegistryReader(
        net.genesis.hash(), net.members, b"\1" * 20, lambda _hash: (), minimum=1
    )
    seals = QbftSeals(net.genesis.encode(), net.rules, net.observed.reader.verifier, reader)
    listing = net.block(net.genesis, 0)
    assert "lists 4 validators, wants the 0" in seals.learn(listing.encode())
    net.listed = False
    block = net.block(net.genesis, 0)
    assert seals.judge(block.encode(), net.certificate(block, (0, 1, 2))) is None
    voting = net.block(net.genesis, 0, vote=[KEYS[5].address, b"\xff"])
    assert "carries a vote" in seals.learn(voting.encode())


def test_a_seal_that_recovers_to_nobody_is_found():
    net = Qbft()
    block = net.block(net.genesis, 0)
    items = rlp.decode(net.certificate(block, (0, 1, 2)))
    items[1][0] = items[1][0][:-1] + b"\x05"
    assert "recovers to nobody" in net.observed.seals.judge(block.encode(), rlp.encode(items))
    old = Ibft1()
    unsealed = replace(old.genesis, number=1, parent_hash=old.genesis.hash())
    assert "recovers to nobody" in old.observed.seals.learn(unsealed.encode())


def test_blocks_of_an_engine_of_ones_own_are_sealed_by_validators_of_genesis():
    member, stranger = KEYS[:2]
    extra = bytes(32) + member.address + bytes(65)
    genesis = replace(Ibft1().genesis, extra_data=extra)
    seals = OutsideSeals(genesis.encode(), MemoVerifier())
    block = replace(genesis, number=1, parent_hash=genesis.hash(), extra_data=bytes(97))
    assert seals.judge(seal_header(block, member).encode()) is None
    assert "who is no validator" in seals.judge(seal_header(block, stranger).encode())
    assert "recovers to nobody" in seals.judge(block.encode())
    assert "cannot be read" in seals.judge(b"\xc0")
    assert seals.after(block.hash()) == (member.address,)
