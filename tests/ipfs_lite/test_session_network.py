from hashlib import sha256

from hypothesis import given, settings
from hypothesis import strategies as st

from node.ipfs_lite.bans import BAN_US, Evidence
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import make_cid
from node.ipfs_lite.events import BanPeer, BlockStored, FetchFailed, FetchFinished, WantEntry
from node.ipfs_lite.profiles import Profile
from node.ipfs_lite.unixfs_read import read_all
from node.ipfs_lite.unixfs_write import write_bytes
from tests.ipfs_lite.network import DELAY_US, START_US, Network, address
from tests.ipfs_lite.tampering import tamper

A, B, C = address(1), address(2), address(3)
DATA = b"a block of a scan"
NAME = make_cid(DATA)
BLOCK, HAVE = 4, 6
_NARROW = Profile("narrow", cid_version=1, raw_leaves=True, chunk_bytes=4, links_max=2)


def _finished(node):
    return [effect for effect, _ in node.ended] == [FetchFinished(1)]


def test_a_block_comes_from_the_named_holder():
    net = Network(4)
    net[2].put(DATA)
    net.fetch(0, [NAME], holders=[2])
    net.run()
    assert _finished(net[0])
    assert net[0].store.get(NAME) == DATA


def test_the_named_holder_is_the_only_one_asked():
    net = Network(4)
    net[2].put(DATA)
    net.fetch(0, [NAME], holders=[2])
    net.run()
    assert net.wants == [(address(0), B, WantEntry(NAME, 1, BLOCK))]


def test_without_holders_everybody_is_asked():
    net = Network(4)
    net[3].put(DATA)
    net.fetch(0, [NAME])
    net.run()
    assert _finished(net[0])
    asked = [peer for _, peer, entry in net.wants if entry.flags == HAVE]
    assert asked == [A, B, C]


def test_a_holder_that_has_it_not_is_followed_by_everybody_else():
    net = Network(4)
    net[3].put(DATA)
    net.fetch(0, [NAME], holders=[1])
    net.run()
    assert _finished(net[0])
    assert net[0].ended[0][1] < 10 * DELAY_US


def test_a_silent_holder_is_followed_by_the_next_after_its_timeout():
    net = Network(4)
    net[1].put(DATA)
    net[1].is_silent = True
    net[2].put(DATA)
    net.fetch(0, [NAME], holders=[1, 2])
    net.run()
    assert _finished(net[0])
    assert net[0].ended[0][1] <= 1_000_000 + 2 * DELAY_US


def test_a_large_block_is_asked_of_who_says_have():
    net = Network(4)
    data = bytes(100_000)
    net[3].put(data)
    net.fetch(0, [make_cid(data)])
    net.run()
    assert _finished(net[0])
    blocks = [peer for _, peer, entry in net.wants if entry.flags == BLOCK]
    assert blocks == [C]


def test_a_lying_peer_is_banned_reported_and_worked_around():
    net = Network(4)
    for number in (1, 2):
        net[number].put(DATA)
    net[1].lie = b"something else"
    net.fetch(0, [NAME], holders=[1, 2])
    net.run()
    assert _finished(net[0])
    assert net[0].store.get(NAME) == DATA
    (ban,) = net[0].bans
    evidence = Evidence(A, NAME, sha256(b"something else").digest(), START_US + 2 * DELAY_US)
    assert ban == BanPeer(evidence, evidence.at_us + BAN_US)


def test_a_lying_peer_is_not_asked_again():
    net = Network(3)
    other = b"other"
    for number in (1, 2):
        net[number].put(DATA)
        net[number].put(other)
    net[1].lie = b"something else"
    net.fetch(0, [NAME], holders=[1, 2])
    net.run()
    count = len(net.wants)
    net.fetch(0, [make_cid(other)], holders=[1, 2], session=2)
    net.run()
    assert {peer for _, peer, _ in net.wants[count:]} == {B}


def test_a_lie_that_only_one_peer_tells_about_fails_instead_of_passing():
    net = Network(2)
    net[1].put(DATA)
    net[1].lie = b"something else"
    net.fetch(0, [NAME], holders=[1])
    net.run()
    ((failed, at_us),) = net[0].ended
    assert failed == FetchFailed(1, (NAME,), (A,), "no new block for 30000 ms")
    assert at_us == 30_000_000
    assert not net[0].store.has(NAME)


def test_a_tampered_store_gives_nothing_and_the_next_holder_does():
    net = Network(3)
    for number in (1, 2):
        net[number].put(DATA)
    tamper(net[1].store, NAME)
    net.fetch(0, [NAME], holders=[1, 2])
    net.run()
    assert _finished(net[0])
    assert net[1].bans  # it noticed by itself
    assert not net[0].bans  # and is no liar


def test_a_corrupt_block_of_the_own_store_is_fetched_again():
    net = Network(2)
    for number in (0, 1):
        net[number].put(DATA)
    tamper(net[0].store, NAME)
    net.fetch(0, [NAME], holders=[1])
    net.run()
    assert net[0].store.get(NAME) == DATA


def test_a_whole_file_is_fetched_from_its_root():
    net = Network(3)
    data = bytes(range(100))
    added = write_bytes(
        data, lambda cid, block: net[1].store.put(cid, block, BlockClass.SEALED), _NARROW
    )
    net.fetch(0, [added.cid], holders=[1], walk=True)
    net.run()
    assert _finished(net[0])
    assert read_all(net[0].store.get, added.cid) == data


def test_without_walk_a_root_comes_alone():
    net = Network(2)
    added = write_bytes(
        bytes(range(20)),
        lambda cid, block: net[1].store.put(cid, block, BlockClass.SEALED),
        _NARROW,
    )
    net.fetch(0, [added.cid], holders=[1])
    net.run()
    assert net[0].fetched == [added.cid]


def test_a_walk_fetches_only_what_is_missing():
    net = Network(2)
    blocks = {}
    added = write_bytes(bytes(range(20)), blocks.__setitem__, _NARROW)
    for cid, block in blocks.items():
        net[1].store.put(cid, block, BlockClass.SEALED)
        if cid not in list(blocks)[:2]:
            net[0].store.put(cid, block, BlockClass.SEALED)
    net.fetch(0, [added.cid], holders=[1], walk=True)
    net.run()
    assert _finished(net[0])
    assert sorted(net[0].fetched) == sorted(list(blocks)[:2])


def test_many_blocks_are_split_over_their_holders():
    net = Network(3)
    names = []
    for number in range(40):
        data = bytes((number,)) * 2_000
        names.append(net[1].put(data))
        net[2].put(data)
    net.fetch(0, names, holders=[1, 2])
    net.run()
    assert _finished(net[0])
    asked = [peer for _, peer, entry in net.wants if entry.flags == BLOCK]
    assert min(asked.count(A), asked.count(B)) >= 10


def test_a_block_that_nobody_has_yet_is_delivered_when_it_appears():
    net = Network(3)
    net.fetch(0, [NAME], patience_us=50_000_000)
    net.run(5_000_000)
    net[2].put(DATA)
    net.feed(2, BlockStored(NAME))
    net.run()
    assert _finished(net[0])


def test_a_failed_fetch_names_what_is_missing_and_who_was_asked():
    net = Network(3)
    net[1].put(DATA)
    missing = make_cid(b"nowhere")
    net.fetch(0, [NAME, missing], holders=[1], patience_us=2_000_000)
    net.run()
    ((failed, _),) = net[0].ended
    assert failed == FetchFailed(1, (missing,), (A, B), "no new block for 2000 ms")


def test_no_timer_rings_for_ever_after_the_last_session():
    net = Network(3)
    net[1].put(DATA)
    net.fetch(0, [NAME, make_cid(b"nowhere")], holders=[1])
    net.run(10**12)
    assert net.now < 1_700_000_000_000_000 + 60_000_000


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.sets(st.integers(1, 3), min_size=1), min_size=1, max_size=6),
    st.lists(st.integers(1, 3), max_size=3, unique=True),
    st.sampled_from([None, 1, 2, 3]),
)
def test_every_block_with_an_honest_owner_arrives_whoever_lies(owners, holders, liar):
    net = Network(4)
    names = []
    for number, numbers in enumerate(owners):
        data = bytes((number,)) * (100 if number % 2 else 3_000)
        for owner in sorted(numbers):
            net[owner].put(data)
        names.append(make_cid(data))
    if liar is not None:
        net[liar].lie = b"something else"
    net.fetch(0, names, holders=holders)
    net.run()
    honest = [name for name, who in zip(names, owners, strict=True) if who - {liar}]
    assert all(net[0].store.has(name) for name in honest)
    assert {ban.evidence.peer for ban in net[0].bans} <= {address(liar or 0)}
