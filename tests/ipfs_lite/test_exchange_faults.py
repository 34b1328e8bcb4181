"""Loss, duplicates, reordering and crashes of peers do not change what a fetch ends with."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.events import FetchFinished
from node.ipfs_lite.profiles import Profile
from node.ipfs_lite.unixfs_write import write_bytes
from tests.ipfs_lite.network import DELAY_US, Network

ROOT = Path(__file__).resolve().parents[2]
MINUTE_US = 60_000_000
_NARROW = Profile("narrow", cid_version=1, raw_leaves=True, chunk_bytes=50, links_max=3)
_WORLD = """
from tests.ipfs_lite.test_exchange_faults import world
print(world(7, loss=0.2, copies=0.2, is_lying=True).story())
"""


class Faulty(Network):
    """A fetch of one file by node 0 from nodes 1 to 3, in bad weather."""

    def __init__(self, seed, *, loss, copies):
        super().__init__(4)
        dice = random.Random(seed)

        def weather():
            count = 0 if dice.random() < loss else 2 if dice.random() < copies else 1
            return [dice.randrange(DELAY_US, 40 * DELAY_US) for _ in range(count)]

        self.weather = weather

    def story(self):
        fetcher = self[0]
        return (self.now, len(self.wants), fetcher.fetched, fetcher.ended, fetcher.bans)


def world(seed, *, loss=0.0, copies=0.0, is_lying=False, crashes=()):
    net = Faulty(seed, loss=loss, copies=copies)
    blocks = {}
    data = random.Random(seed).randbytes(1_500)
    root = write_bytes(data, blocks.__setitem__, _NARROW).cid
    for number in (1, 2, 3):
        for cid, block in blocks.items():
            net[number].store.put(cid, block, BlockClass.SEALED)
    if is_lying:
        net[1].lie = b"something else"
    for number, at_us, until_us in crashes:
        net.crash(number, at_us, until_us)
    net.blocks = blocks
    net.fetch(0, [root], holders=[1, 2, 3], walk=True, patience_us=60 * MINUTE_US)
    net.run(59 * MINUTE_US)
    return net


def stored(node):
    return {key: node.store.get(b"\x01\x55" + key) for key in node.store.multihashes()}


def is_whole(net):
    ended = [effect for effect, _ in net[0].ended]
    return ended == [FetchFinished(1)] and stored(net[0]) == stored(net[2])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("loss", [0.0, 0.1, 0.4])
@pytest.mark.parametrize("copies", [0.0, 0.5])
def test_weather_does_not_change_the_final_store(seed, loss, copies):
    net = world(seed, loss=loss, copies=copies)
    assert is_whole(net)
    assert net[0].bans == []


@pytest.mark.parametrize("seed", range(5))
def test_a_liar_in_bad_weather_changes_nothing_either(seed):
    net = world(seed, loss=0.1, copies=0.3, is_lying=True)
    assert is_whole(net)
    assert {ban.evidence.peer for ban in net[0].bans} == {net[1].name}


@settings(deadline=None, max_examples=20)
@given(
    st.integers(0, 100),
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(0, 3_000_000), st.integers(1, 5_000_000)),
        max_size=3,
        unique_by=lambda crash: crash[0],
    ),
)
def test_crashes_of_peers_do_not_change_the_final_store(seed, crashes):
    crashes = [(number, at_us, at_us + for_us) for number, at_us, for_us in crashes]
    assert is_whole(world(seed, loss=0.05, copies=0.2, crashes=crashes))


def test_a_fetch_whose_every_peer_crashed_goes_on_when_one_is_back():
    crashes = [(number, 1, 50 * MINUTE_US) for number in (1, 2)]
    assert is_whole(world(1, crashes=[*crashes, (3, 1, 5 * MINUTE_US)]))


def test_a_fetch_that_starts_again_skips_what_is_here():
    net = world(3)
    some = net[0].fetched[::2]
    for cid in some:
        net[0].store.delete(cid)
    net[0].fetched.clear()
    root = next(reversed(net.blocks))
    net.fetch(0, [root], holders=[1], walk=True, session=2)
    net.run(100 * MINUTE_US)
    assert sorted(net[0].fetched) == sorted(some)


@pytest.mark.slow
def test_a_run_is_the_same_under_any_hash_seed():
    def run(seed):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", _WORLD]
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, check=True).stdout

    first, other = run("1"), run("77")
    assert first == other
    assert b"FetchFinished" in first
