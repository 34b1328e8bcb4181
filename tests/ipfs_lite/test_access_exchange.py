"""The consent filter inside the exchange: what a peer can see of it, which is nothing."""

import pytest

from node.base.types import Address, Cid
from node.ipfs_lite.access import GRANT, OWNER, ConsentFilter, FinalHead
from node.ipfs_lite.blocks import AccessRule, Batch, Block, BlockClass, EraseOrder
from node.ipfs_lite.cid import make_cid
from node.ipfs_lite.errors import TombstonedError
from node.ipfs_lite.events import (
    AccessChanged,
    GiveLeft,
    SendGive,
    WantEntry,
    WantFlag,
    WantReceived,
)
from node.ipfs_lite.memory_store import MemoryStore
from node.ipfs_lite.wants import WantServer
from tests.ipfs_lite.tampering import tamper

PEER, OWNER_PEER = Address(b"p" * 20), Address(b"o" * 20)
MIB = 2**20
FLAGS = [0, WantFlag.HAVE, WantFlag.DONT_HAVE, WantFlag.HAVE | WantFlag.DONT_HAVE]


class Counted:
    """A store that counts what it is asked."""

    def __init__(self):
        self.store = MemoryStore()
        self.asked = []

    def __getattr__(self, name):
        method = getattr(self.store, name)

        def call(*args, **options):
            self.asked.append(name)
            return method(*args, **options)

        return call


class House:
    """A server behind the filter; the head of its chain moves by hand."""

    def __init__(self):
        self.index = Counted()
        self.store = self.index.store
        self.filter = ConsentFilter(self.index)
        self.now = 10**15
        self.head = FinalHead(1, b"h" * 32, 100, self.now)
        self.server = WantServer(self.index, self._allowed)

    def _allowed(self, peer, multihash, now):
        return self.filter.allowed(peer, multihash, self.head, now).is_allowed

    def keep(self, data, *rules):
        """Take a block in, with rules for PEER: (source, begin, end)."""
        cid = make_cid(data)
        self.store.commit(Batch((Block(cid, data),), BlockClass.SEALED, claim=cid))
        self.store.set_rules(cid, tuple(AccessRule(cid, PEER, *rule) for rule in rules))
        return cid

    def at(self, timestamp_s):
        self.head = FinalHead(self.head.number + 1, b"h" * 32, timestamp_s, self.now)
        return self.handle(AccessChanged())

    def want(self, *names, flags=0):
        return self.handle(
            WantReceived(PEER, tuple(WantEntry(one, 1, int(flags)) for one in names))
        )

    def handle(self, event):
        return self.server.handle(event, self.now)


def _absent(_house):
    return make_cid(b"nowhere")


def _denied(house):
    return house.keep(b"another's")


def _ended(house):
    return house.keep(b"was granted", (GRANT, 0, 100))


def _not_yet(house):
    return house.keep(b"will be granted", (GRANT, 101, 200))


def _erased(house):
    cid = house.keep(b"erased", (OWNER,))
    house.store.erase(EraseOrder(b"o" * 32, cid, at_s=5))
    with pytest.raises(TombstonedError):
        house.store.put(cid, b"erased", BlockClass.SEALED)
    return cid


def _bad(house):
    cid = house.keep(b"rotten", (OWNER,))
    tamper(house.store, cid)
    list(house.store.verify())
    assert cid[2:] in house.store.bad()
    return cid


def _linked(house):
    """An attacker owns a manifest that links to another's block; the link claims nothing."""
    victim = house.keep(b"the victim's")
    house.keep(b"manifest " + victim, (OWNER,))
    return victim


REFUSALS = [_absent, _denied, _ended, _not_yet, _erased, _bad, _linked]


def _shown(house, cid, flags):
    """Give all that a peer sees of one want, and what it cost, without the name it asked by."""
    house.index.asked.clear()
    effects = house.want(cid, flags=flags)
    gives = [
        (one.blocks, one.have, [name == cid for name in one.dont], one.pending)
        for one in effects
        if isinstance(one, SendGive)
    ]
    assert len(gives) == len(effects)
    return gives, list(house.index.asked), house.server.waiting(PEER) == (cid,)


@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("refusal", REFUSALS)
def test_every_refusal_shows_and_costs_what_an_absence_does(refusal, flags):
    house, empty = House(), House()
    shown = _shown(house, refusal(house), flags)
    assert shown == _shown(empty, _absent(empty), flags)
    assert shown[1] == ["size", "rules_for", "class_of"]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refused_want_does_not_count_as_pending(refusal):
    house = House()
    large = [house.keep(bytes((n,)) * MIB, (OWNER,)) for n in range(2)]
    gives = house.want(large[0], refusal(house), large[1])
    assert [give.pending for give in gives] == [MIB, 0]


def test_a_grant_that_ends_stops_blocks_that_are_queued():
    house = House()
    names = [house.keep(bytes((n,)) * MIB, (GRANT, 0, 150)) for n in range(12)]
    gives = [one for one in house.want(*names) if isinstance(one, SendGive)]
    assert len(gives) == 8
    house.now += 10_000_000
    house.head = FinalHead(2, b"h" * 32, 150, house.now)  # nobody was told yet
    assert house.handle(GiveLeft(PEER, 8 * MIB)) == ()
    assert len(house.server.waiting(PEER)) == 4


def test_a_head_that_rests_stops_blocks_that_are_queued():
    house = House()
    names = [house.keep(bytes((n,)) * MIB, (GRANT, 0, 150)) for n in range(12)]
    house.want(*names)
    house.now += 61_000_000
    assert house.handle(GiveLeft(PEER, 8 * MIB)) == ()


def test_a_want_that_waits_is_answered_when_its_grant_begins():
    house = House()
    cid = house.keep(b"later", (GRANT, 120, 150))
    assert house.want(cid) == ()
    assert house.at(119) == ()
    (give,) = house.at(120)
    assert [data for _, data in give.blocks] == [b"later"]


def test_a_peer_gets_only_what_its_own_rules_open():
    house = House()
    mine, other = house.keep(b"mine", (OWNER,)), make_cid(b"other")
    house.store.commit(Batch((Block(other, b"other"),), claim=other))
    house.store.set_rules(other, (AccessRule(other, OWNER_PEER, OWNER),))
    (give,) = house.want(mine, other)
    assert [data for _, data in give.blocks] == [b"mine"]


def test_a_name_with_another_codec_is_judged_as_the_same_block():
    house = House()
    cid = house.keep(b"sealed")
    as_node = Cid(b"\x01\x70" + cid[2:])
    assert house.want(as_node) == ()
